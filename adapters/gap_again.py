"""The questions of a gap asked again, once a document answers it: who is answered now.

Each goes the engine's own way for the audience of who asked, and leaves no thread, no turn and no
metric; the trail keeps what came of it, without the words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from adapters.telling import Parts as StoryParts
from adapters.telling import Story as TurnStory
from adapters.telling import story_of
from adapters.trials import Trial, Tried
from bot.conversation import Message, Outcome, Role, Turn
from bot.errors import NotFoundError
from bot.store.audit import OPERATOR, Wanted

if TYPE_CHECKING:
    from bot.conversation import Author
    from bot.store.gaps import Asked, Gap

MOST = 10
"""Questions of a gap that are asked again, the newest: each may cost a model's answer."""
ACTION = "gap question asked again"


class Now(StrEnum):
    """What becomes of a question now."""

    CITED = "cited"
    ELSEWHERE = "elsewhere"
    UNKNOWN = "unknown"
    HANDOFF = "handoff"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Again:
    """When a question was asked again, by whom (a key), and what came of it; ``turn`` is the answer
    itself, which is kept nowhere: it is there only right after asking."""

    now: Now
    at: datetime
    by: str
    turn: Turn | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A question of a gap, and what became of it the last time; ``None``: not asked again yet."""

    asked: Asked
    again: Again | None = None


def now_of(turn: Turn, document: str) -> Now:
    """What became of a question: only an answer that cites the gap's document closes the gap."""
    if turn.outcome is Outcome.ANSWERED:
        cites = any(citation.document == document for citation in turn.citations)
        return Now.CITED if cites else Now.ELSEWHERE
    return {Outcome.HANDOFF: Now.HANDOFF, Outcome.ERROR: Now.FAILED}.get(turn.outcome, Now.UNKNOWN)


def in_words(lines: Sequence[Line]) -> str:
    """What came of all of them: ``6 of 7 are answered from this document, 1 is not known.``"""
    counts = Counter(line.again.now for line in lines if line.again is not None)
    asked = counts.total()
    if not asked:
        return ""
    words = (
        (Now.ELSEWHERE, "answered without it"),
        (Now.UNKNOWN, "still not known"),
        (Now.HANDOFF, "for a person"),
        (Now.FAILED, "failed"),
    )
    cited = counts[Now.CITED]
    told = [f"{cited} of {asked} {'is' if cited == 1 else 'are'} answered from this document"]
    told += [f"{counts[now]} {said}" for now, said in words if counts[now]]
    return ", ".join(told) + "."


def trial_again(story: TurnStory) -> Trial:
    """A question as it was asked: in the same thread, for the same eyes."""
    turn = story.turn
    said = [
        (Message(Role.USER, t.question), Message(Role.ASSISTANT, t.answer)) for t in story.earlier
    ]
    return Trial(
        turn.question,
        turn.audience,
        platform=turn.author.platform,
        channel=turn.channel,
        history=tuple(message for pair in said for message in pair),
        again=turn.id,
    )


class Trials(Protocol):
    """Questions tried out."""

    async def ask(self, trial: Trial, by: Author, *, keep: bool = False) -> Tried: ...


class Parts(StoryParts, Protocol):
    """What asking again stands on: fulfilled by ``adapters.assembly.Application``."""

    @property
    def trials(self) -> Trials: ...


async def lines_of(parts: Parts, gap: Gap, asked: Sequence[Asked]) -> list[Line]:
    """The newest questions of a gap with what became of each since the gap was answered."""
    return [Line(each, await _last(parts, gap, each.turn)) for each in asked[:MOST]]


async def _last(parts: Parts, gap: Gap, turn: str) -> Again | None:
    wanted = Wanted(OPERATOR, since=gap.answered_at, action=ACTION, turn=turn)
    for entry in await parts.audit.newest(1, wanted=wanted):
        told = entry.content.get("now")
        if told in set(Now) and entry.content.get("document") == gap.document:
            return Again(Now(told), entry.at, str(entry.content.get("actor", "")))
    return None


async def ask_again(parts: Parts, gap: Gap, asked: Sequence[Asked], turn: str, by: Author) -> Line:
    """Ask one of a gap's questions again, and note what came of it.

    Raises NotFoundError for a question that is none of the newest of the gap, the errors of
    ``Trials.ask``.
    """
    found = next((each for each in asked[:MOST] if each.turn == turn), None)
    if found is None:
        raise NotFoundError(kind="question of the gap", id=turn)
    story = await story_of(parts, turn)
    tried = await parts.trials.ask(trial_again(story), by)
    now = now_of(tried.turn, gap.document)
    details = {"subject": gap.id, "document": gap.document, "now": now.value}
    await parts.audit.operator(ACTION, by.key, turn, **details)
    return Line(found, Again(now, tried.turn.at, by.key, tried.turn))
