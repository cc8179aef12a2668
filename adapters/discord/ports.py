"""What the edge of Discord needs of the house: fulfilled by :class:`adapters.chat.desk.Desk`."""

from __future__ import annotations

from typing import Protocol

from adapters.chat.base import Heard, Place, Reaction
from bot.conversation import Author, Platform, Rating
from bot.store.participation import ThreadRecord


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


class Replies(Protocol):
    """Which messages carry which turn; see :class:`bot.store.replies.Replies`."""

    async def turn_of(self, platform: Platform, channel: str, message: str) -> str | None: ...


class Threads(Protocol):
    """Where the bot takes part; see :class:`bot.store.participation.Participation`."""

    async def find(self, key: str) -> ThreadRecord | None: ...
    async def channels(self, prefix: str, limit: int) -> tuple[str, ...]: ...
