"""From what a live source sent to sentences: ``Price of AX-100: 49.00 EUR.`` Pure.

Whatever the JSON or the row looks like, it becomes labelled values; what is no business of an asker
(keys, tokens, internal addresses) is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from bot.guardrails import clean
from bot.lexical import terms
from bot.orders import without_orders
from bot.ports import LiveFigure
from knowledge.live.amounts import CURRENCIES, amounts, unit_of
from knowledge.live.topics import TOPICS
from knowledge.sources.addresses import is_public

MOST_ROWS = 5
MOST_FIELDS = 12
_MOST_SAID = 6
_LONGEST = 300  # characters of one value
_DEEPEST = 4

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_HIDDEN = re.compile(
    r"^_|passw|secret|token|api.?key|credential|session|signature|^(?:links?|href|self|etag|hash"
    r"|uuid|guid|object|cost_price|purchase_price|margin)$",
    re.IGNORECASE,
)
_CURRENCY = re.compile(
    r"^(?:price.?)?(?:currency(?:.?code)?|curr|w[aä]hrung|devise|moneda)$", re.IGNORECASE
)
_COUNT = re.compile(
    r"^(?:(?:in|units? in) ?stock|stock(?: (?:level|quantity|qty|count))?|quantity|qty|inventory"
    r"|on hand|available|available quantity|units?)$"
)
_UNITS_IN_STOCK = "units in stock"
_BY_FIELD = frozenset({"price", "stock"})
_FAULT = frozenset({"error", "errors", "fault", "exception"})
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://\S+|\bwww\.\S+", re.IGNORECASE)
_INNER_NAME = re.compile(r"(?:^[^.]*$|\.(?:local|localhost|internal|intranet|lan|corp|home|test)$)")


@dataclass(frozen=True, slots=True)
class Field:
    """A labelled value. ``topics`` are what it tells of, ``number`` its amount where it is one."""

    label: str
    value: str
    topics: frozenset[str]
    number: Decimal | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What a source told, as a passage's text; ``spans`` are the sentences that were asked for."""

    text: str
    spans: tuple[tuple[int, int], ...]
    figures: tuple[LiveFigure, ...]


def parse(content: bytes) -> Any:
    """JSON with numbers as they are written. Raises ValueError."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no number")

    try:
        return json.loads(content, parse_float=Decimal, parse_constant=refuse)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def is_fault(data: Any) -> bool:
    """Whether an answer holds nothing but the report of an error."""
    return (
        isinstance(data, dict)
        and bool(data)
        and data.keys() & _FAULT != set()
        and all(
            k in _FAULT | {"message", "status", "code", "detail", "ok", "success"} for k in data
        )
    )


def rows(data: Any, values: Sequence[str]) -> list[list[Field]]:
    """The labelled values of an answer, a list a row; empty rows are left out. ``values`` are what
    it was asked with, which need not be repeated."""
    for _ in range(_DEEPEST):
        if isinstance(data, dict) and len(data) == 1:
            (inner,) = data.values()
            if isinstance(inner, dict) or _is_listing(inner):
                data = inner
                continue
        if isinstance(data, list) and len(data) == 1:
            data = data[0]
            continue
        break
    listed = data if isinstance(data, list) else [data]
    asked = {v.casefold() for v in values}
    found = [_fields(entry, asked) for entry in listed]
    return [fields for fields in found if fields]


def _is_listing(data: Any) -> bool:
    return isinstance(data, list) and all(isinstance(entry, dict) for entry in data)


def _fields(entry: Any, asked: set[str]) -> list[Field]:
    flat = list(_flat(entry, ()))[: 4 * MOST_FIELDS]
    currency = next((str(v) for path, v in flat if path and _CURRENCY.match(path[-1])), "")
    currency = currency if unit_of(currency) in CURRENCIES or len(currency) == 3 else ""
    out = []
    for path, value in flat:
        if path and (_CURRENCY.match(path[-1]) and currency):
            continue
        if any(_HIDDEN.search(key) for key in path) or str(value).casefold() in asked:
            continue
        if field := _field(path, value, currency):
            out.append(field)
    return out[:MOST_FIELDS]


def _flat(entry: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The scalars of an entry with the keys that lead to them."""
    if isinstance(entry, Mapping):
        if len(path) < _DEEPEST:
            for key, value in entry.items():
                yield from _flat(value, (*path, str(key)[:60]))
    elif isinstance(entry, list):
        plain = [str(v) for v in entry if isinstance(v, str | int | Decimal) and v is not True]
        if plain and len(plain) == len(entry):
            yield path, ", ".join(plain[:MOST_ROWS])
    else:
        yield path, entry


def _field(path: tuple[str, ...], value: Any, currency: str) -> Field | None:
    label = _label(path)
    topics = frozenset(t.name for t in TOPICS if t.told.search(label))
    number, unit = None, ""
    if isinstance(value, bool):
        said = "yes" if value else "no"
    elif isinstance(value, int | float | Decimal):
        number = Decimal(str(value))
        if not number.is_finite():
            return None
        priced = "price" in topics
        said = _number(number, priced=priced)
        if priced and currency:
            unit = unit_of(currency)
            said = f"{said} {currency}"
        elif _COUNT.match(label):
            label, unit = _UNITS_IN_STOCK, "unit"
            topics |= {"stock"}
    else:
        said = _words(value)
        found = amounts(said)
        if len(found) == 1 and found[0].end - found[0].start >= len(said) - 1:
            if len(found[0].readings) == 1:
                (number,), unit = found[0].readings, found[0].unit
            if "price" in topics and currency and not unit:
                said, unit = f"{said} {currency}", unit_of(currency)
    return Field(label, said, topics, number, unit) if said else None


def _label(path: tuple[str, ...]) -> str:
    """``inStock`` and ``units_in_stock`` in words, in lower case."""
    spaced = (_CAMEL.sub(" ", key).replace("_", " ").replace("-", " ") for key in path)
    said = " ".join(" ".join(clean(part).split()) for part in spaced).lower()
    return re.sub(r"[^\w %/()&+.]", "", said).strip()[:80]


def _number(number: Decimal, *, priced: bool) -> str:
    """As it was written; a price with a fraction has two places."""
    if (priced and number != number.to_integral_value()) or "." in str(number):
        places = -int(number.as_tuple().exponent)
        if priced and places < 2:
            return f"{number:.2f}"
    return f"{number:f}"


def _words(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes")
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, bytes | bytearray | memoryview):
        return ""
    said = " ".join(clean(without_orders(str(value))).split())[:_LONGEST]
    said = _ADDRESS.sub(lambda m: m.group() if _may_show(m.group()) else "", said)
    return " ".join(said.split())


def _may_show(address: str) -> bool:
    """Whether an address in an answer is one of the open web, like a parcel's tracking page."""
    try:
        parts = urlsplit(address if "://" in address else f"https://{address}")
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or parts.username or parts.password:
        return False
    if re.fullmatch(r"[\d.]+|[\da-f:.%]*:[\da-f:.%]*", host, re.IGNORECASE):
        return is_public(host)
    return not _INNER_NAME.search(host)


# -- in sentences ---------------------------------------------------------------------------------


_PLACES = (" on", " at", " by", " in", " from", " to", " until", " since", " for")


def told(
    found: Sequence[Sequence[Field]],
    subject: str,
    stamp: str,
    topics: frozenset[str],
    said: frozenset[str],
) -> Told:
    """The sentences about ``subject`` ("AX-100"); one row: one for each value, more: one a row."""
    shown = found[:MOST_ROWS]
    if len(shown) == 1:
        chosen = _asked_for(shown[0], topics, said)
        sentences = [(_sentence(f, subject), f in chosen) for f in shown[0]]
    else:
        sentences = [(_line(fields, subject), True) for fields in shown]
    text, spans = "", []
    for sentence, wanted in sentences:
        start = len(text) + bool(text)
        text += (" " if text else "") + sentence
        if wanted:
            spans.append((start, len(text)))
    if len(found) > len(shown):
        text += f" And {len(found) - len(shown)} more."
    text += f" As of {stamp}."
    return Told(text, tuple(spans), _figures(shown, topics, said))


def _asked_for(
    fields: Sequence[Field], topics: frozenset[str], said: frozenset[str]
) -> list[Field]:
    """The values that a question asks for; the first few where none stands out."""
    if topics - _BY_FIELD:
        return list(fields)[:_MOST_SAID]  # a state is told by all that is known of it
    chosen = [f for f in fields if f.topics & topics or said & set(terms(f.label))]
    return (chosen or list(fields))[:_MOST_SAID]


def _sentence(field: Field, subject: str) -> str:
    if subject and field.label.endswith(_PLACES):  # "order 7 arrives on: …"
        return _ended(f"{subject[:1].upper()}{subject[1:]} {field.label}: {field.value}")
    label = field.label[:1].upper() + field.label[1:]
    of = f" of {subject}" if subject and label else subject
    return _ended(f"{label}{of}: {field.value}" if label or of else field.value)


def _line(fields: Sequence[Field], subject: str) -> str:
    values = ", ".join(f"{f.label} {f.value}".strip() for f in fields)
    return _ended(f"{subject}: {values}" if subject else values)


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."


def _figures(
    shown: Sequence[Sequence[Field]], topics: frozenset[str], said: frozenset[str]
) -> tuple[LiveFigure, ...]:
    """The price and the stock, where a single row names one of them once."""
    if len(shown) != 1:
        return ()
    chosen = _asked_for(shown[0], topics, said)
    out = []
    for kind in ("price", "stock"):
        numbers = [
            (f, f.number)
            for f in shown[0]
            if kind in f.topics
            and f.number is not None
            and (kind == "price" or f.label == _UNITS_IN_STOCK)
        ]
        if len(numbers) == 1:
            field, number = numbers[0]
            out.append(LiveFigure(kind, number, field.unit, field in chosen))
    return tuple(out)
