"""Facts in memory: for their time to live, one fetch at a time, not too many."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import LiveFactError
from knowledge.live.cache import FactCache

MINUTE = timedelta(minutes=1)


class Desk:
    """A clock that is moved by hand, and a source that counts."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 10, 42, tzinfo=UTC)
        self.fetched = 0
        self.fail = False
        self.gate = asyncio.Event()
        self.gate.set()

    def clock(self) -> datetime:
        return self.now

    async def fetch(self) -> int:
        self.fetched += 1
        number = self.fetched
        await self.gate.wait()
        if self.fail:
            raise LiveFactError(name="stock", reason="its system has a fault (500)")
        return number


async def test_a_value_is_kept_for_its_time_and_no_longer() -> None:
    """Asked again within the minute it is the same; after it, it is fetched anew."""
    desk = Desk()
    cache = FactCache(desk.clock)
    assert (await cache.get("a", MINUTE, desk.fetch)).data == 1
    desk.now += timedelta(seconds=59)
    assert (await cache.get("a", MINUTE, desk.fetch)).at == desk.now - timedelta(seconds=59)
    desk.now += timedelta(seconds=1)
    assert (await cache.get("a", MINUTE, desk.fetch)).data == 2
    assert (await cache.get("b", MINUTE, desk.fetch)).data == 3


async def test_a_value_is_as_old_as_its_request() -> None:
    """While an answer is on its way the value may change: its time is when it was asked for."""
    desk = Desk()
    desk.gate.clear()
    waiting = asyncio.create_task(FactCache(desk.clock).get("a", MINUTE, desk.fetch))
    await asyncio.sleep(0)
    asked = desk.now
    desk.now += timedelta(seconds=30)
    desk.gate.set()
    assert (await waiting).at == asked


async def test_fifty_askers_are_one_fetch() -> None:
    """Who asks at the same time waits for the same answer; one who leaves does not end it."""
    desk = Desk()
    desk.gate.clear()
    cache = FactCache(desk.clock)
    askers = [asyncio.create_task(cache.get("a", MINUTE, desk.fetch)) for _ in range(50)]
    await asyncio.sleep(0)
    askers[0].cancel()
    await asyncio.sleep(0)
    desk.gate.set()
    answers = await asyncio.gather(*askers[1:])
    assert desk.fetched == 1
    assert {kept.data for kept in answers} == {1}


async def test_a_failure_is_told_to_all_and_kept_for_none() -> None:
    """The next question tries again."""
    desk = Desk()
    desk.fail = True
    cache = FactCache(desk.clock)
    askers = [cache.get("a", MINUTE, desk.fetch) for _ in range(3)]
    failed = await asyncio.gather(*askers, return_exceptions=True)
    assert all(isinstance(error, LiveFactError) for error in failed)
    desk.fail = False
    assert (await cache.get("a", MINUTE, desk.fetch)).data == 2


async def test_without_a_time_to_live_nothing_is_kept() -> None:
    """``ttl = "0s"`` asks each time."""
    desk = Desk()
    cache = FactCache(desk.clock)
    assert [(await cache.get("a", timedelta(), desk.fetch)).data for _ in range(3)] == [1, 2, 3]


async def test_a_clock_that_goes_back_keeps_nothing_alive() -> None:
    """A value from the future is not used."""
    desk = Desk()
    cache = FactCache(desk.clock)
    await cache.get("a", MINUTE, desk.fetch)
    desk.now -= timedelta(hours=1)
    assert (await cache.get("a", MINUTE, desk.fetch)).data == 2


async def test_it_stays_small() -> None:
    """Of many values the ones that were asked for last are kept."""
    desk = Desk()
    cache = FactCache(desk.clock, size=3)
    for key in "abcd":
        await cache.get(key, MINUTE, desk.fetch)
    assert (await cache.get("d", MINUTE, desk.fetch)).data == 4
    assert (await cache.get("a", MINUTE, desk.fetch)).data == 5


async def test_closing_ends_what_is_on_its_way() -> None:
    """Nobody is left waiting."""
    desk = Desk()
    desk.gate.clear()
    cache = FactCache(desk.clock)
    waiting = asyncio.create_task(cache.get("a", MINUTE, desk.fetch))
    await asyncio.sleep(0)
    await cache.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
