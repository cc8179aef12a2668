"""What answering cost: sums over turns by day, route and model, and over drafts, which are no
turns. Evaluations stand beside them, by themselves: they count against no day's limit. Days are
those of UTC. The sums of a day that is over are remembered while it has as many turns as then."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa

from bot.budget import day_of
from bot.conversation import Route, Usage
from bot.ports_costs import CACHED_ROUTES
from bot.store.base import Database
from bot.store.cost_tables import drafts, is_repeated
from bot.store.evaluation_tables import evaluations
from bot.store.remembered import Remembered
from bot.store.tables import turns

K = TypeVar("K")

_within = sa.and_(turns.c.at >= sa.bindparam("start"), turns.c.at < sa.bindparam("end"))


def _sum(column: sa.Column[float] | sa.Column[int]) -> sa.ColumnElement[float]:
    return sa.func.coalesce(sa.func.sum(column), 0)


_by_route_and_model = (
    sa.select(
        turns.c.route,
        turns.c.model,
        sa.func.count().label("turns"),
        _sum(turns.c.prompt_tokens).label("prompt_tokens"),
        _sum(turns.c.completion_tokens).label("completion_tokens"),
        _sum(turns.c.cost_usd).label("cost_usd"),
        sa.func.count(sa.case((is_repeated, 1))).label("hits"),
        _sum(turns.c.saved_usd).label("saved_usd"),
    )
    .where(_within)
    .group_by(turns.c.route, turns.c.model)
)
_number = sa.select(sa.func.count()).select_from(turns).where(_within)
_drafted = (
    sa.select(
        drafts.c.at,
        drafts.c.model,
        _sum(drafts.c.prompt_tokens).label("prompt_tokens"),
        _sum(drafts.c.completion_tokens).label("completion_tokens"),
        _sum(drafts.c.cost_usd).label("cost_usd"),
    )
    .where(drafts.c.at >= sa.bindparam("start"), drafts.c.at < sa.bindparam("end"))
    .group_by(drafts.c.at, drafts.c.model)
)
_spent_on_drafts = sa.select(
    _sum(drafts.c.prompt_tokens), _sum(drafts.c.completion_tokens), _sum(drafts.c.cost_usd)
).where(drafts.c.at >= sa.bindparam("start"))
_spent = sa.select(
    _sum(turns.c.prompt_tokens), _sum(turns.c.completion_tokens), _sum(turns.c.cost_usd)
).where(turns.c.at >= sa.bindparam("start"))
_evaluated = sa.select(evaluations.c.modes).where(
    evaluations.c.at >= sa.bindparam("start"), evaluations.c.at < sa.bindparam("end")
)
_repeated, _first = turns.alias("repeated"), turns.alias("first")
_saved_tokens = (
    sa.select(_sum(_first.c.prompt_tokens) + _sum(_first.c.completion_tokens))
    .select_from(_repeated)
    .join(_first, _first.c.id == _repeated.c.cached_from)
    .where(
        _repeated.c.at >= sa.bindparam("start"),
        _repeated.c.at < sa.bindparam("end"),
        _repeated.c.cached_from != sa.literal_column("''"),
    )
)


@dataclass(frozen=True, slots=True)
class Costs:
    """What some turns cost; ``hits`` of them were answered from the cache, which saved
    ``saved_usd``: what those answers cost when they were made."""

    turns: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0
    hits: int = 0
    saved_usd: float = 0.0

    def __add__(self, other: Costs) -> Costs:
        return Costs(
            self.turns + other.turns,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cost_usd + other.cost_usd,
            self.hits + other.hits,
            self.saved_usd + other.saved_usd,
        )

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens

    def __bool__(self) -> bool:
        """Whether there was anything: a day without turns may have drafts."""
        return bool(self.turns or self.tokens)


@dataclass(frozen=True, slots=True)
class CostLine:
    """The turns of one day that took one route and were answered by one model; ``None`` for a
    route: drafts that it wrote, which are no turns."""

    day: date
    route: Route | None
    model: str
    costs: Costs


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What the evaluations of some days cost, ``by_model``, their judges among them; a turn stands
    for a question that was asked, or an answer that was judged."""

    runs: int = 0
    by_model: Mapping[str, Costs] = field(default_factory=dict)

    @property
    def total(self) -> Costs:
        return _added(self.by_model.values())


@dataclass(frozen=True, slots=True)
class CostReport:
    """What was spent on some days, the last one today: cut by day, route and model.

    ``evaluated`` is in none of the other sums: nobody in a chat asked for it.
    """

    days: tuple[date, ...]
    lines: tuple[CostLine, ...]
    saved_tokens: int = 0
    evaluated: Evaluated = field(default_factory=Evaluated)

    @property
    def total(self) -> Costs:
        return _added(line.costs for line in self.lines)

    @property
    def by_day(self) -> dict[date, Costs]:
        """Every day, oldest first, those without a turn too."""
        return self._by(lambda line: line.day, self.days)

    @property
    def by_route(self) -> dict[Route, Costs]:
        """The routes that were taken, the dearest first."""
        found: dict[Route, Costs] = {}
        for line in self.lines:
            if line.route is not None:
                found[line.route] = found.get(line.route, Costs()) + line.costs
        return _dearest_first(found)

    @property
    def drafts(self) -> Costs:
        """What drafts of answers to gaps cost; their turns are none."""
        return _added(line.costs for line in self.lines if line.route is None)

    @property
    def by_model(self) -> dict[str, Costs]:
        """The models that answered, the dearest first."""
        return _dearest_first(self._by(lambda line: line.model))

    @property
    def hit_rate(self) -> float | None:
        """The share of answers from documents that came from the cache; ``None`` without any."""
        asked = _added(line.costs for line in self.lines if line.route in CACHED_ROUTES)
        return asked.hits / asked.turns if asked.turns else None

    def _by(self, key: Callable[[CostLine], K], keys: Sequence[K] = ()) -> dict[K, Costs]:
        found = dict.fromkeys(keys, Costs())
        for line in self.lines:
            found[key(line)] = found.get(key(line), Costs()) + line.costs
        return found


@dataclass(frozen=True, slots=True)
class _Day:
    """A day's sums over so many turns, without drafts."""

    turns: int
    lines: tuple[CostLine, ...]


def _no_days() -> dict[datetime, _Day]:
    return {}


_memories = Remembered(_no_days)


class CostBook:
    """The costs in a database: read from one index, whose size is what a sum costs."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._over = _memories.of(db)

    async def spent(self, since: datetime) -> Usage:
        """What turns and drafts since a moment were charged, all together."""

        def op(connection: sa.Connection) -> Usage:
            found = (
                connection.execute(query, {"start": since}).one()
                for query in (_spent, _spent_on_drafts)
            )
            return sum((Usage(int(r[0]), int(r[1]), float(r[2])) for r in found), Usage())

        return await self._db.read(op)

    async def drafted(self, at: datetime, model: str, usage: Usage) -> None:
        """Note what a draft was charged."""
        row = {
            "at": at,
            "model": model,
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "cost_usd": usage.cost_usd,
        }
        await self._db.write(lambda c: c.execute(sa.insert(drafts), row).rowcount)

    async def report(self, now: datetime, days: int) -> CostReport:
        """What so many days cost, today included; a day is a query, whatever the database. Of a
        day that is over the turns are counted, and summed where there are not as many as before."""
        today = day_of(now)
        starts = [today - timedelta(days=back) for back in reversed(range(days))]
        end = today + timedelta(days=1)
        before, found = self._over, {}

        def op(connection: sa.Connection) -> CostReport:
            over = {start: _day(connection, start, before.get(start)) for start in starts[:-1]}
            found.update(over)
            lines = [line for day in over.values() for line in day.lines]
            lines += _lines_in(connection, today)
            lines += _drafts(connection, starts[0], end)
            lines.sort(key=lambda line: line.day)  # a day's drafts come after its turns
            saved = connection.scalar(_saved_tokens, {"start": starts[0], "end": end})
            runs = connection.scalars(_evaluated, {"start": starts[0], "end": end}).all()
            named = tuple(s.date() for s in starts)
            return CostReport(named, tuple(lines), int(saved or 0), _evaluations(runs))

        report = await self._db.read(op)
        self._over.update(found)
        return report


def _day(connection: sa.Connection, start: datetime, before: _Day | None) -> _Day:
    """A day that is over: as it was before, where it has as many turns."""
    within = {"start": start, "end": start + timedelta(days=1)}
    if before and connection.scalar(_number, within) == before.turns:
        return before
    lines = tuple(_lines_in(connection, start))
    return _Day(sum(line.costs.turns for line in lines), lines)


def _lines_in(connection: sa.Connection, start: datetime) -> list[CostLine]:
    """One day's sums, without drafts."""
    wanted = {"start": start, "end": start + timedelta(days=1)}
    return [
        CostLine(
            start.date(),
            Route(row.route),
            row.model,
            Costs(
                int(row.turns),
                int(row.prompt_tokens),
                int(row.completion_tokens),
                float(row.cost_usd),
                int(row.hits),
                float(row.saved_usd),
            ),
        )
        for row in connection.execute(_by_route_and_model, wanted)
    ]


def _drafts(connection: sa.Connection, start: datetime, end: datetime) -> list[CostLine]:
    """What drafts were charged, by day and model."""
    found: dict[tuple[date, str], Costs] = {}
    for row in connection.execute(_drafted, {"start": start, "end": end}):
        key = row.at.date(), row.model
        tokens = int(row.prompt_tokens), int(row.completion_tokens)
        found[key] = found.get(key, Costs()) + Costs(0, *tokens, float(row.cost_usd))
    return [CostLine(day, None, model, costs) for (day, model), costs in found.items()]


def _evaluations(runs: Sequence[Mapping[str, Any]]) -> Evaluated:
    """The sums of runs, each its cards by mode; runs from before models were kept cost what their
    cards say."""
    found: dict[str, Costs] = {}
    for card in (card for modes in runs for card in modes.values()):
        for model, each in card.get("models", {"": card}).items():
            tokens = int(each.get("prompt_tokens", 0)), int(each.get("completion_tokens", 0))
            costs = Costs(int(each.get("asked", 0)), *tokens, float(each.get("cost_usd", 0)))
            if costs:
                found[model] = found.get(model, Costs()) + costs
    return Evaluated(len(runs), _dearest_first(found))


def _added(costs: Iterable[Costs]) -> Costs:
    return sum(costs, Costs())


def _dearest_first(found: dict[K, Costs]) -> dict[K, Costs]:
    def weight(item: tuple[K, Costs]) -> tuple[float, int, int]:
        costs = item[1]
        return -costs.cost_usd, -costs.tokens, -costs.turns

    return dict(sorted(found.items(), key=weight))
