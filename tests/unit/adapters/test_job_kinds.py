"""The kinds of jobs: what puts them, what they tell, and what they refuse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from adapters.jobs import curating, gathering
from bot.errors import TrainingError
from bot.store.base import Database
from bot.store.timing import utc_now
from bot.work.claims import Claims, Patience
from bot.work.jobs import Job, Jobs, Status
from bot.work.runner import Kind, Runner


@dataclass
class Gaps:
    """Gaps of which some are to be gathered; ``gate`` holds it up."""

    left: int
    gate: asyncio.Event

    async def pending(self) -> bool:
        return self.left > 0

    async def waiting(self) -> int:
        return self.left

    async def gather(
        self, limit: int | None = None, progress: Callable[[int], None] = print
    ) -> int:
        progress(1)
        await self.gate.wait()
        done, self.left = self.left, 0
        return done


@asynccontextmanager
async def worker(database: Database, kind: Kind) -> AsyncIterator[None]:
    """A worker of one kind that is at work meanwhile."""
    runner = Runner(database, {kind.name: kind}, renew_s=0.1, idle_s=0.05)
    task = asyncio.create_task(runner.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(jobs: Jobs, wanted: Callable[[list[Job]], object]) -> list[Job]:
    """The jobs as soon as they stand as wanted, the newest first."""
    async with asyncio.timeout(60):
        while not wanted(found := await jobs.page()):  # noqa: ASYNC110 - another task
            await asyncio.sleep(0.02)
    return found


async def test_gaps_are_gathered_by_one_job_when_there_is_something(database: Database) -> None:
    """Two processes look, one job is put; it shows how far it is, and none follows while nothing
    is left."""
    jobs, gaps = Jobs(database), Gaps(3, asyncio.Event())
    desk: Any = gaps
    lookers = [
        asyncio.create_task(gathering.put_when_due(desk, jobs, pause_s=0.02)) for _ in range(2)
    ]
    try:
        async with worker(database, gathering.kind_of(lambda: desk, jobs, utc_now)):
            (running,) = await until(jobs, lambda found: found and found[0].done)
            assert (running.kind, running.done, running.total) == ("gaps", 1, 3)
            assert running.asked_by == gathering.BY
            gaps.gate.set()
            (over,) = await until(jobs, lambda found: all(job.status.over for job in found))
            assert (over.status, over.result) == (Status.SUCCEEDED, {"questions": 3})
    finally:
        for looker in lookers:
            looker.cancel()
        await asyncio.gather(*lookers, return_exceptions=True)


async def test_old_gatherings_leave_the_list(database: Database) -> None:
    """Of those that are done a day's are kept, and every one that failed."""
    now = utc_now()
    past = Jobs(database, lambda: now - timedelta(days=2))
    claims = Claims(database, "then", clock=lambda: now - timedelta(days=2))
    for ended in ("done", "failed"):
        await past.put(gathering.gathering(ended))
        (job,) = await claims.claim("gaps", 1, Patience())
        if ended == "done":
            await claims.succeed(job)
        else:
            await claims.fail(job, "the disk is full", Patience(tries=1))
    jobs, gaps = Jobs(database), Gaps(1, asyncio.Event())
    desk: Any = gaps
    gaps.gate.set()
    await jobs.put(gathering.gathering("now"))
    async with worker(database, gathering.kind_of(lambda: desk, jobs, utc_now)):
        found = await until(jobs, lambda found: len(found) == 2 and found[0].status.over)
    assert [job.asked_by for job in found] == ["now", "failed"]


async def test_a_day_without_an_embedder_leaves_a_few_jobs_in_the_list(database: Database) -> None:
    """What cannot be gathered waits in one job, some minutes at most, for hours."""
    desk: Any = Gaps(1, asyncio.Event())
    patience = gathering.kind_of(lambda: desk, Jobs(database), utc_now).patience
    waits = [wait for n in range(1, 1000) if (wait := patience.pause(n)) is not None]
    assert max(waits) <= 300
    assert sum(waits) > timedelta(hours=6).total_seconds()


@dataclass
class Sets:
    """Data sets of which none can be built."""

    async def build(self, *_: object, **__: object) -> None:
        raise TrainingError("Nothing was rated yet.")


async def test_a_data_set_of_nothing_is_no_fault_to_try_again(database: Database) -> None:
    """One sentence at once; and the file of a command that was killed is not written elsewhere."""
    jobs = Jobs(database)
    desk: Any = Sets()
    await jobs.put(curating.building("sft", "web:ada"))
    await jobs.put(curating.building("kto", "terminal:operator", Path("/srv/kto.jsonl")))
    async with worker(database, curating.kind_of(lambda: desk)):
        elsewhere, nothing = await until(jobs, lambda found: all(job.status.over for job in found))
    assert (nothing.status, nothing.attempts) == (Status.FAILED, 1)
    assert nothing.error == "Nothing was rated yet."
    assert elsewhere.error == "It was to write /srv/kto.jsonl; repeat `wellspoken dataset build`."
