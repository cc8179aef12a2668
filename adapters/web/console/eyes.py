"""With whose eyes an operator looks: a place, role or person of ``[access]``, and groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.trials import Audience, Choices
from bot.errors import NotFoundError

if TYPE_CHECKING:
    from adapters.web.console.base import Console


@dataclass(frozen=True, slots=True)
class Eyes:
    """What an audience sees besides public documents; ``audience`` is ``None`` where groups alone
    were chosen."""

    groups: frozenset[str]
    audience: Audience | None = None


def eyes_of(audience: str, ticked: Iterable[str], choices: Choices, known: Sequence[str]) -> Eyes:
    """The eyes that a form chose. Groups that no document and no rule of access names are none.

    Raises NotFoundError for an audience that is not there."""
    groups = frozenset(group for group in ticked if group in known)
    if not audience:
        return Eyes(groups)
    chosen = next((a for a in choices.audiences if a.value == audience), None)
    if chosen is None:
        raise NotFoundError(kind="audience", id=audience[:80])
    return Eyes(groups | chosen.groups, chosen)


async def known_groups(console: Console, choices: Choices) -> list[str]:
    """Every group that a document or a rule of access names."""
    named = {group for audience in choices.audiences for group in audience.groups}
    return sorted(named.union(await console.application.ledger.groups()))
