"""Named leases: one holder at a time, and whoever lost it learns so."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import LeaseLostError
from bot.store.base import Database
from bot.work.leases import Lease, Leases


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock for the test to move."""
    return Clock()


async def test_one_of_many_gets_the_lease(database: Database) -> None:
    """Of many that reach for a lease at once exactly one gets it."""
    leases = Leases(database)
    taken = await asyncio.gather(*(leases.take("source:a", f"w{i}", 30) for i in range(8)))
    assert sum(taken) == 1
    assert await leases.holder("source:a") == f"w{taken.index(True)}"
    assert await leases.take("source:b", "w9", 30)


async def test_a_lease_runs_out(database: Database, clock: Clock) -> None:
    """Whoever does not renew loses the lease; whoever does keeps it."""
    leases = Leases(database, clock)
    assert await leases.take("a", "one", 10)
    clock.now += timedelta(seconds=8)
    assert await leases.renew("a", "one", 10)
    clock.now += timedelta(seconds=8)
    assert not await leases.take("a", "two", 10)
    clock.now += timedelta(seconds=3)
    assert await leases.holder("a") is None
    assert not await leases.renew("a", "one", 10)
    assert await leases.take("a", "two", 10)
    assert not await leases.renew("a", "one", 10)


async def test_a_released_lease_is_free(database: Database) -> None:
    """Only the holder releases a lease, and then anybody may take it."""
    leases = Leases(database)
    assert await leases.take("a", "one", 30)
    await leases.release("a", "two")
    assert await leases.holder("a") == "one"
    await leases.release("a", "one")
    assert await leases.holder("a") is None
    assert await leases.take("a", "two", 30)


async def test_each_holder_has_a_higher_token(database: Database, clock: Clock) -> None:
    """The token stays while a holder extends and grows with the next holder, himself too."""
    leases = Leases(database, clock)
    assert await leases.acquire("a", "one", 10) == Lease("a", "one", 1)
    assert await leases.acquire("a", "one", 10) == Lease("a", "one", 1)
    assert await leases.acquire("a", "two", 10) is None
    clock.now += timedelta(seconds=11)
    assert await leases.acquire("a", "one", 10) == Lease("a", "one", 2)
    await leases.release("a", "one")
    assert await leases.acquire("a", "two", 10) == Lease("a", "two", 3)


async def test_a_late_holder_cannot_write(database: Database, clock: Clock) -> None:
    """A transaction guarded by a lease that went to another is refused."""
    leases = Leases(database, clock)
    old = await leases.acquire("a", "one", 10)
    assert old is not None
    await database.write(lambda c: leases.guard_in(c, old))
    clock.now += timedelta(seconds=11)
    assert await leases.take("a", "two", 10)
    with pytest.raises(LeaseLostError, match='"a" was taken over'):
        await database.write(lambda c: leases.guard_in(c, old))


async def test_a_held_block_renews_and_releases(database: Database) -> None:
    """Inside the block nobody else gets the lease, however long it takes; after it, anybody."""
    leases = Leases(database)
    async with leases.hold("a", "one", seconds=3) as lease:
        assert lease.token == 1
        await asyncio.sleep(4)
        assert not await leases.take("a", "two", 1)
        with pytest.raises(LeaseLostError):
            async with leases.hold("a", "two"):
                raise AssertionError("must not be entered")
    assert await leases.take("a", "two", 1)


async def test_a_block_that_lost_its_lease_is_stopped(database: Database) -> None:
    """When the lease is gone, the block is cancelled and says so."""
    leases = Leases(database)
    with pytest.raises(LeaseLostError):
        async with leases.hold("a", "one", seconds=6):
            await leases.release("a", "one")
            assert await leases.take("a", "two", 30)
            await asyncio.sleep(30)
    assert await leases.holder("a") == "two"


async def test_a_lease_is_not_left_behind_by_a_cancelled_start(database: Database) -> None:
    """Whenever the cancellation comes, also while the lease is being taken, it is given back."""
    leases = Leases(database)

    async def work(name: str) -> None:
        async with leases.hold(name, "one"):
            await asyncio.sleep(30)

    for number in range(12):
        name = f"lease-{number}"
        task = asyncio.create_task(work(name))
        await asyncio.sleep(0.001 * number)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await leases.take(name, "two", 30)


async def test_an_outer_cancellation_stays_one(database: Database) -> None:
    """A block that is cancelled from outside ends as cancelled and gives the lease back."""
    leases = Leases(database)

    async def work() -> None:
        async with leases.hold("a", "one"):
            await asyncio.sleep(30)

    task = asyncio.create_task(work())
    while await leases.holder("a") is None:  # noqa: ASYNC110 - the database is asked
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await leases.holder("a") is None
