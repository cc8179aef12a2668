"""Answers of a platform about who is who, kept for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

_MOST: Final = 10_000

T = TypeVar("T")
Clock = Callable[[], float]


class Kept(Generic[T]):
    """Answers that are kept for ``life_s``, at most 10,000 of them; several who ask at once wait
    for one lookup."""

    def __init__(self, life_s: float, clock: Clock, most: int = _MOST) -> None:
        self._life_s, self._clock, self._most = life_s, clock, most
        self._kept: dict[str, tuple[float, T]] = {}
        self._asked: dict[str, asyncio.Task[T]] = {}

    def old(self, key: str) -> T | None:
        """The last answer, however old."""
        kept = self._kept.get(key)
        return kept[1] if kept else None

    async def get(self, key: str, load: Callable[[str], Awaitable[T]]) -> T:
        """A fresh answer."""
        kept = self._kept.get(key)
        if kept and kept[0] > self._clock():
            return kept[1]
        task = self._asked.get(key)
        if task is None:
            task = asyncio.ensure_future(self._load(key, load))
            self._asked[key] = task
            task.add_done_callback(lambda done: self._done(key, done))
        return await asyncio.shield(task)  # one who gives up takes nothing from the others

    async def _load(self, key: str, load: Callable[[str], Awaitable[T]]) -> T:
        found = await load(key)
        self._kept.pop(key, None)
        if len(self._kept) >= self._most:
            del self._kept[next(iter(self._kept))]  # the oldest: answers stand in their order
        self._kept[key] = (self._clock() + self._life_s, found)
        return found

    def _done(self, key: str, task: asyncio.Task[T]) -> None:
        self._asked.pop(key, None)
        if not task.cancelled():
            task.exception()  # read, so that nobody calls it lost when all who asked have left
