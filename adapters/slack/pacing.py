"""How fast Slack may be called: a policy over a clock, one for each workspace.

Slack limits a method in a channel, so a limit in one channel holds nothing back in another.
What must be said waits its turn; what only shows progress is left out where the pace is short.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

POST = "chat.postMessage"
START, APPEND, STOP = "chat.startStream", "chat.appendStream", "chat.stopStream"
UPDATE = "chat.update"

POST_GAP_S = 1.0
"""About one message a second a channel, short bursts allowed (docs.slack.dev, "Rate limits")."""
POST_BURST = 3

TIERS = {START: 20, APPEND: 100, STOP: 20, UPDATE: 50}
"""Calls a minute a workspace: the least that Slack documents for each (its pages per method)."""
_OPTIONAL = {APPEND: 0.8, UPDATE: 0.3}
"""The share of a tier that optional calls may take; the rest is kept for those that must be made.
Every answer that is edited ends in a required update, a streamed one in no append."""
_MINUTE_S = 60.0
_KEPT = 2_000  # channels remembered before those that are free again are dropped

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


class Pacer:
    """When a call may be made.

    ``blocked`` is what Slack asked for in ``Retry-After``; ``ready`` waits for it, and for a slot
    where messages are posted; ``free`` says whether an optional call would fit in now. Required
    calls are never held back by the tiers of a minute: these only thin out optional ones.
    """

    def __init__(self, *, clock: Clock = time.monotonic, sleep: Sleep = asyncio.sleep) -> None:
        self._clock, self._sleep = clock, sleep
        self._blocked: dict[tuple[str, str], float] = {}
        self._posts: dict[str, float] = {}  # channel to when its bucket is full again
        self._spent: dict[str, float] = {}  # method to when its bucket is full again

    def blocked(self, method: str, channel: str, seconds: float) -> None:
        """Note that Slack wants no such call in that channel for so long."""
        until = self._clock() + max(0.0, seconds)
        key = (method, channel)
        self._blocked[key] = max(until, self._blocked.get(key, 0.0))

    def wait(self, method: str, channel: str = "") -> float:
        """Seconds until a required call may be made; 0 for at once."""
        now = self._clock()
        until = self._blocked.get((method, channel), now)
        if method == POST:
            until = max(until, self._posts.get(channel, now) - (POST_BURST - 1) * POST_GAP_S)
        return max(0.0, until - now)

    def free(self, method: str, channel: str = "") -> bool:
        """Whether an optional call may be made now; where not, keep what it would have shown."""
        if self.wait(method, channel) > 0:
            return False
        tier = TIERS.get(method)
        if tier is None:
            return True
        ahead = self._spent.get(method, 0.0) - self._clock()
        return ahead <= _MINUTE_S * _OPTIONAL.get(method, 1.0) - _MINUTE_S / tier

    async def ready(self, method: str, channel: str = "") -> None:
        """Wait until the call may be made, and count it."""
        while True:
            while (held := self._held(method, channel)) > 0:
                await self._sleep(held)
            # After a block the turns are dealt out anew: nobody leaves in a crowd when it ends.
            turn = self._take(method, channel)
            while (wait := turn - self._clock()) > 0:
                await self._sleep(wait)
            if self._held(method, channel) <= 0:
                return

    def _held(self, method: str, channel: str) -> float:
        return self._blocked.get((method, channel), 0.0) - self._clock()

    def _take(self, method: str, channel: str) -> float:
        """When this call's turn comes; later ones queue behind it."""
        now = self._clock()
        self._forget(now)
        if tier := TIERS.get(method):
            spent = max(self._spent.get(method, now), now) + _MINUTE_S / tier
            self._spent[method] = min(spent, now + _MINUTE_S)
        if method != POST:
            return now
        # A bucket of tokens as a time (GCRA): one arithmetic step instead of a refill.
        slot = max(now, self._posts.get(channel, now) - (POST_BURST - 1) * POST_GAP_S)
        self._posts[channel] = max(self._posts.get(channel, now), slot) + POST_GAP_S
        return slot

    def _forget(self, now: float) -> None:
        if len(self._blocked) > _KEPT:
            self._blocked = {key: until for key, until in self._blocked.items() if until > now}
        if len(self._posts) > _KEPT:
            self._posts = {key: until for key, until in self._posts.items() if until > now}
