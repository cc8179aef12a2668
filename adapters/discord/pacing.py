"""How fast Discord may be called: what only shows progress is left out where the pace is short.

The library keeps to each bucket by waiting. Waiting is right for an answer, wrong for a draft that
the next one replaces; so drafts are made only where there is room for what must be said.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

EDIT_GAP_S = 1.2
"""Between two drafts in a channel, however many answers are written there."""
WRITE_GAP_S = 1.0
"""Five posts or edits in five seconds a channel (measured by developers: not documented)."""
ROOM_S = 2.0
"""How far ahead of that pace a channel may be for a draft: two of five are left to what must be."""
A_SECOND, BURST = 40.0, 8
"""Requests a second in all, and how many may come at once: Discord takes 50 in any second
(docs.discord.com, "Rate Limits"), and each one that it refuses counts towards a ban."""
ROOM_ALL_S = 0.1
_KEPT = 2_000

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


class Pacer:
    """When a call may be made, for one bot. Buckets are kept as times (GCRA)."""

    def __init__(self, *, clock: Clock = time.monotonic, sleep: Sleep = asyncio.sleep) -> None:
        self._clock, self._sleep = clock, sleep
        self._blocked: dict[str, float] = {}
        self._busy: dict[str, float] = {}  # channel to when its bucket is empty again
        self._drawn: dict[str, float] = {}  # channel to the last draft
        self._all = 0.0

    def blocked(self, seconds: float, channel: str = "") -> None:
        """Note that Discord wants nothing in a channel, or nothing at all, for so long."""
        until = self._clock() + max(0.0, seconds)
        self._blocked[channel] = max(until, self._blocked.get(channel, 0.0))

    def wait(self, channel: str = "") -> float:
        """Seconds until a call may be made there; 0 for at once."""
        until = max(self._blocked.get("", 0.0), self._blocked.get(channel, 0.0))
        return max(0.0, until - self._clock())

    async def ready(self, channel: str = "", *, counts: bool = True) -> None:
        """Wait for what Discord asked for, and for a turn among all calls where it ``counts``."""
        while True:
            while (wait := self.wait(channel)) > 0:
                await self._sleep(wait)
            turn = self._take() if counts else 0.0
            while (wait := turn - self._clock()) > 0:
                await self._sleep(wait)
            if self.wait(channel) <= 0:
                return

    def _take(self) -> float:
        """When this call's turn comes; later ones queue behind it."""
        now = self._clock()
        slot = max(now, self._all - (BURST - 1) / A_SECOND)
        self._all = max(self._all, now) + 1.0 / A_SECOND
        return slot

    def free(self, channel: str) -> bool:
        """Whether a draft may be written there now; where not, keep what it would have shown."""
        now = self._clock()
        return (
            self.wait(channel) <= 0
            and now - self._drawn.get(channel, float("-inf")) >= EDIT_GAP_S
            and self._busy.get(channel, 0.0) - now <= ROOM_S
            and self._all - now <= ROOM_ALL_S
        )

    def drawn(self, channel: str) -> None:
        """Note a draft there."""
        self._drawn[channel] = self._clock()

    def written(self, channel: str) -> None:
        """Count a post or edit in a channel."""
        now = self._clock()
        self._forget(now)
        self._busy[channel] = max(self._busy.get(channel, 0.0), now) + WRITE_GAP_S

    def _forget(self, now: float) -> None:
        if len(self._busy) > _KEPT:
            self._busy = {key: until for key, until in self._busy.items() if until > now}
        if len(self._drawn) > _KEPT:
            self._drawn = {key: at for key, at in self._drawn.items() if now - at < EDIT_GAP_S}
        if len(self._blocked) > _KEPT:
            self._blocked = {key: until for key, until in self._blocked.items() if until > now}
