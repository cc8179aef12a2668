"""What the style classifier learns from: whose words, which turns, and how many are missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.conversation import Author, Feedback, Outcome, Platform, Rating, Route, RouteDecision
from bot.errors import MissingFileError, NotFoundError, TrainingError, UsageError
from bot.evidence import Chunk, Passage
from bot.ports import LIVE
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.consent import ConsentLedger
from bot.store.feedback import FeedbackBook
from bot.store.forgetting import FILES
from bot.store.history import History
from bot.store.rewrites import RewriteBook
from persona.book import PersonaBook, StyleBook
from persona.profile import Persona, Sample
from persona.style_learning import learn, of_file, of_persona, of_turns, usable
from persona.style_model import LEAST, Example, train
from tests.platforms.turns import turn_of
from tests.unit.persona.style_examples import LetterEmbedder, examples

PERSONA = Persona(
    name="Fern", samples=(Sample("Hi", "Hello there.", "Greetings."), Sample("Bye", "See you."))
)
READER = Author(Platform.SLACK, "U1")


async def answered(database: Database, number: int, answer: str, **changes: object) -> str:
    turn = turn_of(answer, id=f"t{number}", thread=f"thread{number}", **changes)
    await History(database, AuditTrail(database)).record(turn)
    return turn.id


async def rated(database: Database, turn: str, rating: Rating, author: Author = READER) -> None:
    await FeedbackBook(database).rate(Feedback(turn=turn, author=author, rating=rating))


def passage(source: str) -> Passage:
    chunk = Chunk("c1", "d", source, "1", 0, "D", (), "It costs 5.", 0, 11, "")
    return Passage(chunk, 1.0)


def test_samples_of_the_persona_are_examples() -> None:
    """Each sample gives what is said and, where it is there, what is not."""
    found = of_persona(PERSONA)
    assert [(e.text, e.on_voice) for e in found] == [
        ("Hello there.", True),
        ("Greetings.", False),
        ("See you.", True),
    ]


async def test_rated_answers_teach_as_everybody_agrees(database: Database) -> None:
    """Thumbs give the bot's own answer; where people disagree it teaches nothing."""
    for number, thumbs in enumerate(
        [(Rating.UP,), (Rating.DOWN,), (Rating.UP, Rating.DOWN), ()], start=1
    ):
        turn = await answered(database, number, f"Answer {number}.")
        for who, rating in enumerate(thumbs):
            await rated(database, turn, rating, Author(Platform.SLACK, f"U{who}"))
    found = await of_turns(database)
    assert {(e.text, e.on_voice, e.origin) for e in found} == {
        ("Answer 1.", True, "ratings"),
        ("Answer 2.", False, "ratings"),
    }
    assert all(e.weight < 1 for e in found)


async def test_an_operators_rewrite_teaches_both_sides(database: Database) -> None:
    """The rewrite is in the voice, the answer before it a little off; a rejected turn is out."""
    book = RewriteBook(database, AuditTrail(database))
    first = await answered(database, 1, "It is to be noted.")
    second = await answered(database, 2, "Fine as it was.")
    third = await answered(database, 3, "Wrong.")
    await book.approve(first, by="web:op", text="Note it.")
    await book.approve(second, by="web:op")
    await book.reject(third, by="web:op")
    await rated(database, third, Rating.UP)
    found = {(e.text, e.on_voice) for e in await of_turns(database)}
    assert found == {
        ("Note it.", True),
        ("It is to be noted.", False),
        ("Fine as it was.", True),
    }


async def test_what_was_approved_is_learned_from_before_what_was_rated(database: Database) -> None:
    """Where there is too much, the first count: approved answers, then the latest ratings."""
    approved, early, late = [await answered(database, n, f"Answer {n}.") for n in (1, 2, 3)]
    await RewriteBook(database, AuditTrail(database)).approve(approved, by="web:op")
    await rated(database, early, Rating.UP)
    await rated(database, late, Rating.DOWN)
    found = [example.text for example in await of_turns(database)]
    assert found == ["Answer 1.", "Answer 3.", "Answer 2."]


async def test_live_facts_files_and_refusals_teach_nothing(database: Database) -> None:
    """Nothing fetched, nothing attached, and no answer that was none."""
    changes: list[dict[str, object]] = [
        {"route": RouteDecision(Route.LIVE, 1.0, ())},
        {"passages": (passage(LIVE),)},
        {"passages": (passage(FILES),)},
        {"outcome": Outcome.ABSTAINED},
    ]
    for number, change in enumerate(changes):
        await rated(database, await answered(database, number, f"A {number}.", **change), Rating.UP)
    plain = await answered(database, 9, "From a document.", passages=(passage("docs"),))
    await rated(database, plain, Rating.UP)
    assert [e.text for e in await of_turns(database)] == ["From a document."]


async def test_who_opted_out_teaches_nothing(database: Database) -> None:
    """Silence counts as the setting says; a choice counts in any case."""
    turn = await answered(database, 1, "Fine.")
    await rated(database, turn, Rating.UP)
    assert len(await of_turns(database)) == 1
    assert await of_turns(database, opt_in=True) == []
    await ConsentLedger(database).choose(READER.key, False)
    assert await of_turns(database) == []
    await ConsentLedger(database).choose(READER.key, True)
    assert len(await of_turns(database, opt_in=True)) == 1


def test_a_file_gives_one_side_or_both(tmp_path: Path) -> None:
    """A line holds either key or both, a text or a list."""
    path = tmp_path / "style.jsonl"
    path.write_text('{"on_voice": ["A b.", "C d."]}\n\n{"on_voice": "E", "off_voice": "F"}\n')
    found = of_file(path)
    assert [(e.text, e.on_voice) for e in found] == [
        ("A b.", True),
        ("C d.", True),
        ("E", True),
        ("F", False),
    ]
    assert found[2].group == found[3].group


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"text": "x"}', '{"on_voice": 5}', '{"on_voice": [1]}']
)
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    """One sentence with the file and the line."""
    path = tmp_path / "style.jsonl"
    path.write_text('{"on_voice": "A"}\n' + line + "\n")
    with pytest.raises(UsageError, match=r"style\.jsonl:2"):
        of_file(path)
    with pytest.raises(MissingFileError):
        of_file(tmp_path / "none.jsonl")


def test_each_text_counts_once() -> None:
    """The same words again, markers aside, and texts without words are left out."""
    same = [Example("It works. [1]", True), Example("it  works.", True), Example("[1]", True)]
    assert [e.text for e in usable(same)] == ["It works."]


async def test_too_few_says_how_many_are_missing() -> None:
    """One sentence, for either kind."""
    with pytest.raises(TrainingError, match=f"{LEAST - 2} more in the voice and {LEAST - 1} more"):
        await learn(of_persona(PERSONA), None)
    one_kind = [e for e in examples(20) if e.on_voice]
    with pytest.raises(TrainingError, match=f"needs {LEAST} more off the voice"):
        await learn(one_kind, None)


async def test_learning_reports_its_progress() -> None:
    """The embedder is asked in slices, and the last word is all of them."""
    heard: list[tuple[int, int]] = []
    model = await learn(examples(20), LetterEmbedder(), lambda *done: heard.append(done))
    assert model.embedder == "letters"
    assert heard == [(32, 40), (40, 40)]


async def test_versions_are_kept_with_their_classifier(database: Database) -> None:
    """Each content once, by its version; a classifier takes the place of the one before."""
    trail = AuditTrail(database)
    personas, styles = PersonaBook(database), StyleBook(database, trail)
    await personas.keep(PERSONA)
    await personas.keep(PERSONA)
    await personas.keep(Persona(name="Other"))
    assert await styles.of(PERSONA.version) is None
    await styles.keep(PERSONA.version, train(examples(5)))
    await styles.keep(PERSONA.version, train(examples(6)), by="terminal:operator")
    told = [entry.content for entry in await trail.listing(kind="operator")]
    assert [each["actor"] for each in told] == ["", "terminal:operator"]
    listed = {each.version: each for each in await personas.listing()}
    assert len(listed) == 2
    figures = listed[PERSONA.version].figures
    assert figures is not None and figures["on_voice"] == 6
    assert (await personas.get(PERSONA.version)).content["samples"][0]["question"] == "Hi"
    assert await styles.of(PERSONA.version) is not None
    assert await styles.at(PERSONA.version) is not None
    with pytest.raises(NotFoundError):
        await personas.get("nope")
