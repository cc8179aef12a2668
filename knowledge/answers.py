"""A person's answer becomes knowledge: a document that those may see who could read the answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from bot.errors import UnreadableDocumentError
from knowledge.sources.answers import NAME, Answer, AnswerSource

if TYPE_CHECKING:
    from knowledge.ingest import Ingestor


def readers_of(audience: AbstractSet[str], *, private: bool) -> frozenset[str] | None:
    """The groups of the document made of an answer, by who could read the answer.

    An answer in public becomes public, one for a group that group's. ``None``: an operator has to
    say. That is where it was given in private to somebody without groups, and where its readers
    have several: a document is shown to whoever has any of its groups, so that naming them all
    would show it to more people than could read it.
    """
    if len(audience) == 1 or (not audience and not private):
        return frozenset(audience)
    return None


async def publish(
    ingestor: Ingestor,
    answer: Answer,
    groups: frozenset[str],
    *,
    first: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Make a document of an answer, found by its words at once; again: as it is now.

    No groups: everybody may see it. ``first`` is awaited once nobody else publishes; what it raises
    keeps the answer from being published. Raises UnreadableDocumentError, IngestRunningError, and
    the errors of the stores.
    """
    report = await ingestor.ingest(AnswerSource(answer), groups, prune=False, first=first)
    if report.failed:
        raise UnreadableDocumentError(reason=report.failed[0][1])


async def withdraw(ingestor: Ingestor, name: str) -> bool:
    """Take an answer out of the knowledge; whether it was in it."""
    return bool(await ingestor.remove(NAME, [name]))
