"""What is due by itself runs once a due time, however many processes look, also when one dies."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.store.base import Database
from bot.store.schedules import ScheduleBook

DUE = datetime(2026, 3, 25, 12, tzinfo=UTC)
LATER = DUE + timedelta(days=30)
HOUR = timedelta(hours=1)

LOOKER = """
import asyncio, os, sys
from datetime import UTC, datetime, timedelta
from bot.store.base import Database
from bot.store.schedules import ScheduleBook

async def main(url, log, role):
    database = await Database.open(url, migrate=False)
    book = ScheduleBook(database, lambda: datetime.now(UTC))
    for _ in range(400):
        claimed = await book.claim("suite", 1.0)
        if claimed is not None:
            if role == "dies":
                print("held", flush=True)
                await asyncio.sleep(60)
            await asyncio.sleep(0.05)
            if await book.complete(claimed, "done", datetime.now(UTC) + timedelta(days=1)):
                with open(log, "a") as file:
                    file.write(f"{os.getpid()}\\n")
        row = (await book.listing())[0]
        if row.ran_at is not None:
            break
        await asyncio.sleep(0.02)
    await database.close()

asyncio.run(main(*sys.argv[1:]))
"""


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = DUE

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Hand:
    return Hand()


async def test_what_is_not_due_is_nobodys(database: Database, clock: Hand) -> None:
    """Nor is what nobody put there."""
    book = ScheduleBook(database, clock)
    await book.put("suite", DUE + HOUR)
    assert await book.claim("suite", 60) is None
    assert await book.claim("another", 60) is None
    clock.now += HOUR
    claimed = await book.claim("suite", 60)
    assert claimed is not None
    assert (claimed.due_at, claimed.ran_at) == (DUE + HOUR, None)


async def test_one_of_many_gets_it(database: Database, clock: Hand) -> None:
    """Twenty ask at once; after it ran it is due again when it was said to be."""
    book = ScheduleBook(database, clock)
    await book.put("suite", DUE)
    claims = await asyncio.gather(*(book.claim("suite", 60) for _ in range(20)))
    (mine,) = [claimed for claimed in claims if claimed is not None]
    assert await book.complete(mine, "done", LATER)
    assert not await book.complete(mine, "done", LATER + HOUR)
    await book.put("suite", DUE)  # a restart does not begin anew
    (row,) = await book.listing()
    assert (row.due_at, row.ran_at, row.outcome, row.holder) == (LATER, DUE, "done", "")
    assert await book.claim("suite", 60) is None


async def test_who_was_too_slow_can_neither_renew_nor_complete(
    database: Database, clock: Hand
) -> None:
    """Another one has it; what the first one still says is not heard."""
    book = ScheduleBook(database, clock)
    await book.put("suite", DUE)
    first = await book.claim("suite", 60)
    assert first is not None
    clock.now += timedelta(seconds=50)
    assert await book.renew(first, 60)
    clock.now += timedelta(seconds=59)
    assert await book.claim("suite", 60) is None
    clock.now += timedelta(seconds=2)
    assert not await book.renew(first, 60)
    second = await book.claim("suite", 60)
    assert second is not None
    assert not await book.complete(first, "late", LATER)
    await book.release(first)
    assert await book.renew(second, 60)
    assert await book.complete(second, "done", LATER)


async def test_what_is_given_back_stays_due(database: Database, clock: Hand) -> None:
    """A process that stops leaves it to the next one; an earlier time can be said."""
    book = ScheduleBook(database, clock)
    await book.put("suite", DUE)
    first = await book.claim("suite", 60)
    assert first is not None
    await book.release(first)
    second = await book.claim("suite", 60)
    assert second is not None
    await book.complete(second, "done", LATER)
    await book.bring_forward("suite", DUE + HOUR)
    await book.bring_forward("suite", LATER)
    assert (await book.listing())[0].due_at == DUE + HOUR


@pytest.mark.slow
async def test_processes_run_it_once_although_one_is_killed(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    """The first holder is killed; of three others one takes the same due time up again."""
    book = ScheduleBook(database, lambda: datetime.now(UTC))
    await book.put("suite", datetime.now(UTC))
    done = tmp_path / "log"

    async def look(role: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-c", LOOKER, database_url, str(done), role,
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip

    victim = await look("dies")
    assert victim.stdout is not None
    assert await victim.stdout.readline() == b"held\n"
    others = [await look("lives") for _ in range(3)]
    os.kill(victim.pid, signal.SIGKILL)
    await asyncio.gather(*(process.communicate() for process in (victim, *others)))
    assert [process.returncode for process in others] == [0, 0, 0]
    assert len(done.read_text().splitlines()) == 1
    (row,) = await book.listing()
    assert (row.outcome, row.holder) == ("done", "")
