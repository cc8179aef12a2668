"""What a week's live turns come to: sums that can be added up, and from which shares, means and
their spread follow. Nothing here knows of a database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from math import sqrt

WEEK = timedelta(days=7)


class Measure(StrEnum):
    """What is watched."""

    SATISFACTION = "satisfaction"
    RATED = "rated_share"
    GROUNDED = "grounded_share"
    CHECKER = "checker_score"
    KEPT_BACK = "kept_back"
    ABSTENTIONS = "abstentions"
    HANDOFFS = "handoffs"
    ERRORS = "errors"
    P50 = "p50_ms"
    P95 = "p95_ms"
    COST = "cost_usd"
    CACHED = "cached_share"


@dataclass(frozen=True, slots=True)
class Ratio:
    """A part of a whole, with the sums of squares over the groups that the observations come in:
    thumbs of one person, sentences of one answer. What one group says is said once, not often."""

    part: float = 0.0
    whole: float = 0.0
    part_part: float = 0.0
    part_whole: float = 0.0
    whole_whole: float = 0.0
    groups: int = 0

    @classmethod
    def of(cls, groups: Iterable[tuple[float, float]]) -> Ratio:
        """From one part and whole a group; groups of nothing are left out."""
        found = [(p, w) for p, w in groups if w > 0]
        return cls(
            sum(p for p, _ in found),
            sum(w for _, w in found),
            sum(p * p for p, _ in found),
            sum(p * w for p, w in found),
            sum(w * w for _, w in found),
            len(found),
        )

    def __add__(self, other: Ratio) -> Ratio:
        return Ratio(
            self.part + other.part,
            self.whole + other.whole,
            self.part_part + other.part_part,
            self.part_whole + other.part_whole,
            self.whole_whole + other.whole_whole,
            self.groups + other.groups,
        )

    @property
    def value(self) -> float | None:
        """The share or the mean; ``None`` of nothing."""
        return self.part / self.whole if self.whole else None

    @property
    def error(self) -> float:
        """The standard error, groups taken whole (Cochran, Sampling Techniques 1977, 6.3)."""
        if self.groups < 2 or not self.whole:
            return 0.0
        value = self.part / self.whole
        spread = self.part_part - 2 * value * self.part_whole + value * value * self.whole_whole
        return sqrt(max(spread, 0.0) * self.groups / (self.groups - 1)) / self.whole

    @property
    def voices(self) -> float:
        """How many groups of one size would weigh as much (Kish, Survey Sampling 1965, 11.7)."""
        return self.whole * self.whole / self.whole_whole if self.whole_whole else 0.0

    @property
    def effective(self) -> float:
        """How many independent observations of a share would be as sure as these; never more than
        there are (Rao and Scott, JASA 76, 1981)."""
        value, error = self.value, self.error
        if value is None or not 0 < value < 1 or error <= 0:
            return self.whole
        return min(self.whole, value * (1 - value) / error**2 + 1)


@dataclass(frozen=True, slots=True)
class Tally:
    """The turns of some weeks: how many, the ratios by measure, and the times of a sample of them
    in milliseconds, ascending."""

    turns: int = 0
    ratios: Mapping[Measure, Ratio] = field(default_factory=dict)
    times: tuple[float, ...] = ()

    def __add__(self, other: Tally) -> Tally:
        ratios = {
            name: self.ratios.get(name, Ratio()) + other.ratios.get(name, Ratio())
            for name in {*self.ratios, *other.ratios}
        }
        times = tuple(sorted((*self.times, *other.times)))
        return Tally(self.turns + other.turns, ratios, times)

    def ratio(self, measure: Measure) -> Ratio:
        """One of them; of nothing where nothing was counted."""
        return self.ratios.get(measure, Ratio())


ALL = "all"
"""The scope of all turns; the others are ``route:hybrid`` and ``model:…``."""


@dataclass(frozen=True, slots=True)
class Week:
    """A week from its Monday, midnight UTC, by scope."""

    start: datetime
    scopes: Mapping[str, Tally]

    def tally(self, scope: str = ALL) -> Tally:
        """What there is of a scope."""
        return self.scopes.get(scope, Tally())


def monday(moment: datetime) -> datetime:
    """The beginning of a moment's week, UTC; the moment is one of UTC."""
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())
