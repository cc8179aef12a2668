"""Whether a confidence says how often one is right: reliability, calibration error, Brier score.

Pure. The expected calibration error is that of Guo et al. ("On Calibration of Modern Neural
Networks", ICML 2017, section 2): the mean over equally wide bins of the distance between how sure
one was and how often one was right, each bin by its share of the points. The Brier score (G. Brier,
Monthly Weather Review 78, 1950) is the mean squared distance of single points. 0 is best in both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.evaluation.intervals import (
    SEED,
    Estimate,
    Floats,
    Interval,
    mean_share,
    resampled,
    wilson,
)

BINS = 10
_DRAWS, _RESAMPLES = 500, 1_000

Point = tuple[float, bool]
"""How sure somebody was, 0 to 1, and whether that was right."""
Record = Mapping[str, Any]
"""A case as :mod:`bot.evaluation.told` writes it."""


@dataclass(frozen=True, slots=True)
class Bin:
    """The points from ``low`` to ``high``: how sure they were on the mean, the share that was right
    with its interval; both ``None`` in an empty bin."""

    low: float
    high: float
    n: int
    confidence: float | None
    right: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """How well a confidence is calibrated over ``n`` points; all ``None`` of none."""

    n: int
    bins: tuple[Bin, ...]
    error: Estimate | None
    brier: Estimate | None

    def json(self) -> dict[str, Any]:
        """As a run keeps it: figures with their intervals, and the bins of the diagram."""
        return {
            "n": self.n,
            "ece": _value(self.error),
            "ece_ci95": self.error.interval.pair() if self.error else None,
            "brier": _value(self.brier),
            "brier_ci95": self.brier.interval.pair() if self.brier else None,
            "bins": [
                {
                    "low": round(each.low, 4),
                    "high": round(each.high, 4),
                    "n": each.n,
                    "confidence": None if each.confidence is None else round(each.confidence, 4),
                    "right": None if each.right is None else round(each.right, 4),
                    "right_ci95": each.interval.pair() if each.interval else None,
                }
                for each in self.bins
            ],
        }


def calibrate(points: Iterable[Point], bins: int = BINS) -> Calibration:
    """The reliability of a confidence."""
    found = list(points)
    sure = np.clip(np.array([p[0] for p in found], dtype=np.float64), 0.0, 1.0)
    right = np.array([p[1] for p in found], dtype=np.float64)
    places = np.minimum((sure * bins).astype(np.intp), bins - 1)
    return Calibration(
        n=len(found),
        bins=tuple(_bin(n, bins, sure[places == n], right[places == n]) for n in range(bins)),
        error=_error(sure, right, places, bins) if found else None,
        brier=mean_share((sure - right) ** 2) if found else None,
    )


def router_points(records: Iterable[Record]) -> list[Point]:
    """The router's confidence against being right, over the cases of a run in ``auto`` whose route
    the suite names."""
    told = (record.get("router") or {} for record in records)
    return [
        (float(r["confidence"]), bool(r["right"]))
        for r in told
        if r.get("right") is not None and r.get("confidence") is not None
    ]


def check_points(records: Iterable[Record]) -> list[Point]:
    """The built-in check's confidence in the weakest claim of an answer against the answer's being
    right, over the cases that were answered."""
    return [
        (float(held["confidence"]), bool(record["right"]))
        for record in records
        if not record["refused"] and (held := record.get("grounding")) is not None
    ]


def confusion(records: Iterable[Record]) -> dict[str, dict[str, int]]:
    """How often each route was taken, by the route that the suite names: ``{label: {taken: n}}``,
    over the cases that the router decided; both in alphabetical order."""
    pairs = [
        (str(r["label"]), str(r["taken"]))
        for record in records
        if (r := record.get("router") or {}).get("right") is not None
    ]
    labels = sorted({label for label, _ in pairs})
    taken = sorted({route for pair in pairs for route in pair})
    return {a: {b: pairs.count((a, b)) for b in taken} for a in labels}


def _bin(place: int, bins: int, sure: Floats, right: Floats) -> Bin:
    low, high, n = place / bins, (place + 1) / bins, int(sure.size)
    if not n:
        return Bin(low, high, 0, None, None, None)
    hits = float(right.sum())
    return Bin(low, high, n, float(sure.mean()), hits / n, wilson(hits, n))


def _error(sure: Floats, right: Floats, places: NDArray[np.intp], bins: int) -> Estimate:
    """The calibration error, bootstrapped over points.

    Noise counts as error here, so a resample, noisier than the sample, lies above it, by about as
    much as the sample lies above the truth: the upper end is moved down by that, the lower one by
    twice as much. It is 0 where points as sure as these, and right as often as they were sure,
    give an error like this in more than one of 20 draws (J. Broecker and L. Smith, "Increasing the
    Reliability of Reliability Diagrams", Weather and Forecasting 22, 2007).
    """
    n = int(sure.size)
    where = np.zeros((n, bins))
    where[np.arange(n), places] = 1.0
    value = _distance((sure - right) @ where, n)
    drawn = np.abs(resampled(list(where.T * (sure - right)), SEED, _RESAMPLES)).sum(axis=1) / n
    bias = float(drawn.mean()) - value
    low, high = (float(end) for end in np.quantile(drawn, (0.025, 0.975)))
    random = np.random.default_rng(SEED)
    chance = [_distance((sure - (random.random(n) < sure)) @ where, n) for _ in range(_DRAWS)]
    low = 0.0 if value <= float(np.quantile(chance, 0.95)) else max(0.0, low - 2 * bias)
    return Estimate(value, Interval(min(low, value), min(1.0, max(high - bias, value))), n)


def _distance(sums: Floats, n: int) -> float:
    return float(np.abs(sums).sum()) / n


def _value(estimate: Estimate | None) -> float | None:
    return round(estimate.value, 4) if estimate else None
