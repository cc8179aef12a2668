"""What of an answer still stands where some of its sentences are left out.

A heading, a "Do this:" or the head of a table says nothing without what it leads into, a table
without its head is none, and "It weighs 900 g" is about something else once the sentence before it
is gone. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from bot.sentences import Unit

T = TypeVar("T")

NOTHING_FOLLOWS = "nothing was left of what it leads into"
HEADLESS = "the head of its table was left out"
LEANS = "it leans on a sentence that was left out"

_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*")
_LEANING = re.compile(
    r"\s*(?:(?:and|but|so|also|then|however|besides|in addition|und|aber|außerdem),?\s+)?"
    r"(?:it|its|it['’]s|they|their|them|this|that|these|those|he|she|his|her|both"
    r"|the (?:latter|former|same)|es|dies\w*|dabei|damit|dafür|beide)\b",
    re.IGNORECASE,
)


def leads(unit: Unit, text: str) -> bool:
    """Whether a unit only leads into what follows it."""
    if unit is Unit.HEADING:
        return True
    return unit in (Unit.PROSE, Unit.ITEM) and text.rstrip(" *_").endswith(":")


@dataclass(frozen=True, slots=True)
class Fate(Generic[T]):
    """A unit that is shown, or is left out because of others: ``finding`` says why in words; empty
    for one that did not pass by itself."""

    item: T
    shown: bool
    finding: str = ""


class _Table(Enum):
    """Where in a table it is."""

    OUTSIDE = "outside"
    BEGUN = "begun"
    """One row stands: a head if a rule follows."""
    BEGUN_WITHOUT = "begun without"
    """The same, but the row did not pass."""
    INSIDE = "inside"
    HEADLESS = "headless"


class Standing(Generic[T]):
    """Takes the units of an answer in order, and gives them back as soon as it is certain whether
    they are shown."""

    def __init__(self) -> None:
        self._leading: list[T] = []
        self._row: T | None = None  # the first of a table, held until the next line is known
        self._table = _Table.OUTSIDE
        self._head = False  # the head of a table waits for its first row
        self._lost: Unit | None = None  # what was left out since something was shown
        self._shown = False

    def take(self, item: T, text: str, unit: Unit, *, passed: bool) -> list[Fate[T]]:
        """The next unit, and whether it passed the check."""
        text = text.strip()
        if unit is Unit.ROW:
            return list(self._take_row(item, text, passed=passed))
        fates = list(self._end_table())
        return [*fates, *self._take(item, text, unit, passed=passed)]

    def end(self) -> list[Fate[T]]:
        """Nothing follows."""
        return [*self._end_table(), *self._drop_leading()]

    def _take(self, item: T, text: str, unit: Unit, *, passed: bool) -> Iterator[Fate[T]]:
        if not passed:
            self._lost = unit
            yield Fate(item, shown=False)
        elif leads(unit, text):
            if self._lost is not None:
                yield from self._drop_leading()
            self._lost = None
            self._leading.append(item)
        elif self._lost in (Unit.PROSE, Unit.ITEM) and self._shown and _LEANING.match(text):
            yield Fate(item, shown=False, finding=LEANS)
        else:
            if self._lost not in (None, unit):
                yield from self._drop_leading()  # it led into what was lost, not into this
            yield from self._show(item)

    def _show(self, item: T) -> Iterator[Fate[T]]:
        for each in (*self._leading, item):
            yield Fate(each, shown=True)
        self._leading.clear()
        self._head = False
        self._lost, self._shown = None, True

    def _drop_leading(self) -> Iterator[Fate[T]]:
        for each in self._leading:
            yield Fate(each, shown=False, finding=NOTHING_FOLLOWS)
        self._leading.clear()
        self._head = False

    def _take_row(self, item: T, text: str, *, passed: bool) -> Iterator[Fate[T]]:
        is_rule = bool(_RULE.fullmatch(text))
        table = self._table
        if table is _Table.OUTSIDE:
            self._table = _Table.BEGUN if passed else _Table.BEGUN_WITHOUT
            if passed:
                self._row = item
                return
        elif table is _Table.BEGUN and is_rule and self._row is not None:
            row, self._row = self._row, None
            if not passed:  # a head without its rule is none
                self._table = _Table.HEADLESS
                yield Fate(row, shown=False, finding=HEADLESS)
                yield Fate(item, shown=False)
                return
            self._table, self._head = _Table.INSIDE, True
            self._leading += [row, item]
            return
        elif table is _Table.HEADLESS or (table is _Table.BEGUN_WITHOUT and is_rule):
            self._table = _Table.HEADLESS
            yield Fate(item, shown=False, finding=HEADLESS)
            return
        else:
            yield from self._row_alone()
            self._table = _Table.INSIDE
        yield from self._take(item, text, Unit.ROW, passed=passed)

    def _row_alone(self) -> Iterator[Fate[T]]:
        """The row that is held was no head."""
        if self._row is not None:
            row, self._row = self._row, None
            yield from self._take(row, "", Unit.ROW, passed=True)

    def _end_table(self) -> Iterator[Fate[T]]:
        yield from self._row_alone()
        if self._head:  # no row followed
            yield from self._drop_leading()
        self._table = _Table.OUTSIDE
