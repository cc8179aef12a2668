"""Sources on a schedule: each is read when it is due, by one process, and its runs are kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zlib import crc32

from bot.errors import (
    IngestRunningError,
    NotFoundError,
    SourceUnavailableError,
    StorageError,
    WellspokenError,
)
from bot.ports import Clock
from bot.store.timing import utc_now
from bot.telemetry import log
from bot.work.jobs import Job, Jobs, Status, Wanted
from bot.work.runner import RefusedError, Running
from knowledge.exclusive import Exclusive, TakenError
from knowledge.ingest import Ingestor, IngestReport, Progress
from knowledge.ledger import Ledger
from knowledge.sources.base import Source
from knowledge.syncbook import SyncBook, SyncRecord

_LOOK_S = 2.0
"""How often it is looked what is due: a click on "Sync now" takes effect after at most so long."""

_BUSY_S = 15.0
KIND = "sync"
BY = "system:schedule"
_PROGRESS_S = 1.0
_JITTER = 0.1
_FIRST_RETRY = timedelta(minutes=1)

_AHEAD = timedelta(minutes=5)
"""So far clocks of machines may differ; what is dated later was dated by a wrong one."""

NEVER_READ = datetime.min.replace(tzinfo=UTC)
"""Since when a source is due that was never read."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A source as it is set up. ``place`` is where it is, as people may read it (no secrets);
    ``open`` makes it for one reading; ``every``: how often, ``None``: only when asked for."""

    name: str
    place: str
    open: Callable[[], Source]
    groups: frozenset[str] = frozenset()
    every: timedelta | None = None


def next_due(plan: Plan, record: SyncRecord, now: datetime) -> datetime | None:
    """When a source is to be read next; ``None``: when somebody asks.

    After a good run its interval later, and up to a tenth more, the same in every process. After
    failures a minute later, then two, four, eight, up to its interval. Never read, or
    dated by a clock that was ahead: at once.
    """
    moments = [record.wanted_at] if record.wanted_at else []
    if plan.every is not None:
        moments.append(_scheduled(plan.name, plan.every, record, now))
    return min(moments, default=None)


def _scheduled(name: str, every: timedelta, record: SyncRecord, now: datetime) -> datetime:
    if record.last is None or _ahead(record.last.finished_at, now):
        return NEVER_READ
    ended = record.last.finished_at
    if record.failures:
        doublings: int = 2 ** min(record.failures - 1, 20)
        return ended + min(every, _FIRST_RETRY * doublings)
    chance = crc32(f"{name} {ended.isoformat()}".encode()) / 2**32
    return ended + every * (1 + _JITTER * chance)


def _ahead(moment: datetime, now: datetime) -> bool:
    """Whether a moment of the past lies in the future: a clock was wrong then."""
    return moment > now + _AHEAD


class Syncer:
    """Reads planned sources, shows how far it is, and keeps how it went."""

    def __init__(
        self, ingestor: Ingestor, ledger: Ledger, book: SyncBook, clock: Clock = utc_now
    ) -> None:
        self._ingestor = ingestor
        self._ledger = ledger
        self._book = book
        self._clock = clock

    async def sync(
        self,
        plan: Plan,
        *,
        prune: bool = True,
        careful: bool = True,
        progress: Progress | None = None,
        wait: bool = True,
        on_wait: Callable[[], None] | None = None,
    ) -> IngestReport:
        """Read a source, as :meth:`knowledge.ingest.Ingestor.ingest` does.

        A failure is kept with its reason and raised; what was read before stays. A source that
        fails in a way of its own is a SourceUnavailableError.
        """
        started = self._clock()
        try:
            async with _Way(self._book, plan.name, self._clock, progress).noted() as way:
                try:
                    return await self._ingestor.ingest(
                        plan.open(),
                        plan.groups,
                        prune=prune,
                        careful=careful,
                        progress=way.progress,
                        wait=wait,
                        on_wait=on_wait,
                    )
                except WellspokenError:
                    raise
                except Exception as error:
                    log.exception("a source failed", source=plan.name)
                    reason = f"it failed ({type(error).__name__}: {error})."
                    raise SourceUnavailableError(source=plan.name, reason=reason) from error
        except IngestRunningError:
            raise
        except WellspokenError as error:
            await self._keep_failure(plan.name, started, str(error))
            raise

    async def _keep_failure(self, source: str, started: datetime, error: str) -> None:
        try:
            await self._ledger.record_run(source, {}, started, self._clock(), error)
        except StorageError:  # the failure itself says more
            log.warning("a failed run could not be kept", source=source, exc_info=True)


class _Way:
    """Writes down how far a reading is, at most once a second."""

    def __init__(
        self, book: SyncBook, source: str, clock: Clock, progress: Progress | None
    ) -> None:
        self._book = book
        self._source = source
        self._clock = clock
        self._progress = progress
        self._began: datetime | None = None
        self._at: tuple[int, int | None] = (0, None)
        self._moved = asyncio.Event()

    def progress(self, done: int, total: int | None) -> None:
        """As :data:`knowledge.ingest.Progress`; the first call is the beginning."""
        if self._began is None:
            self._began = self._clock()
        self._at = (done, total)
        self._moved.set()
        if self._progress:
            self._progress(done, total)

    @asynccontextmanager
    async def noted(self) -> AsyncIterator[_Way]:
        """The reading: its way is written down meanwhile, and its end in any case."""
        writer = asyncio.create_task(self._write())
        settled = True
        try:
            yield self
        except asyncio.CancelledError:
            settled = False
            raise
        finally:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
            if self._began is not None:
                await self._end(self._began, settled=settled)

    async def _end(self, began: datetime, *, settled: bool) -> None:
        try:
            await self._book.end(self._source, began, settled=settled)
        except StorageError as error:  # whoever looks sees that nobody reads it
            log.warning("an end is not shown", source=self._source, error=str(error))

    async def _write(self) -> None:
        begun = False
        while True:
            await self._moved.wait()
            self._moved.clear()
            try:
                if not begun and self._began is not None:
                    await self._book.begin(self._source, self._began)
                    begun = True
                await self._book.advance(self._source, *self._at)
            except StorageError as error:
                log.warning("progress is not shown", source=self._source, error=str(error))
            await asyncio.sleep(_PROGRESS_S)


def key_of(source: str) -> str:
    """The jobs of a source: one is worked on at a time."""
    return f"{KIND}:{source}"


def reading_of(source: str, by: str = "") -> Wanted:
    """The job that reads a source; one is there already where it is being read or waits."""
    return Wanted(
        KIND, f"Read {source}", {"source": source}, key_of(source), by=by, alone=key_of(source)
    )


class Schedule:
    """Puts a job for each planned source that is due.

    Any number of processes may run one: a source has one open job, and when it was read stands in
    the database, so that a restart reads nothing too early.
    """

    def __init__(
        self,
        plans: Sequence[Plan],
        book: SyncBook,
        jobs: Jobs,
        clock: Clock = utc_now,
        *,
        look_s: float = _LOOK_S,
    ) -> None:
        self._plans = {plan.name: plan for plan in plans}
        self._book = book
        self._jobs = jobs
        self._clock = clock
        self._look_s = look_s

    async def run(self) -> None:
        """Look what is due, until cancelled."""
        while self._plans:
            try:
                for plan in await self._due():
                    await self._jobs.put(reading_of(plan.name, BY))
            except StorageError as error:
                log.warning("the schedule of the sources cannot be read", error=str(error))
            await asyncio.sleep(self._look_s)

    async def _due(self) -> list[Plan]:
        records = await self._book.records(list(self._plans))
        last = await self._jobs.last_of([key_of(name) for name in self._plans])
        return [
            plan
            for name, plan in self._plans.items()
            if may_begin(plan, records[name], last.get(key_of(name)), self._clock())
        ]


def may_begin(plan: Plan, record: SyncRecord, last: Job | None, now: datetime) -> bool:
    """Whether a source is to be read now, after the last job that was put for it.

    Nothing is put beside an open one. After one that an operator cancelled the source is left alone
    for its interval, and after one whose failure could not even be kept for a moment; so it is
    where whoever reads it has a clock that is ahead.
    """
    due = next_due(plan, record, now)
    if due is None or due > now:
        return False
    if last is None or due > last.created_at:
        return last is None or last.status.over
    if last.finished_at is None or _ahead(last.finished_at, now):
        return last.status.over
    asked = record.wanted_at is not None and record.wanted_at <= now
    misdated = record.last is not None and _ahead(record.last.finished_at, now) and not asked
    if last.status is Status.CANCELLED or misdated:
        return plan.every is not None and last.finished_at + plan.every <= now
    return last.status.over and last.finished_at + timedelta(seconds=_BUSY_S) <= now


def was_read(plan: Plan, record: SyncRecord, job: Job, now: datetime) -> bool:
    """Whether a source was read between the look that put a job and now."""
    good = record.good
    if good is not None and job.created_at <= good.started_at and not _ahead(good.started_at, now):
        return record.wanted_at is None or record.wanted_at <= good.started_at
    due = next_due(plan, record, now)
    return job.attempts == 1 and (due is None or due > now)


class Reading:
    """Does the jobs of sources: reads one, where it is still due."""

    def __init__(
        self,
        plans: Sequence[Plan],
        syncer: Syncer,
        book: SyncBook,
        exclusive: Exclusive,
        clock: Clock = utc_now,
    ) -> None:
        self._plans = {plan.name: plan for plan in plans}
        self._syncer = syncer
        self._book = book
        self._exclusive = exclusive
        self._clock = clock
        self._complaints: dict[str, str] = {}

    async def __call__(self, job: Running) -> object:
        """Read the source of a job; what it did, in figures. Raises RefusedError, and what the
        reading raises."""
        name = str(job.arguments["source"])
        plan = self._plans.get(name)
        if plan is None:
            raise RefusedError(why=f'There is no source "{name}" in [[sources]] any more.')
        try:
            return await self._read(plan, job)
        except (TakenError, IngestRunningError):  # whoever reads it keeps the record of it
            raise job.later(_BUSY_S) from None
        except WellspokenError as error:
            self._complain(plan, str(error))
            raise
        except asyncio.CancelledError:
            if job.cancelled:  # it is not asked for any more
                await asyncio.shield(self._book.end(name, self._clock(), settled=True))
            raise

    async def _read(self, plan: Plan, job: Running) -> object:
        async with self._exclusive.lease(key_of(plan.name)):
            record = (await self._book.records([plan.name]))[plan.name]
            if was_read(plan, record, job.job, self._clock()):
                return {"skipped": "it was read meanwhile"}
            report = await self._syncer.sync(
                plan, wait=False, progress=lambda done, total: job.note(done, total, "documents")
            )
        self._tell(plan, report)
        return {**_counts(report), "unchanged": report.unchanged}

    def _tell(self, plan: Plan, report: IngestReport) -> None:
        """Into the log, where there is news."""
        counts = _counts(report)
        if any(counts.values()) or plan.name in self._complaints:
            log.info("source read", source=plan.name, **counts)
        self._complaints.pop(plan.name, None)

    def _complain(self, plan: Plan, error: str) -> None:
        """Into the log, once: it may be tried again every minute for days."""
        if self._complaints.get(plan.name) != error:
            log.warning("source not read", source=plan.name, error=error)
        self._complaints[plan.name] = error


def _counts(report: IngestReport) -> dict[str, int]:
    return {
        "added": report.added,
        "changed": report.changed,
        "removed": report.removed,
        "failed": len(report.failed),
    }


def named(plans: Sequence[Plan], name: str) -> Plan:
    """The plan of a source. Raises NotFoundError."""
    for plan in plans:
        if plan.name == name:
            return plan
    raise NotFoundError(kind="source with a place in [[sources]]", id=name)
