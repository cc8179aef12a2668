"""The books on what answering costs, shared by command line and console."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from bot.budget import Left, Limits, day_of, next_day
from bot.store.answer_cache import AnswerCache
from bot.store.costs import CostBook, CostReport, Costs, Evaluated

if TYPE_CHECKING:
    from datetime import datetime

    from bot.conversation import Usage
    from bot.ports import Clock
    from bot.settings import Settings
    from bot.store.base import Database

DAYS = 14
"""How far back the books are shown, unless somebody asks for more."""


class Application(Protocol):
    """What the books need of the application."""

    @property
    def settings(self) -> Settings: ...
    @property
    def database(self) -> Database: ...
    @property
    def clock(self) -> Clock: ...


@dataclass(frozen=True, slots=True)
class Statement:
    """The books: what was spent on some days, and how today stands.

    ``kept`` counts the answers in the cache, ``None`` where none is given again. ``unpriced`` are
    models that were used and have no price: their tokens count as free.
    """

    report: CostReport
    limits: Limits
    spent: Usage
    resets_at: datetime
    kept: int | None
    unpriced: tuple[str, ...]

    @property
    def left(self) -> Left:
        """What is left of today's limits."""
        return Left.of(self.limits, self.spent)


class CostDesk:
    """What operators see of the costs."""

    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        self._settings = settings
        self._book = CostBook(database)
        self._cache = AnswerCache(database, clock)
        self._clock = clock

    async def statement(self, days: int = DAYS) -> Statement:
        """The books of so many days, today included."""
        from adapters.models import prices_of

        now, models = self._clock(), self._settings.models
        report = await self._book.report(now, days)
        prices = prices_of(self._settings)
        return Statement(
            report=report,
            limits=Limits(models.daily_limit_usd, models.daily_limit_tokens),
            spent=await self._book.spent(day_of(now)),
            resets_at=next_day(now),
            kept=await self._cache.entries() if self._settings.cache.enabled else None,
            unpriced=tuple(
                model
                for model, costs in _used(report).items()
                if costs.tokens and not prices.of(model).is_set
            ),
        )


def _used(report: CostReport) -> dict[str, Costs]:
    """Every model that was charged, for answers or for measuring them."""
    measured = {model: costs for model, costs in report.evaluated.by_model.items() if model}
    return {**measured, **report.by_model}


def desk_of(app: Application) -> CostDesk:
    """What operators see of the costs of an application."""
    return CostDesk(app.settings, app.database, app.clock)


def costs_json(costs: Costs) -> dict[str, Any]:
    """Sums as ``costs --json`` prints them."""
    return {
        "turns": costs.turns,
        "prompt_tokens": costs.prompt_tokens,
        "completion_tokens": costs.completion_tokens,
        "cost_usd": _dollars(costs.cost_usd),
        "hits": costs.hits,
        "saved_usd": _dollars(costs.saved_usd),
    }


def statement_json(statement: Statement) -> dict[str, Any]:
    """The books as ``costs --json`` prints them."""
    report, left = statement.report, statement.left
    rate = report.hit_rate
    return {
        "days": [
            {"day": day.isoformat(), **costs_json(costs)} for day, costs in report.by_day.items()
        ],
        "routes": [{"route": r.value, **costs_json(c)} for r, c in report.by_route.items()],
        "drafts": costs_json(report.drafts),
        "models": [{"model": m, **costs_json(c)} for m, c in report.by_model.items()],
        "evaluations": _evaluations_json(report.evaluated),
        "total": costs_json(report.total),
        "cache": {
            "enabled": statement.kept is not None,
            "kept": statement.kept,
            "hit_rate": None if rate is None else round(rate, 4),
            "saved_tokens": report.saved_tokens,
        },
        "today": {
            "day": report.days[-1].isoformat(),
            "spent_usd": _dollars(statement.spent.cost_usd),
            "spent_tokens": statement.spent.prompt_tokens + statement.spent.completion_tokens,
            "limit_usd": statement.limits.usd,
            "limit_tokens": statement.limits.tokens,
            "left_usd": None if left.usd is None else _dollars(left.usd),
            "left_tokens": left.tokens,
            "resets_at": statement.resets_at.isoformat(),
        },
        "unpriced": list(statement.unpriced),
    }


def _evaluations_json(evaluated: Evaluated) -> dict[str, Any]:
    """What measuring cost; it is in no other sum."""
    total = evaluated.total
    return {
        "runs": evaluated.runs,
        "prompt_tokens": total.prompt_tokens,
        "completion_tokens": total.completion_tokens,
        "cost_usd": _dollars(total.cost_usd),
    }


def _dollars(amount: float) -> float:
    """Without the dust of adding up; a single small answer costs about 0.0001."""
    return round(amount, 9)
