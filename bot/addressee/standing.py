"""Who spoke in a thread before, and what that says about the next message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

BOT = "bot"
"""The speaker's name of the bot itself."""

_LATE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Before:
    """Somebody who spoke in the thread before; the words themselves are not kept.

    ``speaker`` is an author's key, or ``bot``. ``for_bot`` says that the message was meant for the
    bot; ``asked`` that the bot's own message ended with a question or an offer, ``offered`` that it
    was an offer to its asker, which nobody else takes up.
    """

    speaker: str
    at: datetime
    for_bot: bool
    asked: bool = False
    offered: bool = False


class Standing(Enum):
    """What the writer is to the bot at this moment: the reason in words, and its score."""

    DIALOGUE = "the one whom the bot answered goes on", 1.0
    REMARKED = "the one whom the bot answered goes on after a remark that was not for it", 0.25
    WAITING = "goes on while the bot has not answered yet", 0.0
    RETURNING = "asked the bot here before, and it answered somebody else last", 0.0
    NEWCOMER = "has not asked the bot in this thread", -1.0
    AMONG = "people have been talking to each other since the bot spoke", -2.5

    @property
    def reason(self) -> str:
        return self.value[0]

    @property
    def score(self) -> float:
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Situation:
    """Where a message falls in its thread.

    ``asked`` says that the bot waits for a reply, ``late`` that a day passed since anybody spoke,
    ``company`` that others than the writer have spoken in the thread.
    """

    standing: Standing
    asked: bool = False
    late: bool = False
    company: bool = False

    @property
    def in_dialogue(self) -> bool:
        return self.standing in (Standing.DIALOGUE, Standing.REMARKED, Standing.WAITING)


def situation(author: str, at: datetime, before: Sequence[Before]) -> Situation:
    """Where a message of ``author`` falls; ``before`` is oldest first."""
    if not before:
        return Situation(Standing.RETURNING)
    own = [i for i, entry in enumerate(before) if entry.speaker == BOT]
    last = own[-1] if own else -1
    since = before[last + 1 :]
    late = at - before[-1].at > _LATE
    company = any(entry.speaker not in (BOT, author) for entry in before)
    if any(entry.speaker != author and not entry.for_bot for entry in since):
        return Situation(Standing.AMONG, late=late, company=company)
    if last < 0 or any(entry.speaker == author and entry.for_bot for entry in since):
        mine = any(entry.speaker == author for entry in since)
        return Situation(
            Standing.WAITING if mine else Standing.NEWCOMER, late=late, company=company
        )
    others_wait = any(entry.for_bot for entry in since)
    asked = before[last].asked and not others_wait
    standing = _standing(author, before[:last], before[last + 1 :], others_wait)
    found = Situation(standing, asked=asked, late=late, company=company)
    theirs = before[last].offered and not found.in_dialogue
    return replace(found, asked=False) if theirs else found


def _standing(
    author: str, earlier: Sequence[Before], since: Sequence[Before], others_wait: bool
) -> Standing:
    """The writer's standing towards the bot's last message, when nobody else was talking."""
    askers = [entry.speaker for entry in earlier if entry.for_bot]
    askers = askers or [entry.speaker for entry in earlier if entry.speaker != BOT]
    if askers and askers[-1] == author and not others_wait:
        return Standing.REMARKED if since else Standing.DIALOGUE
    return Standing.RETURNING if author in askers or not askers else Standing.NEWCOMER
