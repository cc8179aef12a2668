"""What a worker does with jobs: claims them, renews them, says how far they are, ends them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from bot.errors import LeaseLostError
from bot.store.base import Database, insert, notify
from bot.store.timing import RowTime, TimedQuery, utc_now
from bot.store.watch_tables import schedules
from bot.work.jobs import CHANNEL, Job, Status, Wanted, job_of, new_row
from bot.work.leased import NOBODY, RUNNING, backoff, end_leases, fenced
from bot.work.tables import job_open, jobs

_KILLED = "Its process was killed {count} times at the same place; see the log, then resume it."
_BEGUN_ANEW = "Its process was killed; it was begun anew."


@dataclass(frozen=True, slots=True)
class Patience:
    """How often in a row a kind may fail at the same place, and how long it waits in between: in
    seconds, twice as long each time, up to the longest."""

    tries: int = 3
    first: float = 10.0
    longest: float = 3600.0

    def pause(self, failures: int) -> float | None:
        """Seconds until the next try after so many failures; ``None``: there is none."""
        return None if failures >= self.tries else backoff(failures, self.first, self.longest)


_earlier, _other = jobs.alias("earlier"), jobs.alias("other")
_queued: sa.ColumnClause[str] = sa.literal_column("'queued'")
_runs: sa.ColumnClause[str] = sa.literal_column("'running'")
_is_first = sa.or_(
    jobs.c.key == sa.literal_column("''"),
    ~sa.exists().where(
        _earlier.c.key == jobs.c.key,
        _earlier.c.number < jobs.c.number,
        _earlier.c.status.in_([_queued, _runs]),
    )
    & ~sa.exists().where(
        _other.c.key == jobs.c.key, _other.c.number != jobs.c.number, _other.c.status == _runs
    ),
)


def _claimable(now: sa.ColumnElement[datetime]) -> sa.Select[tuple[int, str, int, str]]:
    waits = sa.and_(jobs.c.status == _queued, jobs.c.due <= now, _is_first)
    abandoned = sa.and_(jobs.c.status == _runs, jobs.c.lease_until < now)
    return (
        sa.select(jobs.c.number, jobs.c.status, jobs.c.failures, jobs.c.cancelled_by)
        .where(job_open, jobs.c.kind == sa.bindparam("of_kind"), sa.or_(waits, abandoned))
        .order_by(jobs.c.number)
        .limit(sa.bindparam("places"))
        .with_for_update(of=jobs, skip_locked=True)
    )


def _there(now: sa.ColumnElement[datetime]) -> sa.Select[tuple[str]]:
    waits = sa.and_(jobs.c.status == _queued, jobs.c.due <= now)
    abandoned = sa.and_(jobs.c.status == _runs, jobs.c.lease_until < now)
    return sa.select(jobs.c.kind).where(job_open, sa.or_(waits, abandoned)).distinct()


_CLAIMABLE, _THERE = TimedQuery(_claimable), TimedQuery(_there)


class Claims:
    """The jobs as one worker sees them. ``owner`` names the worker and nobody else."""

    def __init__(
        self,
        db: Database,
        owner: str,
        *,
        lease_seconds: float = 30.0,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._db = db
        self.owner = owner
        self._lease_s = lease_seconds
        self._time = RowTime(clock)

    async def begin(self, wanted: Wanted) -> Job | None:
        """Put a job that this worker does itself, at once; ``None`` while another of its key runs.

        One of its key whose lease ran out is over: the new one goes on in its place.
        """

        def op(connection: sa.Connection) -> Job | None:
            now = self._time.now(connection)
            dead = sa.update(jobs).where(
                jobs.c.key == wanted.key, jobs.c.status == _runs, jobs.c.lease_until < now
            )
            over = {"owner": NOBODY, "lease_until": None, "finished_at": now}
            connection.execute(dead.values(status=Status.FAILED.value, error=_BEGUN_ANEW, **over))
            row = new_row(wanted, now) | {
                "status": RUNNING,
                "owner": self.owner,
                "alone": None,  # one that waits for a worker is no reason to wait for it
                "attempts": 1,
                "lease_until": self._until(connection),
                "started_at": now,
            }
            put = insert(connection, jobs).values(row).on_conflict_do_nothing().returning(jobs)
            made = connection.execute(put).one_or_none()
            return job_of(made) if made is not None else None

        return await self._db.write(op)

    async def there(self) -> set[str]:
        """The kinds of which there may be something to claim, looked up without writing."""

        def op(connection: sa.Connection) -> set[str]:
            query, asked = self._time.query(_THERE, connection)
            return set(connection.scalars(query, asked))

        return await self._db.read(op)

    async def claim(
        self, kind: str, places: int, patience: Patience, held: Collection[int] = ()
    ) -> list[Job]:
        """Lease up to ``places`` jobs of a kind, each the first open one of its key.

        One whose lease ran out comes again with its checkpoint, unless its end was wished for, or
        it failed too often at the same place; but for those ``held``, by their number, as in
        :meth:`bot.work.inbox.Inbox.claim`.
        """

        def op(connection: sa.Connection) -> list[Job]:
            query, asked = self._time.query(_CLAIMABLE, connection)
            if held:
                query = query.where(jobs.c.number.not_in(held))
            found = []
            rows = connection.execute(query, {**asked, "places": places, "of_kind": kind}).all()
            for row in rows:
                job = self._taken(connection, row, patience)
                found += [job] if job is not None else []
            return found

        return await self._db.write(op)

    def _taken(self, connection: sa.Connection, row: Any, patience: Patience) -> Job | None:
        """One row as it is leased; ``None`` where it ends instead, or another was quicker."""
        now = self._time.now(connection)
        abandoned = row.status == RUNNING
        failures = row.failures + abandoned
        this = sa.update(jobs).where(jobs.c.number == row.number).returning(jobs)
        over = {"owner": NOBODY, "lease_until": None, "finished_at": now, "failures": failures}
        if abandoned and row.cancelled_by:
            connection.execute(this.values(status=Status.CANCELLED.value, **over))
            return None
        if abandoned and patience.pause(failures) is None:
            why = _KILLED.format(count=failures)
            connection.execute(this.values(status=Status.FAILED.value, error=why, **over))
            return None
        leased = this.values(
            status=RUNNING,
            owner=self.owner,
            attempts=jobs.c.attempts + 1,
            failures=failures,
            lease_until=self._until(connection),
            started_at=sa.func.coalesce(jobs.c.started_at, now),
        )
        try:
            with connection.begin_nested():
                return job_of(connection.execute(leased).one())
        except IntegrityError:  # another worker was quicker with one of the same key: next time
            return None

    async def renew(self, held: Sequence[Job]) -> list[Job]:
        """Extend the leases of what is in hand: those that are still held, as they stand now, with
        the wish for their end. What is missing was taken over: stop working on it."""

        def op(connection: sa.Connection) -> list[Job]:
            until, kept = self._until(connection), []
            for job in held:
                renewed = _fenced(job).values(lease_until=until).returning(jobs)
                row = connection.execute(renewed).one_or_none()
                kept += [job_of(row)] if row is not None else []
            return kept

        return await self._db.write(op)

    async def advance(self, job: Job, done: int, total: int | None, doing: str) -> None:
        """Note how far it is. Raises LeaseLostError."""

        def op(connection: sa.Connection) -> None:
            until = self._until(connection)
            _hold_in(connection, job, done=done, total=total, doing=doing, lease_until=until)

        await self._db.write(op)

    async def checkpoint(self, job: Job, state: object) -> Job:
        """Keep what a later attempt begins from. Raises LeaseLostError."""
        await self._db.write(lambda connection: self.checkpoint_in(connection, job, state))
        return replace(job, state=state, failures=0)

    def checkpoint_in(self, connection: sa.Connection, job: Job, state: object) -> None:
        """As :meth:`checkpoint`, in one transaction with what the work stores."""
        until = self._until(connection)
        _hold_in(connection, job, state=state, failures=0, lease_until=until)

    async def succeed(self, job: Job, result: object = None) -> None:
        """It is done. Raises LeaseLostError."""
        await self._over(job, Status.SUCCEEDED, result=result)

    async def cancelled(self, job: Job, by: str = "") -> None:
        """It was ended, as somebody wished, or ``by`` does here; its checkpoint stays. Raises
        LeaseLostError."""
        wish = {"cancelled_by": by} if by else {}
        await self._over(job, Status.CANCELLED, **wish)

    async def fail(self, job: Job, error: str, patience: Patience, *, retry: bool = True) -> bool:
        """The attempt failed; whether there will be another. Raises LeaseLostError."""
        failures = job.failures + 1
        pause = patience.pause(failures) if retry else None
        if pause is None:
            await self._over(job, Status.FAILED, error=error, failures=failures)
            return False
        await self._wait(job, pause, error=error, failures=failures)
        return True

    async def later(self, job: Job, seconds: float) -> None:
        """Let go of it for so long: it holds no place meanwhile. Raises LeaseLostError."""
        await self._wait(job, seconds)

    async def hand_back(self, job: Job) -> None:
        """Let another worker go on at once; no failure. Raises LeaseLostError."""
        await self._wait(job, 0.0)

    async def release(self, is_dead: Callable[[str], bool]) -> int:
        """End the leases of workers that are known to be dead; of how many jobs."""
        return await end_leases(self._db, jobs, is_dead, self._time)

    async def _over(self, job: Job, status: Status, **values: object) -> None:
        outcome = str(values.get("error", "done"))

        def op(connection: sa.Connection) -> None:
            now = self._time.now(connection)
            ended: dict[str, Any] = {"owner": NOBODY, "lease_until": None, "finished_at": now}
            _hold_in(connection, job, status=status.value, **ended, **values)
            if job.schedule and status is not Status.CANCELLED:
                ours = sa.update(schedules).where(schedules.c.name == job.schedule)
                connection.execute(ours.values(outcome=outcome))
            notify(connection, CHANNEL)  # a place of its key is free

        await self._db.write(op)

    async def _wait(self, job: Job, seconds: float, **values: object) -> None:
        """Unless somebody wished for its end meanwhile: then this is it."""
        ended = jobs.c.cancelled_by != NOBODY

        def op(connection: sa.Connection) -> None:
            _hold_in(
                connection,
                job,
                status=sa.case((ended, Status.CANCELLED.value), else_=Status.QUEUED.value),
                finished_at=sa.case((ended, self._time.now(connection)), else_=None),
                owner=NOBODY,
                lease_until=None,
                due=self._time.after(connection, seconds),
                **values,
            )
            notify(connection, CHANNEL)

        await self._db.write(op)

    def _until(self, connection: sa.Connection) -> sa.ColumnElement[datetime]:
        return self._time.after(connection, self._lease_s)


def _fenced(job: Job) -> sa.Update:
    return fenced(jobs, jobs.c.number == job.number, job)


def _hold_in(connection: sa.Connection, job: Job, **values: object) -> None:
    if connection.execute(_fenced(job).values(**values)).rowcount != 1:
        raise LeaseLostError(what=f"job {job.id}")
