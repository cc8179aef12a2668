"""The rounds of fine-tuning in the database: one at a time, and each told from start to end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.errors import NotFoundError, RoundRunningError
from bot.store.audit import OPERATOR, AuditTrail
from bot.store.base import Database
from bot.store.ids import new_id
from bot.store.timing import utc_now
from persona.tables import tuning_events, tuning_jobs
from persona.tuning.base import Backend, Event, Method, Progress, Report, Status, TuningJob

_ACTIVE = (Status.QUEUED.value, Status.RUNNING.value)
_newest_first = (tuning_jobs.c.at.desc(), tuning_jobs.c.id.desc())


class JobBook:
    """The jobs of a database. Starting, ending and cancelling are entries of the audit trail."""

    def __init__(
        self,
        db: Database,
        audit: AuditTrail | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._db = db
        self._audit = audit or AuditTrail(db)
        self._clock = clock

    # -- looking --------------------------------------------------------------------------------

    async def get(self, id: str) -> TuningJob:  # noqa: A002 - the store's own word
        """The job with this id. Raises NotFoundError."""
        return await self._db.read(lambda connection: _get(connection, id))

    async def listing(self) -> list[TuningJob]:
        """All jobs, the newest first."""
        query = sa.select(tuning_jobs).order_by(*_newest_first)

        def op(connection: sa.Connection) -> list[TuningJob]:
            return [_job_of(row) for row in connection.execute(query)]

        return await self._db.read(op)

    async def active(self) -> TuningJob | None:
        """The round that is under way."""
        return await self._db.read(_active)

    async def last(self) -> TuningJob | None:
        """The round that was started last."""
        query = sa.select(tuning_jobs).order_by(*_newest_first).limit(1)
        row = await self._db.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else _job_of(row)

    async def events(self, id: str, after: int = -1) -> list[Event]:  # noqa: A002 - its word
        """What happened to a job, in order, those behind the position ``after``."""
        query = (
            sa.select(tuning_events)
            .where(tuning_events.c.job_id == id, tuning_events.c.position > after)
            .order_by(tuning_events.c.position)
        )

        def op(connection: sa.Connection) -> list[Event]:
            return [_event_of(row) for row in connection.execute(query)]

        return await self._db.read(op)

    # -- changing -------------------------------------------------------------------------------

    async def add(
        self,
        *,
        backend: Backend,
        method: Method,
        base: str,
        dataset: str,
        by: str,
        options: Mapping[str, Any],
    ) -> TuningJob:
        """A new round, queued. Raises RoundRunningError while another one is under way."""
        at, id = self._clock(), new_id("j")  # noqa: A001 - the store's own word
        row = {
            "id": id, "backend": backend.value, "method": method.value, "base": base,
            "dataset": dataset, "status": Status.QUEUED.value, "remote": "", "model": "",
            "version": "", "error": "", "options": dict(options), "progress": {}, "by": by,
            "at": at, "started_at": None, "finished_at": None,
        }  # fmt: skip

        def op(connection: sa.Connection) -> TuningJob:
            connection.execute(sa.insert(tuning_jobs), row)
            # The entry holds the trail's lock: of two rounds at once the second sees the first.
            self._append(connection, "tuning started", by, id, dataset=dataset, base=base)
            other = _active(connection, without=id)
            if other is not None:
                raise RoundRunningError(job=other.id)
            return _get(connection, id)

        return await self._db.write(op)

    async def keep(self, id: str, values: Mapping[str, Any]) -> None:  # noqa: A002 - its word
        """Keep values among a job's options."""

        def op(connection: sa.Connection) -> None:
            job = _get(connection, id, lock=True)
            _change(connection, id, options={**job.options, **values})

        await self._db.write(op)

    async def begun(self, id: str, remote: str) -> TuningJob:  # noqa: A002 - its word
        """A job that was taken up; one that is over stays as it is."""

        def op(connection: sa.Connection) -> TuningJob:
            job = _get(connection, id, lock=True)
            if job.status.over:
                return job
            at = job.started_at or self._clock()
            _change(
                connection, id, remote=remote, status=Status.RUNNING.value, started_at=at, error=""
            )
            return _get(connection, id)

        return await self._db.write(op)

    async def reopened(self, id: str, by: str) -> TuningJob:  # noqa: A002 - its word
        """Queue a failed job again that can go on. Raises RoundRunningError while another one is
        under way."""

        def op(connection: sa.Connection) -> TuningJob:
            job = _get(connection, id, lock=True)
            if not job.resumable:
                return job
            kept = {**job.options, "resumable": False, "restarts": 0, "cancelling": False}
            again = {"status": Status.QUEUED.value, "remote": "", "error": "", "finished_at": None}
            _change(connection, id, options=kept, **again)
            self._append(connection, "tuning resumed", by, id)
            other = _active(connection, without=id)
            if other is not None:
                raise RoundRunningError(job=other.id)
            return _get(connection, id)

        return await self._db.write(op)

    async def seen(self, id: str, report: Report, version: str = "") -> TuningJob:  # noqa: A002
        """Keep what was seen of a job; of one that is over, only events that came late."""

        def op(connection: sa.Connection) -> TuningJob:
            job = _get(connection, id, lock=True)
            self._add_events(connection, id, report.events)
            if job.status.over:
                return job
            at = self._clock()
            values: dict[str, Any] = {
                "status": report.status.value,
                "remote": report.remote or job.remote,
                "model": report.model or job.model,
                "version": version or job.version,
                "error": report.error,
                "options": {**job.options, "resumable": report.resumable},
            }
            if report.progress != Progress():
                values["progress"] = _progress_row(report.progress)
            if report.status.over:
                values["finished_at"] = at
            elif report.status is Status.RUNNING and job.started_at is None:
                values["started_at"] = at
            _change(connection, id, **values)
            if report.status.over:
                self._append(connection, f"tuning {report.status.value}", job.by, id)
            return _get(connection, id)

        return await self._db.write(op)

    async def cancelled(self, id: str, by: str) -> TuningJob:  # noqa: A002 - its word
        """End a job; one that is over stays as it is."""

        def op(connection: sa.Connection) -> TuningJob:
            job = _get(connection, id, lock=True)
            if job.status.over and not job.resumable:
                return job
            gone = {"options": {**job.options, "resumable": False}, "error": ""}
            at = self._clock()
            _change(connection, id, status=Status.CANCELLED.value, finished_at=at, **gone)
            self._append(connection, "tuning cancelled", by, id)
            return _get(connection, id)

        return await self._db.write(op)

    def _add_events(self, connection: sa.Connection, id: str, events: Sequence[Event]) -> None:  # noqa: A002
        """Add those that are not there yet; the job's row is locked."""
        if not events:
            return
        mine = sa.select(tuning_events.c.position, tuning_events.c.data)
        known = connection.execute(mine.where(tuning_events.c.job_id == id)).all()
        keys = {row.data.get("key") for row in known}
        place = max((row.position for row in known), default=-1) + 1
        rows = [
            {
                "job_id": id,
                "position": place + number,
                "kind": event.kind,
                "message": event.message,
                "data": {**event.data, "key": event.key},
                "at": event.at or self._clock(),
            }
            for number, event in enumerate(_new(events, keys))
        ]
        if rows:
            connection.execute(sa.insert(tuning_events), rows)

    def _append(
        self, connection: sa.Connection, action: str, by: str, job: str, **details: object
    ) -> None:
        content = {"action": action, "actor": by, "subject": job, **details}
        self._audit.append_in(connection, OPERATOR, content)


def _new(events: Iterable[Event], keys: set[Any]) -> Iterable[Event]:
    for event in events:
        if event.key not in keys:
            keys.add(event.key)
            yield event


def _get(connection: sa.Connection, id: str, *, lock: bool = False) -> TuningJob:  # noqa: A002
    query = sa.select(tuning_jobs).where(tuning_jobs.c.id == id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFoundError(kind="tuning job", id=id)
    return _job_of(row)


def _active(connection: sa.Connection, without: str = "") -> TuningJob | None:
    query = (
        sa.select(tuning_jobs)
        .where(tuning_jobs.c.status.in_(_ACTIVE), tuning_jobs.c.id != without)
        .order_by(*_newest_first)
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else _job_of(row)


def _change(connection: sa.Connection, id: str, **values: Any) -> None:  # noqa: A002
    connection.execute(sa.update(tuning_jobs).where(tuning_jobs.c.id == id).values(**values))


def _progress_row(progress: Progress) -> dict[str, Any]:
    return {
        "step": progress.step,
        "steps": progress.steps,
        "loss": progress.loss,
        "seconds_left": progress.seconds_left,
    }


def _job_of(row: sa.Row[Any]) -> TuningJob:
    values = dict(row._mapping)  # of SQLAlchemy: public
    return TuningJob(
        **values
        | {
            "backend": Backend(row.backend),
            "method": Method(row.method),
            "status": Status(row.status),
            "progress": Progress(**row.progress),
        }
    )


def _event_of(row: sa.Row[Any]) -> Event:
    data = dict(row.data)
    return Event(str(data.pop("key", row.position)), row.kind, row.message, data, row.at)
