"""The worker keeps what it holds when its database writes nothing for longer than a lease."""

from __future__ import annotations

import asyncio
import time

from adapters.chat.worker import Worker
from bot.errors import LeaseLostError
from bot.store.base import Database
from bot.work.inbox import Claim, Inbox

LEASE_S = 0.3


async def test_a_database_that_stands_still_makes_nobody_begin_anew(
    sqlite_database: Database,
) -> None:
    """While the file is written anew leases run out; the work on them goes on, once."""
    inbox = Inbox(sqlite_database, "one", lease_seconds=LEASE_S)
    begun: list[str] = []
    done = asyncio.Event()

    async def handle(claim: Claim) -> None:
        begun.append(claim.event_id)
        if claim.event_id == "long":
            for _ in range(3):
                await sqlite_database.write(lambda _connection: time.sleep(2 * LEASE_S))
                await inbox.put(f"event-{len(begun)}", "other", {})
                await asyncio.sleep(LEASE_S)
        await inbox.complete(claim)
        if claim.event_id == "long":
            done.set()

    async def give_up(claim: Claim) -> None:
        raise AssertionError(claim.event_id)

    await inbox.put("long", "thread", {}, topic="chat")
    worker = Worker(inbox, ["chat", ""], handle, give_up, places=4)
    running = asyncio.create_task(worker.run())
    try:
        async with asyncio.timeout(60):
            await done.wait()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert begun.count("long") == 1
    assert len(set(begun)) == len(begun) > 1


async def test_who_stood_still_lets_go_of_a_lease_that_was_renewed_since(
    sqlite_database: Database,
) -> None:
    """What may not be posted any more is begun again at once, not when an hour's lease is over."""
    inbox = Inbox(sqlite_database, "one", lease_seconds=3600)
    begun: list[int] = []
    done = asyncio.Event()

    async def handle(claim: Claim) -> None:
        begun.append(claim.attempts)
        if len(begun) == 1:  # as a post does after a stall
            raise LeaseLostError(what=claim.event_id)
        await inbox.complete(claim)
        done.set()

    async def give_up(claim: Claim) -> None:
        raise AssertionError(claim.event_id)

    await inbox.put("stalled", "thread", {}, topic="chat")
    running = asyncio.create_task(Worker(inbox, ["chat"], handle, give_up).run())
    try:
        async with asyncio.timeout(60):
            await done.wait()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert begun == [1, 1]


async def test_who_lost_a_lease_takes_nothing_from_its_holder(sqlite_database: Database) -> None:
    """Another worker that went on keeps what it has."""
    one, two = (Inbox(sqlite_database, name, lease_seconds=3600) for name in ("one", "two"))
    lost = asyncio.Event()

    async def handle(claim: Claim) -> None:
        await two.release(lambda owner: owner == "one")
        (taken,) = await two.claim(1)
        lost.set()
        raise LeaseLostError(what=taken.event_id)

    async def give_up(claim: Claim) -> None:
        raise AssertionError(claim.event_id)

    await one.put("lost", "thread", {}, topic="chat")
    running = asyncio.create_task(Worker(one, ["chat"], handle, give_up).run())
    try:
        async with asyncio.timeout(60):
            await lost.wait()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert await two.counts() == {"running": 1}
