"""Questions to groups of one topic, one after the other as they come. Pure: values in, values out.

A question joins the group whose mean vector is nearest, where it is near enough and its words do
not speak against it; else it begins a group. Groups that have grown together become one: the known
one keeps its id, of two the larger. Leader clustering (Hartigan, "Clustering Algorithms", 1975) on
running means; figures from ``benchmarks/bench_gaps.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.lexical import query_terms
from bot.ports import Vectors

NEAR = 0.60
"""Least cosine to a group's mean. Of 0.5 to 0.75 the one from which on a group is mostly about one
thing in sets of three kinds, since one answer is to be written for all of it."""

NEAR_WITHOUT_WORDS = 0.70
"""The same for a question that shares no telling word with the group's first one."""

SAME = 0.80
"""Least cosine between the means of two groups that become one."""

_SHORTLIST = 3

_HAS_DIGIT = re.compile(r"\d")
_LONG = re.compile(r"\d{5,}")

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Words:
    """What of a question's words decides: its telling terms, and the codes and numbers in it.

    A number of five digits and more is somebody's order or phone, not what the question is about.
    """

    terms: frozenset[str]
    codes: frozenset[str]

    @classmethod
    def of(cls, text: str) -> Words:
        terms = frozenset(query_terms(text))
        return cls(terms, frozenset(t for t in terms if _HAS_DIGIT.search(t)) - _long(terms))

    def disagrees(self, other: Words) -> bool:
        """Whether both name codes or numbers, and none of them is the same."""
        return bool(self.codes and other.codes) and self.codes.isdisjoint(other.codes)


@dataclass(frozen=True, slots=True)
class Known:
    """A group as it was stored: the mean of ``weighed`` unit vectors. One that is not ``open``
    takes questions in, but never becomes one with another."""

    id: str
    mean: Floats
    weighed: int
    open: bool = True


@dataclass(frozen=True, slots=True)
class Item:
    """A question to be placed: its turn, its unit vector, its words."""

    turn: str
    vector: Floats
    words: Words


@dataclass(frozen=True, slots=True)
class Changed:
    """A group that got questions; ``leader`` is the turn that began it, empty for a known one."""

    id: str
    mean: Floats
    weighed: int
    leader: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where questions went: turn to group, the groups as they are now, and ``merged``: (gone,
    the one that took it in), in order."""

    turns: Mapping[str, str]
    groups: tuple[Changed, ...]
    merged: tuple[tuple[str, str], ...] = ()


class Grouper:
    """The groups while questions are placed. ``new_id`` makes ids that sort by their time."""

    def __init__(self, known: Sequence[Known], new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self._ids = [group.id for group in known]
        self._at = {id_: row for row, id_ in enumerate(self._ids)}
        self._open = [group.open for group in known]
        self._weighed = [group.weighed for group in known]
        self._leaders = [""] * len(known)
        self._words: dict[int, Words] = {}
        self._gone: set[int] = set()
        means = [np.asarray(group.mean, np.float32) for group in known]
        self._means = np.stack(means) if means else np.zeros((0, 0), np.float32)
        self._units = _unit(self._means)

    def shortlist(self, vectors: Vectors) -> list[str]:
        """The groups that some of the questions may belong to: their words are wanted."""
        if not self._ids or not len(vectors):
            return []
        nearness = self._units[: len(self._ids)] @ vectors.T
        rows: set[int] = set()
        for column in nearness.T:
            rows.update(row for row in _best(column) if column[row] >= NEAR)
        return [self._ids[row] for row in sorted(rows)]

    def learn(self, words: Mapping[str, Words]) -> None:
        """The words of groups' first questions, by group."""
        self._words.update({self._at[id_]: said for id_, said in words.items()})

    def place(self, items: Sequence[Item]) -> Placed:
        """Each question into a group, in order; then groups that have grown together."""
        if not items:
            return Placed({}, ())
        vectors = np.stack([item.vector for item in items]).astype(np.float32)
        known = len(self._ids)
        self._make_room(len(items), vectors.shape[1])
        before = self._units[:known] @ vectors.T
        touched: dict[int, None] = {}
        homes: dict[str, int] = {}
        for item, vector, nearness in zip(items, vectors, before.T, strict=True):
            now = np.concatenate([nearness, self._units[known : len(self._ids)] @ vector])
            moved = [row for row in touched if row < known]
            now[moved] = self._units[moved] @ vector
            row = self._home(item, now)
            if row is None:
                row = self._begin(item)
            self._take(row, vector)
            touched[row] = None
            homes[item.turn] = row
        merged = self._merge(touched)
        into = {gone: kept for gone, kept, *_ in merged}
        return Placed(
            {turn: self._ids[_end(row, into)] for turn, row in homes.items()},
            tuple(self._changed(row) for row in touched if row not in self._gone),
            tuple((self._ids[gone], self._ids[kept]) for gone, kept in merged),
        )

    # -- parts ------------------------------------------------------------------------------------

    def _home(self, item: Item, nearness: Floats) -> int | None:
        for row in _best(nearness):
            said = self._words.get(row)
            needed = NEAR
            if said is not None:
                if item.words.disagrees(said):
                    continue
                if item.words.terms.isdisjoint(said.terms):
                    needed = NEAR_WITHOUT_WORDS
            if nearness[row] >= needed:
                return row
        return None

    def _begin(self, item: Item) -> int:
        row = len(self._ids)
        self._ids.append(self._new_id())
        self._at[self._ids[row]] = row
        self._open.append(True)
        self._weighed.append(0)
        self._leaders.append(item.turn)
        self._words[row] = item.words
        return row

    def _take(self, row: int, vector: Floats) -> None:
        count = self._weighed[row]
        self._means[row] = (self._means[row] * count + vector) / (count + 1)
        self._weighed[row] = count + 1
        self._units[row] = _unit(self._means[row : row + 1])[0]

    def _make_room(self, more: int, dimensions: int) -> None:
        room = np.zeros((more, dimensions), np.float32)
        n = len(self._ids)
        self._means = np.concatenate([self._means[:n].reshape(n, dimensions), room])
        self._units = np.concatenate([self._units[:n].reshape(n, dimensions), room])

    def _merge(self, touched: dict[int, None]) -> list[tuple[int, int]]:
        """Which groups became one: the row that is gone, the row that is kept."""
        merged: list[tuple[int, int]] = []
        rows = [row for row in touched if self._open[row]]
        if not rows:
            return merged
        count = len(self._ids)
        nearness = self._units[:count] @ self._units[rows].T
        nearness[rows, range(len(rows))] = -1.0  # itself
        for row, near in zip(rows, nearness.T, strict=True):
            for other in _best(near):
                if self._is_same(row, other):
                    kept, gone = sorted((row, other), key=self._age)
                    self._join(kept, gone)
                    touched[kept] = None
                    merged.append((gone, kept))
                    break
        return merged

    def _is_same(self, row: int, other: int) -> bool:
        """Whether two groups, as they are now, are one."""
        if row == other or not self._gone.isdisjoint((row, other)) or not self._open[other]:
            return False
        if float(self._units[row] @ self._units[other]) < SAME:
            return False
        mine, theirs = self._words.get(row), self._words.get(other)
        # Where it is not at hand what one is about, it is left for another time.
        return mine is not None and theirs is not None and not mine.disagrees(theirs)

    def _age(self, row: int) -> tuple[bool, int, str]:
        """Orders groups by who keeps the id: one that was stored, then the larger, then the
        older."""
        return bool(self._leaders[row]), -self._weighed[row], self._ids[row]

    def _join(self, kept: int, gone: int) -> None:
        a, b = self._weighed[kept], self._weighed[gone]
        self._means[kept] = (self._means[kept] * a + self._means[gone] * b) / (a + b)
        self._units[kept] = _unit(self._means[kept : kept + 1])[0]
        self._weighed[kept] = a + b
        self._gone.add(gone)

    def _changed(self, row: int) -> Changed:
        mean = self._means[row].copy()
        return Changed(self._ids[row], mean, self._weighed[row], self._leaders[row])


def _long(terms: Iterable[str]) -> frozenset[str]:
    return frozenset(term for term in terms if _LONG.search(term))


def mean_of(vectors: Iterable[Floats]) -> Floats:
    """The mean of unit vectors, as a group keeps it."""
    mean: Floats = np.mean(np.stack(list(vectors)), axis=0, dtype=np.float32)
    return mean


def _unit(rows: Floats) -> Floats:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Floats = rows / np.maximum(lengths, 1e-9)
    return unit.astype(np.float32, copy=False)


def _best(nearness: Floats) -> list[int]:
    """The rows that are nearest, best first."""
    if len(nearness) <= _SHORTLIST:
        return [int(row) for row in np.argsort(-nearness, kind="stable")]
    rows = np.argpartition(-nearness, _SHORTLIST)[:_SHORTLIST]
    return [int(row) for row in rows[np.argsort(-nearness[rows], kind="stable")]]


def _end(row: int, into: Mapping[int, int]) -> int:
    while row in into:
        row = into[row]
    return row
