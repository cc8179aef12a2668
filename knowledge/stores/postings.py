"""Exact BM25 over term lists held in memory.

A posting says that a term occurs ``count`` times in the chunk of a ``slot``. Postings lie sorted
by term in a few segments of growing size (a log-structured merge), so that adding a batch costs
little and a query touches only the lists of its own terms.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Slots = NDArray[np.int64]

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

    def scores(self, terms: Sequence[int], lengths: Floats, alive: NDArray[np.bool_]) -> Floats:
        """BM25 of every slot for a query of distinct terms, shape ``[slots]``; 0: no word found.

        ``lengths`` are the terms in each slot; slots that are not ``alive`` count for nothing, in
        document frequencies and mean length too, so that scores are those of a fresh index.
        The idf is Lucene's ``ln(1 + (N - n + .5) / (n + .5))``, never negative.
        """
        self._settle()
        scores = np.zeros(lengths.size, np.float32)
        population = int(np.count_nonzero(alive))
        if not population:
            return scores
        mean = float(lengths[alive].mean(dtype=np.float64)) or 1.0
        for term in terms:
            for slots, weights in self._weighted(term, lengths, alive, population, mean):
                scores[slots] += weights
        scores[~alive] = 0.0
        return scores

    def _weighted(
        self,
        term: int,
        lengths: Floats,
        alive: NDArray[np.bool_],
        population: int,
        mean: float,
    ) -> list[tuple[NDArray[np.uint32], Floats]]:
        lists = [found for s in self._segments if (found := s.of(term))[0].size]
        holding = sum(int(np.count_nonzero(alive[slots])) for slots, _ in lists)
        idf = math.log(1 + (population - holding + 0.5) / (holding + 0.5))
        weighted = []
        for slots, counts in lists:
            often = counts.astype(np.float32)
            norm = np.float32(K1 * (1 - B)) + np.float32(K1 * B / mean) * lengths[slots]
            weights = np.float32(idf * (K1 + 1)) * often / (often + norm)
            weighted.append((slots, weights.astype(np.float32, copy=False)))
        return weighted

    @property
    def nbytes(self) -> int:
        """Bytes of memory held."""
        return sum(len(s) * 5 for s in self._segments) + self._tail_size * 8
