"""The costs room of the console: what was spent, on what, and what the answer cache saved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, Response

from bot.pricing import in_dollars

if TYPE_CHECKING:
    from adapters.web.console.base import Console
    from bot.store.costs import CostReport, Costs

_DAYS = 14
_CHOICES = (7, 14, 30, 90)


@dataclass(frozen=True, slots=True)
class Column:
    """One day of the chart, its parts as shares (0 to 100) of the highest day: what was spent, and
    above it what the cache saved."""

    day: date
    costs: Costs
    spent: float
    saved: float


@dataclass(frozen=True, slots=True)
class Chart:
    """A column a day; ``priced`` says whether they show dollars or, where none were charged,
    turns."""

    columns: tuple[Column, ...]
    priced: bool
    top: float


def chart_of(report: CostReport) -> Chart:
    """The days of a report as columns."""
    priced = report.total.cost_usd + report.total.saved_usd > 0

    def parts(costs: Costs) -> tuple[float, float]:
        if priced:
            return costs.cost_usd, costs.saved_usd
        return float(costs.turns - costs.hits), float(costs.hits)

    top = max((sum(parts(costs)) for costs in report.by_day.values()), default=0.0)
    columns = []
    for day, costs in report.by_day.items():
        spent, saved = (100 * part / top if top else 0.0 for part in parts(costs))
        columns.append(Column(day, costs, spent, saved))
    return Chart(tuple(columns), priced, top)


def add_costs(router: APIRouter, console: Console) -> None:
    """The room."""

    @router.get("/costs")
    async def costs(
        request: Request, days: Annotated[int, Query(ge=1, le=366)] = _DAYS
    ) -> Response:
        console.operator(request)
        statement = await console.application.costs.statement(days)
        report = statement.report
        return console.render(
            request,
            "console/costs.html",
            "costs",
            statement=statement,
            report=report,
            chart=chart_of(report),
            by_day=[(f"{day:%a %d %b}", c) for day, c in reversed(report.by_day.items()) if c],
            days=days,
            choices=_CHOICES,
            dollars=in_dollars,
        )
