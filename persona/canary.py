"""The canary: who answers a thread, and whether it does worse. Pure: values in, values out.

The split is sticky: a thread's place between 0 and 1 is a hash of the canary and the thread, and
the canary has those below its share, so that a share that grows keeps the threads that it had.

The test may be looked at as often as one likes. Observations are threads, since the turns of one
are not independent: of each the share of turns that went wrong, in [0, 1]. They are taken in blocks
of both sides, and each block multiplies an e-process by

    prod_i f_g(i)(y_i),  f_g(y) = y q_g/q_0 + (1 - y) (1 - q_g)/(1 - q_0),

where q_live <= q_canary were fixed before the block was seen and q_0 is their mean over the block's
members (Turner, Ly and Grünwald, "Generic E-variables for exact sequential k-sample tests that
allow for optional stopping", 2024, theorem 1; since f is linear in y it holds for means in [0, 1]
as for events). Where the canary's mean is not above the live one's its expectation is at most 1, so
that it ever reaches 1/alpha has at most the probability alpha (Ville). Several odds ratios are
mixed. The intervals beside it are confidence sequences: of shares the beta-binomial mixture
(Robbins 1970), of medians the normal mixture over ranks (Howard and Ramdas, "Sequential estimation
of quantiles", 2022, for p = 1/2).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RATIOS = (1.5, 2.5, 4.0, 8.0, 20.0)
"""Odds of going wrong, canary by live, that the test looks out for."""

BATCH = 5
"""Observations that both sides must have before more blocks are made of them."""

_EDGE = 1e-3
_TINY = 1e-12
_SPREAD = 20.0  # turns after which the ranks' interval is at its tightest, relative to others


class Side(StrEnum):
    """Who answered."""

    CANARY = "canary"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Seen:
    """One observation: a side and how much went wrong, 0 to 1, in the order of arrival."""

    side: Side
    bad: float


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its confidence sequence; ``None`` where nothing was seen."""

    value: float | None
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both sides on one measure. ``evidence`` is the e-value that the canary is worse (1: none),
    ``needed`` what it must reach; ``worse`` whether it does, by more than is allowed."""

    name: str
    canary: Interval
    live: Interval
    evidence: float
    needed: float
    worse: bool


# -- the split ----------------------------------------------------------------------------------


def place_of(thread: str, trial: str) -> float:
    """A thread's place in a canary, from 0 on and below 1, evenly spread."""
    digest = hashlib.blake2b(f"{trial}\n{thread}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2.0**64


def takes_part(thread: str, trial: str, share: float) -> bool:
    """Whether the canary answers a thread, at a share of 0 to 1."""
    return place_of(thread, trial) < share


# -- shares -------------------------------------------------------------------------------------


def compared(
    name: str, seen: Sequence[Seen], *, alpha: float, least: int, margin: float
) -> Comparison:
    """Both sides on a share of what went wrong.

    ``alpha`` bounds the probability of ever calling a canary worse that is not; ``margin`` is how
    much worse the means must look besides. Nothing is tested before both have ``least``.
    """
    evidence = e_value(seen, least)
    canary, live = (share(_values(seen, side), alpha) for side in (Side.CANARY, Side.LIVE))
    apart = (canary.value or 0.0) - (live.value or 0.0)
    worse = evidence >= 1 / alpha and apart > margin
    return Comparison(name, canary, live, evidence, 1 / alpha, worse)


def e_value(seen: Sequence[Seen], least: int) -> float:
    """How strongly the observations speak for a canary that is worse; 1: not at all.

    The largest that it was so far: what was once enough stays enough.
    """
    made = list(blocks(seen, least))
    if not made:
        return 1.0
    canary, live = (_Members.of([block[at] for block in made]) for at in (0, 1))
    before = np.cumsum(canary.sums + live.sums) - (canary.sums + live.sums) + 0.5
    members = np.cumsum(canary.sizes + live.sizes) - (canary.sizes + live.sizes) + 1.0
    base = np.clip(before / members, _EDGE, 1 - _EDGE)  # of what was seen before the block
    logs = np.cumsum(_blocks(canary, live, base), axis=0)
    top = logs.max(axis=1)
    mixed = top + np.log(np.exp(logs - top[:, None]).mean(axis=1))
    return math.exp(min(max(float(mixed.max()), 0.0), 700.0))


@dataclass(frozen=True, slots=True)
class _Members:
    """One side of all blocks: its values one after the other, where each block's begin, and their
    sums and numbers by block."""

    values: Floats
    starts: NDArray[np.intp]
    sums: Floats
    sizes: Floats

    @classmethod
    def of(cls, runs: Sequence[Sequence[float]]) -> _Members:
        sizes = np.array([len(run) for run in runs], dtype=np.float64)
        starts = np.concatenate(([0], np.cumsum(sizes)[:-1])).astype(np.intp)
        values = np.array([bad for run in runs for bad in run], dtype=np.float64)
        return cls(values, starts, np.add.reduceat(values, starts), sizes)


def blocks(seen: Sequence[Seen], least: int) -> Iterator[tuple[list[float], list[float]]]:
    """Blocks of both sides, canary's first; who is in one hangs on the sides' order of arrival
    alone, never on what was seen."""
    waiting: dict[Side, list[float]] = {Side.CANARY: [], Side.LIVE: []}
    needed = least
    for each in seen:
        waiting[each.side].append(each.bad)
        canary, live = waiting[Side.CANARY], waiting[Side.LIVE]
        k = min(len(canary), len(live))
        if k < needed:
            continue
        yield from zip(_spread(canary, k), _spread(live, k), strict=True)
        waiting = {Side.CANARY: [], Side.LIVE: []}
        needed = BATCH


def _spread(values: list[float], k: int) -> Iterator[list[float]]:
    """``values`` in ``k`` runs that are as long as each other, or nearly."""
    at = [round(i * len(values) / k) for i in range(k + 1)]
    return (values[a:b] for a, b in pairwise(at))


def _blocks(canary: _Members, live: _Members, base: Floats) -> Floats:
    """The logarithm of each block's e-value for each odds ratio, around the pooled shares."""
    ratio = np.sqrt(np.array(RATIOS))
    odds = (base / (1 - base))[:, None]
    worse, better = (
        np.clip(odds * r / (1 + odds * r), _EDGE / 50, 1 - _EDGE / 50) for r in (ratio, 1 / ratio)
    )
    a, b = canary.sizes[:, None], live.sizes[:, None]
    pooled = (a * worse + b * better) / (a + b)
    return np.asarray(_logs(canary, worse, pooled) + _logs(live, better, pooled))


def _logs(side: _Members, chance: Floats, pooled: Floats) -> Floats:
    """The logarithms of one side's factors, by block."""
    block = np.repeat(np.arange(len(side.sizes)), side.sizes.astype(np.intp))
    bad = side.values[:, None]
    up, down = (chance / pooled)[block], ((1 - chance) / (1 - pooled))[block]
    factors = np.log(bad * up + (1 - bad) * down)
    return np.asarray(np.add.reduceat(factors, side.starts, axis=0))


def _values(seen: Sequence[Seen], side: Side) -> list[float]:
    return [each.bad for each in seen if each.side is side]


def share(values: Sequence[float], alpha: float) -> Interval:
    """A mean in [0, 1] with the confidence sequence of Robbins' mixture, uniform over [0, 1]."""
    return share_of(len(values), float(sum(values)), alpha)


def share_of(n: int, bad: float, alpha: float) -> Interval:
    """The same of ``n`` values that sum up to ``bad``."""
    if not n:
        return Interval(None, 0.0, 1.0, 0)
    mean = min(max(bad / n, 0.0), 1.0)
    limit = math.log(1 / alpha)
    low = _edge(bad, n, limit, (0.0, mean)) if bad > 0 else 0.0
    high = _edge(bad, n, limit, (1.0, mean)) if bad < n else 1.0
    return Interval(mean, low, high, n)


def _edge(bad: float, n: int, limit: float, between: tuple[float, float]) -> float:
    """Where the mixture's evidence against a share reaches the limit, by halving."""
    mixture = math.lgamma(bad + 1) + math.lgamma(n - bad + 1) - math.lgamma(n + 2)
    outside, inside = (min(max(x, _TINY), 1 - _TINY) for x in between)
    for _ in range(50):
        middle = (outside + inside) / 2
        likelihood = bad * math.log(middle) + (n - bad) * math.log1p(-middle)
        if mixture - likelihood >= limit:
            outside = middle
        else:
            inside = middle
    return round(outside, 9)


# -- times --------------------------------------------------------------------------------------


def slower(
    name: str,
    times: tuple[Sequence[float], Sequence[float]],
    *,
    alpha: float,
    least: int,
    factor: float,
) -> Comparison:
    """Both sides' medians, canary's times first: worse where the canary's is surely more than
    ``factor`` times the live one's. The evidence is told as yes or no."""
    canary, live = (median(values, alpha / 2) for values in times)
    enough = min(canary.n, live.n) >= least
    worse = enough and canary.low > factor * live.high
    return Comparison(name, canary, live, 1 / alpha if worse else 1.0, 1 / alpha, worse)


def median(values: Sequence[float], alpha: float) -> Interval:
    """The median with its confidence sequence: how many are below it is a sum of coin tosses."""
    ordered = sorted(values)
    n = len(ordered)
    if not n:
        return Interval(None, 0.0, math.inf, 0)
    # Normal mixture for sums of 1/2-sub-Gaussian steps: Robbins 1970, Howard et al. 2021, eq. 14
    variance = n / 4 + _SPREAD
    away = math.sqrt(variance * math.log(variance / (_SPREAD * alpha**2)))
    low, high = math.floor(n / 2 - away), math.ceil(n / 2 + away)
    middle = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    return Interval(
        middle,
        ordered[low - 1] if low >= 1 else 0.0,
        ordered[high] if high < n else math.inf,
        n,
    )
