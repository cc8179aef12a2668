"""The live turns of weeks as sums; those of weeks that are over are kept.

What an index holds is summed over all turns: how many, what they cost, how many came from the
cache. Thumbs are counted from the ratings' side, which are few. All else stands in wide rows, of
which a sample is read, as large for a bot with a million turns as for one with ten thousand: the
last characters of a turn's id are drawn by lot when it is made, and choose.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from math import ceil
from typing import Any

import sqlalchemy as sa

from bot.conversation import Outcome, Rating
from bot.errors import StorageError
from bot.store import kept_weeks
from bot.store.base import Database
from bot.store.chat_tables import handoffs
from bot.store.cost_tables import is_repeated
from bot.store.tables import feedback, turns
from bot.store.watch_figures import ALL, WEEK, Measure, Ratio, Tally, Week, monday
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
_MODEL = "model:"
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
# Nothing is asked of the turns' own time here: SQLite would then begin with the turns.
_rated = (
    sa.select(
        turns.c.at, turns.c.route, turns.c.model, feedback.c.turn_id, feedback.c.author,
        feedback.c.rating,
    )
    .select_from(feedback)
    .join(turns, turns.c.id == feedback.c.turn_id)
    .where(feedback.c.updated_at >= sa.bindparam("start"))
)  # fmt: skip


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


class WatchBook:
    """The measures of live turns in a database. Weeks that are over are kept once they were
    counted."""

    def __init__(self, db: Database, sample: int = SAMPLE) -> None:
        self._db = db
        self._sample = sample

    async def weeks(self, now: datetime, count: int) -> list[Week]:
        """The running week and those before it, ``count`` together, oldest first; a week without a
        turn is one."""
        starts = [monday(now) - back * WEEK for back in reversed(range(count))]
        return await self.of(now, starts)

    async def of(self, now: datetime, starts: Sequence[datetime]) -> list[Week]:
        """The weeks that begin at these Mondays, in ascending order."""
        rated = await self._db.read(lambda c: _ratings(c, starts))
        found = []
        for start in starts:  # a query a week: none holds the database for long
            sample = self._sample if start in starts[-_WHOLE:] else self._older(len(starts))
            counted = await self._db.read(partial(_week, start=start, sample=sample))
            if counted.new and counted.turns and kept_weeks.is_settled(start, now):
                await self._keep(start, counted, sample)
            found.append(Week(start, _with_thumbs(counted.tallies, rated[start])))
        return found

    async def _keep(self, start: datetime, counted: _Counted, sample: int) -> None:
        turns, tallies = counted.turns, counted.tallies
        try:
            await self._db.write(lambda c: kept_weeks.keep(c, start, turns, sample, tallies))
        except StorageError as error:  # it is counted again the next time
            log.warning("a week could not be kept", week=str(start.date()), error=str(error))

    def _older(self, weeks: int) -> int:
        """The sample of a week that is only looked back at: a year costs as much as two months."""
        return min(self._sample, max(_LEAST, _LOOKED_BACK * self._sample // (weeks - _WHOLE)))


def _ratings(connection: sa.Connection, starts: Sequence[datetime]) -> dict[datetime, list[Any]]:
    """The ratings of the turns of these weeks, by week."""
    found: dict[datetime, list[Any]] = {start: [] for start in starts}
    if starts:
        for row in connection.execute(_rated, {"start": starts[0]}):
            rows = found.get(monday(row.at))
            if rows is not None:
                rows.append(row)
    return found


@dataclass(frozen=True, slots=True)
class _Counted:
    """The turns of a week by scope, without thumbs; ``new``: they were not kept before."""

    turns: int
    tallies: Mapping[str, Tally]
    new: bool


def _week(connection: sa.Connection, start: datetime, sample: int) -> _Counted:
    within = {"start": start, "end": start + WEEK}
    turns = connection.scalar(_number, within) or 0
    known = kept_weeks.kept(connection, start, turns, sample)
    if known is not None:
        return _Counted(turns, known, new=False)
    counted = connection.execute(_counted, within).all()
    used: dict[str, int] = defaultdict(int)
    for row in counted:
        used[row.model] += row.turns
    models = set(sorted((name for name in used if name), key=lambda name: -used[name])[:_MODELS])
    sums: dict[str, _Sums] = defaultdict(_Sums, {ALL: _Sums()})  # a week without a turn is one
    for row in counted:
        for scope in _scopes(row.route, row.model, models):
            _count(sums[scope], row)
    turns = sum(used.values())
    for turn, person in _sampled(connection, within, turns, sample):
        observed, ms = _observed(turn, person), time_of(turn.timings)
        for scope in _scopes(turn.route, turn.model, models):
            sums[scope].observe(observed, ms)
    return _Counted(turns, {scope: each.tally() for scope, each in sums.items()}, new=True)


def _with_thumbs(tallies: Mapping[str, Tally], rated: Iterable[Any]) -> dict[str, Tally]:
    """A week's tallies with what people thought of its turns."""
    models = {scope.removeprefix(_MODEL) for scope in tallies if scope.startswith(_MODEL)}
    answers: dict[str, set[str]] = defaultdict(set)
    people: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(lambda: [0.0, 0.0]))
    for row in rated:
        for scope in _scopes(row.route, row.model, models):
            answers[scope].add(row.turn_id)
            thumbs = people[scope][row.author]
            thumbs[0] += row.rating == Rating.UP.value
            thumbs[1] += 1
    found = {}
    for scope, tally in tallies.items():
        ratios = dict(tally.ratios)
        if tally.turns:
            ratios[Measure.RATED] = _plain(min(len(answers[scope]), tally.turns), tally.turns)
        if people[scope]:
            ratios[Measure.SATISFACTION] = Ratio.of((up, n) for up, n in people[scope].values())
        found[scope] = Tally(tally.turns, ratios, tally.times)
    return found


def _scopes(route: str, model: str, models: set[str]) -> Iterator[str]:
    yield ALL
    yield f"route:{route}"
    if model in models:
        yield f"{_MODEL}{model}"


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
    connection: sa.Connection, within: Mapping[str, datetime], there: int, sample: int
) -> Iterator[tuple[Any, bool]]:
    """The rows of a sample of a week's turns, and whether a person was called."""
    ids = drawn(connection, within, there, sample)
    for begun in range(0, len(ids), _BATCH):
        batch = {"ids": ids[begun : begun + _BATCH]}
        people = set(connection.scalars(_to_people, batch))
        for row in connection.execute(_rows, batch):
            yield row, row.id in people


def _observed(row: Any, person: bool) -> list[tuple[Measure, str, float, float]]:
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
