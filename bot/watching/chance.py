"""Whether a difference is more than chance: exact for shares, by their standard errors for means,
and corrected for how many are looked at. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from math import exp, lgamma, log1p, sqrt
from statistics import NormalDist
from typing import TypeVar

from bot.evaluation.intervals import Interval, wilson
from bot.store.watch_figures import Ratio

K = TypeVar("K", bound=Hashable)
_NORMAL = NormalDist()


def share_is_greater(now: Ratio, before: Ratio) -> float:
    """The probability of at least this many hits now by chance, were the share as it was before:
    Fisher's exact test, one-sided, with the mid-P correction (Lancaster, JASA 56, 1961), over
    effective observations."""
    n, m = max(1, round(now.effective)), max(1, round(before.effective))
    a, b = round(n * (now.value or 0.0)), round(m * (before.value or 0.0))
    hits = a + b
    here = exp(_choose(n, a) + _choose(m, b) - _choose(n + m, hits))
    if a * m >= b * n:
        return min(1.0, here / 2 + _above(here, a, n, m, hits))
    return max(0.0, 1 - here / 2 - _above(here, b, m, n, hits))  # the smaller tail is exact


def mean_is_greater(now: Ratio, before: Ratio) -> float:
    """The same for means, by Student's t with the freedom of Welch (Biometrika 34, 1947), whose
    tail is that of a normal in Wallace's approximation (Ann. Math. Stat. 30, 1959)."""
    errors = now.error**2, before.error**2
    if now.value is None or before.value is None or not sum(errors):
        return 1.0
    t = (now.value - before.value) / sqrt(sum(errors))
    freedom = sum(errors) ** 2 / sum(
        error**2 / max(1, side.groups - 1)
        for error, side in zip(errors, (now, before), strict=True)
    )
    z = sqrt(freedom * log1p(t * t / freedom)) * (8 * freedom + 1) / (8 * freedom + 3)
    return 1 - _NORMAL.cdf(z if t > 0 else -z)


def share_difference(now: Ratio, before: Ratio) -> Interval | None:
    """The 95% interval of now less before (Newcombe, Statistics in Medicine 17, 1998, method 10),
    over effective observations."""
    a, b = now.value, before.value
    if a is None or b is None:
        return None
    n, m = max(1, round(now.effective)), max(1, round(before.effective))
    first, second = wilson(a * n, n), wilson(b * m, m)
    if first is None or second is None:
        return None
    low = sqrt((a - first.low) ** 2 + (second.high - b) ** 2)
    high = sqrt((first.high - a) ** 2 + (b - second.low) ** 2)
    return Interval(a - b - low, a - b + high)


def mean_difference(now: Ratio, before: Ratio) -> Interval | None:
    """The 95% interval of now less before."""
    if now.value is None or before.value is None:
        return None
    half = 1.959964 * sqrt(now.error**2 + before.error**2)
    return Interval(now.value - before.value - half, now.value - before.value + half)


def holm(found: Mapping[K, float], alpha: float) -> set[K]:
    """Those that are no chance, where of all of them together one may be called so wrongly with
    the probability ``alpha`` (Holm, Scandinavian Journal of Statistics 6, 1979)."""
    told: set[K] = set()
    for rank, (key, p) in enumerate(sorted(found.items(), key=lambda item: item[1])):
        if p > alpha / (len(found) - rank):
            break
        told.add(key)
    return told


def _above(here: float, a: int, n: int, m: int, hits: int) -> float:
    """The probability of more than ``a`` of the hits among ``n``, where that of ``a`` is ``here``;
    ``a`` is no less than is to be expected, so that each term is smaller than the one before."""
    total = 0.0
    for k in range(a + 1, min(n, hits) + 1):
        here *= (n - k + 1) * (hits - k + 1) / (k * (m - hits + k))
        total += here
        if here < 1e-18:
            break
    return total


def _choose(n: int, k: int) -> float:
    """The logarithm of the binomial coefficient."""
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
