"""Long work in leased rows: it shows how far it is, is cancelled, and goes on where it stood.

A job is put once, claimed by a worker, renewed while it runs, and done: as an event of the inbox
is, with a fence in every write. What a job adds is its progress, a checkpoint that a later attempt
begins from, and a wish for its end that its worker hears of when it renews the lease.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from bot.errors import NotFoundError, UsageError
from bot.store.base import Database, insert, notify
from bot.store.ids import new_id
from bot.store.timing import RowTime, utc_now
from bot.work.leased import NOBODY
from bot.work.tables import job_open, jobs

CHANNEL = "wellspoken_jobs"
_AT_ONCE = 500


class Status(StrEnum):
    """How a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def over(self) -> bool:
        return self not in (Status.QUEUED, Status.RUNNING)


class JobOverError(UsageError):
    """Job {id} is over already ({status}); there is nothing to cancel."""


class JobNotResumableError(UsageError):
    """Job {id} {why}."""


@dataclass(frozen=True, slots=True)
class Job:
    """A row. ``done`` of ``total`` (``None``: nobody knows) and ``doing``, a sentence, are how far
    it is; ``cancelled_by`` is who wished for its end; ``due``: when it is tried, or tried again;
    ``lease_until``: while it runs, until when its worker is known to live."""

    number: int
    id: str
    kind: str
    key: str
    title: str
    arguments: Any
    status: Status
    asked_by: str
    parent: str
    schedule: str
    due: datetime
    attempts: int
    failures: int
    owner: str
    cancelled_by: str
    done: int
    total: int | None
    doing: str
    state: Any
    result: Any
    error: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    lease_until: datetime | None = None

    @property
    def resumable(self) -> bool:
        return self.status in (Status.FAILED, Status.CANCELLED)

    @property
    def ending(self) -> bool:
        """It runs, and somebody wished for its end."""
        return self.status is Status.RUNNING and bool(self.cancelled_by)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A job to be put. ``title`` is what people read in a list. One of a ``key`` runs at a time, in
    the order in which they were put; ``once`` is never put again, ``alone`` not while it is open.
    """

    kind: str
    title: str
    arguments: Any = None
    key: str = ""
    by: str = ""
    once: str | None = None
    alone: str | None = None
    parent: str = ""
    schedule: str = ""


class Jobs:
    """The jobs of a home, for who puts them, looks at them, cancels and resumes them."""

    def __init__(self, db: Database, clock: Callable[[], datetime] = utc_now) -> None:
        self._db = db
        self._time = RowTime(clock)

    async def put(self, wanted: Wanted) -> tuple[Job, bool]:
        """Put a job, to be worked on as soon as there is a place; and whether it is new: where the
        same is there already (``once``, ``alone``) that one is returned."""
        return await self._db.write(lambda connection: self.put_in(connection, wanted))

    def put_in(self, connection: sa.Connection, wanted: Wanted) -> tuple[Job, bool]:
        """As :meth:`put`, inside the caller's transaction."""
        now = self._time.now(connection)
        row = new_row(wanted, now)
        put = insert(connection, jobs).values(row).on_conflict_do_nothing().returning(jobs)
        made = connection.execute(put).one_or_none()
        if made is not None:
            notify(connection, CHANNEL)
            return job_of(made), True
        same = sa.or_(jobs.c.once == wanted.once, sa.and_(jobs.c.alone == wanted.alone, job_open))
        newest = sa.select(jobs).where(same).order_by(jobs.c.number.desc()).limit(1)
        return job_of(connection.execute(newest).one()), False

    async def get(self, id: str) -> Job:  # noqa: A002 - the store's own word
        """One job. Raises NotFoundError."""
        return await self._db.read(lambda connection: _get(connection, id))

    async def page(
        self,
        limit: int | None = None,
        before: int | None = None,
        *,
        kind: str = "",
        status: Status | None = None,
        parent: str = "",
    ) -> list[Job]:
        """Jobs, the newest first, those with a number below ``before``."""
        query = sa.select(jobs).order_by(jobs.c.number.desc()).limit(limit)
        if before is not None:
            query = query.where(jobs.c.number < before)
        if kind:
            query = query.where(jobs.c.kind == kind)
        if status is not None:
            query = query.where(jobs.c.status == status.value)
        if parent:
            query = query.where(jobs.c.parent == parent)
        return await self._db.read(lambda c: [job_of(row) for row in c.execute(query)])

    async def first_after(self, moment: datetime) -> int | None:
        """The number of the first job that was put at a moment or after it."""
        query = sa.select(sa.func.min(jobs.c.number)).where(jobs.c.created_at >= moment)
        return await self._db.read(lambda connection: connection.scalar(query))

    async def last_of(self, keys: Sequence[str]) -> dict[str, Job]:
        """The last job of each of some keys, where there is one."""
        last = sa.select(sa.func.max(jobs.c.number)).where(jobs.c.key.in_(keys))
        query = sa.select(jobs).where(jobs.c.number.in_(last.group_by(jobs.c.key)))
        return await self._db.read(lambda c: {row.key: job_of(row) for row in c.execute(query)})

    async def newest(self, kind: str) -> Job | None:
        """The job of a kind that was put last."""
        found = await self.page(1, kind=kind)
        return found[0] if found else None

    async def counts(self) -> dict[tuple[str, Status], int]:
        """How many jobs there are of each kind and status."""
        columns = jobs.c.kind, jobs.c.status
        query = sa.select(*columns, sa.func.count()).group_by(*columns)
        return await self._db.read(lambda c: {(k, Status(s)): n for k, s, n in c.execute(query)})

    async def cancel(self, id: str, by: str) -> Job:  # noqa: A002 - the store's own word
        """Wish for the end of a job: one that waits is cancelled at once, one that runs when its
        worker hears of it. Raises NotFoundError, JobOverError."""

        def op(connection: sa.Connection) -> Job:
            job = _get(connection, id, lock=True)
            if job.status.over:
                raise JobOverError(id=id, status=job.status.value)
            change: dict[str, Any] = {"cancelled_by": by}
            if job.status is Status.QUEUED:
                now = self._time.now(connection)
                change |= {"status": Status.CANCELLED.value, "finished_at": now}
            this = sa.update(jobs).where(jobs.c.number == job.number).values(**change)
            connection.execute(this)
            notify(connection, CHANNEL)
            return _get(connection, id)

        return await self._db.write(op)

    async def resume(self, id: str) -> Job:  # noqa: A002 - the store's own word
        """Have a cancelled or failed job go on from its checkpoint. Raises NotFoundError,
        JobNotResumableError."""

        def op(connection: sa.Connection) -> Job:
            job = _get(connection, id, lock=True)
            if not job.resumable:
                raise JobNotResumableError(id=id, why=_why_not(job))
            again = (
                sa.update(jobs)
                .where(jobs.c.number == job.number)
                .values(
                    status=Status.QUEUED.value,
                    cancelled_by=NOBODY,
                    failures=0,
                    error="",
                    due=self._time.now(connection),
                    finished_at=None,
                )
            )
            try:
                with connection.begin_nested():
                    connection.execute(again)
            except IntegrityError as error:
                why = "cannot go on while another one of the same is under way; wait for its end"
                raise JobNotResumableError(id=id, why=why) from error
            notify(connection, CHANNEL)
            return _get(connection, id)

        return await self._db.write(op)

    async def purge(self, before: datetime, kind: str = "") -> int:
        """Forget jobs that were over before a moment; of a ``kind``: those that are done; how
        many."""
        few = sa.select(jobs.c.number).where(jobs.c.finished_at < before).limit(_AT_ONCE)
        if kind:
            done = jobs.c.status == Status.SUCCEEDED.value
            few = few.where(jobs.c.kind == kind, done)
        gone = sa.delete(jobs).where(jobs.c.number.in_(few))
        total = 0
        while number := await self._db.write(lambda connection: connection.execute(gone).rowcount):
            total += number
        return total


def new_row(wanted: Wanted, now: sa.ColumnElement[datetime]) -> dict[str, Any]:
    """A row of a job that waits from now on."""
    return {
        "id": new_id("job"), "kind": wanted.kind, "key": wanted.key, "title": wanted.title,
        "arguments": wanted.arguments if wanted.arguments is not None else {},
        "status": Status.QUEUED.value, "asked_by": wanted.by, "parent": wanted.parent,
        "schedule": wanted.schedule, "once": wanted.once, "alone": wanted.alone, "due": now,
        "attempts": 0, "failures": 0, "owner": NOBODY, "cancelled_by": NOBODY, "done": 0,
        "doing": "", "error": "", "created_at": now,
    }  # fmt: skip


def _get(connection: sa.Connection, id: str, *, lock: bool = False) -> Job:  # noqa: A002
    query = sa.select(jobs).where(jobs.c.id == id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFoundError(kind="job", id=id)
    return job_of(row)


def _why_not(job: Job) -> str:
    if job.status is Status.SUCCEEDED:
        return "is done; start a new one"
    if job.ending:
        return "is just being cancelled; wait a moment and repeat"
    return f"is {job.status.value} already"


def job_of(row: sa.Row[Any]) -> Job:
    """A row of the table as a job."""
    values = row._asdict()
    for name in ("once", "alone"):
        del values[name]
    return Job(**{**values, "status": Status(values["status"])})
