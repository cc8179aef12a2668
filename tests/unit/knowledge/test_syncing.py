"""Sources on a schedule: when they are due, who reads them, what is kept of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import Principal
from bot.errors import NotFoundError, SourceUnavailableError
from bot.store.base import Database
from bot.work.claims import Claims, Patience
from bot.work.jobs import Jobs
from bot.work.leases import Leases
from bot.work.runner import Kind, Runner
from knowledge.document import FailedDocument, RawDocument
from knowledge.exclusive import Exclusive
from knowledge.ingest import Ingestor
from knowledge.ledger import Ledger, RunRecord
from knowledge.run import SourceShrunkError, looks_lost
from knowledge.sources.base import Item, Skipped
from knowledge.sources.folder import FolderSource
from knowledge.standing import SourceDesk, State
from knowledge.stores.base import SearchRequest
from knowledge.stores.embedded import EmbeddedStore
from knowledge.syncbook import SyncBook, SyncRecord
from knowledge.syncing import KIND, Plan, Reading, Schedule, Syncer, may_begin, next_due, reading_of

NOW = datetime(2026, 11, 22, 10, 42, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class Note:
    """One note of a notebook in memory."""

    name: str
    text: str

    async def load(self, known: str = "") -> RawDocument | FailedDocument | None:
        return RawDocument("notes", self.name, ".md", content=self.text.encode())


@dataclass
class Notebook:
    """A source in memory; ``hold`` stops the listing until it is set, ``fails`` is raised."""

    notes: dict[str, str] = field(default_factory=lambda: {"a.md": "About quasars."})
    fails: Exception | None = None
    hold: asyncio.Event | None = None
    readings: int = 0
    name: str = "notes"

    async def items(self) -> AsyncIterator[Item | Skipped | FailedDocument]:
        self.readings += 1
        if self.hold is not None:
            await self.hold.wait()
        if self.fails is not None:
            raise self.fails
        for name, text in self.notes.items():
            yield Note(name, text)

    async def close(self) -> None:
        """Nothing is held."""


@dataclass
class Worker:
    """A process that looks what is due, and reads it."""

    schedule: Schedule
    runner: Runner

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.schedule.run())
            tasks.create_task(self.runner.run())


@dataclass
class House:
    """Everything that syncing needs, over one database."""

    database: Database
    store: EmbeddedStore
    now: datetime = NOW

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.database)
        self.leases = Leases(self.database)
        self.book = SyncBook(self.database)
        self.syncer = self.new_syncer()

    def clock(self) -> datetime:
        return self.now

    def new_syncer(self) -> Syncer:
        ingestor = Ingestor(self.ledger, self.store, self.leases, clock=self.clock)
        return Syncer(ingestor, self.ledger, self.book, self.clock)

    def schedule(self, *plans: Plan) -> Worker:
        """As another process would have it."""
        jobs, exclusive = Jobs(self.database, self.clock), Exclusive(self.leases)
        reading = Reading(plans, self.new_syncer(), self.book, exclusive, self.clock)
        kind = Kind(KIND, reading, 2, Patience(tries=1))
        return Worker(
            Schedule(plans, self.book, jobs, self.clock, look_s=0.02),
            Runner(self.database, {KIND: kind}, idle_s=0.02, renew_s=0.1, clock=self.clock),
        )

    def desk(self, *plans: Plan) -> SourceDesk:
        return SourceDesk(plans, self.ledger, self.book, self.leases, self.clock)

    async def record(self, name: str = "notes") -> SyncRecord:
        return (await self.book.records([name]))[name]

    async def found(self, query: str) -> list[str]:
        result = await self.store.search(SearchRequest(query, Principal()))
        return [p.chunk.document for p in result.passages]


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    store = EmbeddedStore(tmp_path / "knowledge.db", "none", 8)
    await store.open()
    yield House(database, store)
    await store.close()


def plan(source: Notebook, every: timedelta | None = HOUR) -> Plan:
    return Plan(source.name, "a notebook", lambda: source, every=every)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(90):
        while not holds():  # noqa: ASYNC110 - what is waited for knows no event
            await asyncio.sleep(0.01)


async def running(schedule: Worker, holds: Callable[[], bool]) -> None:
    """Run a schedule until something holds and nothing is read, then stop it."""
    task = asyncio.create_task(schedule.run())
    try:
        await until(lambda: task.done() or holds())
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def run_of(ended: datetime, error: str = "") -> RunRecord:
    return RunRecord("notes", ended - timedelta(seconds=3), ended, {}, error)


def test_a_source_is_due_at_once_then_an_interval_after_its_last_run() -> None:
    """Never read: now. Read well: an interval later and up to a tenth more, always the same."""
    hourly = plan(Notebook())
    first = next_due(hourly, SyncRecord(), NOW)
    assert first is not None
    assert first < NOW
    good = SyncRecord(last=run_of(NOW), good=run_of(NOW))
    due = next_due(hourly, good, NOW)
    assert due is not None
    assert NOW + HOUR <= due <= NOW + HOUR * 1.1
    assert due == next_due(hourly, good, NOW)
    assert next_due(plan(Notebook(), every=None), good, NOW) is None


@given(failures=st.integers(1, 10_000), minutes=st.integers(1, 100_000))
def test_a_source_that_is_down_is_tried_again_soon_then_seldom(failures: int, minutes: int) -> None:
    """After a failure sooner than planned, never later, and never without a pause."""
    every = timedelta(minutes=minutes)
    down = SyncRecord(last=run_of(NOW, "it is down."), failures=failures)
    due = next_due(plan(Notebook(), every), down, NOW)
    assert due is not None
    assert NOW + timedelta(minutes=1) <= due <= NOW + every


def test_somebody_who_asks_is_not_kept_waiting() -> None:
    """A wish comes before the schedule, and makes a source due that has none."""
    good = SyncRecord(last=run_of(NOW), good=run_of(NOW), wanted_at=NOW)
    assert next_due(plan(Notebook()), good, NOW) == NOW
    assert next_due(plan(Notebook(), every=None), good, NOW) == NOW


@pytest.mark.parametrize("error", ["", "it is down."])
async def test_a_run_that_ended_under_a_wrong_clock_puts_nothing_off(
    house: House, error: str
) -> None:
    """A clock that was a year ahead and is set right: the source is read at once, then as usual."""
    notes, right = Notebook(), house.now
    wrong = right + timedelta(days=365)
    await house.ledger.record_run("notes", {}, wrong, wrong, error)
    task = asyncio.create_task(house.schedule(plan(notes)).run())
    try:
        async with asyncio.timeout(60):
            while (last := (await house.record()).last) is None or last.finished_at != right:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert notes.readings == 1
    (standing,) = await house.desk(plan(notes)).standings()
    assert standing.due is not None
    assert right + HOUR <= standing.due <= right + HOUR * 1.1


async def test_a_reader_whose_clock_is_ahead_does_not_read_again_and_again(house: House) -> None:
    """Where a wrong clock dates each run, the jobs' own moments keep the interval."""
    hourly, jobs = plan(Notebook()), Jobs(house.database, house.clock)
    claims = Claims(house.database, "worker", clock=house.clock)
    await jobs.put(reading_of("notes"))
    (held,) = await claims.claim(KIND, 1, Patience())
    await claims.succeed(held)
    (job,) = await jobs.page()
    wrong = SyncRecord(last=run_of(NOW + 30 * HOUR), good=run_of(NOW + 30 * HOUR))
    assert not may_begin(hourly, wrong, job, NOW + HOUR / 2)
    assert may_begin(hourly, wrong, job, NOW + HOUR)
    asked = replace(wrong, wanted_at=NOW)
    assert may_begin(hourly, asked, job, NOW + HOUR / 2)


@pytest.mark.parametrize(
    ("known", "held", "lost"),
    [(0, 0, False), (1, 0, False), (2, 0, True), (12, 1, True), (11, 1, False), (400, 199, True),
     (400, 200, False), (400, 900, False)],
)  # fmt: skip
def test_when_so_much_is_gone_that_it_looks_like_a_mistake(
    known: int, held: int, lost: bool
) -> None:
    """An empty source, or one that lost more than ten documents and more than half."""
    assert looks_lost(known, held) is lost


async def test_a_due_source_is_read_and_then_left_until_it_is_due_again(house: House) -> None:
    """A restart reads nothing too early; once the interval is over it is read again."""
    notes = Notebook()
    await running(house.schedule(plan(notes)), lambda: notes.readings == 1)
    await house.syncer.sync(plan(notes))
    assert notes.readings == 2
    task = asyncio.create_task(house.schedule(plan(notes)).run())
    await asyncio.sleep(0.2)
    assert notes.readings == 2
    house.now += HOUR * 1.1
    await until(lambda: notes.readings == 3)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_of_several_processes_one_reads_a_source(house: House) -> None:
    """However many schedules run, a due source is read once."""
    notes = Notebook()
    tasks = [asyncio.create_task(house.schedule(plan(notes)).run()) for _ in range(4)]
    await until(lambda: notes.readings > 0)
    await asyncio.sleep(0.5)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert notes.readings == 1
    assert len(await house.ledger.runs("notes")) == 1


async def test_a_source_that_is_read_elsewhere_is_left_alone(house: House) -> None:
    """While somebody else reads it, nothing is read and nothing counts as a failure."""
    notes = Notebook()
    async with Exclusive(house.leases).source("notes"):
        task = asyncio.create_task(house.schedule(plan(notes)).run())
        await asyncio.sleep(0.3)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert notes.readings == 0
    assert (await house.record()).last is None


async def test_stopping_in_the_middle_settles_nothing(house: House) -> None:
    """The reading ends at once, no run is kept, and the wish for it stays."""
    notes = Notebook(hold=asyncio.Event())
    desk = house.desk(plan(notes, None))
    await desk.want("notes")
    await running(house.schedule(plan(notes, None)), lambda: notes.readings == 1)
    record = await house.record()
    assert (record.last, record.started_at, record.wanted_at) == (None, None, NOW)
    assert notes.hold is not None
    notes.hold.set()
    await running(house.schedule(plan(notes, None)), lambda: notes.readings == 2)


async def test_a_source_that_is_down_keeps_its_documents_and_says_so(house: House) -> None:
    """What was read answers on; the failure stands in the history; a good run ends it."""
    notes = Notebook()
    desk = house.desk(plan(notes))
    (new,) = await desk.standings()
    assert new.state is State.NEW
    await house.syncer.sync(plan(notes))
    notes.fails = SourceUnavailableError(source="notes", reason="it is asleep.")
    for minutes in (1, 2):
        house.now = NOW + timedelta(minutes=minutes)
        with pytest.raises(SourceUnavailableError):
            await house.syncer.sync(plan(notes))
    (down,) = await desk.standings()
    assert (down.state, down.documents) == (State.DOWN, 1)
    assert "asleep" in down.reason
    assert down.record.down_since == NOW + timedelta(minutes=1)
    assert down.record.failures == 2
    assert await house.found("quasars") == ["a.md"]
    assert [bool(run.error) for run in await desk.runs("notes")] == [True, True, False]
    notes.fails = None
    await house.syncer.sync(plan(notes))
    (up,) = await desk.standings()
    assert (up.state, up.reason, up.record.down_since) == (State.CURRENT, "", None)


async def test_a_source_that_breaks_in_its_own_way_is_a_failed_run(house: House) -> None:
    """A fault in somebody's own source is one sentence in the history, not the end of the rest."""
    broken, sound = Notebook(fails=ZeroDivisionError("by zero"), name="broken"), Notebook()
    both = house.schedule(plan(broken), plan(sound))
    await running(both, lambda: sound.readings == 1 and broken.readings == 1)
    with pytest.raises(SourceUnavailableError, match="ZeroDivisionError"):
        await house.syncer.sync(plan(broken))
    standings = {s.name: s for s in await house.desk(plan(broken), plan(sound)).standings()}
    assert "ZeroDivisionError" in standings["broken"].reason


async def test_progress_is_shown_while_a_source_is_read(house: House) -> None:
    """Another process sees that a source is being read, and how far it is."""
    notes = Notebook(hold=asyncio.Event())
    task = asyncio.create_task(house.syncer.sync(plan(notes)))
    desk = house.desk(plan(notes))
    async with asyncio.timeout(90):
        while (await desk.standings())[0].state is not State.SYNCING:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert notes.hold is not None
    notes.hold.set()
    await task
    (standing,) = await desk.standings()
    assert standing.state is State.CURRENT
    assert standing.record.started_at is None


async def test_only_a_source_with_a_place_can_be_asked_for(house: House) -> None:
    """What was read in by hand cannot be read again by itself; a wish is done by one reading."""
    notes = Notebook()
    desk = house.desk(plan(notes, None))
    with pytest.raises(NotFoundError):
        await desk.want("elsewhere")
    await desk.want("notes")
    assert (await desk.standings())[0].state is State.WAITING
    await running(house.schedule(plan(notes, None)), lambda: notes.readings == 1)
    await house.syncer.sync(plan(notes, None))
    assert (await desk.standings())[0].state is State.CURRENT


async def test_an_empty_folder_removes_nothing_unless_it_is_meant(
    house: House, tmp_path: Path
) -> None:
    """A disk that is not mounted leaves an empty folder: its documents answer on."""
    docs = tmp_path / "docs"
    docs.mkdir()
    for name in ("a", "b"):
        (docs / f"{name}.md").write_text("About quasars.")
    folder = Plan("docs", str(docs), lambda: FolderSource(docs), every=HOUR)
    await house.syncer.sync(folder)
    for path in docs.iterdir():
        path.unlink()
    with pytest.raises(SourceShrunkError, match="2 of 2 documents are gone"):
        await house.syncer.sync(folder)
    assert sorted(await house.found("quasars")) == ["a.md", "b.md"]
    report = await house.syncer.sync(folder, careful=False)
    assert report.removed == 2
    assert await house.found("quasars") == []


async def test_old_runs_go_but_not_the_last_good_one(house: House) -> None:
    """A source that is down for weeks still tells since when, and what it was before."""
    await house.ledger.record_run("notes", {"added": 1}, NOW, NOW)
    for n in range(1, 260):
        at = NOW + timedelta(minutes=n)
        await house.ledger.record_run("notes", {}, at, at, "down.")
    record = await house.record()
    assert record.good is not None
    assert record.good.report == {"added": 1}
    assert record.down_since == NOW + timedelta(minutes=1)
    assert len(await house.ledger.runs("notes")) == 202
