"""What the edge of Slack needs of the house: fulfilled by :class:`adapters.chat.desk.Desk`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from adapters.chat.base import Heard, Place, Reaction
from bot.conversation import Author, Principal, Rating


class Suggestion(Protocol):
    """A question that can be answered: what is shown, and what is asked."""

    @property
    def title(self) -> str: ...
    @property
    def message(self) -> str: ...


class Source(Protocol):
    """A source and how many of its documents one may see."""

    @property
    def name(self) -> str: ...
    @property
    def documents(self) -> int: ...


class About(Protocol):
    """The bot as it introduces itself to one person."""

    @property
    def name(self) -> str: ...
    @property
    def about(self) -> str: ...
    @property
    def sources(self) -> Sequence[Source]: ...
    @property
    def suggestions(self) -> Sequence[Suggestion]: ...
    @property
    def opted_out(self) -> bool: ...


class Desk(Protocol):
    """Where the edge hands in what it hears; see :class:`adapters.chat.desk.Desk`."""

    async def take(self, heard: Heard) -> bool: ...
    async def react(self, reaction: Reaction, event_id: str) -> None: ...
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
    async def command(self, name: str, argument: str, author: Author, place: Place) -> str: ...
    async def forget(self, author: Author) -> str: ...
    async def suggestions(self, principal: Principal, near: str = "") -> Sequence[Suggestion]: ...
    async def about(self, author: Author, workspace: str) -> About: ...
