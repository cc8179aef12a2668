"""What turns tell of a canary: each measure compared, and a verdict in words. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from persona.canary import BATCH, Comparison, Interval, Seen, Side, compared, slower

THUMBS, UNSUPPORTED, UNKNOWN, PERSON, ERRORS, TIME = (
    "thumbs down",
    "unsupported sentences",
    "not known",
    "to a person",
    "model errors",
    "time",
)
SHARES = (THUMBS, UNSUPPORTED, UNKNOWN, PERSON, ERRORS)
MEASURES = (*SHARES, TIME)
ENOUGH = 4
"""So many times the least turns of each side, and no harm: then it may be promoted."""


class Finding(StrEnum):
    """What is to be said of a canary."""

    WAITING = "waiting"
    OPEN = "open"
    FINE = "fine"
    WORSE = "worse"


@dataclass(frozen=True, slots=True)
class TurnSeen:
    """A turn of a canary's time: who answered, what went wrong (by measure, 0 to 1; a measure that
    says nothing about it is left out), and how long it took (``None``: it tells nothing)."""

    thread: str
    side: Side
    bad: Mapping[str, float]
    ms: float | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """``alpha`` bounds the probability of ever calling a canary worse that is not, all measures
    together; ``least`` turns of each side come before any verdict; shares may look ``margin``
    worse, and the median time be ``factor`` times as long."""

    alpha: float = 0.05
    least: int = 50
    margin: float = 0.02
    factor: float = 1.5


@dataclass(frozen=True, slots=True)
class Reading:
    """All measures of a canary against what was live, with the turns of each side."""

    turns: Mapping[Side, int]
    measures: tuple[Comparison, ...]
    finding: Finding
    why: str

    def figures(self) -> dict[str, Any]:
        """As kept with the canary, and for scripts. Times are milliseconds."""
        return {
            "turns": {side.value: self.turns[side] for side in Side},
            "finding": self.finding.value,
            "why": self.why,
            "measures": {
                m.name: {
                    "canary": _interval_json(m.canary),
                    "live": _interval_json(m.live),
                    "evidence": round(m.evidence, 4),
                    "needed": round(m.needed, 1),
                    "worse": m.worse,
                }
                for m in self.measures
            },
        }


def reading(turns: Sequence[TurnSeen], limits: Limits) -> Reading:
    """What turns tell, in the order in which they came; threads are the observations."""
    counts = Counter(turn.side for turn in turns)
    alpha = limits.alpha / len(MEASURES)
    first = max(BATCH, limits.least // 2)
    measures = [
        compared(
            name,
            _of_threads(turns, name),
            alpha=alpha,
            least=BATCH if name == THUMBS else first,
            margin=limits.margin,
        )
        for name in SHARES
    ]
    times = _times(turns, Side.CANARY), _times(turns, Side.LIVE)
    measures.append(slower(TIME, times, alpha=alpha, least=first, factor=limits.factor))
    both = {side: counts.get(side, 0) for side in Side}
    finding, why = _verdict(measures, both, limits.least)
    return Reading(both, tuple(measures), finding, why)


def _of_threads(turns: Sequence[TurnSeen], name: str) -> list[Seen]:
    """One observation a thread: the mean of its turns, where its first one stands."""
    found: dict[tuple[str, Side], list[float]] = defaultdict(list)
    for turn in turns:
        if name in turn.bad:
            found[turn.thread, turn.side].append(turn.bad[name])
    return [Seen(side, sum(bad) / len(bad)) for (_, side), bad in found.items()]


def _times(turns: Sequence[TurnSeen], side: Side) -> list[float]:
    found: dict[str, list[float]] = defaultdict(list)
    for turn in turns:
        if turn.side is side and turn.ms is not None:
            found[turn.thread].append(turn.ms)
    return [sum(times) / len(times) for times in found.values()]


def _verdict(
    measures: Sequence[Comparison], turns: Mapping[Side, int], least: int
) -> tuple[Finding, str]:
    fewest = min(turns.values())
    seen = f"after {turns[Side.CANARY]} turns of its own and {turns[Side.LIVE]} of the other"
    if fewest < least:
        return Finding.WAITING, f"waits for {least} turns of each side; {seen}"
    worse = [measure for measure in measures if measure.worse]
    if worse:
        return Finding.WORSE, f"worse: {'; '.join(map(_in_words, worse))}; {seen}"
    if fewest < ENOUGH * least:
        return Finding.OPEN, f"no harm found so far; {seen}"
    return Finding.FINE, f"no harm found after {turns[Side.CANARY]} turns; promote it"


def _in_words(measure: Comparison) -> str:
    return f"{measure.name} {shown(measure, Side.CANARY)} against {shown(measure, Side.LIVE)}"


def shown(measure: Comparison, side: Side) -> str:
    """One side of a measure for people: a share, or seconds."""
    value = _side(measure, side).value
    return "–" if value is None else _unit(measure.name, value)


def interval(measure: Comparison, side: Side) -> str:
    """Its interval for people; empty where nothing was seen."""
    found = _side(measure, side)
    if found.value is None:
        return ""
    return f"{_unit(measure.name, found.low)} to {_unit(measure.name, found.high)}"


def _side(measure: Comparison, side: Side) -> Interval:
    return measure.canary if side is Side.CANARY else measure.live


def _unit(name: str, value: float) -> str:
    if value == float("inf"):
        return "∞"
    return f"{value / 1000:.2f} s" if name == TIME else f"{value:.1%}"


def _interval_json(found: Interval) -> dict[str, Any]:
    finite = found.high if found.high != float("inf") else None
    return {"value": found.value, "low": found.low, "high": finite, "n": found.n}
