"""The live turns of weeks as sums; those of weeks that are over are kept.

What an index holds is summed over all turns: how many, what they cost, how many came from the
cache. Thumbs are counted from the ratings' side, which are few. All else stands in wide rows, of
which a sample is read, as large for a bot with a million turns as for one with ten thousand: the
last characters of a turn's id are drawn by lot when it is made, and choose
(:mod:`bot.store.lots`). What a book has counted it remembers as sums, so that a second look reads
what is new; days that are over are summed once for all who add them up
(:mod:`bot.store.turn_days`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from hashlib import blake2b
from secrets import token_bytes
from typing import Any, TypeGuard

import sqlalchemy as sa

from bot.budget import day_of
from bot.conversation import Outcome
from bot.errors import StorageError
from bot.store import kept_weeks, turn_days, watch_thumbs
from bot.store.base import Database
from bot.store.lots import Drawn, draw, to_people
from bot.store.remembered import Remembered
from bot.store.tables import turns
from bot.store.watch_figures import ALL, WEEK, Measure, Ratio, Tally, Week, monday
from bot.store.watch_thumbs import MODEL, Thumbs
from bot.telemetry import log

SAMPLE = 2_000
"""Turns of a week whose rows are read: a share of them is known to two points."""

_WHOLE = 6
"""Weeks, the last ones, of which the whole sample is read: those that are judged."""
_LOOKED_BACK = 6
_LEAST = 250

_BATCH = 400
_KEY = token_bytes(32)
_NO_STAGES = ("total", "first_sentence")
_MODELS = 20
"""Models that are told apart, the most used ones."""

_rows = sa.select(
    *(
        turns.c[name]
        for name in (
            "id", "thread_id", "route", "outcome", "model", "timings", "error", "cached_from",
            "rejected", "claims",
        )
    )
).where(turns.c.id.in_(sa.bindparam("ids", expanding=True)))  # fmt: skip


@dataclass
class _Sums:
    """What is gathered of one scope in one week: by measure and group a part and a whole."""

    turns: int = 0
    ready: dict[Measure, Ratio] = field(default_factory=dict)
    groups: dict[Measure, dict[str, list[float]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(lambda: [0.0, 0.0]))
    )
    times: list[float] = field(default_factory=list)

    def observe(self, found: Iterable[tuple[Measure, str, float, float]], ms: float | None) -> None:
        """Count what one turn says."""
        for measure, group, part, whole in found:
            pair = self.groups[measure][group]
            pair[0] += part
            pair[1] += whole
        if ms is not None:
            self.times.append(ms)

    def tally(self) -> Tally:
        ratios = dict(self.ready)
        for measure, groups in self.groups.items():
            ratios[measure] = Ratio.of((part, whole) for part, whole in groups.values())
        return Tally(self.turns, ratios, tuple(sorted(self.times)))


@dataclass
class _Memory:
    """Weeks that are over, what was read of the others, and thumbs."""

    over: dict[datetime, _Counted] = field(default_factory=dict)
    read: dict[datetime, _Read] = field(default_factory=dict)
    thumbs: watch_thumbs.Known | None = None


_memories = Remembered(_Memory)


class WatchBook:
    """The measures of live turns in a database. Weeks that are over are kept once they were
    counted; they, thumbs, and what was read of a sample are remembered."""

    def __init__(self, db: Database, sample: int = SAMPLE) -> None:
        self._db = db
        self._sample = sample
        self._memory = _memories.of(db)

    async def weeks(self, now: datetime, count: int) -> list[Week]:
        """The running week and those before it, ``count`` together, oldest first; a week without a
        turn is one."""
        starts = [monday(now) - back * WEEK for back in reversed(range(count))]
        return await self.of(now, starts)

    async def of(self, now: datetime, starts: Sequence[datetime]) -> list[Week]:
        """The weeks that begin at these Mondays, in ascending order."""
        memory, known = self._memory, self._memory.thumbs
        thumbs, memory.thumbs = await self._db.read(
            lambda c: watch_thumbs.look(c, starts, now, known)
        )
        days = turn_days.remembered(self._db)
        believed = await self._db.read(lambda c: _still_true(c, starts, now, memory.over))
        found: list[Week] = []
        summed: list[turn_days.Day] = []
        for start in starts:  # a query a week: none holds the database for long
            sample = self._sample if start in starts[-_WHOLE:] else self._older(len(starts))
            counted = memory.over.get(start)
            if start not in believed or not _enough(counted, sample):
                look = partial(_week, start=start, now=now, sample=sample, days=days)
                before = memory.over.get(start), memory.read.get(start)
                counted = await self._db.read(partial(look, over=before[0], read=before[1]))
                summed += counted.days
                if not kept_weeks.is_settled(start, now):
                    memory.read[start] = counted.read
                elif (
                    not counted.new or not counted.turns or await self._keep(start, counted, sample)
                ):
                    memory.over[start] = replace(counted, read=_Read(), days=())
                    memory.read.pop(start, None)
            found.append(Week(start, _with_thumbs(counted.tallies, thumbs[start])))
        turn_days.remember(self._db, summed, now)
        return found

    async def _keep(self, start: datetime, counted: _Counted, sample: int) -> bool:
        turns, tallies = counted.turns, counted.tallies
        try:
            await self._db.write(lambda c: kept_weeks.keep(c, start, turns, sample, tallies))
        except StorageError as error:  # it is counted again the next time
            log.warning("a week could not be kept", week=str(start.date()), error=str(error))
            return False
        return True

    def _older(self, weeks: int) -> int:
        """The sample of a week that is only looked back at: a year costs as much as two months."""
        return min(self._sample, max(_LEAST, _LOOKED_BACK * self._sample // (weeks - _WHOLE)))


_Observed = list[tuple[Measure, str, float, float]]


@dataclass(frozen=True, slots=True)
class _Read:
    """What a sample's rows came to, by turn and whether a person was called: its route and model,
    what it says, and its time; and the sums of all of them, these models told apart."""

    rows: Mapping[tuple[str, bool], tuple[str, str, _Observed, float | None]] = field(
        default_factory=dict
    )
    drawn: Drawn | None = None
    models: frozenset[str] = frozenset()
    tallies: Mapping[str, Tally] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Counted:
    """The turns of a week by scope, without thumbs, from a sample so large; ``new``: they were not
    kept before. ``days`` are those that were summed for it."""

    turns: int
    tallies: Mapping[str, Tally]
    sample: int
    new: bool
    read: _Read = field(default_factory=_Read)
    days: Sequence[turn_days.Day] = ()


def _enough(counted: _Counted | None, sample: int) -> TypeGuard[_Counted]:
    """Whether a week was counted from a sample no smaller than this one."""
    return counted is not None and (counted.sample >= sample or counted.sample >= counted.turns)


def _still_true(
    connection: sa.Connection,
    starts: Sequence[datetime],
    now: datetime,
    over: Mapping[datetime, _Counted],
) -> Collection[datetime]:
    """Those of some weeks that are over and have as many turns as they had: none comes to a week
    that is over, so none of them lost one."""
    known = [start for start in starts if start in over and kept_weeks.is_settled(start, now)]
    there = turn_days.numbers_in(connection, known, WEEK)
    return {start for start, turns in zip(known, there, strict=True) if turns == over[start].turns}


def _week(
    connection: sa.Connection,
    start: datetime,
    now: datetime,
    sample: int,
    days: turn_days.Known,
    over: _Counted | None,
    read: _Read | None,
) -> _Counted:
    if kept_weeks.is_settled(start, now):
        number = turn_days.number_in(connection, start, start + WEEK)
        if over and over.turns == number and _enough(over, sample):
            return replace(over, new=False)
        known = kept_weeks.kept(connection, start, number, sample)
        if known is not None:
            return _Counted(number, known, sample, new=False)
    summed, counted = _days_of(connection, start, now, days)
    used: dict[str, int] = defaultdict(int)
    for row in counted:
        used[row.model] += row.turns
    named = sorted((name for name in used if name), key=lambda name: -used[name])
    models = frozenset(named[:_MODELS])
    sums: dict[str, _Sums] = defaultdict(_Sums, {ALL: _Sums()})  # a week without a turn is one
    for row in counted:
        for scope in _scopes(row.route, row.model, models):
            _count(sums[scope], row)
    turns = sum(used.values())
    sampled = _sampled(connection, start, now, turns, sample, read or _Read())
    if read and sampled.rows.keys() == read.rows.keys() and models == read.models:
        sampled = replace(read, drawn=sampled.drawn)
    else:
        sampled = replace(sampled, models=models, tallies=_summed(sampled, models))
    tallies = {
        scope: sums[scope].tally() + sampled.tallies.get(scope, Tally())
        for scope in [*sums, *(scope for scope in sampled.tallies if scope not in sums)]
    }
    return _Counted(turns, tallies, sample, new=True, read=sampled, days=summed)


def _days_of(
    connection: sa.Connection, start: datetime, now: datetime, known: turn_days.Known
) -> tuple[Sequence[turn_days.Day], list[turn_days.Sums]]:
    """The days of a week that are over, and the sums of all of it."""
    end = start + WEEK
    today = max(start, min(end, day_of(now)))
    days = turn_days.days_in(connection, start, today, known)
    sums = [each for day in days for each in day.sums]
    if today < end:
        sums += turn_days.sums_in(connection, today, end)
    return days, sums


def _summed(read: _Read, models: Collection[str]) -> dict[str, Tally]:
    """What a sample says, by scope; how many turns there are, it does not."""
    sums: dict[str, _Sums] = defaultdict(_Sums)
    for route, model, observed, ms in read.rows.values():
        for scope in _scopes(route, model, models):
            sums[scope].observe(observed, ms)
    return {scope: each.tally() for scope, each in sums.items()}


def _with_thumbs(tallies: Mapping[str, Tally], thumbs: Mapping[str, Thumbs]) -> dict[str, Tally]:
    """A week's tallies with what people thought of its turns."""
    found = {}
    for scope, tally in tallies.items():
        ratios, told = dict(tally.ratios), thumbs.get(scope, Thumbs())
        if tally.turns:
            ratios[Measure.RATED] = _plain(min(told.answers, tally.turns), tally.turns)
        if told.answers:
            ratios[Measure.SATISFACTION] = told.people
        found[scope] = Tally(tally.turns, ratios, tally.times)
    return found


def _scopes(route: str, model: str, models: Collection[str]) -> Iterator[str]:
    yield ALL
    yield f"route:{route}"
    if model in models:
        yield f"{MODEL}{model}"


def _count(sums: _Sums, row: turn_days.Sums) -> None:
    n, cost = row.turns, row.cost_usd
    sums.turns += n
    cached, costs = _plain(row.hits, n), Ratio(cost, n, row.squares, cost, n, n)
    for measure, ratio in ((Measure.CACHED, cached), (Measure.COST, costs)):
        sums.ready[measure] = sums.ready.get(measure, Ratio()) + ratio


def _plain(part: int, whole: int) -> Ratio:
    """A share of turns, each by itself."""
    return Ratio(part, whole, part, part, whole, whole)


def _sampled(
    connection: sa.Connection,
    start: datetime,
    now: datetime,
    there: int,
    sample: int,
    before: _Read,
) -> _Read:
    """A sample of a week's turns; rows that were read before are not read again."""
    drawn = draw(connection, start, start + WEEK, now, there, sample, before.drawn)
    people = to_people(connection, drawn.ids)
    keys = [(id_, id_ in people) for id_ in drawn.ids]
    found = {key: before.rows[key] for key in keys if key in before.rows}
    missing = [key[0] for key in keys if key not in found]
    for begun in range(0, len(missing), _BATCH):
        for row in connection.execute(_rows, {"ids": missing[begun : begun + _BATCH]}):
            person = row.id in people
            told = row.route, row.model, _observed(row, person), time_of(row.timings)
            found[row.id, person] = told
    return _Read(found, drawn)


def _observed(row: Any, person: bool) -> _Observed:
    """What one turn says of which measure: part and whole, and the group they belong to. An answer
    that was given again was not made or checked again."""
    outcome, thread = row.outcome, _nameless(row.thread_id)
    failed = bool(row.error) or outcome == Outcome.ERROR.value
    found = [
        (Measure.ABSTENTIONS, thread, float(outcome == Outcome.ABSTAINED.value), 1.0),
        (Measure.HANDOFFS, thread, float(person or outcome == Outcome.HANDOFF.value), 1.0),
        (Measure.ERRORS, thread, float(failed), 1.0),
    ]
    if row.cached_from:
        return found
    claims, rejected, n = row.claims, row.rejected, len(row.claims)
    if claims:
        carried, score = 0, 0.0
        for claim in claims:
            carried += bool(claim.get("supported"))
            score += float(claim.get("score") or 0.0)
        found.append((Measure.GROUNDED, row.id, float(carried), float(n)))
        found.append((Measure.CHECKER, row.id, score, float(n)))
    repaired = sum(bool(each.get("became")) for each in rejected)
    said = max(n - repaired, 0) + len(rejected)
    if said:
        found.append((Measure.KEPT_BACK, row.id, float(len(rejected)), float(said)))
    return found


def _nameless(thread: str) -> str:
    """What stands for a thread in memory: a thread may be named after somebody, who may be
    forgotten."""
    return blake2b(thread.encode(), key=_KEY, digest_size=16).hexdigest()


def time_of(timings: Mapping[str, float | None]) -> float | None:
    """What a turn's stages took together, in milliseconds; the total itself is known only after
    the turn was stored."""
    stages = [ms or 0.0 for name, ms in timings.items() if name not in _NO_STAGES]
    return round(float(sum(stages)), 1) if stages else None
