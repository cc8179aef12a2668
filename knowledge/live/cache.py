"""Facts that were fetched a moment ago: in memory, for their time to live, one fetch at a time."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.ports import Clock

_LARGEST = 1_000


@dataclass(frozen=True, slots=True)
class Kept:
    """What a source said, and when it was asked."""

    data: Any
    at: datetime


class FactCache:
    """Keeps at most ``size`` facts, none longer than its time to live, nothing on disk.

    Who asks for the same fact at the same time waits for the same fetch; one who stops waiting
    does not stop it for the others. A fetch that fails is not kept.
    """

    def __init__(self, clock: Clock, size: int = _LARGEST) -> None:
        self._clock = clock
        self._size = size
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._running: dict[Hashable, asyncio.Task[Kept]] = {}

    async def get(self, key: Hashable, ttl: timedelta, fetch: Callable[[], Awaitable[Any]]) -> Kept:
        """The fact under ``key``, younger than ``ttl``. Raises what ``fetch`` raises."""
        kept = self._kept.get(key)
        if kept is not None and timedelta() <= self._clock() - kept.at < ttl:
            self._kept.move_to_end(key)
            return kept
        self._kept.pop(key, None)
        running = self._running.get(key)
        if running is None:
            running = asyncio.create_task(self._fetch(key, ttl, fetch, self._clock()))
            self._running[key] = running
            running.add_done_callback(lambda task: self._done(key, task))
        return await asyncio.shield(running)

    async def close(self) -> None:
        """Stop what is being fetched and forget everything."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._kept.clear()

    async def _fetch(
        self, key: Hashable, ttl: timedelta, fetch: Callable[[], Awaitable[Any]], asked: datetime
    ) -> Kept:
        kept = Kept(await fetch(), asked)  # it may have changed since then, not before
        if ttl > timedelta():
            self._kept[key] = kept
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return kept

    def _done(self, key: Hashable, task: asyncio.Task[Kept]) -> None:
        if self._running.get(key) is task:
            del self._running[key]
        if not task.cancelled():
            task.exception()  # everybody who waited was told; nobody may be left
