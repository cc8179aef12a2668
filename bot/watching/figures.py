"""The measures of a week with their 95% intervals; ``None`` where nothing was counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, sqrt
from typing import Any

from bot.evaluation.intervals import Interval, wilson
from bot.store.watch_figures import Measure, Ratio, Tally

_Z = 1.959964
_OUTSIDE = 0.05
QUANTILES = {Measure.P50: 0.5, Measure.P95: 0.95}
MEANS = frozenset({Measure.CHECKER, Measure.COST})
_PLACES = 4
_DOLLARS = 9

TITLES = {
    Measure.SATISFACTION: "satisfaction",
    Measure.RATED: "rated",
    Measure.GROUNDED: "grounded",
    Measure.CHECKER: "checker's score",
    Measure.KEPT_BACK: "kept back",
    Measure.ABSTENTIONS: "not known",
    Measure.HANDOFFS: "to a person",
    Measure.ERRORS: "errors",
    Measure.P50: "time p50",
    Measure.P95: "time p95",
    Measure.COST: "cost a question",
    Measure.CACHED: "from the cache",
}
"""The measures as people read them."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure with its interval and how much was counted; ``None`` of nothing, and no interval
    where so few were counted that none holds. Times are milliseconds, costs US dollars, the others
    shares."""

    value: float | None = None
    interval: Interval | None = None
    n: int = 0

    def json(self, places: int = _PLACES) -> dict[str, Any]:
        """As commands print it and alerts keep it."""
        return {
            "value": None if self.value is None else round(self.value, places),
            "ci95": self.interval.pair(places) if self.interval else None,
            "n": self.n,
        }


def figures(tally: Tally) -> dict[Measure, Figure]:
    """Every measure of some weeks."""
    return {measure: figure(tally, measure) for measure in Measure}


def figure(tally: Tally, measure: Measure) -> Figure:
    """One measure of some weeks."""
    if measure in QUANTILES:
        return _quantile(tally.times, QUANTILES[measure])
    ratio = tally.ratio(measure)
    return _mean(ratio) if measure in MEANS else _share(ratio)


def shown(measure: Measure, value: float | None) -> str:
    """A value for people: a share, seconds, dollars; a dash for none."""
    if value is None:
        return "–"
    if measure in QUANTILES:
        return f"{value / 1000:.1f} s" if value >= 1000 else f"{value:.0f} ms"
    if measure is Measure.COST:
        return f"${value:.4f}" if value < 0.1 else f"${value:.2f}"
    return f"{value:.2f}" if measure is Measure.CHECKER else f"{value:.1%}"


def shown_ends(measure: Measure, interval: Interval) -> str:
    """The ends of an interval for people, in the unit of its value."""
    low, high = interval.low, interval.high
    if measure in QUANTILES:
        seconds = high >= 1000
        return f"{low / 1000:.1f}–{high / 1000:.1f} s" if seconds else f"{low:.0f}–{high:.0f}"
    if measure is Measure.COST:
        return f"{low:.4f}–{high:.4f}" if high < 0.1 else f"{low:.2f}–{high:.2f}"
    if measure is Measure.CHECKER:
        return f"{low:.2f}–{high:.2f}"
    return f"{100 * low:.0f}–{100 * high:.0f}"


def places(measure: Measure) -> int:
    """Digits that are kept of a measure: a small answer costs about 0.0001 dollars."""
    return _DOLLARS if measure is Measure.COST else _PLACES


def _share(ratio: Ratio) -> Figure:
    """Wilson's interval, over as many independent observations as there are in effect."""
    value = ratio.value
    if value is None:
        return Figure()
    effective = ratio.effective
    return Figure(value, wilson(value * effective, max(1, round(effective))), round(ratio.whole))


def _mean(ratio: Ratio) -> Figure:
    value = ratio.value
    if value is None:
        return Figure()
    if ratio.groups < 2:  # one alone says nothing of how they spread
        return Figure(value, None, round(ratio.whole))
    half = _Z * ratio.error
    return Figure(value, Interval(max(0.0, value - half), value + half), round(ratio.whole))


def _quantile(ordered: Sequence[float], share: float) -> Figure:
    """The smallest time that this share does not exceed; its interval from order statistics
    (David and Nagaraja, Order Statistics 2003, 7.1), the binomial taken as normal. Where even the
    smallest and the largest time hold it in fewer than 95 of 100 samples there is none."""
    n = len(ordered)
    if not n:
        return Figure()
    half = _Z * sqrt(n * share * (1 - share))
    low = min(max(floor(n * share - half), 0), n - 1)
    high = min(max(ceil(n * share + half), 0), n - 1)
    value = ordered[max(0, ceil(share * n) - 1)]
    if share**n + (1 - share) ** n > _OUTSIDE:
        return Figure(value, None, n)
    return Figure(value, Interval(min(ordered[low], value), max(ordered[high], value)), n)
