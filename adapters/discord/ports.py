"""What the edge of Discord needs of what is stored, beside the desk."""

from __future__ import annotations

from typing import Protocol

from bot.conversation import Platform
from bot.store.participation import ThreadRecord


class Replies(Protocol):
    """Which messages carry which turn; see :class:`bot.store.replies.Replies`."""

    async def turn_of(self, platform: Platform, channel: str, message: str) -> str | None: ...


class Threads(Protocol):
    """Where the bot takes part; see :class:`bot.store.participation.Participation`."""

    async def find(self, key: str) -> ThreadRecord | None: ...
    async def channels(self, prefix: str, limit: int) -> tuple[str, ...]: ...
