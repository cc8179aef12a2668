"""LISTEN and NOTIFY: a process hears at once of what another one committed, after a loss too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from bot.store.base import Database, notify
from bot.work.inbox import Inbox
from bot.work.jobs import CHANNEL, Jobs, Wanted


@pytest.fixture
async def other(postgres_database_url: str) -> AsyncIterator[Database]:
    """The same PostgreSQL database as another process has it."""
    found = await Database.open(postgres_database_url)
    yield found
    await found.close()


@pytest.fixture
async def mine(postgres_database_url: str) -> AsyncIterator[Database]:
    found = await Database.open(postgres_database_url)
    yield found
    await found.close()


async def heard(event: asyncio.Event) -> None:
    """Wait for a notification, far longer than one takes."""
    async with asyncio.timeout(60):
        await event.wait()
    event.clear()


async def connections(database: Database) -> int:
    """How many connections listen in this database."""
    query = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND query LIKE 'LISTEN %'"
    )
    return await database.read(lambda c: c.scalar(query)) or 0


async def test_jobs_and_events_of_others_are_heard(mine: Database, other: Database) -> None:
    """On one connection for both channels, without a look at any table."""
    job, event = asyncio.Event(), asyncio.Event()
    await mine.listen(CHANNEL, job.set)
    await mine.listen("wellspoken_inbox", event.set)
    await heard(job)  # what may have been missed before
    await heard(event)
    assert await connections(mine) == 1
    await Jobs(other).put(Wanted("k", "K"))
    await heard(job)
    assert not event.is_set()
    await Inbox(other, "feeder").put("e1", "thread", {})
    await heard(event)


async def test_a_wish_for_the_end_is_heard(mine: Database, other: Database) -> None:
    """So that a worker need not wait for its next renewal."""
    put, _ = await Jobs(other).put(Wanted("k", "K"))
    job = asyncio.Event()
    await mine.listen(CHANNEL, job.set)
    await heard(job)
    await Jobs(other).cancel(put.id, "ada")
    await heard(job)


async def test_a_lost_connection_is_replaced(mine: Database, other: Database) -> None:
    """Whoever waits is woken then, since something may have been missed, and hears again."""
    wake = asyncio.Event()
    await mine.listen(CHANNEL, wake.set)
    await heard(wake)
    end = sa.text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND query LIKE 'LISTEN %'"
    )
    await other.write(lambda c: c.execute(end).all())
    await heard(wake)
    await other.write(lambda c: notify(c, CHANNEL))
    await heard(wake)


async def test_nothing_is_told_that_was_not_committed(mine: Database, other: Database) -> None:
    """A transaction that failed wakes nobody."""
    wake = asyncio.Event()
    await mine.listen(CHANNEL, wake.set)
    await heard(wake)

    def failing(connection: sa.Connection) -> None:
        notify(connection, CHANNEL)
        raise LookupError

    with pytest.raises(LookupError):
        await other.write(failing)
    await other.write(lambda c: notify(c, "another_channel"))
    await other.read(lambda c: c.scalar(sa.text("SELECT 1")))
    assert not wake.is_set()
