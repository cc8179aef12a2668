"""Data sets from stored turns: what is in their lines, what is not, and what fails."""

from __future__ import annotations

import asyncio
import errno
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import pytest

from adapters.teaching.datasets import DatasetDesk
from bot.conversation import (
    Author,
    Feedback,
    Outcome,
    Platform,
    Rating,
    Route,
    RouteDecision,
    Turn,
    Usage,
)
from bot.errors import DiskFullError, NotFoundError, TrainingError, UsageError
from bot.evidence import Chunk, Citation, Claim, Grounding, Passage
from bot.lexical import words
from bot.ports import ANSWERS, LIVE
from bot.settings import Settings
from bot.settings.loop import TrainingSection
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.consent import ConsentLedger
from bot.store.feedback import FeedbackBook
from bot.store.forgetting import FILES
from bot.store.history import History
from bot.store.rewrites import Draft, RewriteBook, Verdict
from persona.curation.choosing import Format
from persona.curation.neutral import runs
from persona.curation.writing import publish
from persona.profile import default_persona
from persona.suites import SuiteBook

_FACTS = (
    ("Refunds", "Refunds take 14 days from the day that the goods are back."),
    ("Shipping", "Standard shipping is free for orders over 150 dollars."),
    ("Warranty", "The warranty of the MG-200 is 24 months."),
    ("Sensors", "An MG-400 takes up to 32 sensors at the same time."),
    ("Valves", "The VS-25 valve is made for pipes of 25 mm."),
    ("Support", "Our support team replies within 2 business days."),
)
_READER = Author(Platform.WEB, "reader")
_OPERATOR = Author(Platform.API, "operator")


def _passages(source: str = "docs", groups: frozenset[str] = frozenset()) -> tuple[Passage, ...]:
    return tuple(
        Passage(
            Chunk(f"{title}#0", f"{title}.md", source, "r1", 0, title, (title,), text, 0,
                  len(text), "", groups),
            1.0, 5.0, 0.6,
        )
        for title, text in _FACTS
    )  # fmt: skip


class _Home:
    """A home with a database, into which turns are put as if they had been answered."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self.ratings = FeedbackBook(database)
        self.rewrites = RewriteBook(database, AuditTrail(database))
        self.number = 0

    def desk(self, **training: Any) -> DatasetDesk:
        config = Settings().model_copy(
            update={"home": self.folder, "training": TrainingSection(**training)}
        )
        return DatasetDesk(
            settings=config,
            database=self.database,
            persona=default_persona("Juniper"),
            clock=lambda: datetime.now(UTC),
        )

    async def turn(self, fact: int, question: str = "", **changes: Any) -> str:
        """An answered turn about a fact; its id."""
        self.number += 1
        title, text = _FACTS[fact]
        passages = changes.pop("passages", _passages())
        answer = changes.pop("answer", f"{text} [1]")
        values: dict[str, Any] = {
            "id": f"t{self.number:04d}",
            "thread": f"thread{self.number}",
            "question": question or f"what about {title.lower()} my dear",
            "query": title.lower(),
            "author": Author(Platform.WEB, f"asker{self.number}", "Ottilie"),
            "channel": "web",
            "audience": frozenset(),
            "route": RouteDecision(Route.RAG, 0.9, ("a fact",)),
            "answer": answer,
            "outcome": Outcome.ANSWERED,
            "citations": (Citation(1, f"{title}.md", title, "", text, f"{title}#0", "r1"),),
            "grounding": Grounding((Claim(0, len(text), text, True, 0.98, fact),)),
            "passages": passages,
            "withheld": (),
            "model": "m",
            "persona": "Juniper@1",
            "usage": Usage(),
            "timings_ms": {},
            "at": datetime(2026, 1, 1, tzinfo=UTC),
        }
        made = Turn(**values | changes)
        await History(self.database).record(made)
        return made.id

    async def rate(
        self, turn: str, rating: Rating = Rating.UP, correction: str = "", by: Author = _READER
    ) -> None:
        await self.ratings.rate(Feedback(turn, by, rating, "", correction, by.key == _OPERATOR.key))

    async def approve(self, turn: str, draft: Draft, author: str) -> None:
        """A reader's better answer, approved by an operator."""
        put = self.rewrites.put_in
        await self.database.write(
            lambda c: put(c, turn, Verdict.APPROVED, "web:operator", draft, author)
        )

    async def lines(self, wanted: Format = Format.SFT, **training: Any) -> list[dict[str, Any]]:
        """The lines of a new set, both files together."""
        made = await self.desk(**training).build(wanted)
        return _lines(made.train_file, made.validation_file)


def _lines(*files: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def _asked(messages: Sequence[dict[str, str]]) -> str:
    said = [message["content"] for message in messages if message["role"] == "user"]
    found = re.search(r"<question>\n(.*)\n</question>", said[-1], re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def home(sqlite_database: Database, tmp_path: Path) -> _Home:
    """A home on SQLite."""
    return _Home(sqlite_database, tmp_path)


async def test_a_liked_answer_is_taught_with_its_sources(home: _Home) -> None:
    """The prompt is production's: persona, numbered passages, question; the marker points at the
    cited one among them."""
    for fact in range(3):
        await home.rate(await home.turn(fact))
    for line in await home.lines():
        assert [m["role"] for m in line["messages"]] == ["system", "user", "assistant"]
        assert "You are Juniper." in line["messages"][0]["content"]
        answer = line["messages"][2]["content"]
        text, number = re.fullmatch(r"(.*) \[(\d)\]", answer).groups()  # type: ignore[union-attr]  # it matches
        shown = line["messages"][1]["content"]
        assert shown.count("<passage n=") == 6
        passage = re.search(rf'<passage n="{number}"[^>]*>\n(.*?)\n</passage>', shown)
        assert passage is not None
        assert passage[1] == text


async def test_no_line_holds_words_of_the_asker(home: _Home) -> None:
    """Neither three in a row, nor a name, an address, a number, in any of the three formats."""
    asked = (
        "Hello, Ottilie Quietfrost here, order 8823-119: how long do refunds usually take, please "
        "write to ottilie@quietfrost.example or call +49 30 1234567?"
    )
    for fact in range(6):
        turn = await home.turn(fact, asked, query=asked)
        await home.rate(turn, Rating.DOWN if fact % 2 else Rating.UP)
        await home.rate(turn, Rating.DOWN if fact % 2 else Rating.UP, by=Author(Platform.WEB, "b"))
        if fact == 1:
            await home.rewrites.approve(turn, by="web:operator", text=_FACTS[1][1])
    for wanted in Format:
        told = json.dumps(await home.lines(wanted), ensure_ascii=False)
        assert runs(asked).isdisjoint(runs(told))
        for word in ("Ottilie", "Quietfrost", "8823", "1234567", "@"):
            assert word.lower() not in told.lower()


async def test_messages_as_asked_are_scrubbed(home: _Home) -> None:
    """Where the operator allows it; of Slack and Discord only with the asker's own yes."""
    asked = "How long do refunds take? I am at jane@example.org."
    await home.rate(await home.turn(0, asked))
    slack = Author(Platform.SLACK, "U1")
    await home.rate(await home.turn(1, "shipping as said in slack", author=slack))
    agreed = Author(Platform.DISCORD, "7")
    await ConsentLedger(home.database).choose(agreed.key, True)
    await home.rate(await home.turn(2, "warranty as said in discord", author=agreed))
    questions = {_asked(line["messages"]) for line in await home.lines(use_user_messages=True)}
    assert "How long do refunds take? I am at <email>." in questions
    assert "warranty as said in discord" in questions
    assert "shipping as said in slack" not in questions
    assert len(questions) == 3


async def test_only_approved_words_of_others_are_taught(home: _Home) -> None:
    """A reader's correction waits for an operator; an operator's own does not; a rejected turn
    gives nothing."""
    waits, operators, rewritten, rejected = [await home.turn(n) for n in range(4)]
    await home.rate(waits, Rating.DOWN, "Refunds take 14 days.")
    await home.rate(operators, Rating.DOWN, "Orders over 150 dollars ship free.", _OPERATOR)
    await home.rate(rewritten, Rating.DOWN)
    draft = Draft("The MG-200 has a warranty of 24 months.", "Tell me about the warranty")
    await home.approve(rewritten, draft, "web:author")
    await home.rate(rejected)
    await home.rewrites.reject(rejected, by="web:operator")
    desk = home.desk()
    made = await desk.build(Format.SFT)
    lines = _lines(made.train_file, made.validation_file)
    said = {line["messages"][-1]["content"].rpartition(" [")[0] for line in lines}
    assert said == {"Orders over 150 dollars ship free.", "The MG-200 has a warranty of 24 months."}
    assert "Tell me about the warranty" in {_asked(line["messages"]) for line in lines}
    assert made.dropped == {"correction without a verdict": 1, "rejected by an operator": 1}
    told = await desk.show()
    assert {(line.turn, line.asker, line.author) for line in told.lines} == {
        (operators, "web:asker2", ""),
        (rewritten, "web:asker3", "web:author"),
    }


async def test_preferences_and_thumbs_have_their_shapes(home: _Home) -> None:
    """DPO: the rewrite before the disliked answer; KTO: booleans and approved rewrites as true."""
    for fact in range(3):
        turn = await home.turn(fact, answer=f"{_FACTS[fact][1]} Whatever. [1]")
        await home.rate(turn, Rating.DOWN)
        await home.rewrites.approve(turn, by="web:operator", text=_FACTS[fact][1])
    await home.rate(await home.turn(4))
    for line in await home.lines(Format.DPO):
        assert set(line) == {"input", "preferred_output", "non_preferred_output"}
        assert set(line["input"]) == {"messages"}
        assert line["input"]["messages"][-1]["role"] == "user"
        assert "Whatever" in line["non_preferred_output"][0]["content"]
        assert "Whatever" not in line["preferred_output"][0]["content"]
        assert line["preferred_output"][0]["role"] == "assistant"
    thumbs = await home.lines(Format.KTO)
    assert all(set(line) == {"prompt", "completion", "label"} for line in thumbs)
    labels = [("Whatever" in line["completion"][0]["content"], line["label"]) for line in thumbs]
    assert sorted(labels) == [(False, True)] * 4 + [(True, False)] * 3


async def test_of_many_thumbs_on_one_answer_the_most_count(home: _Home) -> None:
    """One thumb down does not undo three up; where they are near it is left out."""
    for fact, ups, downs in ((0, 3, 1), (1, 1, 3), (2, 2, 2)):
        for n in range(ups + downs):
            turn = await home.turn(fact, "the same question")
            await home.rate(turn, Rating.UP if n < ups else Rating.DOWN)
    labels = {
        line["completion"][0]["content"]: line["label"] for line in await home.lines(Format.KTO)
    }
    said = {text.partition(" ")[0]: label for text, label in labels.items()}
    assert said == {"Refunds": True, "Standard": False}


async def test_two_answers_to_one_question_make_a_pair(home: _Home) -> None:
    """The same facts, one liked, one not; other facts make none."""
    good = await home.turn(2, "what is the warranty")
    bad = await home.turn(
        2, "what is the warranty", answer="Well, the warranty of the MG-200 is 24 months, pal. [1]"
    )
    other = await home.turn(2, "what is the warranty", answer="The MG-200: 36 months! [1]")
    await home.rate(good)
    await home.rate(bad, Rating.DOWN)
    await home.rate(other, Rating.DOWN)
    (line,) = await home.lines(Format.DPO)
    assert "pal" in line["non_preferred_output"][0]["content"]
    told = await home.desk().show()
    assert told.turns == (good, bad)


async def test_what_an_operator_found_right_is_no_worse_half(home: _Home) -> None:
    """An answer that was disliked and then approved as it is counts as the better one."""
    approved = await home.turn(2, "what is the warranty")
    await home.rate(approved, Rating.DOWN)
    await home.rewrites.approve(approved, by="web:operator")
    worse = await home.turn(
        2, "what is the warranty", answer="Well, the warranty of the MG-200 is 24 months, pal. [1]"
    )
    await home.rate(worse, Rating.DOWN)
    (line,) = await home.lines(Format.DPO)
    assert "pal" in line["non_preferred_output"][0]["content"]
    assert "pal" not in line["preferred_output"][0]["content"]


async def test_files_are_for_their_owner_alone(home: _Home, tmp_path: Path) -> None:
    """Wherever they are written: what people asked and said is in them."""
    await home.rate(await home.turn(0))
    made = await home.desk().build(Format.SFT, tmp_path / "out.jsonl")
    for path in (made.train_file, made.validation_file):
        assert path.stat().st_mode & 0o777 == 0o600


async def test_facts_without_a_source_are_not_taught(home: _Home) -> None:
    """A rewrite that states another number goes; a set of such answers fails with a sentence."""
    for fact in range(6):
        turn = await home.turn(fact)
        await home.rewrites.approve(turn, by="web:operator", text=f"It is {400 + fact} euros.")
    with pytest.raises(TrainingError, match="6 of 6 answers state facts"):
        await home.desk().build(Format.SFT)


async def test_what_was_only_for_its_moment_is_never_taught(home: _Home) -> None:
    """Live facts, files that came along, and what only some groups may read."""
    await home.rate(await home.turn(0))
    live = RouteDecision(Route.LIVE, 0.9, ())
    await home.rate(await home.turn(1, route=live))
    await home.rate(await home.turn(2, passages=(*_passages()[:5], *_passages(LIVE)[5:])))
    await home.rate(await home.turn(3, passages=(*_passages()[:5], *_passages(FILES)[5:])))
    staff = _passages(groups=frozenset({"staff"}))
    await home.rate(await home.turn(4, passages=staff))
    made = await home.desk().build(Format.SFT)
    assert made.examples == 1
    assert made.dropped == {
        "live facts": 2,
        "files that came along": 1,
        "only some groups may read it": 1,
    }


async def test_what_a_person_was_asked_is_not_in_the_document_of_the_answer(home: _Home) -> None:
    """A document made of a person's answer is called what somebody asked: the answer is shown, the
    question is not, and no neutral question is made of it."""
    asked = "Ottilie's crooked birdbath, is that covered?"
    text = "Garden ornaments are covered for 12 months."
    chunk = Chunk(
        "h1#0", "h1", ANSWERS, "r1", 0, asked, (asked,), f"# {asked}\n\n{text}", 0, 90, ""
    )
    passages = (Passage(chunk, 1.0, 5.0, 0.6), *_passages())
    cites = (Citation(1, "h1", asked, "", text, "h1#0", "r1"),)
    said = Grounding((Claim(0, len(text), text, True, 0.98, 0),))
    about = await home.turn(
        0, answer=f"{text} [1]", passages=passages, citations=cites, grounding=said
    )
    await home.rate(about)
    await home.rate(await home.turn(1, passages=passages))
    made = await home.desk().build(Format.SFT)
    assert made.dropped == {"no neutral question": 1}
    await home.rewrites.approve(about, by="web:operator", prompt="What about garden ornaments?")
    told = json.dumps(await home.lines())
    assert told.count(text) == 3  # shown twice, taught once
    assert "birdbath" not in told
    assert "Ottilie" not in told


async def test_personal_data_in_titles_is_taken_out(home: _Home) -> None:
    """Neither the shown heading nor the question that is made of it holds an address."""
    title = "Refunds by jane.doe@example.org"
    first, *others = _passages()
    chunk = replace(first.chunk, title=title, headings=(title,))
    await home.rate(await home.turn(0, passages=(replace(first, chunk=chunk), *others)))
    (line,) = await home.lines()
    assert "jane.doe" not in json.dumps(line)
    assert "&lt;email&gt;" in json.dumps(line) or "<email>" in json.dumps(line)


async def test_consent_is_asked_of_asker_and_author(home: _Home) -> None:
    """Who opted out is left out; with opt-in, who said nothing too."""
    ledger = ConsentLedger(home.database)
    first, second, third = [await home.turn(n) for n in range(3)]
    await ledger.choose("web:asker1", False)
    await home.rate(first)
    await home.rate(second)
    await ledger.choose("web:asker3", True)
    await home.approve(third, Draft(_FACTS[2][1]), "web:author")
    assert len(await home.lines()) == 2
    with pytest.raises(TrainingError, match="no consent: 3"):
        await home.desk(consent="opt-in").build(Format.SFT)
    await ledger.choose("web:author", True)
    assert len(await home.lines(consent="opt-in")) == 1


async def test_the_thumb_of_who_opted_out_teaches_nothing(home: _Home) -> None:
    """Neither up nor down; others' thumbs on the same answer count as if it were not there."""
    away = Author(Platform.WEB, "away")
    await ConsentLedger(home.database).choose(away.key, False)
    alone, beside = await home.turn(0), await home.turn(1)
    await home.rate(alone, by=away)
    await home.rate(beside, Rating.DOWN, by=away)
    await home.rate(beside)
    made = await home.desk().build(Format.SFT)
    assert (made.examples, made.dropped) == (1, {"no consent": 1})
    assert (await home.desk().show()).turns == (beside,)


async def test_questions_of_suites_are_kept_out(home: _Home) -> None:
    """Near ones too."""
    await SuiteBook(home.database).keep("d", "s", "s.jsonl", ["How long do refunds take to come?"])
    await home.rate(await home.turn(0, "how long do the refunds take to come back"))
    await home.rate(await home.turn(1))
    made = await home.desk().build(Format.SFT)
    assert made.examples == 1
    assert made.dropped == {"in an evaluation suite": 1}


async def test_personal_data_goes_and_takes_its_facts_along(home: _Home) -> None:
    """An answer that is an address of mail is no use without it."""
    text = "Write to help@example.com with your question about refunds."
    passages = tuple(
        Passage(Chunk("c", "c.md", "docs", "r", 0, "Help", ("Help",), text, 0, len(text), ""), 1.0)
        for _ in range(1)
    )
    cited = (Citation(1, "c.md", "Help", "", text, "c", "r"),)
    await home.rate(
        await home.turn(0, answer=f"{text} [1]", passages=passages, citations=cited,
                        grounding=Grounding((Claim(0, len(text), text, True, 0.9, 0),)))
    )  # fmt: skip
    await home.rate(await home.turn(1))
    made = await home.desk().build(Format.SFT)
    assert made.dropped == {"personal data": 1}
    assert "help@" not in made.train_file.read_text()


async def test_the_same_turns_make_the_same_files(home: _Home) -> None:
    """Byte by byte, with the same digest, whatever the name of the set."""
    for fact in range(6):
        await home.rate(await home.turn(fact), Rating.DOWN if fact == 5 else Rating.UP)
    one = await home.desk().build(Format.KTO)
    two = await home.desk().build(Format.KTO, home.folder / "again.jsonl")
    assert one.digest == two.digest
    assert one.card == two.card
    assert one.train_file.read_bytes() == two.train_file.read_bytes()
    assert two.validation_file == home.folder / "again.validation.jsonl"
    assert one.validation_file.read_bytes() == two.validation_file.read_bytes()
    assert (one.train_file.parent / "card.md").read_text().startswith(f"# Data set {one.id}")


async def test_two_builds_at_once_both_come_through(home: _Home) -> None:
    """One waits for the other; nothing is left over."""
    for fact in range(4):
        await home.rate(await home.turn(fact))
    desk = home.desk()
    made = await asyncio.gather(desk.build(Format.SFT), desk.build(Format.SFT))
    assert made[0].digest == made[1].digest
    left = {path.name for path in (home.folder / "datasets").rglob("*") if path.is_file()}
    assert left == {"train.jsonl", "validation.jsonl", "card.json", "card.md"}


async def test_one_class_alone_is_no_set_of_thumbs(home: _Home) -> None:
    """KTO needs both; the sentence says which one is missing."""
    await home.rate(await home.turn(0))
    with pytest.raises(TrainingError, match="All 1 usable answers were liked"):
        await home.desk().build(Format.KTO)
    with pytest.raises(TrainingError, match="nothing to prefer"):
        await home.desk().build(Format.DPO)


async def test_nothing_rated_is_said(home: _Home) -> None:
    """One sentence, and no data set."""
    with pytest.raises(TrainingError, match="no answer was rated"):
        await home.desk().build(Format.SFT)
    with pytest.raises(NotFoundError, match="No data set was built yet"):
        await home.desk().show()


def _write_after(file: IO[bytes]) -> None:
    file.write(b"after")


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    """What was there before stays as it was."""
    kept, full = tmp_path / "train.jsonl", tmp_path / "validation.jsonl"
    kept.write_text("before")

    def fill(file: IO[bytes]) -> None:
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DiskFullError, match=r"validation\.jsonl"):
        publish({kept: _write_after, full: fill})
    assert kept.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["train.jsonl"]


@pytest.mark.parametrize("name", ["missing/train.jsonl", "folder"])
async def test_a_file_that_cannot_be_written_is_refused_at_once(home: _Home, name: str) -> None:
    """Before anything is read."""
    (home.folder / "folder").mkdir()
    with pytest.raises(UsageError, match="folder"):
        await home.desk().build(Format.SFT, home.folder / name)


async def test_turns_of_postgres_are_read_alike(database: Database, tmp_path: Path) -> None:
    """Batches, reviews and rewrites on both databases."""
    home = _Home(database, tmp_path)
    for fact in range(6):
        await home.rate(await home.turn(fact))
    assert len(await home.lines()) == 6
    assert set(words(_FACTS[0][1])) <= set(words(json.dumps(await home.lines())))
