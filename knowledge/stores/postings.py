"""Exact BM25 over term lists held in memory.

A posting says that a term occurs ``count`` times in the chunk of a ``slot``. Postings lie sorted
by term in a few segments of growing size (a log-structured merge), so that adding a batch costs
little and a query touches only the lists of its own terms.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Slots = NDArray[np.int64]
Weights = Mapping[int, float]

# The values that everybody uses, Lucene and Weaviate among them: see Robertson and Zaragoza,
# The Probabilistic Relevance Framework: BM25 and Beyond, 2009, section 3.5.
K1 = 1.2
B = 0.75

MAX_COUNT = 255
"""Occurrences above this say nothing more: BM25 is flat there (k1 = 1.2)."""

MAX_TERMS = 1 << 24
"""Term ids stay below this: a posting is packed into 64 bits as term, slot, count."""

_SEALED_AT = 200_000
_GROWTH = 4


@dataclass(frozen=True, slots=True)
class Census:
    """How many words are in each slot, shape ``[slots]``, and which slots are alive.

    Dead ones count for nothing, in document frequencies and mean length too, so that scores are
    those of a fresh index.
    """

    lengths: Floats
    alive: NDArray[np.bool_]
    size: int
    mean: float

    @classmethod
    def of(cls, lengths: Floats, alive: NDArray[np.bool_]) -> Census:
        living = lengths[alive]
        mean = float(living.mean(dtype=np.float64)) if living.size else 0.0
        return cls(lengths, alive, living.size, mean or 1.0)

    def idf(self, lists: Iterable[NDArray[np.uint32]]) -> np.float32:
        """Lucene's ``ln(1 + (N - n + .5) / (n + .5))``, never negative."""
        if self.size == self.alive.size:
            holding = sum(slots.size for slots in lists)
        else:
            holding = sum(int(np.count_nonzero(self.alive[slots])) for slots in lists)
        return np.float32(math.log(1 + (self.size - holding + 0.5) / (holding + 0.5)))

    def saturated(self, counts: NDArray[np.uint8], slots: NDArray[np.uint32]) -> Floats:
        """The share of BM25 that grows with occurrences and shrinks with length."""
        often = counts.astype(np.float32)
        norm = np.float32(K1 * (1 - B)) + np.float32(K1 * B / self.mean) * self.lengths[slots]
        share = often * np.float32(K1 + 1) / (often + norm)
        return share.astype(np.float32, copy=False)


class _Segment:
    """Postings sorted by term, then slot."""

    def __init__(self, packed: NDArray[np.uint64]) -> None:
        packed = np.sort(packed)
        term = (packed >> np.uint64(40)).astype(np.uint32)
        self._slots = ((packed >> np.uint64(8)) & np.uint64(0xFFFFFFFF)).astype(np.uint32)
        self._counts = (packed & np.uint64(0xFF)).astype(np.uint8)
        first = np.flatnonzero(np.diff(term, prepend=np.uint32(MAX_TERMS))) if term.size else term
        self._terms = term[first]
        self._starts = np.append(first, term.size).astype(np.int64)

    def __len__(self) -> int:
        return int(self._slots.size)

    def of(self, term: int) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        at = int(np.searchsorted(self._terms, np.uint32(term)))
        if at == self._terms.size or self._terms[at] != term:
            return self._slots[:0], self._counts[:0]
        span = slice(self._starts[at], self._starts[at + 1])
        return self._slots[span], self._counts[span]

    def packed(self) -> NDArray[np.uint64]:
        terms = np.repeat(self._terms, np.diff(self._starts))
        return _pack(terms, self._slots, self._counts)


def _pack(
    terms: NDArray[np.uint32], slots: NDArray[np.uint32], counts: NDArray[np.uint8]
) -> NDArray[np.uint64]:
    packed = terms.astype(np.uint64) << np.uint64(40)
    packed |= slots.astype(np.uint64) << np.uint64(8)
    packed |= counts.astype(np.uint64)
    return packed


class Postings:
    """The term lists of all slots."""

    def __init__(self) -> None:
        self._segments: list[_Segment] = []
        self._tail: list[NDArray[np.uint64]] = []
        self._tail_size = 0

    def add(
        self,
        terms: NDArray[np.uint32],
        slots: NDArray[np.uint32],
        counts: NDArray[np.uint8],
    ) -> None:
        """Take up postings, three arrays of one length; a (term, slot) pair comes once."""
        self._tail.append(_pack(terms, slots, counts))
        self._tail_size += terms.size

    def _settle(self) -> None:
        """Make the tail a segment, and join segments until each is well larger than the next."""
        if not self._tail:
            return
        small = self._segments and len(self._segments[-1]) < _SEALED_AT
        if small:
            self._tail.append(self._segments.pop().packed())
        self._segments.append(_Segment(np.concatenate(self._tail)))
        self._tail, self._tail_size = [], 0
        while (
            len(self._segments) > 1
            and len(self._segments[-1]) >= _SEALED_AT
            and len(self._segments[-2]) < _GROWTH * len(self._segments[-1])
        ):
            newer, older = self._segments.pop(), self._segments.pop()
            self._segments.append(_Segment(np.concatenate([older.packed(), newer.packed()])))

    def scores(self, query: Weights, census: Census) -> Floats:
        """BM25 of every slot for weighted terms, shape ``[slots]``; 0: no word found."""
        self._settle()
        scores = np.zeros(census.lengths.size, np.float32)
        for term, weight in query.items():
            lists = self._lists(term)
            factor = weight * census.idf(slots for slots, _ in lists)
            for slots, counts in lists:
                scores[slots] += factor * census.saturated(counts, slots)
        scores[~census.alive] = 0.0
        return scores

    def scores_at(self, places: Slots, query: Weights, census: Census) -> Floats:
        """The same for a few slots only, shape ``[places]``: quick where lists are long."""
        self._settle()
        scores = np.zeros(places.size, np.float32)
        for term, weight in query.items():
            lists = self._lists(term)
            factor = weight * census.idf(slots for slots, _ in lists)
            for slots, counts in lists:
                at = np.minimum(np.searchsorted(slots, places), slots.size - 1)
                held = slots[at] == places
                found = at[held]
                scores[held] += factor * census.saturated(counts[found], slots[found])
        return scores

    def _lists(self, term: int) -> list[tuple[NDArray[np.uint32], NDArray[np.uint8]]]:
        return [found for s in self._segments if (found := s.of(term))[0].size]

    @property
    def nbytes(self) -> int:
        """Bytes of memory held."""
        return sum(len(s) * 5 for s in self._segments) + self._tail_size * 8
