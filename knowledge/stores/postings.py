"""Exact BM25 over term lists held in memory.

A posting says that a term occurs ``count`` times in the chunk of a ``slot``. Postings lie sorted
by term in a few segments of growing size (a log-structured merge), so that adding a batch costs
little and a query touches only the lists of its own terms: five bytes a posting.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Slots = NDArray[np.int64]
Counts = NDArray[np.uint8]
Weights = Mapping[int, float]

# The values that everybody uses, Lucene and Weaviate among them: see Robertson and Zaragoza,
# The Probabilistic Relevance Framework: BM25 and Beyond, 2009, section 3.5.
K1 = 1.2
B = 0.75

MAX_COUNT = 255
"""Occurrences above this say nothing more: BM25 is flat there (k1 = 1.2)."""

MAX_TERMS = 1 << 24
"""Term ids stay below this: a posting is packed into 64 bits as term, slot, count."""

_GROWTH = 3

_REMEMBERED = 50_000
"""Terms of which a census remembers how many slots hold them."""

_FEW = 64
"""Slots of a list that are looked at first: of a word that many chunks hold, one of these will
do."""

Number = TypeVar("Number", bound=np.generic)


def distinct(values: NDArray[Number]) -> NDArray[Number]:
    """The values, sorted, each once. ``np.unique`` does the same, but its first call imports
    masked arrays, which takes as long as ten searches."""
    ordered: NDArray[Number] = np.sort(values)
    first = np.ones(ordered.size, np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    return ordered[first]


@dataclass(frozen=True, slots=True)
class Census:
    """What BM25 needs of each slot, shape ``[slots]``: its length in words, which of them are dead,
    whether it counts; ``slope`` is by how much a word of length holds a word back. But for
    ``counted`` all censuses of an index share the arrays.

    Document frequencies and mean length are those of the counted ones: scores are those of a fresh
    index that holds nothing else, and tell an asker nothing of what is hidden.
    """

    lengths: Floats
    slope: np.float32
    dead: Slots
    counted: NDArray[np.bool_]
    size: int
    _holding: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        lengths: Floats,
        alive: NDArray[np.bool_],
        counted: NDArray[np.bool_] | None = None,
        dead: Slots | None = None,
    ) -> Census:
        """``lengths`` in words; ``counted``: those that the asker may see, by default all that are
        alive; ``dead``: the slots that are not alive, where they are known."""
        counted = alive if counted is None else counted
        own = lengths[counted]
        mean = float(own.mean(dtype=np.float64)) if own.size else 0.0
        dead = np.flatnonzero(~alive) if dead is None else dead
        return cls(lengths, np.float32(K1 * B / (mean or 1.0)), dead, counted, own.size)

    def idf(self, term: int, lists: Sequence[tuple[NDArray[np.uint32], Counts]]) -> np.float32:
        """Lucene's ``ln(1 + (N - n + .5) / (n + .5))``, never negative; ``n`` is remembered."""
        holding = self._holding.get(term)
        if holding is None:
            everybody = self.size == self.counted.size
            holding = sum(
                slots.size if everybody else int(np.count_nonzero(self.counted[slots]))
                for slots, _ in lists
            )
            if len(self._holding) >= _REMEMBERED:
                self._holding.clear()
            self._holding[term] = holding
        return np.float32(math.log(1 + (self.size - holding + 0.5) / (holding + 0.5)))

    def saturated(self, counts: NDArray[np.uint8], slots: NDArray[np.uint32]) -> Floats:
        """The share of BM25 that grows with occurrences and shrinks with length."""
        often = counts.astype(np.float32)
        norms: Floats = np.multiply(self.lengths[slots], self.slope, dtype=np.float32)
        norms += np.float32(K1 * (1 - B))
        share: Floats = often * np.float32(K1 + 1) / (often + norms)
        return share


@dataclass(frozen=True, slots=True)
class _Segment:
    """Postings sorted by term, then slot: those of ``terms[i]`` are ``starts[i]:starts[i + 1]``."""

    terms: NDArray[np.uint32]
    starts: NDArray[np.int64]
    slots: NDArray[np.uint32]
    counts: NDArray[np.uint8]

    @classmethod
    def of(
        cls, terms: NDArray[np.uint32], slots: NDArray[np.uint32], counts: NDArray[np.uint8]
    ) -> _Segment:
        """Sort postings; each is packed into 64 bits for it, as numpy sorts those fastest."""
        packed = terms.astype(np.uint64) << np.uint64(40)
        packed |= slots.astype(np.uint64) << np.uint64(8)
        packed |= counts
        packed.sort()
        ordered = (packed >> np.uint64(40)).astype(np.uint32)
        first = np.flatnonzero(np.diff(ordered, prepend=np.uint32(MAX_TERMS)))
        return cls(
            ordered[first],
            np.append(first, ordered.size).astype(np.int64),
            (packed >> np.uint64(8)).astype(np.uint32),
            packed.astype(np.uint8),
        )

    @classmethod
    def joined(cls, segments: Sequence[_Segment]) -> _Segment:
        """Segments, the slots of each above those of the one before, as one; without sorting."""
        terms = distinct(np.concatenate([s.terms for s in segments]))
        sizes = np.zeros(terms.size, np.int64)
        for segment in segments:
            sizes[np.searchsorted(terms, segment.terms)] += np.diff(segment.starts)
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
        slots = np.empty(starts[-1], np.uint32)
        counts = np.empty(starts[-1], np.uint8)
        free = starts[:-1].copy()
        for segment in segments:
            at, own = np.searchsorted(terms, segment.terms), np.diff(segment.starts)
            places = np.repeat(free[at] - segment.starts[:-1], own)
            places += np.arange(places.size)
            slots[places], counts[places] = segment.slots, segment.counts
            free[at] += own
        return cls(terms, starts, slots, counts)

    def __len__(self) -> int:
        return int(self.slots.size)

    def find(self, term: int) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        """Slots that hold a term, ascending, and how often."""
        at = int(np.searchsorted(self.terms, np.uint32(term)))
        if at == self.terms.size or self.terms[at] != term:
            return self.slots[:0], self.counts[:0]
        span = slice(self.starts[at], self.starts[at + 1])
        return self.slots[span], self.counts[span]


class Postings:
    """The term lists of all slots."""

    def __init__(self) -> None:
        self._segments: list[_Segment] = []

    def add(
        self, terms: NDArray[np.uint32], slots: NDArray[np.uint32], counts: NDArray[np.uint8]
    ) -> None:
        """Take up postings, three arrays of one length; a (term, slot) pair comes once, and slots
        are above all earlier ones."""
        if terms.size:
            self._segments.append(_Segment.of(terms, slots, counts))

    def settle(self) -> None:
        """Join small segments until each is well larger than the next: few lists a term, and few
        moves a posting."""
        first = len(self._segments) - 1
        size = len(self._segments[first]) if self._segments else 0
        while first > 0 and len(self._segments[first - 1]) < _GROWTH * size:
            first -= 1
            size += len(self._segments[first])
        self._join(max(first, 0))

    def consolidate(self) -> None:
        """Make all one segment, once everything is loaded."""
        self._join(0)

    def _join(self, first: int) -> None:
        if len(self._segments) - first > 1:
            self._segments[first:] = [_Segment.joined(self._segments[first:])]

    def scores(self, query: Weights, census: Census) -> Floats:
        """BM25 of every slot for weighted terms, shape ``[slots]``; 0: no word found."""
        scores = np.zeros(census.lengths.size, np.float32)
        for term, weight in query.items():
            lists = self._lists(term)
            factor = weight * census.idf(term, lists)
            for slots, counts in lists:
                scores[slots] += factor * census.saturated(counts, slots)
        scores[census.dead] = 0.0
        return scores

    def scores_at(self, places: Slots, query: Weights, census: Census) -> Floats:
        """The same for a few slots only, shape ``[places]``: quick where lists are long."""
        scores = np.zeros(places.size, np.float32)
        for term, weight in query.items():
            lists = self._lists(term)
            factor = weight * census.idf(term, lists)
            for slots, counts in lists:
                at = np.minimum(np.searchsorted(slots, places), slots.size - 1)
                held = slots[at] == places
                found = at[held]
                scores[held] += factor * census.saturated(counts[found], slots[found])
        return scores

    def any(self, term: int, among: NDArray[np.bool_]) -> bool:
        """Whether a term stands in one of the slots of a mask, shape ``[slots]``."""
        return any(
            bool(among[slots[:_FEW]].any() or among[slots[_FEW:]].any())
            for slots, _ in self._lists(term)
        )

    def _lists(self, term: int) -> list[tuple[NDArray[np.uint32], NDArray[np.uint8]]]:
        return [found for s in self._segments if (found := s.find(term))[0].size]

    @property
    def nbytes(self) -> int:
        """Bytes of memory held."""
        return sum(len(s) * 5 + s.terms.size * 12 for s in self._segments)
