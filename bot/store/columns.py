"""Column types: the door through which every value enters and leaves the database."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

_SURROGATE = re.compile("[\ud800-\udfff]")
_REPLACEMENT = "\ufffd"


def clean(text: str) -> str:
    """The text without what no database takes: U+0000 and lone surrogates become U+FFFD.

    The length stays, so spans into the text stay true.
    """
    if "\0" in text:
        text = text.replace("\0", _REPLACEMENT)
    if text.isascii():
        return text
    return _SURROGATE.sub(_REPLACEMENT, text)


def _clean_all(value: object) -> object:
    """As :func:`clean`, for every text inside a value; dataclasses become dictionaries."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(str(k)): _clean_all(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_clean_all(v) for v in value]
    if isinstance(value, set | frozenset):
        return sorted(clean(v) for v in value)
    if is_dataclass(value):
        return {f.name: _clean_all(getattr(value, f.name)) for f in fields(value)}
    return value


def _plain(value: object) -> object:
    """What orjson does not know: sets become sorted lists, numpy's numbers become Python's."""
    if isinstance(value, set | frozenset):
        return sorted(value)
    if hasattr(value, "__float__"):
        return float(value)
    raise TypeError(f"{type(value).__name__} cannot be stored as JSON")


def to_json(value: object, *, canonical: bool = False) -> str:
    """Compact JSON that every database takes; ``canonical``: keys sorted.

    Dataclasses become objects, sets sorted lists; a number that is not finite becomes null.
    """
    options = orjson.OPT_SORT_KEYS if canonical else 0
    try:
        text = orjson.dumps(value, default=_plain, option=options).decode()
    except TypeError:  # a lone surrogate, or no data at all: then it fails again
        return orjson.dumps(_clean_all(value), default=_plain, option=options).decode()
    if "\\u0000" in text:
        text = orjson.dumps(_clean_all(orjson.loads(text)), option=options).decode()
    return text


class Words(TypeDecorator[str]):
    """Text as people write it, cleaned on the way in."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else clean(value)


def text_column(name: str) -> sa.Column[str]:
    """A text that is always there."""
    return sa.Column(name, Words, nullable=False)


class Json(TypeDecorator[Any]):
    """A value as compact JSON in a text column: the same bytes on every database.

    JSONB would sort keys and refuse U+0000; nothing here is searched by what is inside.
    """

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else to_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        return None if value is None else orjson.loads(value)


class Moment(TypeDecorator[datetime]):
    """A timezone-aware moment, kept in UTC to the microsecond. A naive one is refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no timezone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A growing row number; SQLite numbers rows by itself only where the type is INTEGER."""
