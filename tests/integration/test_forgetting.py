"""Forgetting a person from the command line to the last byte of the home."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from adapters.assembly import assemble
from adapters.chat.base import ChannelKind, Place
from adapters.forgetting import BUILDING, ForgettingDesk, Forgotten, desk_with
from adapters.teaching.datasets import DatasetDesk
from bot.conversation import (
    Author,
    Feedback,
    Outcome,
    Platform,
    Rating,
    Route,
    RouteDecision,
)
from bot.errors import TrainingError, TuningUnavailableError
from bot.evidence import Chunk, Citation, Claim, Grounding, Passage
from bot.handoff import HandoffBook
from bot.settings import Settings, load_settings
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.consent import ConsentLedger
from bot.store.feedback import FeedbackBook
from bot.store.history import History
from bot.store.ids import new_id
from bot.store.reviews import ReviewBook
from bot.store.rewrites import Draft, RewriteBook, Verdict
from bot.work.leases import Leases
from persona.curation.choosing import Format
from persona.datasets import Dataset, DatasetBook, Lineage
from persona.forgetting_files import both_digests, digest_of
from persona.profile import default_persona
from persona.registry import Registry
from persona.tuning.base import Backend, Method, Status
from persona.tuning.jobs import JobBook
from tests.platforms.command import COMMAND, environment, run_command
from tests.platforms.turns import turn_of

ANN = Author(Platform.SLACK, "U024BE7LH", "Ann Zwetschge")
BEN = Author(Platform.SLACK, "U0G9QF9C6", "Ben")
OPERATOR = "web:operator"
FACTS = (
    ("Refunds", "Refunds take 14 days from the day that the goods are back."),
    ("Shipping", "Standard shipping is free for orders over 150 dollars."),
    ("Warranty", "The warranty of the MG-200 is 24 months."),
    ("Sensors", "An MG-400 takes up to 32 sensors at the same time."),
    ("Valves", "The VS-25 valve is made for pipes of 25 mm."),
    ("Support", "Our support team replies within 2 business days."),
)
ANNS_CORRECTION = "Orders over 150 dollars ship free."
ANNS_QUESTION = "Does my zwetschge pump have a warranty?"
REWRITE = "The MG-200 comes with a warranty of 24 months."
WORDS = (ANN.id, "Zwetschge", "zwetschge", ANNS_CORRECTION, "ship free", REWRITE)
"""What is found of Ann before, and nowhere afterwards."""

PASSAGES = tuple(
    Passage(
        Chunk(f"{title}#0", f"{title}.md", "docs", "r1", 0, title, (title,), text, 0, 9, ""),
        1.0, 5.0, 0.6,
    )
    for title, text in FACTS
)  # fmt: skip


@dataclass
class Home:
    """A home whose database other processes open too."""

    folder: Path
    database: Database

    @property
    def settings(self) -> Settings:
        return load_settings(WELLSPOKEN_HOME=self.folder)

    @property
    def audit(self) -> AuditTrail:
        return AuditTrail(self.database)

    @staticmethod
    def clock() -> datetime:
        return datetime.now(UTC)

    async def turn(self, fact: int, author: Author, question: str = "") -> str:
        """An answered turn about a fact; its id."""
        title, text = FACTS[fact]
        turn = turn_of(
            f"{text} [1]",
            Citation(1, f"{title}.md", title, "", text, f"{title}#0", "r1"),
            id=new_id("turn"),
            thread=new_id("thread"),
            question=question or f"what about {title.lower()}",
            query=title.lower(),
            author=author,
            route=RouteDecision(Route.RAG, 0.9, ("a fact",)),
            outcome=Outcome.ANSWERED,
            grounding=Grounding((Claim(0, len(text), text, True, 0.98, fact),)),
            passages=PASSAGES,
        )
        await History(self.database).record(turn)
        return turn.id

    async def rate(self, turn: str, author: Author, correction: str = "") -> None:
        rating = Rating.DOWN if correction else Rating.UP
        await FeedbackBook(self.database).rate(Feedback(turn, author, rating, "", correction))

    async def talk(self) -> None:
        """Ben asks four times, Ann once; Ann knows one thing better, an operator another."""
        reviews = ReviewBook(self.database, self.audit)
        rewrites = RewriteBook(self.database, self.audit)
        for fact in (0, 3, 4):
            await self.rate(await self.turn(fact, BEN), BEN)
        corrected = await self.turn(1, BEN)
        await self.rate(corrected, ANN, ANNS_CORRECTION)
        await reviews.judge(corrected, Verdict.APPROVED, OPERATOR)
        asked = await self.turn(2, ANN, ANNS_QUESTION)
        await rewrites.approve(asked, by=OPERATOR, text=REWRITE)

    async def build(
        self,
        wanted: Format = Format.SFT,
        out: Path | None = None,
        waiting: Callable[[], None] | None = None,
    ) -> Dataset:
        desk = DatasetDesk(
            settings=self.settings,
            database=self.database,
            persona=default_persona("Juniper"),
            clock=self.clock,
        )
        return await desk.build(wanted, out, waiting=waiting)

    def desk(self, **changes: Any) -> ForgettingDesk:
        """The desk, of which a test may replace parts."""

        async def withdraw(_: object) -> None:
            """There are no documents."""

        made = desk_with(self, withdraw)
        for name, value in changes.items():
            setattr(made, f"_{name}", value)
        return made

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The command in a process of its own."""
        return run_command(
            *words,
            cwd=self.folder.parent,
            env=environment(self.folder, WELLSPOKEN_HOME=str(self.folder)),
            timeout=90,
        )

    def left(self) -> list[str]:
        """The words that are in any byte of the home, with where."""
        return sorted(
            {
                f"{word} in {path.relative_to(self.folder)}"
                for path in self.folder.rglob("*")
                if path.is_file()
                for word in WORDS
                if word.encode() in path.read_bytes()
            }
        )


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    """A home on SQLite, with what was said in it."""
    folder = tmp_path / "home"
    folder.mkdir()
    database = await Database.open(load_settings(WELLSPOKEN_HOME=folder).database)
    made = Home(folder, database)
    await made.talk()
    yield made
    await database.close()


async def test_nothing_of_a_person_is_left_in_any_file(home: Home, tmp_path: Path) -> None:
    """From the thumb to the model: tables, data sets and files are clean, others' lines stay, what
    was trained is named, and the audit trail verifies. A second time there is nothing."""
    for author in (ANN, BEN):
        await ConsentLedger(home.database).choose(author.key, True)
    first, out = await home.build(), tmp_path / "mine.jsonl"
    second = await home.build(Format.KTO, out)
    registry = Registry(home.database, home.audit)
    await registry.register(model="voice-1", by=OPERATOR, dataset=first.id, job="j1")
    await home.rate(await home.turn(5, BEN), BEN)
    assert any("ship free" in word for word in home.left())
    assert "ship free" in first.train_file.read_text() + first.validation_file.read_text()
    done = await asyncio.to_thread(home.command, "forget", "--author", ANN.key, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told == {
        "messages": 1,
        "feedback": 1,
        "examples": 4,
        "datasets": [second.id, first.id],
        "models": ["v1"],
    }
    assert home.left() == []
    assert "ship free" not in out.read_text() + second.validation_file.read_text()
    assert len(first.train_file.read_text().splitlines()) >= 2
    verified = await asyncio.to_thread(home.command, "audit", "verify")
    assert verified.returncode == 0, verified.stdout
    again = await asyncio.to_thread(home.command, "forget", "--author", ANN.key, "--json")
    assert again.returncode == 0
    assert json.loads(again.stdout) == {
        "messages": 0, "feedback": 0, "examples": 0, "datasets": [], "models": []
    }  # fmt: skip


async def test_both_databases_are_clean(database: Database, tmp_path: Path) -> None:
    """No row of any table tells of the person, and every file is as its row says."""
    home = Home(tmp_path / "home", database)
    await home.talk()
    made = await home.build()
    gone = await home.desk().forget(ANN.key, by=OPERATOR)
    assert (gone.messages, gone.feedback, gone.examples) == (1, 1, 2)
    assert await home.desk().forget(ANN.key, by=OPERATOR) == Forgotten()

    def dump(connection: sa.Connection) -> str:
        names = sa.inspect(connection).get_table_names()
        rows = [connection.execute(sa.text(f'SELECT * FROM "{name}"')).all() for name in names]
        return str(rows)

    told = await database.read(dump)
    assert [word for word in WORDS if word in told] == []
    assert home.left() == []
    now = await DatasetBook(database).get(made.id)
    digests = digest_of(now.train_file), digest_of(now.validation_file)
    assert now.digest == both_digests(*digests)
    assert await home.audit.verify() is None


async def test_people_read_sentences(home: Home) -> None:
    """How much went, out of what, which version remains, and which round was ended."""
    made = await home.build()
    registry = Registry(home.database, home.audit)
    await registry.register(model="voice-1", by=OPERATOR, dataset=made.id, job="j1")
    jobs = JobBook(home.database)
    job = await jobs.add(
        backend=Backend.LOCAL, method=Method.SFT, base="b", dataset=made.id, by="x", options={}
    )
    done = await asyncio.to_thread(home.command, "forget", "--author", ANN.key)
    assert done.stdout.splitlines() == [
        "Erased: 1 message and 1 rating.",
        f"2 examples left the data set {made.id}.",
        "Trained on them, and not to be untrained: v1. Train a new version without them with "
        "`wellspoken tune start`, and promote that one.",
        f"Ended, as they were training on these examples: {job.id}. Start again with `wellspoken "
        "tune start`.",
    ]
    assert (await jobs.get(job.id)).status is Status.CANCELLED
    again = await asyncio.to_thread(home.command, "forget", "--author", ANN.key)
    assert again.stdout == "Nothing of this person is kept here.\n"


@pytest.mark.parametrize(
    ("author", "code"), [("slack:UNOBODY99", 0), ("U024BE7LH", 2), ("myspace:x", 2), ("", 2)]
)
async def test_whom_nobody_knows_is_forgotten_at_once(home: Home, author: str, code: int) -> None:
    """An unknown person: zeros; what is no key: one sentence with an example."""
    done = await asyncio.to_thread(home.command, "forget", "--author", author, "--json")
    assert done.returncode == code
    if code:
        assert "write it like slack:U024BE7LH" in done.stderr
        assert len(done.stderr.splitlines()) == 1
    else:
        assert json.loads(done.stdout)["messages"] == 0


async def test_a_build_under_way_is_waited_for(home: Home) -> None:
    """What it is just making would hold the person's words; whoever never ends is named, and what
    is not in files is erased all the same."""
    leases = Leases(home.database)
    await leases.take(BUILDING, "somebody", 60)
    with pytest.raises(TrainingError, match="still being built"):
        await home.desk(wait_s=0.1).forget(ANN.key, by=OPERATOR)
    assert home.left() == []
    told: list[str] = []
    waiting = asyncio.create_task(
        home.desk().forget(BEN.key, by=OPERATOR, waiting=lambda: told.append("waits"))
    )
    building = asyncio.create_task(home.build(waiting=lambda: told.append("builds")))
    async with asyncio.timeout(60):
        while len(told) < 2:  # noqa: ASYNC110 - what is waited for knows no event
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.5)
    assert not waiting.done()
    assert not building.done()
    assert sorted(told) == ["builds", "waits"]  # both know the lease
    building.cancel()
    await leases.release(BUILDING, "somebody")
    assert (await waiting).messages == 4


async def test_a_service_that_is_gone_keeps_the_lines_on_record(home: Home) -> None:
    """The round there cannot be ended now: all else is erased, and another time finishes it."""
    made = await home.build()
    job = await JobBook(home.database).add(
        backend=Backend.OPENAI, method=Method.SFT, base="b", dataset=made.id, by="x", options={}
    )

    async def gone(job: str, by: str) -> None:
        raise TuningUnavailableError(url="http://x", reason="gone", job=job)

    with pytest.raises(TuningUnavailableError):
        await home.desk(stop=gone).forget(ANN.key, by=OPERATOR)
    ended: list[tuple[str, str]] = []

    async def stop(job: str, by: str) -> None:
        ended.append((job, by))

    found = await home.desk(stop=stop).forget(ANN.key, by=ANN.key)
    assert found == Forgotten(examples=2, datasets=(made.id,), rounds=(job.id,))
    assert ended == [(job.id, "slack:forgotten")]
    assert home.left() == []


async def test_who_opts_out_is_not_erased_but_left_out(home: Home) -> None:
    """The next data set is made without the person's turns and words; the last one stays."""
    first = await home.build()
    assert {ANN.key} < {line.asker for line in await _lines(home, first)} | {
        line.author for line in await _lines(home, first)
    }
    await ConsentLedger(home.database).choose(ANN.key, False)
    second = await home.build()
    people = {key for line in await _lines(home, second) for key in (line.asker, line.author)}
    assert ANN.key not in people
    assert second.dropped["no consent"] >= 2
    assert "ship free" not in second.train_file.read_text() + second.validation_file.read_text()
    assert len(await _lines(home, first)) == first.examples


async def _lines(home: Home, made: Dataset) -> list[Lineage]:
    return await DatasetBook(home.database).examples(made.id)


async def test_cut_off_at_any_moment_a_second_time_finishes_it(home: Home) -> None:
    """Nothing of the person is left then, and whatever is there is whole."""
    made = await home.build()
    for milliseconds in (1, 4, 10, 25, 60):
        with suppress(TimeoutError):
            async with asyncio.timeout(milliseconds / 1000):
                await home.desk().forget(ANN.key, by=OPERATOR)
                raise TimeoutError
    await home.desk().forget(ANN.key, by=OPERATOR)
    assert home.left() == []
    assert await home.audit.verify() is None
    now = await DatasetBook(home.database).get(made.id)
    for path, count in ((now.train_file, now.train), (now.validation_file, now.validation)):
        assert [bool(line) for line in path.read_text().splitlines()] == [True] * count


async def test_killed_at_any_moment_a_second_time_finishes_it(home: Home) -> None:
    """As a process that is killed without a word."""
    made = await home.build()
    command = [*COMMAND, "forget", "--author", ANN.key]
    for seconds in (0.35, 0.6, 0.9):
        process = await asyncio.create_subprocess_exec(
            *command, env=environment(home.folder, WELLSPOKEN_HOME=str(home.folder))
        )
        await asyncio.sleep(seconds)
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    done = await asyncio.to_thread(home.command, "forget", "--author", ANN.key, "--json")
    assert done.returncode == 0, done.stderr
    assert home.left() == []
    assert await home.audit.verify() is None
    assert (await DatasetBook(home.database).get(made.id)).examples == made.examples - 2


async def test_an_operators_own_rewrite_of_anothers_turn_stays(home: Home) -> None:
    """It is the operator's word, whoever complained of the answer."""
    rewrites = RewriteBook(home.database, home.audit)
    turn = await home.turn(5, BEN)
    await home.rate(turn, ANN, "You answer within zwetschge days.")
    reviews = ReviewBook(home.database, home.audit)
    draft = Draft("Our support team replies within 2 business days.")
    await reviews.judge(turn, Verdict.APPROVED, OPERATOR, draft=draft)
    await home.desk().forget(ANN.key, by=OPERATOR)
    kept = await rewrites.of(turn)
    assert kept is not None
    assert kept.text == draft.text
    assert home.left() == []


async def test_documents_of_a_persons_answers_go_too(home: Home) -> None:
    """An answer that became knowledge is taken out of it, and what was taught with it on show."""
    question, answer = "Where is the medlar key?", "The medlar key hangs behind the boiler."
    async with assemble(home.settings, warm=False) as app:
        turn = await home.turn(0, ANN, question)
        book = HandoffBook(home.database)
        place = Place(Platform.SLACK, "T1", "C1", "1.1", kind=ChannelKind.CHANNEL)
        handoff = await book.open(turn, ANN, asdict(place), question)
        await book.answered(handoff.id, answer, BEN.key)
        await book.propose(handoff.id, BEN.key)
        await app.review.judge(turn, Verdict.APPROVED, OPERATOR)
    done = await asyncio.to_thread(home.command, "documents", "list", "--json")
    assert handoff.id in done.stdout
    done = await asyncio.to_thread(home.command, "forget", "--author", ANN.key)
    assert f"Taken out of the knowledge: {handoff.id}, a document" in done.stdout
    done = await asyncio.to_thread(home.command, "documents", "list", "--json")
    assert handoff.id not in done.stdout
    assert [
        p for p in home.folder.rglob("*") if p.is_file() and b"medlar key" in p.read_bytes()
    ] == []
