"""Suites that were evaluated and data sets that were built are remembered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.errors import NotFoundError
from bot.store.base import Database
from persona.datasets import Dataset, DatasetBook, Lineage
from persona.suites import SuiteBook

_SET = Dataset(
    id="dataset1",
    format="sft",
    persona="Juniper@1",
    examples=2,
    train=1,
    validation=1,
    dropped={"duplicate": 3},
    card={"tokens": 12},
    digest="abc",
    train_file=Path("/somewhere/train.jsonl"),
    validation_file=Path("/somewhere/validation.jsonl"),
    at=datetime(2026, 1, 1, tzinfo=UTC),
)
_LINES = [
    Lineage("train", 0, "t1", "slack:U1"),
    Lineage("validation", 0, "t2", "web:1", "slack:U1"),
]


async def test_questions_of_suites_come_back_once(database: Database) -> None:
    """A suite that is kept twice, and two that share a question, give each question once."""
    book = SuiteBook(database)
    await book.keep("d1", "smoke", "smoke.jsonl", ["How long?", " How long? ", "", "Why?"])
    await book.keep("d1", "smoke", "moved.jsonl", ["Else?"])
    await book.keep("d2", "more", "more.jsonl", ["Why?"])
    assert await book.questions() == ["How long?", "Why?"]


async def test_a_data_set_comes_back_as_it_was_kept(database: Database) -> None:
    """Files, counts and card survive the database."""
    book = DatasetBook(database)
    await book.add(_SET, _LINES)
    assert await book.get("dataset1") == _SET
    assert await book.examples("dataset1") == _LINES
    assert await book.turns("dataset1") == ["t1", "t2"]


async def test_the_newest_of_a_format_is_found(database: Database) -> None:
    """The last one built counts, of the format that is asked for."""
    book = DatasetBook(database)
    later = replace(_SET, id="dataset2", at=_SET.at + timedelta(days=1))
    for each in (_SET, later, replace(later, id="dataset3", format="kto")):
        await book.add(each, [])
    newest = await book.newest("sft")
    assert newest is not None
    assert newest.id == "dataset2"
    assert await book.newest("dpo") is None
    assert [each.id for each in await book.listing()] == ["dataset3", "dataset2", "dataset1"]


async def test_lines_of_a_person_are_found(database: Database) -> None:
    """Both who asked and whose words are taught."""
    book = DatasetBook(database)
    await book.add(_SET, _LINES)
    assert await book.with_person("slack:U1") == {"dataset1": _LINES}
    assert await book.with_person("web:1") == {"dataset1": _LINES[1:]}


async def test_an_unknown_data_set_is_not_found(database: Database) -> None:
    """The error says so."""
    with pytest.raises(NotFoundError, match="data set"):
        await DatasetBook(database).get("dataset9")
