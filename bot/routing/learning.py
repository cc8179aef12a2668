"""Thresholds from a bot's own turns: fitted, tried on turns that were held out, compared.

What is best on the turns it was fitted on is no evidence. So the fit is repeated with a fifth of
the threads left out, five times over, and what it decides on those is compared with what the
thresholds in force decide; an interval comes from resampling threads. Pure; the seed is fixed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from bot.routing.policy import FOLLOWS, decided_by
from bot.routing.second_look import COSINE, COVERED
from bot.routing.signs import Happened, Kind, Sign, kind_of
from bot.routing.thresholds import Thresholds

ENOUGH = 30.0
"""So many labels of an operator, or signs of that worth, before anything is learned."""

FOLDS = 5
_OF_A_KIND = 8  # turns of a kind before its threshold moves
_RESAMPLED = 2000
_PULL = 0.04  # a step of 0.05 away from what is in force must gain 0.002
_KINDS = tuple(Kind)
_CELLS = len(_KINDS) ** 2

# What a mistake costs, right kind to decided kind (voice, handoff, question). A question that is
# taken for small talk loses its answer; small talk that is looked up costs a search.
_COSTS = np.array([[0, 0.6, 0.25], [0.8, 0, 0.5], [1.0, 0.6, 0]])
_COST_SHARE = 0.5

Floats = NDArray[np.float64]
Kinds = NDArray[np.int64]


@dataclass(frozen=True)
class Lessons:
    """Turns whose right kind is known, as columns ``[n]``. ``fixed``: the kind that a rule
    decided, -1 where thresholds do; ``near``: nearness of what was found, NaN without a search."""

    odds: Floats  # [n, 3]
    follows: NDArray[np.bool_]
    near: Floats
    fixed: Kinds
    right: Kinds
    weight: Floats
    thread: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.thread)

    def part(self, here: NDArray[np.bool_]) -> Lessons:
        """The turns where ``here``."""
        threads = tuple(t for t, kept in zip(self.thread, here, strict=True) if kept)
        return Lessons(
            self.odds[here],
            self.follows[here],
            self.near[here],
            self.fixed[here],
            self.right[here],
            self.weight[here],
            threads,
        )


@dataclass(frozen=True, slots=True)
class Score:
    """How well thresholds do: ``utility`` is macro F1 less half the mean cost of a mistake."""

    macro_f1: float
    cost: float

    @property
    def utility(self) -> float:
        return self.macro_f1 - _COST_SHARE * self.cost


@dataclass(frozen=True, slots=True)
class Learned:
    """What came of learning. ``adopt``: it is better on turns held out; ``reason`` in a sentence.

    ``fitted`` are the thresholds that were learned, ``None`` where too little is known or those
    in force are the best. ``before`` and ``after`` are scores on held-out turns, ``interval``
    holds nine tenths of the resampled differences in utility; all ``None`` where too little is
    known.
    """

    n: int
    worth: float
    adopt: bool
    reason: str
    fitted: Thresholds | None = None
    before: Score | None = None
    after: Score | None = None
    interval: tuple[float, float] | None = None

    def figures(self) -> dict[str, Any]:
        """The figures as they are kept."""
        found: dict[str, Any] = {"n": self.n, "worth": round(self.worth, 2), "reason": self.reason}
        for name, score in (("before", self.before), ("after", self.after)):
            if score is not None:
                found[name] = {
                    "macro_f1": round(score.macro_f1, 4),
                    "cost": round(score.cost, 4),
                    "utility": round(score.utility, 4),
                }
        if self.interval is not None:
            found["interval"] = [round(end, 4) for end in self.interval]
        return found


def lessons_of(known: Sequence[tuple[Happened, Sign]]) -> Lessons:
    """Turns of this classifier as columns; what another one decided is left out."""
    usable = [(h, s) for h, s in known if not h.odds or decided_by() in h.odds]
    odds = [[h.odds.get(kind.value, 0.0) for kind in _KINDS] for h, _ in usable]
    return Lessons(
        odds=np.array(odds, np.float64).reshape(-1, len(_KINDS)),
        follows=np.array([bool(h.odds.get(FOLLOWS)) for h, _ in usable], np.bool_),
        near=np.array([_nearness(h) for h, _ in usable], np.float64),
        fixed=np.array(
            [-1 if h.odds else _KINDS.index(kind_of(h.route)) for h, _ in usable], np.int64
        ),
        right=np.array([_KINDS.index(s.kind) for _, s in usable], np.int64),
        weight=np.array([s.weight for _, s in usable], np.float64),
        thread=tuple(h.thread for h, _ in usable),
    )


def _nearness(happened: Happened) -> float:
    cosine = happened.odds.get(COSINE)
    return float("nan") if cosine is None else cosine + happened.odds.get(COVERED, 0.0) / 2


def decisions(lessons: Lessons, thresholds: Thresholds) -> Kinds:
    """The kind of each turn as ``decide`` and ``reconsider`` would have it, shape ``[n]``."""
    voice, handoff, question = lessons.odds.T
    alone = ~lessons.follows
    said = np.full(len(lessons), _KINDS.index(Kind.QUESTION))
    said[voice >= np.where(alone, thresholds.voice, thresholds.in_thread)] = 0
    said[handoff >= np.where(alone, thresholds.handoff, thresholds.in_thread)] = 1
    with np.errstate(invalid="ignore"):
        nothing = lessons.near < thresholds.nothing
        near = lessons.near >= thresholds.near
    back = (said == 0) & (voice < thresholds.certain) & near
    away = (said == 2) & nothing & (np.maximum(voice, handoff) > question)
    said[away] = np.where(voice >= handoff, 0, 1)[away]
    said[back] = 2
    return np.where(lessons.fixed >= 0, lessons.fixed, said)


def learn(lessons: Lessons, current: Thresholds) -> Learned:
    """Thresholds for these turns, and whether they are better than those in force."""
    worth = float(lessons.weight.sum())
    kept = Learned(len(lessons), worth, adopt=False, reason="")
    movable = _movable(lessons)
    if worth < ENOUGH:
        return replace(
            kept,
            reason=f"Learning takes {ENOUGH:.0f} labelled turns, or ratings and other signs of "
            f"that worth; there are {worth:.0f} so far, so the thresholds stay.",
        )
    if not movable:
        return replace(
            kept,
            reason=f"Of no kind but one are there {_OF_A_KIND} labelled turns that the classifier "
            "decided, so the thresholds stay.",
        )
    fitted = _fit(lessons, current, movable)
    after = np.empty(len(lessons), np.int64)
    fold = np.array([crc32(thread.encode()) % FOLDS for thread in lessons.thread])
    for held in range(FOLDS):
        here = fold == held
        rest = lessons.part(~here)
        best = _fit(rest, current, [name for name in movable if name in _movable(rest)])
        after[here] = decisions(lessons.part(here), best)
    before = decisions(lessons, current)
    scores = _score(_cells(lessons, before)), _score(_cells(lessons, after))
    interval = _interval(lessons, before, after)
    gain = scores[1].utility - scores[0].utility
    adopt, reason = _verdict(fitted, current, gain, interval)
    moved = None if fitted.values() == current.values() else fitted
    return Learned(len(lessons), worth, adopt, reason, moved, *scores, interval)


def _verdict(
    fitted: Thresholds, current: Thresholds, gain: float, interval: tuple[float, float]
) -> tuple[bool, str]:
    if fitted.values() == current.values():
        return False, "The thresholds in force are the best ones for these turns, so they stay."
    told = f"{gain:+.3f} on turns held out, nine tenths of it in {interval[0]:+.3f} to "
    told += f"{interval[1]:+.3f}"
    if gain > 0 and interval[0] > 0:
        return True, f"The learned thresholds are better: {told}."
    return False, f"The learned thresholds are not surely better ({told}), so those in force stay."


def _movable(lessons: Lessons) -> list[str]:
    """The thresholds that enough turns speak of, on both sides."""
    open_, alone = lessons.fixed < 0, ~lessons.follows

    def many(kind: int, here: NDArray[np.bool_]) -> bool:
        return int(np.sum(here & open_ & (lessons.right == kind))) >= _OF_A_KIND

    searched = ~np.isnan(lessons.near)
    names = {
        "voice": many(0, alone) and many(2, alone),
        "handoff": many(1, alone) and many(2, alone),
        "in_thread": (many(0, ~alone) or many(1, ~alone)) and many(2, ~alone),
        "nothing": many(0, searched) and many(2, searched),
    }
    return [name for name, enough in names.items() if enough]


def _candidates(name: str) -> list[float]:
    first, last = (0.2, 0.9) if name == "nothing" else (0.3, 0.95)
    return [round(first + 0.05 * step, 2) for step in range(round((last - first) / 0.05) + 1)]


def _fit(lessons: Lessons, current: Thresholds, names: Sequence[str]) -> Thresholds:
    """The best thresholds for the turns, one at a time until none moves any more."""
    best, reached = current, _utility(lessons, current, current)
    for _ in range(4):
        start = best
        for name in names:
            for value in _candidates(name):
                trial = Thresholds.of(best.values() | {name: value}, 0, "fitted")
                got = _utility(lessons, trial, current)
                if got > reached + 1e-9:
                    best, reached = trial, got
        if best.values() == start.values():
            break
    return best


def _utility(lessons: Lessons, thresholds: Thresholds, current: Thresholds) -> float:
    """Utility, less a pull towards what is in force: few turns move nothing far."""
    ours, theirs = thresholds.values(), current.values()
    away = sum(abs(ours[name] - theirs[name]) for name in ours)
    return _score(_cells(lessons, decisions(lessons, thresholds))).utility - _PULL * away


def _cells(lessons: Lessons, said: Kinds) -> Floats:
    """Weight in each cell, right by decided, shape ``[9]``."""
    place = lessons.right * len(_KINDS) + said
    return np.bincount(place, lessons.weight, minlength=_CELLS).astype(np.float64)


def _score(cells: Floats) -> Score:
    f1, cost = _measures(cells[None])
    return Score(float(f1[0]), float(cost[0]))


def _measures(cells: Floats) -> tuple[Floats, Floats]:
    """Macro F1 over the kinds that occur, and mean cost, for ``[m, 9]`` cells; each ``[m]``."""
    square = cells.reshape(-1, len(_KINDS), len(_KINDS))
    hit = np.diagonal(square, axis1=1, axis2=2)
    size = square.sum(axis=1) + square.sum(axis=2)
    occurs = size > 0
    f1 = np.divide(2 * hit, size, out=np.zeros_like(size), where=occurs)
    macro = f1.sum(axis=1) / np.maximum(occurs.sum(axis=1), 1)
    cost = (square * _COSTS).sum(axis=(1, 2)) / np.maximum(square.sum(axis=(1, 2)), 1e-12)
    return macro, cost


def _interval(lessons: Lessons, before: Kinds, after: Kinds) -> tuple[float, float]:
    """Where nine tenths of the gains lie when threads are drawn anew, with replacement."""
    _, group = np.unique(np.array(lessons.thread), return_inverse=True)
    groups = int(group.max()) + 1
    tables = []
    for said in (before, after):
        table = np.zeros((groups, _CELLS))
        np.add.at(table, (group, lessons.right * len(_KINDS) + said), lessons.weight)
        tables.append(table)
    rng = np.random.default_rng(7)
    drawn = rng.multinomial(groups, np.full(groups, 1 / groups), size=_RESAMPLED).astype(np.float64)
    utilities = []
    for table in tables:
        macro, cost = _measures(drawn @ table)
        utilities.append(macro - _COST_SHARE * cost)
    low, high = np.quantile(utilities[1] - utilities[0], (0.05, 0.95))
    return float(low), float(high)
