"""The gate: whether a candidate may speak in the place of what is live. Pure.

Style must be better; correctness, grounding and refusals must not be worse, latency and cost stay
within limits. "Better" and "not worse" are told by the interval of the paired difference: its lower
end must lie above zero, or above what may be lost (a test of non-inferiority). An interval that is
too wide to tell fails, with the number of cases that would tell. Where no case differs, no
difference was seen: how large one the suite could have missed, the reason says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from bot.evaluation.intervals import Estimate, by_cluster, difference, needed
from bot.evaluation.scoring import Score
from bot.pricing import in_dollars

LEAST = 10
"""Cases below which nothing is judged: a bootstrap of fewer says little (Hesterberg 2015)."""
_PERFECT = 0.995
_NOTICED_S = 0.1  # below it people take an answer for instant (Miller 1968; Nielsen 1993)

STYLE, CORRECTNESS, GROUNDING, REFUSALS, LATENCY, COST = (
    "style",
    "correctness",
    "grounding",
    "refusals",
    "latency",
    "cost",
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What is demanded: ``confidence`` of the intervals, how much ``worse`` (0 to 1) correctness,
    grounding and refusals may be, how many times as slow and as dear."""

    confidence: float = 0.95
    worse: float = 0.02
    slower: float = 1.5
    dearer: float = 1.5


@dataclass(frozen=True, slots=True)
class Scores:
    """What one side did: a score for each case, both sides in the same order. The built-in reader
    is no model: in time and cost nothing can be compared with it."""

    model: str
    scores: tuple[Score, ...]
    is_model: bool = True


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing that was judged, with its reason in words. ``difference`` is candidate less live,
    with its interval; for latency and cost how many times as much."""

    name: str
    passed: bool
    reason: str
    candidate: float | None = None
    live: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the candidate passed, and everything that was judged."""

    measures: tuple[Measure, ...]
    cases: int

    @property
    def passed(self) -> bool:
        return all(measure.passed for measure in self.measures)

    @property
    def word(self) -> str:
        return "pass" if self.passed else "fail"

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why, what failed first."""
        ordered = sorted(self.measures, key=lambda measure: measure.passed)
        return tuple(measure.reason for measure in ordered)


def judge(candidate: Scores, live: Scores, limits: Limits) -> Verdict:
    """The verdict over all cases. Raises ValueError for sides with different cases."""
    if [s.case for s in candidate.scores] != [s.case for s in live.scores]:
        raise ValueError("both sides need the same cases")
    cases = len({score.case for score in live.scores})
    measures = []
    if cases < LEAST:
        measures.append(_too_few(cases))
    if cases:
        measures += [
            _style(candidate, live, limits),
            _kept(CORRECTNESS, candidate, live, limits, lambda s: (s.right, True)),
            _kept(GROUNDING, candidate, live, limits, _claims),
            _kept(REFUSALS, candidate, live, limits, _refusal),
            _latency(candidate, live, limits),
            _cost(candidate, live, limits),
        ]
    if (failed := _failures(candidate, live)) is not None:
        measures.append(failed)
    return Verdict(tuple(measures), cases)


_Pair = Callable[[Score], tuple[float, float]]
"""What a case adds to a figure, and to what it is a share of; 0 of 0 where it was not counted."""


def _claims(score: Score) -> tuple[float, float]:
    return (score.carried, score.claims) if score.answered else (0, 0)


def _refusal(score: Score) -> tuple[float, float]:
    return (0, 0) if score.failed else (score.refusal_right, 1)


def _styled(score: Score) -> tuple[float, float]:
    return (0, 0) if score.style is None else (score.style, 1)


def _sums(side: Scores, pair: _Pair) -> tuple[Sequence[float], Sequence[float]]:
    """Numerators and denominators, one of each a case."""
    found = [pair(score) for score in side.scores]
    keys = [score.case for score in side.scores]
    parts, wholes = by_cluster(keys, [p for p, _ in found], [w for _, w in found])
    return list(parts), list(wholes)


def _share(sums: tuple[Sequence[float], Sequence[float]]) -> float | None:
    part, whole = sum(sums[0]), sum(sums[1])
    return part / whole if whole else None


def _too_few(cases: int) -> Measure:
    reason = f"too few cases: {cases}, where {LEAST} are needed at least, {LEAST - cases} more"
    return Measure("cases", passed=False, reason=reason, candidate=cases)


def known_before(cases: int) -> Measure:
    """Says that cases were left out, because the candidate was trained on their questions."""
    told = "one case was" if cases == 1 else f"{cases} cases were"
    reason = f"held out: {told} left out, the candidate was trained on the question"
    return Measure("held out", passed=True, reason=reason, candidate=cases)


def not_known_before() -> Measure:
    """Says that what the candidate was trained on cannot be looked at any more."""
    reason = (
        "held out: nobody can tell whether the candidate was trained on these questions, the files "
        "of its data set are gone"
    )
    return Measure("held out", passed=True, reason=reason)


def _failures(candidate: Scores, live: Scores) -> Measure | None:
    sides = [(side.model, sum(score.failed for score in side.scores)) for side in (candidate, live)]
    told = [
        f"{'one answer' if failed == 1 else f'{failed} answers'} of {model}"
        for model, failed in sides
        if failed
    ]
    if not told:
        return None
    reason = f"errors: {' and '.join(told)} failed and counted as wrong"
    return Measure("errors", True, reason, *(failed for _, failed in sides))


# -- style ------------------------------------------------------------------------------------


def _style(candidate: Scores, live: Scores, limits: Limits) -> Measure:
    mine, theirs = _sums(candidate, _styled), _sums(live, _styled)
    found = difference(mine, theirs, limits.confidence)
    ours, other = _share(mine), _share(theirs)
    if found is None or ours is None or other is None:
        reason = "style: nothing was said that could be compared"
        return Measure(STYLE, False, reason, ours, other)
    span = _span(found, limits, 1, "")
    told = f"style: {ours:.2f} against {other:.2f}"
    if min(ours, other) >= _PERFECT and found.interval.low >= -limits.worse:
        passed, told = True, f"{told}, as good as can be on both sides"
    elif found.interval.low > 0:
        passed, told = True, f"{told}, better by {found.value:.2f} ({span})"
    elif found.value <= 0:
        passed, told = False, f"{told}, not better ({span})"
    else:
        passed = False
        told = f"{told}, perhaps better ({span}); {_more(found, 0.0)}"
    return _measure(STYLE, passed, told, ours, other, found)


# -- what must not get worse ------------------------------------------------------------------


def _kept(name: str, candidate: Scores, live: Scores, limits: Limits, pair: _Pair) -> Measure:
    """Whether a share is not worse by more than may be lost."""
    mine, theirs = _sums(candidate, pair), _sums(live, pair)
    found = difference(mine, theirs, limits.confidence)
    ours, other = _share(mine), _share(theirs)
    if found is None or ours is None or other is None:
        return _one_sided(name, ours, other, limits)
    allowed = f"{100 * limits.worse:g} points"
    span = _span(found, limits, 100, " points")
    told = f"{name}: {ours:.1%} against {other:.1%}"
    if mine == theirs:
        missed = f"a loss of {300 / found.n:.2g} points could have been missed"  # rule of three
        return _measure(
            name, True, f"{told}, equal in all {found.n} cases ({missed})", ours, other, found
        )
    if found.interval.low >= -limits.worse:
        told = f"{told}, not worse by more than {allowed} ({span})"
        return _measure(name, True, told, ours, other, found)
    if found.value < -limits.worse:
        sure = "" if found.interval.high < 0 else ", perhaps by chance"
        told = f"{told}, worse by {-100 * found.value:.1f} points{sure} ({span}); {allowed} may be"
        told += " lost"
    else:
        told = f"{told}, which may be worse by more than {allowed} ({span})"
        told = f"{told}; {_more(found, -limits.worse)}"
    return _measure(name, False, told, ours, other, found)


def _one_sided(name: str, ours: float | None, other: float | None, limits: Limits) -> Measure:
    """A share that only one side has, or none: the candidate's must speak for itself."""
    if ours is None and other is None:
        return Measure(name, True, f"{name}: nothing to compare on either side")
    if ours is None:
        return Measure(name, False, f"{name}: the candidate answered nothing", None, other)
    passed = ours >= 1 - limits.worse
    told = f"{name}: {ours:.1%}, and nothing to compare it with"
    return Measure(name, passed, told, ours)


# -- time and money ---------------------------------------------------------------------------


def _latency(candidate: Scores, live: Scores, limits: Limits) -> Measure:
    both = [
        (a.seconds, b.seconds)
        for a, b in zip(candidate.scores, live.scores, strict=True)
        if a.seconds is not None and b.seconds is not None
    ]
    if not both:
        return Measure(LATENCY, True, "latency: nothing was measured on both sides")
    ours, other = median(a for a, _ in both), median(b for _, b in both)
    told = f"latency: {_seconds(ours)} at the median against {_seconds(other)}"
    if not (live.is_model and candidate.is_model):
        told += ", not compared: the built-in reader asks no server"
        return Measure(LATENCY, True, told, ours, other)
    times = ours / other if other else None
    if ours - other < _NOTICED_S:
        return Measure(LATENCY, True, f"{told}, no difference that is noticed", ours, other, times)
    passed = times is not None and times <= limits.slower
    allowed = f"where {limits.slower:g} are allowed"
    told += f", {times:.1f} times as long {allowed}" if times is not None else ", longer"
    return Measure(LATENCY, passed, told, ours, other, times)


def _cost(candidate: Scores, live: Scores, limits: Limits) -> Measure:
    both = [
        (a.usage, b.usage)
        for a, b in zip(candidate.scores, live.scores, strict=True)
        if not (a.failed or b.failed)
    ]
    if not both:
        return Measure(COST, True, "cost: nothing was charged on both sides")
    ours = sum(a.cost_usd for a, _ in both) / len(both)
    other = sum(b.cost_usd for _, b in both) / len(both)
    told = f"cost: {in_dollars(ours)} an answer against {in_dollars(other)}"
    if not (live.is_model and candidate.is_model):
        told += ", not compared: the built-in reader costs nothing"
        return Measure(COST, True, told, ours, other)
    if ours <= other:
        return Measure(COST, True, _no_dearer(told, ours, other), ours, other, _times(ours, other))
    if not other:
        told += "; without a price for the live model nothing can be compared, set it under "
        told += "[models.prices]"
        return Measure(COST, False, told, ours, other)
    passed = ours <= limits.dearer * other
    told += f", {ours / other:.1f} times as much where {limits.dearer:g} are allowed"
    return Measure(COST, passed, told, ours, other, ours / other)


def _no_dearer(told: str, ours: float, other: float) -> str:
    return f"{told}, no dearer" if ours or other else "cost: no price is set, both count as free"


def _times(ours: float, other: float) -> float | None:
    return ours / other if other else None


# -- words ------------------------------------------------------------------------------------


def _measure(
    name: str, passed: bool, reason: str, ours: float, other: float, found: Estimate
) -> Measure:
    ends = found.interval
    return Measure(name, passed, reason, ours, other, found.value, ends.low, ends.high)


def _span(found: Estimate, limits: Limits, scale: float, unit: str) -> str:
    """The difference and its interval in words."""
    places = 3 if scale == 1 else 1
    low, high = scale * found.interval.low, scale * found.interval.high
    share = f"{100 * limits.confidence:g}% interval"
    return f"{share} of the difference {low:+.{places}f} to {high:+.{places}f}{unit}"


def _more(found: Estimate, above: float) -> str:
    """How many cases would tell."""
    cases = needed(found, above)
    if cases is None:
        return f"no number of cases would show it, there are {found.n}"
    wanted = max(cases, found.n + 1)
    return f"about {wanted:,} cases would tell, there are {found.n}"


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value >= 1 else f"{1000 * value:.0f} ms"


def figure(name: str, value: float | None) -> str:
    """A measure's figure as people read it; a dash where there is none."""
    if value is None:
        return "–"
    if name == LATENCY:
        return _seconds(value)
    if name == COST:
        return in_dollars(value)
    if name == STYLE:
        return f"{value:.2f}"
    return f"{value:.1%}" if name in (CORRECTNESS, GROUNDING, REFUSALS) else f"{value:g}"
