"""The runner: jobs come to an end, are cancelled, taken over from the dead, and handed back."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from bot.store.base import Database
from bot.work.claims import Patience
from bot.work.jobs import Job, Jobs, Status, Wanted
from bot.work.runner import Handler, Kind, RefusedError, Runner, Running

QUICK = Patience(tries=3, first=0.05, longest=0.1)


@asynccontextmanager
async def runner(database: Database, handler: Handler, places: int = 2) -> AsyncIterator[Runner]:
    """A runner of the kind "k" that is at work meanwhile."""
    kinds = {"k": Kind("k", handler, places, QUICK)}
    made = Runner(database, kinds, lease_s=30, renew_s=0.1, idle_s=0.05, grace_s=0.2)
    task = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(jobs: Jobs, id_: str, wanted: Callable[[Job], object]) -> Job:
    """The job as soon as it stands as wanted."""
    async with asyncio.timeout(60):
        while not wanted(job := await jobs.get(id_)):  # noqa: ASYNC110 - another task
            await asyncio.sleep(0.02)
    return job


async def put(database: Database, **arguments: object) -> Job:
    job, _ = await Jobs(database).put(Wanted("k", "K", arguments))
    return job


async def test_a_handler_does_a_job(database: Database) -> None:
    """What it is told, how far it is and what comes of it stand in the row."""

    async def work(job: Running) -> object:
        await job.progress(1, 3, "counting")
        await job.progress(3, 3, "counted")
        return {"of": job.arguments["name"]}

    async with runner(database, work):
        job = await put(database, name="docs")
        over = await until(Jobs(database), job.id, lambda j: j.status.over)
    assert (over.status, over.result) == (Status.SUCCEEDED, {"of": "docs"})
    assert (over.done, over.total, over.doing) == (3, 3, "counted")


async def test_a_failure_is_tried_again_from_the_checkpoint(database: Database) -> None:
    """What fails goes on later where it stood; a fault of the program says so without its words."""

    async def work(job: Running) -> object:
        at = (job.state or 0) + 1
        await job.checkpoint(at)
        if at < 5:
            raise ZeroDivisionError("secret")
        return at

    async with runner(database, work):
        job = await put(database)
        seen = await until(Jobs(database), job.id, lambda j: j.error or j.status.over)
        assert "secret" not in seen.error
        over = await until(Jobs(database), job.id, lambda j: j.status.over)
    assert (over.status, over.result) == (Status.SUCCEEDED, 5)


async def test_a_refusal_is_the_end(database: Database) -> None:
    """What another try would not change fails at once, with its sentence."""

    async def work(job: Running) -> object:
        raise RefusedError(why="There is no such source.")

    async with runner(database, work):
        over = await until(Jobs(database), (await put(database)).id, lambda j: j.status.over)
    assert (over.status, over.attempts) == (Status.FAILED, 1)
    assert over.error == "There is no such source."


@pytest.mark.parametrize("polite", [True, False])
async def test_a_wish_ends_it_and_it_goes_on_later(database: Database, polite: bool) -> None:
    """A handler that listens ends by itself, one that does not is ended; resumed, it goes on from
    its checkpoint."""

    async def work(job: Running) -> object:
        if job.state:
            return job.state
        await job.checkpoint("half")
        if polite:
            await job.wished_away()
            raise asyncio.CancelledError
        await asyncio.sleep(3600)
        return None

    jobs = Jobs(database)
    async with runner(database, work):
        job = await put(database)
        await until(jobs, job.id, lambda j: j.state == "half")
        await jobs.cancel(job.id, "ada")
        over = await until(jobs, job.id, lambda j: j.status.over)
        assert (over.status, over.cancelled_by) == (Status.CANCELLED, "ada")
        await jobs.resume(job.id)
        over = await until(jobs, job.id, lambda j: j.status.over)
    assert (over.status, over.result) == (Status.SUCCEEDED, "half")


async def test_places_are_kept(database: Database) -> None:
    """Never more of a kind at once than there are places."""
    now, most, gate = 0, 0, asyncio.Event()

    async def work(job: Running) -> object:
        nonlocal now, most
        now += 1
        most = max(most, now)
        if now == 2:
            gate.set()
        await gate.wait()
        await asyncio.sleep(0)
        now -= 1
        return None

    jobs = Jobs(database)
    ids = [(await put(database, n=n)).id for n in range(6)]
    async with runner(database, work, places=2):
        for id_ in ids:
            await until(jobs, id_, lambda j: j.status.over)
    assert most == 2


async def test_a_runner_that_stops_hands_back(database: Database) -> None:
    """What is under way is another runner's at once, and counts as no failure."""

    async def first(job: Running) -> object:
        await job.checkpoint("begun")
        await asyncio.sleep(3600)
        return None

    async def second(job: Running) -> object:
        return job.state

    jobs = Jobs(database)
    async with runner(database, first):
        job = await put(database)
        await until(jobs, job.id, lambda j: j.state)
    back = await jobs.get(job.id)
    assert (back.status, back.failures) == (Status.QUEUED, 0)
    async with runner(database, second):
        over = await until(jobs, job.id, lambda j: j.status.over)
    assert over.result == "begun"


async def test_a_job_waits_without_a_place(database: Database) -> None:
    """What comes back later leaves its place to others meanwhile."""

    async def work(job: Running) -> object:
        if job.arguments.get("waits") and not job.state:
            await job.checkpoint("asked")
            raise job.later(3600 if job.arguments["waits"] == "long" else 0.05)
        return "done"

    jobs = Jobs(database)
    async with runner(database, work, places=1):
        long, short, other = [await put(database, waits=w) for w in ("long", "short", "")]
        for job in (short, other):
            assert (await until(jobs, job.id, lambda j: j.status.over)).result == "done"
        assert (await jobs.get(long.id)).status is Status.QUEUED


_PROCESS = """
import asyncio, sys
from bot.store.base import Database
from bot.work.runner import Kind, Runner

async def work(job):
    for step in range(job.state or 0, 8):
        await asyncio.sleep(0.05)
        await job.checkpoint(step + 1)
        print(step, flush=True)
    return "done"

async def main(url):
    database = await Database.open(url)
    await Runner(database, {"k": Kind("k", work, 2)}, lease_s=1, renew_s=0.3, idle_s=0.1).run()

asyncio.run(main(sys.argv[1]))
"""


@pytest.mark.slow
async def test_a_killed_process_loses_nothing(database: Database, database_url: str) -> None:
    """A process that is killed in the middle leaves its jobs to the next, which goes on from the
    checkpoint; each is done once."""
    jobs = Jobs(database)
    ids = [(await put(database, n=n)).id for n in range(4)]
    for _ in range(2):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _PROCESS, database_url, stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        for _ in range(4):
            assert await asyncio.wait_for(process.stdout.readline(), 60)
        process.send_signal(signal.SIGKILL)
        await process.wait()
    beginnings = []

    async def work(job: Running) -> object:
        beginnings.append(job.state)
        return "done"

    async with runner(database, work):
        for id_ in ids:
            over = await until(jobs, id_, lambda j: j.status.over)
            assert (over.status, over.result) == (Status.SUCCEEDED, "done")
    assert any(state for state in beginnings)
