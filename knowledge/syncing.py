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
from bot.telemetry import log
from knowledge.exclusive import Exclusive, TakenError
from knowledge.ingest import Ingestor, IngestReport, Progress
from knowledge.ledger import Ledger
from knowledge.sources.base import Source
from knowledge.syncbook import SyncBook, SyncRecord

_LOOK_S = 2.0
"""How often it is looked what is due: a click on "Sync now" takes effect after at most so long."""

_BUSY_S = 15.0
_AT_ONCE = 2
_PROGRESS_S = 1.0
_JITTER = 0.1
_FIRST_RETRY = timedelta(minutes=1)

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


def next_due(plan: Plan, record: SyncRecord) -> datetime | None:
    """When a source is to be read next; ``None``: when somebody asks.

    After a good run its interval later, and up to a tenth more, the same in every process. After
    failures a minute later, then two, four, eight, up to its interval. Never read: at once.
    """
    moments = [record.wanted_at] if record.wanted_at else []
    if plan.every is not None:
        moments.append(_scheduled(plan.name, plan.every, record))
    return min(moments, default=None)


def _scheduled(name: str, every: timedelta, record: SyncRecord) -> datetime:
    if record.last is None:
        return NEVER_READ
    ended = record.last.finished_at
    if record.failures:
        doublings: int = 2 ** min(record.failures - 1, 20)
        return ended + min(every, _FIRST_RETRY * doublings)
    chance = crc32(f"{name} {ended.isoformat()}".encode()) / 2**32
    return ended + every * (1 + _JITTER * chance)


def _now() -> datetime:
    return datetime.now(UTC)


class Syncer:
    """Reads planned sources, shows how far it is, and keeps how it went."""

    def __init__(
        self, ingestor: Ingestor, ledger: Ledger, book: SyncBook, clock: Clock = _now
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


class Schedule:
    """Reads planned sources when they are due.

    Any number of processes may run one: a lease lets one of them read a source, and when it was
    read stands in the database, so that a restart reads nothing too early.
    """

    def __init__(
        self,
        plans: Sequence[Plan],
        syncer: Syncer,
        book: SyncBook,
        exclusive: Exclusive,
        clock: Clock = _now,
        *,
        look_s: float = _LOOK_S,
    ) -> None:
        self._plans = {plan.name: plan for plan in plans}
        self._syncer = syncer
        self._book = book
        self._exclusive = exclusive
        self._clock = clock
        self._look_s = look_s
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._busy_until: dict[str, datetime] = {}
        self._reading: set[str] = set()
        self._complaints: dict[str, str] = {}

    async def run(self) -> None:
        """Read what is due, until cancelled: then what is being read stops at once, and what of it
        is stored already stays."""
        if not self._plans:
            return
        async with asyncio.TaskGroup() as tasks:
            while True:
                for plan in await self._due():
                    self._reading.add(plan.name)
                    tasks.create_task(self._read(plan))
                await asyncio.sleep(self._look_s)

    async def _due(self) -> list[Plan]:
        names = [name for name in self._plans if name not in self._reading]
        try:
            records = await self._book.records(names)
        except StorageError as error:
            log.warning("the schedule of the sources cannot be read", error=str(error))
            return []
        return [self._plans[name] for name in names if self._is_due(name, records[name])]

    def _is_due(self, name: str, record: SyncRecord) -> bool:
        now = self._clock()
        due = next_due(self._plans[name], record)
        return due is not None and due <= now and self._busy_until.get(name, now) <= now

    async def _read(self, plan: Plan) -> None:
        try:
            async with self._slots, self._exclusive.lease(f"sync:{plan.name}"):
                # Another process may have read it since it was looked.
                if self._is_due(plan.name, (await self._book.records([plan.name]))[plan.name]):
                    report = await self._syncer.sync(plan, wait=False)
                    self._tell(plan, report)
        except (TakenError, IngestRunningError):  # whoever reads it keeps the record of it
            self._leave_alone(plan)
        except WellspokenError as error:
            self._complain(plan, str(error))
            self._leave_alone(plan)  # even where the failure could not be kept
        finally:
            self._reading.discard(plan.name)

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

    def _leave_alone(self, plan: Plan) -> None:
        self._busy_until[plan.name] = self._clock() + timedelta(seconds=_BUSY_S)


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
