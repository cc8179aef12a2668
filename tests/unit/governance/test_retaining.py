"""Retention of a home: what is too old leaves tables, files and bytes, once a day."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa

from adapters.governance.retention import (
    RetentionDesk,
    RetentionRunningError,
    desk_of,
)
from adapters.jobs.retaining import KIND, entry, kind_of
from bot.conversation import Author, Feedback, Platform, Rating, Turn
from bot.settings import Settings, load_settings
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.evaluation_tables import evaluation_cases, evaluations
from bot.store.feedback import FeedbackBook
from bot.store.history import History
from bot.store.ids import new_id
from bot.work.jobs import Jobs, Status
from bot.work.leases import Leases
from bot.work.runner import Runner
from bot.work.timetable import Timetable
from knowledge.exclusive import Exclusive
from persona.datasets import Dataset, DatasetBook, Lineage
from tests.platforms.turns import turn_of

NOW = datetime(2026, 11, 1, 3, tzinfo=UTC)
OLD, YOUNG = NOW - timedelta(days=500), NOW - timedelta(days=5)
BEN = Author(Platform.SLACK, "U0G9QF9C6", "Ben")


@dataclass
class Home:
    """What retention needs."""

    folder: Path
    database: Database
    now: datetime = NOW
    ages: dict[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return load_settings(WELLSPOKEN_HOME=self.folder, retention=self.ages)

    @property
    def audit(self) -> AuditTrail:
        return AuditTrail(self.database)

    def clock(self) -> datetime:
        return self.now

    @property
    def desk(self) -> RetentionDesk:
        return desk_of(self)

    async def turn(self, at: datetime, words: str) -> Turn:
        """A turn of then, rated with the words."""
        turn = replace(
            turn_of("Hold the button."), id=new_id("turn"), at=at, question=words, author=BEN
        )
        await History(self.database).record(turn)
        book = FeedbackBook(self.database)
        await book.rate(Feedback(turn.id, BEN, Rating.DOWN, f"reason {words}", f"better {words}"))
        return turn

    def holds(self, word: str) -> bool:
        """Whether a word is in any byte of any file."""
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return any(word.encode() in path.read_bytes() for path in files)


@pytest_asyncio.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    database = await Database.open(f"sqlite:///{tmp_path / 'wellspoken.db'}")
    yield Home(tmp_path, database)
    await database.close()


def _file(path: Path, text: str, at: datetime) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (at.timestamp(), at.timestamp()))


async def test_no_byte_of_what_is_too_old_is_left(home: Home) -> None:
    """Questions, reasons, better answers, exports, scorecards with their pages: in no file."""
    for n in range(40):
        await home.turn(OLD, f"how do I feed the marmoset number {n} of my aunt?")
    young = await home.turn(YOUNG, "how do I feed the tamarin?")
    _file(home.folder / "exports" / "person1" / "index.md", "marmoset", OLD)
    _file(home.folder / "exports" / "new.csv", "tamarin", YOUNG)
    page = home.folder / "evaluations" / "run1.html"
    _file(page, "marmoset", OLD)
    row: dict[str, Any] = {
        "id": "run1", "suite": "s", "path": "", "digest": "", "persona": "", "modes": {},
        "baseline": None, "report": str(page), "by": "", "at": OLD,
    }  # fmt: skip
    case = {
        "run": "run1",
        "mode": "rag",
        "position": 0,
        "case_id": "c",
        "record": {"q": "marmoset"},
    }
    for table, values in ((evaluations, row), (evaluation_cases, case)):
        new = sa.insert(table).values(values)
        await home.database.write(lambda c, new=new: c.execute(new).rowcount)  # type: ignore[misc]  # bound now
    home.ages = {"evaluations": "300d", "audit": "300d"}
    due = await home.desk.due()
    assert (due.turns, due.exports, due.evaluations, due.audit) == (40, 1, 1, 40)
    assert home.holds("marmoset")
    done = await home.desk.run(by="terminal:operator")
    assert (done.turns, done.messages, done.feedback) == (40, 80, 40)
    assert (done.exports, done.evaluations, done.audit) == (1, 1, 40)
    assert not home.holds("marmoset")
    assert home.holds("tamarin")
    assert await home.audit.verify() is None
    assert (await History(home.database).turn(young.id)).question == "how do I feed the tamarin?"
    told = (await home.audit.newest(1))[0].content
    assert (told["action"], told["turns"], told["ages"]["messages"]) == ("retention", 40, "365d")
    assert (await home.desk.run(by="terminal:operator")).nothing


def _leave_copies(path: Path, texts: list[str]) -> None:
    """Put texts into room that no row has, as a page that SQLite divided may keep them."""
    raw = bytearray(path.read_bytes())
    size = int.from_bytes(raw[16:18], "big")
    left = list(texts)
    for page in range(size, len(raw), size):
        if not left:
            break
        if raw[page] != 0x0D:  # a leaf of a table
            continue
        begin = page + 8 + 2 * int.from_bytes(raw[page + 3 : page + 5], "big")
        end = page + (int.from_bytes(raw[page + 5 : page + 7], "big") or size)
        text = left[-1].encode()
        if end - begin > len(text) + 1:
            raw[begin + 1 : begin + 1 + len(text)] = text
            left.pop()
    assert not left
    path.write_bytes(raw)


async def test_every_text_is_looked_for(home: Home) -> None:
    """Copies of the last ones that went, where no row is: they are found, and gone; the file is
    smaller. What others wrote, too, is nobody's and stays."""
    texts = [
        f"how do I feed the marmoset number {n} of my aunt in the mountains?" for n in range(300)
    ]
    for text in texts:
        await home.turn(OLD, text)
    shared = "how do I feed a tamarin whose fur is green?"
    await home.turn(OLD, shared)
    await home.turn(YOUNG, shared)
    path = home.folder / "wellspoken.db"
    await home.database.close()
    _leave_copies(path, texts[-2:])
    home.database = await Database.open(f"sqlite:///{path}")
    before = path.stat().st_size
    assert (await home.desk.run(by="terminal:operator")).turns == 301
    assert [text for text in texts if home.holds(text)] == []
    assert home.holds(shared)
    assert path.stat().st_size < before


async def test_the_room_is_given_back_where_it_is_asked_for(home: Home) -> None:
    """Also where nothing is too old any more."""
    for n in range(100):
        await home.turn(OLD, f"how do I feed the marmoset number {n} of my aunt?")
    assert (await home.desk.run(by="terminal:operator")).turns == 100
    path = home.folder / "wellspoken.db"
    before = path.stat().st_size
    assert (await home.desk.run(by="terminal:operator", compact=True)).nothing
    assert path.stat().st_size < before


async def test_off_keeps_for_good(home: Home) -> None:
    """Nothing goes whose age is off."""
    await home.turn(OLD, "marmoset")
    home.ages = dict.fromkeys(("messages", "uploads", "exports", "replies", "participation"), "off")
    assert (await home.desk.due()).nothing
    assert (await home.desk.run(by="terminal:operator")).nothing


async def test_data_sets_say_what_they_outlived(home: Home) -> None:
    """The card counts lines whose turns are gone."""
    old, young = await home.turn(OLD, "marmoset"), await home.turn(YOUNG, "tamarin")
    dataset = Dataset(
        "d1", "sft", "", 2, 2, 0, {}, {"examples": 2}, "", Path("t"), Path("v"), YOUNG
    )
    lines = [Lineage("train", n, turn.id, BEN.key) for n, turn in enumerate((old, young))]
    await DatasetBook(home.database).add(dataset, lines)
    assert (await home.desk.run(by="terminal:operator")).datasets == ("d1",)
    card = (await DatasetBook(home.database).get("d1")).card
    assert card == {"examples": 2, "turns_gone": 1}


async def test_one_process_at_a_time(home: Home) -> None:
    """A second one is told so, and nothing is half done twice."""
    async with Exclusive(Leases(home.database)).lease("retention"):
        with pytest.raises(RetentionRunningError):
            await home.desk.run(by="terminal:operator")


async def test_the_worker_does_it_once_a_day(home: Home) -> None:
    """Of several processes one does it, and again a day later; what went is its result."""
    turn = await home.turn(OLD, "marmoset")
    one, other = (Timetable([entry()], home.database, home.clock) for _ in range(2))
    (job,) = await one.look()
    assert await other.look() == []
    kinds = {KIND: kind_of(home)}
    runner = Runner(home.database, kinds, idle_s=0.05, clock=home.clock)
    task = asyncio.create_task(runner.run())
    try:
        async with asyncio.timeout(60):
            while not (done := await Jobs(home.database).get(job.id)).status.over:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert (done.status, done.result["turns"]) == (Status.SUCCEEDED, 1), turn
    home.now += timedelta(hours=23)
    assert await other.look() == []
    home.now += timedelta(hours=2)
    assert len(await other.look()) == 1
    assert await one.look() == []
