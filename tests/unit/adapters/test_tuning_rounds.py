"""The worker that tends rounds: what fails there ends nothing else."""

from __future__ import annotations

import asyncio

from adapters.teaching.rounds import Watcher
from bot.settings import Settings
from bot.store.base import Database
from bot.store.timing import utc_now
from persona.tuning.base import TuningJob


class _FaultyDesk:
    """Has a fault in its program the first two times that it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.well = asyncio.Event()

    async def active(self) -> TuningJob | None:
        self.asked += 1
        if self.asked < 3:
            raise KeyError("dataset")
        self.well.set()
        return None

    async def last(self) -> TuningJob | None:
        return None

    async def tend(self, id: str) -> TuningJob:  # noqa: A002 - as the port has it
        raise AssertionError(id)

    async def start(self, *, by: str, dataset: str | None = None) -> TuningJob:
        raise AssertionError(by, dataset)


async def test_a_fault_in_the_program_does_not_end_the_watch(sqlite_database: Database) -> None:
    """It shares a task group with the server: an exception there would stop every chat."""
    desk = _FaultyDesk()
    watcher = Watcher(desk, sqlite_database, Settings(), utc_now, idle_s=0.0)
    watching = asyncio.create_task(watcher.run())
    waited, _ = await asyncio.wait(
        (watching, asyncio.create_task(desk.well.wait())),
        timeout=60,
        return_when=asyncio.FIRST_COMPLETED,
    )
    assert waited
    assert not watching.done()
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
