"""Near duplicates among many texts: MinHash with bands (Broder, 1997; Leskovec et al., ch. 3).

A text is a set of runs of three words; 64 least hashes estimate what two sets share (standard error
0.06 at 0.8), and 16 bands of 4 find pairs above about 0.5. Texts whose figures differ (numbers,
codes) are never the same, however alike they are: that is the word that matters.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.lexical import words

ALIKE = 0.8
"""Estimated share of common runs from which on two texts are near duplicates."""

_HASHES, _BANDS = 64, 16
_COMPARED = 8  # kept texts of one bucket that a further one is compared with
_random = np.random.default_rng(20_260_101)
_FACTORS = _random.integers(1, 2**63, _HASHES, dtype=np.uint64) | np.uint64(1)
_OFFSETS = _random.integers(0, 2**63, _HASHES, dtype=np.uint64)
_MIX = _random.integers(1, 2**63, 3, dtype=np.uint64) | np.uint64(1)
_SHIFT = np.uint64(32)
_FIGURE = re.compile(r"\d")

Signature = NDArray[np.uint32]
"""Least hashes of a text, shape ``[64]``."""


@dataclass(frozen=True, slots=True, eq=False)
class Print:
    """What is kept of a text to tell what is like it."""

    signature: Signature
    figures: int


def printed(text: str) -> Print:
    """The print of a text; the same in every process."""
    said = words(text)
    hashed = np.array([zlib.crc32(w.encode()) for w in said] or [0], dtype=np.uint64)
    if len(hashed) < len(_MIX):
        hashed = np.concatenate([hashed, np.zeros(len(_MIX) - len(hashed), dtype=np.uint64)])
    last = len(hashed) - 2
    shingles = np.zeros(last, dtype=np.uint64)
    for n, factor in enumerate(_MIX):
        shingles += hashed[n : n + last] * factor
    shingles ^= shingles >> _SHIFT
    mixed = (shingles[None, :] * _FACTORS[:, None] + _OFFSETS[:, None]) >> _SHIFT
    figures = " ".join(w for w in said if _FIGURE.search(w))
    return Print(mixed.min(axis=1).astype(np.uint32), zlib.crc32(figures.encode()))


def near_duplicates(prints: Sequence[Print]) -> set[int]:
    """The indexes of texts that are nearly another one with a lower index that stays.

    The first is the best: give them in the order in which they are wanted. Time and memory grow
    with their number, not with its square.
    """
    if not prints:
        return set()
    signatures = np.stack([each.signature for each in prints])
    figures = [each.figures for each in prints]
    buckets = [_buckets(signatures[:, band::_BANDS]) for band in range(_BANDS)]
    gone: set[int] = set()
    stands: list[dict[int, list[int]]] = [{} for _ in range(_BANDS)]
    for n in range(len(prints)):
        places = [(band, int(buckets[band][n])) for band in range(_BANDS) if buckets[band][n] >= 0]
        others = {m for band, bucket in places for m in stands[band].get(bucket, ())}
        for m in others:
            if figures[m] == figures[n] and np.mean(signatures[m] == signatures[n]) >= ALIKE:
                gone.add(n)
                break
        else:
            for band, bucket in places:
                there = stands[band].setdefault(bucket, [])
                if len(there) < _COMPARED:
                    there.append(n)
    return gone


def _buckets(part: NDArray[np.uint32]) -> NDArray[np.int64]:
    """The bucket of each text in a band; -1 where it is alone in it."""
    _, place, sizes = np.unique(part, axis=0, return_inverse=True, return_counts=True)
    place = place.reshape(-1)
    return np.where(sizes[place] > 1, place, -1).astype(np.int64)
