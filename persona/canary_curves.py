"""How a canary's measures went on the way: each one so far, after ever more turns. Pure.

The intervals are those of the verdict (:mod:`persona.canary`): they hold at all places at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from persona.canary import Interval, Side, share_of
from persona.canary_reading import MEASURES, THUMBS, UNKNOWN, UNSUPPORTED, Limits, TurnSeen

DRAWN = (THUMBS, UNSUPPORTED, UNKNOWN)
"""The measures that have a curve."""

PLACES = 24
"""Places of a curve."""


@dataclass(frozen=True, slots=True)
class Place:
    """A measure of both sides after ``turns`` turns of the two together."""

    turns: int
    canary: Interval
    live: Interval


@dataclass(frozen=True, slots=True)
class Curve:
    """A measure on the way, from the first turns to all of them."""

    name: str
    places: tuple[Place, ...]


@dataclass(slots=True)
class _Sums:
    """The threads of a side on one measure so far: of each the turns and what went wrong."""

    threads: dict[str, tuple[int, float]] = field(default_factory=lambda: defaultdict(_nothing))
    bad: float = 0.0

    def add(self, thread: str, bad: float) -> None:
        n, before = self.threads[thread]
        self.threads[thread] = n + 1, before + bad
        self.bad += (before + bad) / (n + 1) - (before / n if n else 0.0)

    def interval(self, alpha: float) -> Interval:
        n = len(self.threads)
        return share_of(n, min(max(self.bad, 0.0), float(n)), alpha)


def _nothing() -> tuple[int, float]:
    return 0, 0.0


def curves(turns: Sequence[TurnSeen], limits: Limits, places: int = PLACES) -> tuple[Curve, ...]:
    """The curves of turns in the order in which they came; a thread is one observation, the mean of
    its turns so far. Empty without turns."""
    if not turns:
        return ()
    alpha = limits.alpha / len(MEASURES)
    stops = {round(len(turns) * k / places) for k in range(1, places + 1)} - {0}
    sums = {(name, side): _Sums() for name in DRAWN for side in Side}
    found: dict[str, list[Place]] = {name: [] for name in DRAWN}
    for count, turn in enumerate(turns, 1):
        for name in DRAWN:
            if name in turn.bad:
                sums[name, turn.side].add(turn.thread, turn.bad[name])
        if count in stops:
            for name in DRAWN:
                both = (sums[name, side].interval(alpha) for side in (Side.CANARY, Side.LIVE))
                found[name].append(Place(count, *both))
    return tuple(Curve(name, tuple(found[name])) for name in DRAWN)
