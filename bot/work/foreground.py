"""A job that a command does itself: in the same rows as those of the workers, so that it is seen,
cancelled and fenced like them, and goes on elsewhere when the command is killed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from datetime import datetime
from typing import TypeVar

from bot.errors import LeaseLostError, StorageError, UsageError, WellspokenError
from bot.store.base import Database
from bot.store.timing import utc_now
from bot.telemetry import log
from bot.work.claims import Claims, Patience
from bot.work.jobs import CHANNEL, Job, Wanted
from bot.work.leased import worker_name
from bot.work.runner import Keeper, Running

T = TypeVar("T")

_LEASE_S = 15.0
_ASK_AGAIN_S = 0.3
_NO_MORE = Patience(tries=1)
_FAULT = "A fault in the program ended it."


class JobRunningError(UsageError):
    """{title} is under way already; wait for its end, or end it with `wellspoken jobs cancel`."""


class JobCancelledError(WellspokenError):
    """Job {id} was cancelled; `wellspoken jobs resume {id}` goes on with it."""


async def in_foreground(
    db: Database,
    wanted: Wanted,
    work: Callable[[Running], Coroutine[object, object, T]],
    *,
    told: Callable[[T], object] = lambda _: None,
    wait: Callable[[], None] | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> T:
    """Do a job here and now; what ``work`` returns, of which ``told`` makes its result as JSON.

    While another of its key is under way this waits, and calls ``wait`` once; without it raises
    JobRunningError. Raises JobCancelledError where somebody wished for its end, LeaseLostError
    where another worker took it over, and what the work raises.
    """
    claims = Claims(db, worker_name(), lease_seconds=_LEASE_S, clock=clock)
    keeper = Keeper(claims)
    try:
        await db.listen(CHANNEL, keeper.look)
        async with keeper.keeping():
            return await _carried_out(keeper, wanted, work, told, wait)
    finally:
        db.unlisten(CHANNEL, keeper.look)


async def _carried_out(
    keeper: Keeper,
    wanted: Wanted,
    work: Callable[[Running], Coroutine[object, object, T]],
    told: Callable[[T], object],
    wait: Callable[[], None] | None,
) -> T:
    claims = keeper.claims
    running = Running(await _begun(keeper, wanted, wait), claims)
    task = asyncio.create_task(work(running))
    keeper.held[task] = running
    try:
        result = await task
    except asyncio.CancelledError:
        raise (await _stopped(running, wanted.by)) from None
    except Exception as error:
        why = str(error) if isinstance(error, WellspokenError) else _FAULT
        await _settle(running, lambda: claims.fail(running.job, why, _NO_MORE, retry=False))
        raise
    await _settle(running, lambda: claims.succeed(running.job, told(result)))
    return result


async def _begun(keeper: Keeper, wanted: Wanted, wait: Callable[[], None] | None) -> Job:
    """The job, ours from its first moment on."""
    asked = False
    while True:
        await keeper.release()
        job = await _first(keeper.claims, wanted)
        if job is not None:
            return job
        if wait is None:
            raise JobRunningError(title=f'"{wanted.title}"')
        if not asked:
            wait()
            asked = True
        await asyncio.sleep(_ASK_AGAIN_S)


async def _first(claims: Claims, wanted: Wanted) -> Job | None:
    """Begin it. At Ctrl-C it may have begun already: then it is ended, as one later on is."""
    beginning = asyncio.ensure_future(claims.begin(wanted))
    try:
        return await asyncio.shield(beginning)
    except asyncio.CancelledError:
        with suppress(TimeoutError, WellspokenError):
            async with asyncio.timeout(_LEASE_S):
                job = await beginning
                if job is not None:
                    await claims.cancelled(job, wanted.by)
        raise


async def _stopped(running: Running, me: str) -> BaseException:
    """Say that it ended before it was done; what is to be raised about it."""
    claims, job = running.claims, running.job
    if running.cancelled:
        await _settle(running, lambda: claims.cancelled(job))
        return JobCancelledError(id=job.id)
    ours = asyncio.current_task()
    if ours is not None and ours.cancelling():  # Ctrl-C
        await _settle(running, lambda: claims.cancelled(job, me))
        return asyncio.CancelledError()
    return LeaseLostError(what=f"job {job.id}")


async def _settle(running: Running, end: Callable[[], Awaitable[object]]) -> None:
    """Say how it ended. Where that cannot be said its lease runs out, and a worker goes on."""
    try:
        await running.end()
        await end()
    except LeaseLostError:
        log.info("another worker goes on with a job", job=running.job.id)
    except StorageError as error:
        log.warning("how a job ended is not known yet", job=running.job.id, error=str(error))
