"""What the edge of a chat platform needs of the house, and what it tells people about errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from adapters.chat.base import Deleted, Heard, Place, Reaction
from bot.conversation import Author, Platform, Principal, Rating
from bot.errors import NotFoundError, WellspokenError
from knowledge.overview import SourceSummary
from knowledge.suggesting import Suggestion

_TROUBLE: Final = "Sorry, {public}. Please try again in a moment."
_UNKNOWN_TURN: Final = "I no longer know that answer, so this can't be kept. Ask me again, please."


@dataclass(frozen=True, slots=True)
class About:
    """The bot as it introduces itself to one person."""

    name: str
    about: str
    sources: tuple[SourceSummary, ...]
    suggestions: tuple[Suggestion, ...]
    opted_out: bool


class Desk(Protocol):
    """Where an edge hands in what it hears: see :class:`adapters.chat.desk.Desk`."""

    async def take(self, heard: Heard) -> bool: ...
    async def react(self, reaction: Reaction, event_id: str) -> None: ...
    async def drop(self, deleted: Deleted) -> None: ...
    async def amend(self, heard: Heard, event_id: str) -> None: ...
    async def rate(
        self,
        turn: str,
        author: Author,
        rating: Rating,
        place: Place,
        *,
        reason: str = "",
        correction: str = "",
    ) -> None: ...
    async def hand_off(self, turn: str, author: Author, place: Place) -> str: ...
    async def propose(self, handoff: str, author: Author) -> str: ...
    async def command(self, name: str, author: Author, place: Place) -> str: ...
    async def forget(self, author: Author) -> str: ...
    async def suggestions(self, principal: Principal, near: str = "") -> tuple[Suggestion, ...]: ...
    async def about(self, author: Author, workspace: str) -> About: ...


class Replies(Protocol):
    """Which messages carry which turn; :class:`bot.store.replies.Replies` has it."""

    async def known(
        self, platform: Platform, channel: str, messages: Sequence[str]
    ) -> set[str]: ...


def sentence_for(error: WellspokenError) -> str:
    """What a person is told about an error, in one sentence."""
    if isinstance(error, NotFoundError):
        return _UNKNOWN_TURN
    return _TROUBLE.format(public=error.public)
