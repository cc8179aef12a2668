"""The live turns of weeks as sums; those of weeks that are over are kept.

What an index holds is summed over all turns: how many, what they cost, how many came from the
cache. Thumbs are counted from the ratings' side, which are few. All else stands in wide rows, of
which a sample is read, as large for a bot with a million turns as for one with ten thousand: the
last characters of a turn's id are drawn by lot when it is made, and choose. What a book has counted
it remembers as sums, so that a second look reads what is new.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from math import ceil
from typing import Any

import sqlalchemy as sa

from bot.conversation import Outcome
from bot.errors import StorageError
from bot.store import kept_weeks, watch_thumbs
from bot.store.base import Database
from bot.store.chat_tables import handoffs
from bot.store.cost_tables import is_repeated
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

_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
_CLASSES = len(_LETTERS) ** 2
_BATCH = 400
_NO_STAGES = ("total", "first_sentence")
_MODELS = 20
"""Models that are told apart, the most used ones."""

_within = sa.and_(turns.c.at >= sa.bindparam("start"), turns.c.at < sa.bindparam("end"))
_counted = (
    sa.select(
        turns.c.route,
        turns.c.model,
        sa.func.count().label("turns"),
        sa.func.coalesce(sa.func.sum(turns.c.cost_usd), 0).label("cost"),
        sa.func.coalesce(sa.func.sum(turns.c.cost_usd * turns.c.cost_usd), 0).label("squares"),
        sa.func.count(sa.case((is_repeated, 1))).label("hits"),
    )
    .where(_within)
    .group_by(turns.c.route, turns.c.model)
)
_number = sa.select(sa.func.count()).select_from(turns).where(_within)
_lot = sa.func.substr(turns.c.id, sa.func.length(turns.c.id) - 1)
_ids = sa.select(turns.c.id).where(_within)
_drawn = _ids.where(_lot < sa.bindparam("lot"))
_rows = sa.select(
    *(
        turns.c[name]
        for name in (
            "id", "thread_id", "route", "outcome", "model", "timings", "error", "cached_from",
            "rejected", "claims",
        )
    )
).where(turns.c.id.in_(sa.bindparam("ids", expanding=True)))  # fmt: skip
_to_people = sa.select(handoffs.c.turn_id).where(
    handoffs.c.turn_id.in_(sa.bindparam("ids", expanding=True))
)


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
        found = []
        for start in starts:  # a query a week: none holds the database for long
            sample = self._sample if start in starts[-_WHOLE:] else self._older(len(starts))
            settled = kept_weeks.is_settled(start, now)
            counted = await self._db.read(
                partial(_week, start=start, sample=sample, over=memory.over.get(start),
                        read=memory.read.get(start))
            )  # fmt: skip
            if not settled:
                memory.read[start] = counted.read
            elif not counted.new or not counted.turns or await self._keep(start, counted, sample):
                memory.over[start] = replace(counted, read=_Read())
                memory.read.pop(start, None)
            found.append(Week(start, _with_thumbs(counted.tallies, thumbs[start])))
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
    models: frozenset[str] = frozenset()
    tallies: Mapping[str, Tally] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Counted:
    """The turns of a week by scope, without thumbs, from a sample so large; ``new``: they were not
    kept before."""

    turns: int
    tallies: Mapping[str, Tally]
    sample: int
    new: bool
    read: _Read = field(default_factory=_Read)


def _week(
    connection: sa.Connection,
    start: datetime,
    sample: int,
    over: _Counted | None,
    read: _Read | None,
) -> _Counted:
    within = {"start": start, "end": start + WEEK}
    turns = connection.scalar(_number, within) or 0
    if over and over.turns == turns and (over.sample >= sample or over.sample >= turns):
        return replace(over, new=False)
    known = kept_weeks.kept(connection, start, turns, sample)
    if known is not None:
        return _Counted(turns, known, sample, new=False)
    counted = connection.execute(_counted, within).all()
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
    sampled = _sampled(connection, within, turns, sample, read or _Read())
    if read and sampled.rows.keys() == read.rows.keys() and models == read.models:
        sampled = read
    else:
        sampled = replace(sampled, models=models, tallies=_summed(sampled, models))
    tallies = {
        scope: sums[scope].tally() + sampled.tallies.get(scope, Tally())
        for scope in [*sums, *(scope for scope in sampled.tallies if scope not in sums)]
    }
    return _Counted(turns, tallies, sample, new=True, read=sampled)


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


def _count(sums: _Sums, row: Any) -> None:
    n, cost = int(row.turns), float(row.cost)
    sums.turns += n
    cached, costs = _plain(int(row.hits), n), Ratio(cost, n, float(row.squares), cost, n, n)
    for measure, ratio in ((Measure.CACHED, cached), (Measure.COST, costs)):
        sums.ready[measure] = sums.ready.get(measure, Ratio()) + ratio


def _plain(part: int, whole: int) -> Ratio:
    """A share of turns, each by itself."""
    return Ratio(part, whole, part, part, whole, whole)


def drawn(
    connection: sa.Connection, within: Mapping[str, datetime], there: int, sample: int
) -> Sequence[str]:
    """The ids of about ``sample`` of the turns ``within`` a ``start`` and an ``end``, by lot; all
    of them where there are no more."""
    if there <= sample:
        return connection.scalars(_ids, within).all()
    number = min(ceil(_CLASSES * sample / there), _CLASSES - 1)
    lot = _LETTERS[number // len(_LETTERS)] + _LETTERS[number % len(_LETTERS)]
    return connection.scalars(_drawn, {**within, "lot": lot}).all()


def _sampled(
    connection: sa.Connection,
    within: Mapping[str, datetime],
    there: int,
    sample: int,
    before: _Read,
) -> _Read:
    """A sample of a week's turns; rows that were read before are not read again."""
    ids = drawn(connection, within, there, sample)
    found = {}
    for begun in range(0, len(ids), _BATCH):
        batch = ids[begun : begun + _BATCH]
        people = set(connection.scalars(_to_people, {"ids": batch}))
        keys = [(id_, id_ in people) for id_ in batch]
        missing = [key[0] for key in keys if key not in before.rows]
        rows = connection.execute(_rows, {"ids": missing}) if missing else ()
        found.update({key: before.rows[key] for key in keys if key in before.rows})
        for row in rows:
            person = row.id in people
            told = row.route, row.model, _observed(row, person), time_of(row.timings)
            found[row.id, person] = told
    return _Read(found)


def _observed(row: Any, person: bool) -> _Observed:
    """What one turn says of which measure: part and whole, and the group they belong to. An answer
    that was given again was not made or checked again."""
    outcome, thread = row.outcome, row.thread_id
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


def time_of(timings: Mapping[str, float | None]) -> float | None:
    """What a turn's stages took together, in milliseconds; the total itself is known only after
    the turn was stored."""
    stages = [ms or 0.0 for name, ms in timings.items() if name not in _NO_STAGES]
    return round(float(sum(stages)), 1) if stages else None
