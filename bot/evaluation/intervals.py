"""How sure a figure is: intervals for rates, means and differences. Never NaN: ``None`` where
nothing was counted.

Rates have Wilson's interval (E. B. Wilson, JASA 22, 1927; recommended by Brown, Cai and DasGupta,
Statistical Science 16, 2001). Means of values from 0 to 1, and shares of what cases have several
of, have it with the number of cases that their spread is worth (E. Korn and B. Graubard, Survey
Methodology 24, 1998): of 20 cases that are nearly all 1, a bootstrap holds the truth in 92% of
runs, or in 100%. Other means and differences are resampled by case: all that one case gave,
on both sides, goes together (Efron and Tibshirani 1993, chapter 8). The percentile interval is
widened as T. Hesterberg proposes for small samples ("What Teachers Should Know About the
Bootstrap", The American Statistician 69, 2015, section 5): its tails are those of Student's t.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 4_000
"""Of a bootstrap: the ends of a 95% interval then move by about 2% of its width."""
SEED = 20_240_531
_CELLS = 60_000
"""Counts that are drawn at once: half a megabyte, which stays in the cache."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """From ``low`` to ``high``, both finite."""

    low: float
    high: float

    def pair(self, places: int = 4) -> list[float]:
        """As JSON has it."""
        return [round(self.low, places), round(self.high, places)]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its interval; ``n`` is the number of cases behind it."""

    value: float
    interval: Interval
    n: int


def wilson(successes: float, n: float, confidence: float = 0.95) -> Interval | None:
    """The interval of a rate; ``None`` for none of nothing."""
    if n <= 0:
        return None
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    rate = min(max(successes / n, 0.0), 1.0)
    spread = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    centre, scale = rate + z * z / (2 * n), 1 + z * z / n
    low, high = (centre - spread) / scale, (centre + spread) / scale
    return Interval(max(0.0, min(low, rate)), min(1.0, max(high, rate)))


def bootstrap_mean(
    values: ArrayLike, confidence: float = 0.95, *, seed: int = SEED, resamples: int = RESAMPLES
) -> Estimate | None:
    """The mean of independent values; ``None`` for none."""
    found = np.asarray(values, dtype=np.float64)
    ones = np.ones_like(found)
    return ratio(found, ones, confidence, seed=seed, resamples=resamples)


def ratio(
    parts: ArrayLike,
    wholes: ArrayLike,
    confidence: float = 0.95,
    *,
    seed: int = SEED,
    resamples: int = RESAMPLES,
) -> Estimate | None:
    """The sum of ``parts`` over the sum of ``wholes``, one of each a case: the share of claims that
    hold, where cases have several. A mean has wholes of 1, a case without a value 0 of 0."""
    part, whole = _columns(parts, wholes)
    counted = int(np.count_nonzero(whole))
    if not counted:
        return None
    value = float(part.sum() / whole.sum())
    drawn = _drawn((part, whole), seed, resamples)
    with np.errstate(divide="ignore", invalid="ignore"):
        interval = _ends(drawn[0] / drawn[1], value, counted, confidence)
    return Estimate(value, interval, counted)


def share(parts: ArrayLike, wholes: ArrayLike, confidence: float = 0.95) -> Estimate | None:
    """The sum of ``parts`` over the sum of ``wholes``, one of each a case, parts no larger than
    wholes; ``None`` where nothing was counted. A mean of values from 0 to 1 has wholes of 1.

    Wilson's interval, with as many cases as a plain rate would need to spread as much; where
    nothing spreads, with those that there are.
    """
    part, whole = _columns(parts, wholes)
    part, whole = part[whole > 0], whole[whole > 0]
    n = int(part.size)
    if not n:
        return None
    value = min(max(float(part.sum() / whole.sum()), 0.0), 1.0)
    worth, spread = float(n), float(np.square(part - value * whole).sum()) / float(whole.sum()) ** 2
    if n > 1 and spread > 0 and 0 < value < 1:
        tails = (
            NormalDist().inv_cdf((1 + confidence) / 2),
            quantile_of_t((1 + confidence) / 2, n - 1),
        )
        worth = value * (1 - value) / (spread * n / (n - 1)) * (tails[0] / tails[1]) ** 2
    interval = wilson(value * worth, worth, confidence) or Interval(value, value)
    return Estimate(value, interval, n)


def mean_share(values: ArrayLike, confidence: float = 0.95) -> Estimate | None:
    """The mean of values from 0 to 1; see :func:`share`."""
    found = np.asarray(values, dtype=np.float64)
    return share(found, np.ones_like(found), confidence)


def mean_change(changes: ArrayLike, confidence: float = 0.95) -> Estimate | None:
    """The mean of changes from -1 to 1; see :func:`share`."""
    found = mean_share((np.asarray(changes, dtype=np.float64) + 1) / 2, confidence)
    if found is None:
        return None
    low, high = 2 * found.interval.low - 1, 2 * found.interval.high - 1
    value = 2 * found.value - 1
    return Estimate(value, Interval(min(low, value), max(high, value)), found.n)


def difference(
    candidate: tuple[ArrayLike, ArrayLike],
    live: tuple[ArrayLike, ArrayLike],
    confidence: float = 0.95,
    *,
    seed: int = SEED,
    resamples: int = RESAMPLES,
) -> Estimate | None:
    """Candidate less live, of two figures as :func:`ratio` has them, over the same cases in the
    same order; ``None`` where one of them counted nothing."""
    columns = (*_columns(*candidate), *_columns(*live))
    if len({column.size for column in columns}) > 1:
        raise ValueError("both sides need the same cases")
    counted = int(np.count_nonzero((columns[1] > 0) | (columns[3] > 0)))
    if not columns[1].any() or not columns[3].any():
        return None
    value = float(columns[0].sum() / columns[1].sum() - columns[2].sum() / columns[3].sum())
    a, b, c, d = _drawn(columns, seed, resamples)
    with np.errstate(divide="ignore", invalid="ignore"):
        interval = _ends(a / b - c / d, value, counted, confidence)
    return Estimate(value, interval, counted)


def needed(estimate: Estimate, above: float) -> int | None:
    """About how many cases would show that the figure lies above a value, if it stays what it is;
    ``None`` where it does not lie above it, and no number would."""
    room = estimate.value - above
    if room <= 0:
        return None
    half = estimate.value - estimate.interval.low
    return max(estimate.n, math.ceil(estimate.n * (half / room) ** 2))


def quantile_of_t(share: float, freedom: float) -> float:
    """Student's t by the expansion of Abramowitz and Stegun 26.7.5; to 1% from 4 degrees on, and
    exactly for 1 and 2."""
    if freedom == 1:
        return math.tan(math.pi * (share - 0.5))
    if freedom == 2:
        return (2 * share - 1) * math.sqrt(2 / (4 * share * (1 - share)))
    z = NormalDist().inv_cdf(share)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return sum(term / freedom**power for power, term in enumerate(terms))


def by_cluster(keys: Sequence[str], *columns: ArrayLike) -> list[Floats]:
    """Columns summed by key, in the order in which the keys first stand: answers to paraphrases of
    one case are no cases of their own."""
    places = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    index = np.array([places[key] for key in keys], dtype=np.intp)
    summed: list[Floats] = []
    for column in columns:
        weights = np.asarray(column, dtype=np.float64)
        summed.append(np.zeros(len(places)))
        np.add.at(summed[-1], index, weights)
    return summed


def _columns(*given: ArrayLike) -> tuple[Floats, ...]:
    columns = tuple(np.asarray(column, dtype=np.float64) for column in given)
    if any(column.ndim != 1 or column.size != columns[0].size for column in columns):
        raise ValueError("columns need one number a case")
    if not all(np.isfinite(column).all() for column in columns):
        raise ValueError("columns need finite numbers")
    return columns


def resampled(columns: Sequence[Floats], seed: int, resamples: int) -> Floats:
    """The sums of each column in so many draws of as many cases, with replacement: a row a draw."""
    table = np.stack(columns, axis=1)
    sums = [counts @ table for counts in _counts(len(table), seed, resamples)]
    return np.concatenate(sums)


def _drawn(columns: Sequence[Floats], seed: int, resamples: int) -> list[Floats]:
    return list(resampled(columns, seed, resamples).T)


def _counts(size: int, seed: int, resamples: int) -> Iterator[Floats]:
    """How often each case was drawn, a row a resample, in blocks that fit into memory."""
    random = np.random.default_rng(seed)
    rows = max(1, _CELLS // size)
    for begun in range(0, resamples, rows):
        block = min(rows, resamples - begun)
        picked = random.integers(0, size, (block, size), dtype=np.int64)
        picked += size * np.arange(block, dtype=np.int64)[:, None]
        counted = np.bincount(picked.ravel(), minlength=block * size)
        yield counted.reshape(block, size).astype(np.float64)


def _ends(drawn: Floats, value: float, n: int, confidence: float) -> Interval:
    """The percentile interval with the tails of t; resamples that counted nothing are left out."""
    finite = drawn[np.isfinite(drawn)]
    if n < 2 or not finite.size:
        return Interval(value, value)
    tail = quantile_of_t((1 - confidence) / 2, n - 1)
    low = NormalDist().cdf(math.sqrt(n / (n - 1)) * tail)
    ends = np.quantile(finite, (low, 1 - low))
    return Interval(min(float(ends[0]), value), max(float(ends[1]), value))
