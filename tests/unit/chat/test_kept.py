"""Lookups that are kept for a while."""

from __future__ import annotations

import asyncio

from adapters.chat.kept import Kept


class Lookups:
    """Counts what was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, key: str) -> str:
        self.asked.append(key)
        await asyncio.sleep(0)
        return key.upper()


async def test_an_answer_is_looked_up_once_until_it_is_old() -> None:
    """However many ask at once; afterwards it is asked again, and the old one is still known."""
    now, lookups = [0.0], Lookups()
    kept: Kept[str] = Kept(10.0, lambda: now[0])
    assert await asyncio.gather(*(kept.get("a", lookups) for _ in range(5))) == ["A"] * 5
    now[0] = 10.0
    assert kept.old("a") == "A"
    await kept.get("a", lookups)
    assert lookups.asked == ["a", "a"]


async def test_the_oldest_answer_makes_room() -> None:
    """No more are kept than there is room for, also where all of them are fresh."""
    lookups = Lookups()
    kept: Kept[str] = Kept(10.0, lambda: 0.0, most=2)
    for key in ("a", "b", "c"):
        await kept.get(key, lookups)
    assert [kept.old(key) for key in ("a", "b", "c")] == [None, "B", "C"]


async def test_who_gives_up_takes_nothing_from_the_others() -> None:
    """One of two who ask is cancelled: the other has the answer of the same lookup."""
    lookups = Lookups()
    kept: Kept[str] = Kept(10.0, lambda: 0.0)
    first, second = (asyncio.create_task(kept.get("a", lookups)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == "A"
    assert lookups.asked == ["a"]
