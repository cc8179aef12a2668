"""Whether a week is worse than the four before it, with few false alarms. Pure.

A quiet bot must not alert: of a week that is like those before it fewer than one in twenty may be
called worse, all measures, routes, models and looks together. So the probability of an error is
dealt out before anything is seen: most of it to all turns of a week that is over, a little to the
parts of one, and a little to the looks at a week that still runs, which find what breaks at once.
A share that one person makes, or one that is worse by next to nothing, is none of our business
however sure it is.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.evaluation.intervals import Interval
from bot.store.watch_figures import ALL, WEEK, Measure, Ratio, Tally, Week, monday
from bot.watching.chance import (
    holm,
    mean_difference,
    mean_is_greater,
    share_difference,
    share_is_greater,
)
from bot.watching.figures import MEANS, QUANTILES, TITLES, Figure, figure, places, shown

BEFORE = 4
"""Weeks that a week is compared with."""

_OVER, _PARTS, _RUNNING = 0.03, 0.01, 0.01
_LOOKS = 7
"""Looks at a running week: one a day."""
_VOICES = 15.0
"""So many people, threads or answers of one weight must be heard on each side."""


class Bad(StrEnum):
    """Which way is worse."""

    DOWN = "down"
    UP = "up"


@dataclass(frozen=True, slots=True)
class _Judged:
    """Which way a measure gets worse, and by how much before anybody is told: a difference, or
    for times and costs a factor."""

    bad: Bad
    by: float


JUDGED: Mapping[Measure, _Judged] = {
    Measure.SATISFACTION: _Judged(Bad.DOWN, 0.05),
    Measure.GROUNDED: _Judged(Bad.DOWN, 0.02),
    Measure.CHECKER: _Judged(Bad.DOWN, 0.03),
    Measure.KEPT_BACK: _Judged(Bad.UP, 0.02),
    Measure.ABSTENTIONS: _Judged(Bad.UP, 0.03),
    Measure.HANDOFFS: _Judged(Bad.UP, 0.03),
    Measure.ERRORS: _Judged(Bad.UP, 0.01),
    Measure.P50: _Judged(Bad.UP, 1.25),
    Measure.P95: _Judged(Bad.UP, 1.25),
    Measure.COST: _Judged(Bad.UP, 1.25),
}
"""The measures that can get worse. That fewer people rate, or ask what others asked before, is no
fault of the bot's."""


@dataclass(frozen=True, slots=True)
class Rules:
    """``least`` is how many thumbs, turns or sentences each side must have."""

    least: int = 30


@dataclass(frozen=True, slots=True)
class Drop:
    """A measure that got worse in a week, against the weeks before; ``p`` is how probable that is
    by chance. Of times the difference is that of the share of turns which took longer than
    ``slow_ms``."""

    week: datetime
    measure: Measure
    scope: str
    now: Figure
    before: Figure
    difference: Interval | None
    p: float
    running: bool
    slow_ms: float | None = None

    @property
    def why(self) -> str:
        """In a sentence."""
        title, when = TITLES[self.measure], "so far this week" if self.running else "in the week"
        moved = "fell" if JUDGED[self.measure].bad is Bad.DOWN else "rose"
        since = "" if self.running else f" of {self.week:%d %b %Y}"
        return (
            f"{title.capitalize()}{in_words(self.scope)} {moved} from "
            f"{_whole(self.measure, self.before)} to {_whole(self.measure, self.now)} {when}{since}"
        )

    def figures(self) -> dict[str, Any]:
        """As alerts keep them."""
        digits = places(self.measure)
        return {
            "now": self.now.json(digits),
            "before": self.before.json(digits),
            "difference_ci95": self.difference.pair(digits) if self.difference else None,
            "slow_ms": self.slow_ms,
            "p": float(f"{self.p:.2g}"),
            "running": self.running,
        }


def in_words(scope: str) -> str:
    """`` of the route hybrid``; nothing for all turns."""
    kind, _, name = scope.partition(":")
    return f" of the {kind} {name}" if name else ""


def drops(weeks: Sequence[Week], now: datetime, rules: Rules = Rules()) -> list[Drop]:
    """What got worse, of the last week that is over and of the running one; ``weeks`` are in the
    order of time. The surest come first."""
    this = monday(now)
    found: list[Drop] = []
    for start, running in ((this - WEEK, False), (this, True)):
        week = next((week for week in weeks if week.start == start), None)
        if week is not None:
            earlier = [w for w in weeks if start - BEFORE * WEEK <= w.start < start]
            found += _of_week(week, earlier, rules, running=running)
    return sorted(found, key=lambda drop: drop.p)


def _of_week(week: Week, earlier: Sequence[Week], rules: Rules, *, running: bool) -> list[Drop]:
    worse: dict[tuple[str, Measure], Drop] = {}
    looked: dict[bool, dict[tuple[str, Measure], float]] = {True: {}, False: {}}
    for scope in week.scopes:
        before = sum((w.tally(scope) for w in earlier), Tally())
        for measure in JUDGED:
            drop = _compared(week, measure, scope, before, rules, running=running)
            if drop is not None:
                looked[scope == ALL][scope, measure] = drop.p
                if _is_material(drop):
                    worse[scope, measure] = drop
    shares = (_RUNNING / _LOOKS * 0.75, _RUNNING / _LOOKS * 0.25) if running else (_OVER, _PARTS)
    told = holm(looked[True], shares[0]) | holm(looked[False], shares[1])
    return [drop for key, drop in worse.items() if key in told]


def _compared(
    week: Week, measure: Measure, scope: str, before: Tally, rules: Rules, *, running: bool
) -> Drop | None:
    """A measure against the weeks before; ``None`` where there is too little to compare."""
    tally = week.tally(scope)
    now, then = figure(tally, measure), figure(before, measure)
    if min(now.n, then.n) < rules.least or now.value is None or then.value is None:
        return None
    slow = None
    if measure in QUANTILES:
        slow = then.value * JUDGED[measure].by
        sides = _slower(tally.times, slow), _slower(before.times, slow)
    else:
        sides = tally.ratio(measure), before.ratio(measure)
        if min(side.voices for side in sides) < _VOICES:
            return None
        if measure is not Measure.COST and JUDGED[measure].bad is Bad.DOWN:
            sides = _rest(sides[0]), _rest(sides[1])
    if measure in MEANS:
        p, difference = mean_is_greater(*sides), mean_difference(*sides)
    else:
        p, difference = share_is_greater(*sides), share_difference(*sides)
    return Drop(week.start, measure, scope, now, then, difference, p, running, slow)


def _slower(times: Sequence[float], than: float) -> Ratio:
    """The share of turns that took longer."""
    n, longer = len(times), len(times) - bisect_right(times, than)
    return Ratio(longer, n, longer, longer, n, n)


def _rest(ratio: Ratio) -> Ratio:
    """What is missing to the whole: of a share that shall be high the one that shall be low."""
    return Ratio(
        ratio.whole - ratio.part,
        ratio.whole,
        ratio.whole_whole - 2 * ratio.part_whole + ratio.part_part,
        ratio.whole_whole - ratio.part_whole,
        ratio.whole_whole,
        ratio.groups,
    )


def _is_material(drop: Drop) -> bool:
    """Whether it is worse by more than next to nothing."""
    judged, now, before = JUDGED[drop.measure], drop.now.value or 0.0, drop.before.value or 0.0
    if drop.measure in QUANTILES or drop.measure is Measure.COST:
        return now > before * judged.by
    return (before - now if judged.bad is Bad.DOWN else now - before) >= judged.by


def _whole(measure: Measure, of: Figure) -> str:
    """A figure with its interval."""
    ends = of.interval
    around = f" ({shown(measure, ends.low)} to {shown(measure, ends.high)})" if ends else ""
    return f"{shown(measure, of.value)}{around}"
