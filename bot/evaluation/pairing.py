"""Two runs over the same cases: better, worse, or nobody can tell yet. Pure.

The difference is the mean over the cases that both sides count. Whether it is more than chance is a
sign-flip test (Fisher 1935; exact up to :data:`EXACT` cases that differ, which for answers that are
right or wrong is McNemar's exact test): an interval alone calls three cases of three a sure thing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from bot.evaluation.intervals import SEED, Floats, Interval, mean_change, needed

EXACT = 14
"""Cases that differ, up to which every sign is tried: 16,384 of them."""
FLIPS = 20_000
SURE = 0.05
_LEAST = 6
"""Cases that all differ the same way before chance is ruled out: 2 / 2**6 < 0.05."""

BETTER, WORSE, UNCLEAR = "better", "worse", "cannot tell"


@dataclass(frozen=True, slots=True)
class Pairing:
    """What became of one figure. ``more`` cases would tell, if the difference stays what it is;
    ``None`` where it is told already, or there is no difference to tell."""

    n: int
    difference: float
    interval: Interval
    p: float
    verdict: str
    more: int | None

    def json(self) -> dict[str, Any]:
        """As commands print it."""
        return {
            "difference": round(self.difference, 4),
            "difference_ci95": self.interval.pair(),
            "p": round(self.p, 4),
            "verdict": self.verdict,
            "n": self.n,
            "more_questions": self.more,
        }


def pair(
    now: Sequence[float | None], before: Sequence[float | None], *, less_is_better: bool = False
) -> Pairing | None:
    """Now less before, a value a case in the same order; ``None`` where no case has both."""
    both = [
        (float(a), float(b))
        for a, b in zip(now, before, strict=True)
        if a is not None and b is not None
    ]
    changes = np.array([a - b for a, b in both])
    estimate = mean_change(changes) if both else None
    if estimate is None:
        return None
    p = by_chance(changes)
    gains = (estimate.value < 0) if less_is_better else (estimate.value > 0)
    verdict = UNCLEAR if p >= SURE else BETTER if gains else WORSE
    more = None
    if verdict == UNCLEAR and estimate.value:
        total = needed(_upwards(changes), 0.0) or estimate.n
        share = float(np.count_nonzero(changes)) / estimate.n
        more = max(total, ceil(_LEAST / share), estimate.n + 1) - estimate.n
    return Pairing(estimate.n, estimate.value, estimate.interval, p, verdict, more)


def by_chance(changes: Floats) -> float:
    """The share of all ways to swap the two sides that give at least this difference."""
    moved = changes[changes != 0]
    if not moved.size:
        return 1.0
    seen = abs(float(moved.sum())) - 1e-9
    if moved.size <= EXACT:
        numbers = np.arange(2**moved.size)[:, None]
        signs = 1.0 - 2.0 * ((numbers >> np.arange(moved.size)) & 1)
        return float(np.mean(np.abs(signs @ moved) >= seen))
    random = np.random.default_rng(SEED)
    hits = 0
    block = max(1, 2_000_000 // moved.size)
    for begun in range(0, FLIPS, block):
        rows = min(block, FLIPS - begun)
        signs = 1.0 - 2.0 * random.integers(0, 2, (rows, moved.size))
        hits += int(np.count_nonzero(np.abs(signs @ moved) >= seen))
    return (hits + 1) / (FLIPS + 1)


def _upwards(changes: Floats) -> Any:
    """The mean's estimate, turned so that it lies above zero."""
    return mean_change(changes if changes.sum() > 0 else -changes)
