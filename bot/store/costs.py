"""What answering cost: sums over turns by day, route and model, and over drafts, which are no
turns. Evaluations stand beside them, by themselves: they count against no day's limit. Days are
those of UTC. What is remembered of those that are over says :mod:`bot.store.turn_days`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa

from bot.budget import day_of
from bot.conversation import Route, Usage
from bot.ports_costs import CACHED_ROUTES
from bot.store import turn_days
from bot.store.base import Database
from bot.store.cost_tables import drafts
from bot.store.evaluation_tables import evaluations
from bot.store.tables import turns

K = TypeVar("K")


def _sum(column: sa.Column[float] | sa.Column[int]) -> sa.ColumnElement[float]:
    return sa.func.coalesce(sa.func.sum(column), 0)


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


class CostBook:
    """The costs in a database: read from one index, whose size is what a sum costs."""

    def __init__(self, db: Database) -> None:
        self._db = db

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

    async def report(self, now: datetime, days: int, *, beside: bool = True) -> CostReport:
        """What so many days cost, today included. Of those that are over the turns are counted,
        and summed where there are not as many as before. Not ``beside``: without the tokens that
        the cache saved, and without evaluations."""
        today = day_of(now)
        first, end = today - timedelta(days=days - 1), today + timedelta(days=1)
        known = turn_days.remembered(self._db)

        def op(connection: sa.Connection) -> tuple[list[turn_days.Day], CostReport]:
            found = turn_days.days_in(connection, first, end, known)
            lines = [line for day in found for line in _lines_of(day)]
            lines += _drafts(connection, first, end)
            lines.sort(key=lambda line: line.day)  # a day's drafts come after its turns
            named = tuple(day.start.date() for day in found)
            told = CostReport(named, tuple(lines))
            if not beside:
                return found, told
            saved = connection.scalar(_saved_tokens, {"start": first, "end": end})
            runs = connection.scalars(_evaluated, {"start": first, "end": end}).all()
            evaluated = _evaluations(runs)
            return found, replace(told, saved_tokens=int(saved or 0), evaluated=evaluated)

        found, report = await self._db.read(op)
        turn_days.remember(self._db, found, now)
        return report


def _lines_of(day: turn_days.Day) -> list[CostLine]:
    """One day's sums by route and model, without drafts."""
    found: dict[tuple[str, str], Costs] = {}
    for sums in day.sums:
        key = sums.route, sums.model
        found[key] = found.get(key, Costs()) + Costs(
            sums.turns,
            sums.prompt_tokens,
            sums.completion_tokens,
            sums.cost_usd,
            sums.hits,
            sums.saved_usd,
        )
    at = day.start.date()
    return [CostLine(at, Route(route), model, costs) for (route, model), costs in found.items()]


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
