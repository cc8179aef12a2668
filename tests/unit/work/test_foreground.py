"""A job that a command does itself: in the same rows, with the same fence, taken over when it is
killed."""

from __future__ import annotations

import asyncio
import gc
import signal
import subprocess
import sys
import weakref
from datetime import datetime
from pathlib import Path

import pytest

from bot.errors import LeaseLostError, StorageError
from bot.store.base import Database
from bot.store.timing import utc_now
from bot.work.claims import Claims, Patience
from bot.work.foreground import JobCancelledError, JobRunningError, in_foreground
from bot.work.jobs import Job, Jobs, Status, Wanted
from bot.work.runner import Kind, Runner, Running

WANTED = Wanted("k", "Build it", {"n": 1}, key="k", by="terminal:operator")


async def only(database: Database) -> Job:
    """The only job there is."""
    (job,) = await Jobs(database).page()
    return job


async def test_it_is_seen_while_it_runs_and_afterwards(database: Database) -> None:
    """How far it is, and what came of it, stand in the list; the command gets what it returns."""

    async def work(job: Running) -> list[int]:
        await job.progress(2, 2, "parts")
        now = await only(database)
        assert (now.status, now.done, now.doing) == (Status.RUNNING, 2, "parts")
        return [1, 2]

    assert await in_foreground(database, WANTED, work, told=lambda made: {"n": len(made)}) == [1, 2]
    over = await only(database)
    assert (over.status, over.result, over.asked_by) == (
        Status.SUCCEEDED, {"n": 2}, "terminal:operator",
    )  # fmt: skip


async def test_its_failure_is_the_commands(database: Database) -> None:
    """The command gets the error as it is; the list has its sentence, and it is not tried again."""

    async def work(_: Running) -> None:
        raise StorageError("The disk is full.")

    with pytest.raises(StorageError, match="The disk is full"):
        await in_foreground(database, WANTED, work)
    over = await only(database)
    assert (over.status, over.error) == (Status.FAILED, "The disk is full.")


async def test_a_second_one_is_refused_or_waits(database: Database) -> None:
    """One of a key at a time, whoever does it: a worker's counts too."""
    jobs, claims = Jobs(database), Claims(database, "worker")
    await jobs.put(WANTED)
    (held,) = await claims.claim("k", 1, Patience())

    async def work(_: Running) -> str:
        return "done"

    with pytest.raises(JobRunningError, match=r'^"Build it" is under way already'):
        await in_foreground(database, WANTED, work)
    waits = asyncio.Event()
    waiting = asyncio.create_task(in_foreground(database, WANTED, work, wait=waits.set))
    await asyncio.wait_for(waits.wait(), 60)
    await claims.succeed(held)
    assert await asyncio.wait_for(waiting, 60) == "done"


async def test_a_wish_ends_it(database: Database) -> None:
    """Cancelled from the list it ends, and the command says so; nothing goes on by itself."""
    begun = asyncio.Event()

    async def work(job: Running) -> None:
        begun.set()
        await job.wished_away()
        raise asyncio.CancelledError

    command = asyncio.create_task(in_foreground(database, WANTED, work))
    await asyncio.wait_for(begun.wait(), 60)
    job = await only(database)
    await Jobs(database).cancel(job.id, "web:ada")
    with pytest.raises(JobCancelledError, match=f"Job {job.id} was cancelled"):
        await asyncio.wait_for(command, 60)
    assert (await only(database)).status is Status.CANCELLED


async def test_an_interrupted_command_leaves_a_job_to_resume(database: Database) -> None:
    """Ctrl-C: it is cancelled by who began it, and `jobs resume` gives it to a worker."""
    begun = asyncio.Event()

    async def work(job: Running) -> None:
        await job.checkpoint("half")
        begun.set()
        await asyncio.sleep(3600)

    command = asyncio.create_task(in_foreground(database, WANTED, work))
    await asyncio.wait_for(begun.wait(), 60)
    command.cancel()
    with pytest.raises(asyncio.CancelledError):
        await command
    job = await only(database)
    assert (job.status, job.cancelled_by) == (Status.CANCELLED, "terminal:operator")
    await Jobs(database).resume(job.id)
    (again,) = await Claims(database, "worker").claim("k", 1, Patience())
    assert (again.id, again.state) == (job.id, "half")


async def test_a_command_interrupted_while_it_begins_leaves_nothing_that_looks_running(
    database: Database,
) -> None:
    """Ctrl-C while its row is written: nobody has to wait for the end of a lease."""
    loop, reads = asyncio.get_running_loop(), 0

    async def work(_: Running) -> None:
        pytest.fail("it was never to begin")

    def clock() -> datetime:  # its second reader is the statement that puts the row
        nonlocal reads
        reads += 1
        if reads == 2:
            loop.call_soon_threadsafe(command.cancel)
        return utc_now()

    command = asyncio.create_task(in_foreground(database, WANTED, work, clock=clock))
    with pytest.raises(asyncio.CancelledError):
        await command
    await database.write(lambda _: None)  # what was written before is there now
    assert [job.id for job in await Jobs(database).page() if not job.status.over] == []


@pytest.mark.postgres
async def test_a_command_that_is_over_hears_no_more(postgres_database_url: str) -> None:
    """A process that does many jobs one after another keeps none of them in mind."""
    database = await Database.open(postgres_database_url)
    heard: list[weakref.ref[Claims]] = []

    async def work(job: Running) -> None:
        heard.append(weakref.ref(job.claims))

    try:
        for _ in range(3):
            await in_foreground(database, WANTED, work)
        gc.collect()
        assert [claims() for claims in heard[:-1]] == [None, None]
    finally:
        await database.close()


async def test_a_command_that_lost_it_stops(database: Database) -> None:
    """Whoever was taken for dead does no more, and changes nothing in the row."""
    begun = asyncio.Event()

    async def work(job: Running) -> None:
        begun.set()
        await asyncio.sleep(3600)

    command = asyncio.create_task(in_foreground(database, WANTED, work))
    await asyncio.wait_for(begun.wait(), 60)
    other, taken = Claims(database, "other"), []
    async with asyncio.timeout(60):
        while not taken:  # its lease may be made longer in between
            await other.release(lambda _: True)
            taken = await other.claim("k", 1, Patience())
    with pytest.raises(LeaseLostError):
        await asyncio.wait_for(command, 60)
    now = await only(database)
    assert (now.owner, now.attempts) == ("other", taken[0].attempts)


_COMMAND = """
import asyncio, sys
from bot.store.base import Database
from bot.work.foreground import in_foreground
from bot.work.jobs import Wanted

async def main():
    async def work(job):
        await job.checkpoint("half")
        print("half", flush=True)
        await asyncio.sleep(3600)
    await in_foreground(await Database.open(sys.argv[1]), Wanted("k", "Build it", key="k"), work)

asyncio.run(main())
"""


async def _killed(url: str) -> None:
    """A command that was killed in the middle."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _COMMAND, url),
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"half\n"
    process.send_signal(signal.SIGKILL)
    await process.wait()


async def test_the_next_command_goes_on_after_a_killed_one(
    database: Database, database_url: str
) -> None:
    """Nobody has to wait for the lease of a dead process of this machine, or to clean up."""
    await _killed(database_url)

    async def work(_: Running) -> str:
        return "done"

    assert await asyncio.wait_for(in_foreground(database, WANTED, work), 60) == "done"
    newer, older = await Jobs(database).page()
    assert (newer.status, older.status) == (Status.SUCCEEDED, Status.FAILED)
    assert older.error == "Its process was killed; it was begun anew."


async def test_a_worker_goes_on_with_a_killed_command(
    database: Database, database_url: str
) -> None:
    """Where a worker runs nobody has to repeat the command: it begins from the checkpoint."""
    await _killed(database_url)

    async def work(job: Running) -> object:
        return job.state

    runner = asyncio.create_task(
        Runner(database, {"k": Kind("k", work)}, renew_s=0.1, idle_s=0.05).run()
    )
    try:
        async with asyncio.timeout(60):
            while not (job := await only(database)).status.over:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    finally:
        runner.cancel()
        await asyncio.gather(runner, return_exceptions=True)
    assert (job.status, job.result, job.attempts) == (Status.SUCCEEDED, "half", 2)
