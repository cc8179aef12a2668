"""The door of the database: what text, JSON and moments become on the way in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import orjson
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from bot.store.base import Database
from bot.store.columns import Json, Moment, Words, clean, to_json

_any_text = st.text(st.characters(codec=None))

_sample = sa.Table(
    "sample",
    sa.MetaData(),
    sa.Column("words", Words),
    sa.Column("data", Json),
    sa.Column("moment", Moment),
)


@given(_any_text)
def test_clean_text_can_be_encoded_and_keeps_its_length(text: str) -> None:
    """Cleaned text has no NUL and no lone surrogate, and every span into it stays true."""
    cleaned = clean(text)
    assert len(cleaned) == len(text)
    assert "\0" not in cleaned
    assert cleaned.encode().decode() == cleaned
    assert clean(cleaned) == cleaned


@given(st.recursive(_any_text | st.integers(-(2**53), 2**53) | st.none(), st.lists))
def test_json_is_what_cleaning_the_texts_would_give(value: Any) -> None:
    """JSON holds no NUL and no surrogate, whatever the value holds."""

    def cleaned(part: Any) -> Any:
        if isinstance(part, list):
            return [cleaned(p) for p in part]
        return clean(part) if isinstance(part, str) else part

    text = to_json(value)
    assert orjson.loads(text) == cleaned(value)


@dataclass(frozen=True)
class _Holder:
    text: str
    groups: frozenset[str]


def test_json_takes_dataclasses_sets_and_numpy_numbers() -> None:
    """Dataclasses become objects, sets sorted lists, numpy's numbers plain ones, NaN null."""
    value = [_Holder("a\ud800\0", frozenset({"z", "a"})), np.float32(0.5), float("nan")]
    assert orjson.loads(to_json(value)) == [
        {"text": "a\ufffd\ufffd", "groups": ["a", "z"]},
        0.5,
        None,
    ]


def test_json_refuses_what_it_does_not_know() -> None:
    """An object that is no data is refused rather than stored as something else."""
    with pytest.raises(TypeError):
        to_json({"a": object()})


async def test_values_come_back_as_they_went_in(database: Database) -> None:
    """Moments keep their microseconds in UTC, texts and JSON come back, on every database."""
    berlin = timezone(timedelta(hours=2))
    moment = datetime(2026, 7, 1, 12, 30, 15, 123456, berlin)
    row = {"words": "naïve \0 😀", "data": {"b": [1, "ü"], "a": None}, "moment": moment}

    def op(connection: sa.Connection) -> Any:
        _sample.create(connection)
        connection.execute(sa.insert(_sample), row)
        return connection.execute(sa.select(_sample)).one()

    found = await database.write(op)
    assert found.words == "naïve \ufffd 😀"
    assert found.data == row["data"]
    assert found.moment == moment
    assert found.moment.tzinfo is UTC


async def test_a_moment_without_timezone_is_refused(sqlite_database: Database) -> None:
    """A naive moment is a mistake of the program and is never stored."""

    def op(connection: sa.Connection) -> None:
        _sample.create(connection)
        connection.execute(sa.insert(_sample), {"moment": datetime(2026, 1, 1)})  # noqa: DTZ001

    with pytest.raises(Exception, match="no timezone"):
        await sqlite_database.write(op)
