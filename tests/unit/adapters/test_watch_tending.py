"""The worker looks once a day, asks suites when they are due, and says once what got worse."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from adapters.evaluation.ordering import KIND
from adapters.evaluation.working import kind_of
from adapters.watch.benchmark import asked, worse
from adapters.watch.desk import LOOK, WatchDesk
from adapters.watch.tending import Tender, suite_alert
from bot.conversation import Author, Feedback, Platform, Question, Rating
from bot.errors import MissingFileError, ModelUnavailableError
from bot.settings import Settings, load_settings
from bot.settings.watch import WatchSection
from bot.store.alerts import Alert, AlertBook
from bot.store.base import Database
from bot.store.evaluation import EvaluationBook
from bot.store.feedback import FeedbackBook
from bot.store.history import History
from bot.store.schedules import ScheduleBook
from bot.store.watch_figures import WEEK, monday
from bot.work.inbox import Inbox
from bot.work.jobs import Jobs
from bot.work.runner import Runner
from bot.work.tables import inbox
from tests.platforms.web_application import RESET_ANSWER, stand_in_turn

NOW = datetime(2026, 3, 24, 8, tzinfo=UTC)  # a Tuesday
DAY = timedelta(days=1)


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Suites:
    """Stands in for the benchmark: keeps what was asked for, and finds what it is told to."""

    def __init__(self, found: Sequence[Alert] = ()) -> None:
        self.asked: list[str] = []
        self.found = found
        self.fails: Exception | None = None
        self.hold: asyncio.Event | None = None
        self.begun = asyncio.Event()

    async def __call__(self, suite: str) -> Sequence[Alert]:
        self.asked.append(suite)
        self.begun.set()
        if self.hold is not None:
            await self.hold.wait()
        if self.fails is not None:
            raise self.fails
        return self.found


@pytest.fixture
def clock() -> Hand:
    return Hand()


def tender(
    database: Database,
    clock: Hand,
    benchmark: Suites | None = None,
    held_s: float = 90,
    **settings: object,
) -> Tender:
    section = WatchSection.model_validate(settings)
    desk = WatchDesk(section, database, clock)
    return Tender(desk, Inbox(database, "test"), benchmark or Suites(), clock, held_s=held_s)


async def seeded(database: Database) -> None:
    """Five weeks of 40 rated turns each; in the last one most thumbs are down."""
    random = np.random.default_rng(5)
    last = monday(NOW) - WEEK
    for back in range(5):
        for n in range(40):
            turn = stand_in_turn(Question("q", Author(Platform.WEB, f"p{n}")), RESET_ANSWER)
            turn = replace(turn, at=last - back * WEEK + timedelta(hours=n))
            await History(database).record(turn)
            up = random.random() < (0.25 if back == 0 else 0.9)
            rating = Rating.UP if up else Rating.DOWN
            await FeedbackBook(database).rate(Feedback(turn.id, turn.author, rating))


async def notices(database: Database) -> list[str]:
    """What waits to be posted."""
    return await database.read(
        lambda c: [row.payload["text"] for row in c.execute(sa.select(inbox.c.payload))]
    )


async def test_a_fall_is_told_once(database: Database, clock: Hand) -> None:
    """As an alert and as one sentence in the channel; the next days say nothing new."""
    await seeded(database)
    watching = tender(database, clock, channel="slack:C0HUMANS")
    await watching.once()
    (alert,) = await AlertBook(database).listing()
    assert (alert.measure, alert.scope, alert.week) == ("satisfaction", "all", monday(NOW) - WEEK)
    assert alert.figures["now"]["n"] == 40
    (said,) = await notices(database)
    assert said.startswith("**Satisfaction fell from")
    assert "`wellspoken watch`" in said
    clock.now += DAY
    await watching.once()
    assert len(await AlertBook(database).listing()) == 1
    assert len(await notices(database)) == 1


async def test_a_day_has_one_look_however_many_tend(database: Database, clock: Hand) -> None:
    """Five processes, ten looks each, one alert; it is due again tomorrow."""
    await seeded(database)
    tenders = [tender(database, clock) for _ in range(5)]
    for _ in range(2):
        await asyncio.gather(*(each.once() for each in tenders))
    assert len(await AlertBook(database).listing()) == 1
    (row,) = await ScheduleBook(database, clock).listing()
    assert (row.name, row.due_at, row.outcome) == (LOOK, NOW + DAY, "done")
    assert await notices(database) == []


async def test_a_watch_that_is_off_does_not_look(database: Database, clock: Hand) -> None:
    """Suites are asked all the same, where some are named."""
    suites = Suites()
    await tender(database, clock, suites, enabled=False, suites=("support",)).once()
    assert suites.asked == ["support"]
    assert [row.name for row in await ScheduleBook(database, clock).listing()] == ["suite:support"]


async def test_a_suite_is_asked_when_it_is_due(database: Database, clock: Hand) -> None:
    """At first and every 30 days; what got worse is told."""
    found = suite_alert(NOW, "support", "accuracy", "auto", {"p": 0.01}, "Accuracy fell")
    suites = Suites([found])
    watching = tender(database, clock, suites, enabled=False, suites=("support",))
    for _ in range(3):
        await watching.once()
    assert suites.asked == ["support"]
    (alert,) = await AlertBook(database).listing()
    assert (alert.scope, alert.measure) == ("suite:support:auto", "accuracy")
    clock.now += timedelta(days=29)
    await watching.once()
    assert len(suites.asked) == 1
    clock.now += DAY
    await watching.once()
    assert len(suites.asked) == 2
    shorter = tender(database, clock, suites, enabled=False, suites=("support",), every="7d")
    clock.now += timedelta(days=8)
    await shorter.once()
    assert len(suites.asked) == 3


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ModelUnavailableError("The model does not answer."), "The model does not answer."),
        (KeyError("p"), "a fault in the program ended it; the log says more"),
    ],
)
async def test_what_failed_is_tried_again_the_same_day(
    database: Database, clock: Hand, error: Exception, outcome: str
) -> None:
    """And says why meanwhile; a fault of ours does not ask a suite, which costs, all day."""
    suites = Suites()
    suites.fails = error
    watching = tender(database, clock, suites, enabled=False, suites=("support",))
    for _ in range(2):
        await watching.once()
    assert suites.asked == ["support"]
    (row,) = await ScheduleBook(database, clock).listing()
    assert row.outcome == outcome
    assert row.due_at == NOW + timedelta(hours=6)
    suites.fails = None
    clock.now += timedelta(hours=6)
    await watching.once()
    (row,) = await ScheduleBook(database, clock).listing()
    assert (row.outcome, row.due_at) == ("done", clock.now + timedelta(days=30))


async def test_a_server_that_stops_leaves_it_due(database: Database, clock: Hand) -> None:
    """The next process takes it up at once."""
    suites = Suites()
    suites.hold = asyncio.Event()
    task = asyncio.create_task(
        tender(database, clock, suites, enabled=False, suites=("support",)).once()
    )
    await suites.begun.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    suites.hold.set()
    await tender(database, clock, suites, enabled=False, suites=("support",)).once()
    assert suites.asked == ["support", "support"]
    (row,) = await ScheduleBook(database, clock).listing()
    assert (row.outcome, row.holder) == ("done", "")


async def test_who_lost_the_claim_stops_working(database: Database, clock: Hand) -> None:
    """Another process has it by then, and tells what came of it."""
    suites = Suites()
    suites.hold = asyncio.Event()
    watching = tender(database, clock, suites, 0.3, enabled=False, suites=("support",))
    task = asyncio.create_task(watching.once())
    await suites.begun.wait()
    clock.now += timedelta(seconds=60)
    other = await ScheduleBook(database, clock).claim("suite:support", 60)
    assert other is not None
    await asyncio.wait_for(task, 60)
    (row,) = await ScheduleBook(database, clock).listing()
    assert row.holder == other.holder


def test_figures_that_got_worse_by_more_than_chance_are_alerts() -> None:
    """Corrected for how many there are: of twenty figures one is worse by chance."""
    sure = {"difference": -0.2, "n": 80, "p": 0.0001, "verdict": "worse"}
    chance = {"difference": -0.1, "n": 80, "p": 0.03, "verdict": "worse"}
    better = {"difference": 0.2, "n": 80, "p": 0.0001, "verdict": "better"}
    even = {"difference": 0.0, "n": 80, "p": 1.0, "verdict": "cannot tell"}
    found = worse(
        "support",
        {"auto": {"accuracy": sure, "style": chance, "consistency": even}, "rag": {"f1": better}},
        NOW,
    )
    assert [(alert.measure, alert.scope) for alert in found] == [("accuracy", "suite:support:auto")]
    assert found[0].why == (
        "Accuracy of the suite support in mode auto changed by -20.0 points over 80 cases since "
        "its last run"
    )
    assert worse("support", {}, NOW) == []


@dataclass
class _Home:
    """What a worker needs to ask suites."""

    settings: Settings
    database: Database

    def clock(self) -> datetime:
        return datetime.now(UTC)


@pytest.mark.slow
async def test_a_suite_is_asked_as_evaluate_asks_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a process of its own; the second run is held to the first one."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "DATABASE_URL", "WEAVIATE_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites" / "tiny.jsonl").write_text(
        '{"id": "a", "question": "How long is the cable?", "answers": [], "answerable": false}\n'
    )
    (tmp_path / "wellspoken.toml").touch()
    settings = load_settings(
        WELLSPOKEN_HOME=tmp_path / "home",
        WELLSPOKEN_CONFIG=tmp_path / "wellspoken.toml",
        watch={"suites": ["tiny"], "modes": ["rag"]},
    )
    (tmp_path / "home").mkdir()
    database = await Database.open(settings.database)
    kinds = {KIND: kind_of(_Home(settings, database))}
    runner = asyncio.create_task(Runner(database, kinds, idle_s=0.1).run())
    try:
        for _ in range(2):
            assert await asked(settings, database, "tiny", NOW, look_s=0.1) == []
        due = await asked(settings, database, "tiny", NOW, NOW, look_s=0.1)
        jobs = len(await Jobs(database).page())
        assert await asked(settings, database, "tiny", NOW, NOW, look_s=0.1) == due
        assert len(await Jobs(database).page()) == jobs  # one run a due time
        _, last, first = await EvaluationBook(database).listing("tiny")
        assert last.by == "wellspoken:watch"
        assert first.baseline is None
        assert last.baseline is not None
        assert last.baseline["run"] == first.id
        with pytest.raises(MissingFileError):
            await asked(settings, database, "suites/none.jsonl", NOW)
    finally:
        runner.cancel()
        await asyncio.gather(runner, return_exceptions=True)
        await database.close()
