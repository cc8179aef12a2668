"""What keeps answers cheap: those that are given again, and the day's limit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

from bot.ports import Clock
from bot.ports_costs import AnswerStore, Spending
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.metrics import Metrics
    from bot.store.base import Database


def build_answers(
    settings: Settings, database: Database, clock: Clock, metrics: Metrics
) -> AnswerStore | None:
    """The answers that may be given again; none where no model is paid for them, or by setting."""
    if not settings.cache.enabled or not (settings.openai_api_key or settings.openai_base_url):
        return None
    from bot.store.answer_cache import AnswerCache

    return AnswerCache(database, clock, days=settings.cache.days, observe=metrics.observe_cache)


@asynccontextmanager
async def open_budget(
    settings: Settings, database: Database, clock: Clock, metrics: Metrics
) -> AsyncIterator[Spending | None]:
    """The day's limit, where one is set."""
    from bot.budget import Budget, Limits

    limits = Limits(settings.models.daily_limit_usd, settings.models.daily_limit_tokens)
    if not limits.are_set:
        yield None
        return
    from bot.store.costs import CostBook

    budget = Budget(CostBook(database), clock, limits, observe=metrics.observe_budget)
    async with aclosing(budget):
        yield budget
