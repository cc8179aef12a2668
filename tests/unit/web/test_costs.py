"""The costs room: what was spent, on what, what the cache saved, what is left of the day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import httpx2
import pytest

from adapters.costing import CostDesk, Statement, statement_json
from adapters.web.console.costs import chart_of
from bot.budget import Limits
from bot.conversation import Author, Platform, Question, Route, Usage
from bot.store.base import Database
from bot.store.costs import CostBook, CostLine, CostReport, Costs
from bot.store.timing import utc_now
from tests.platforms.web_application import RESET_ANSWER, WebApplication, stand_in_turn
from tests.unit.web.test_chat import sign_in

DAYS = tuple(date(2026, 3, n) for n in (1, 2, 3))


def report_of(*costs: Costs, model: str = "small") -> CostReport:
    """A report with one line a day."""
    lines = [CostLine(d, Route.RAG, model, c) for d, c in zip(DAYS, costs, strict=True)]
    return CostReport(DAYS, tuple(lines), 120)


def statement_of(report: CostReport, limits: Limits, spent: Usage) -> Statement:
    return Statement(report, limits, spent, datetime(2026, 3, 4, tzinfo=UTC), 3, ("small",))


class Books:
    """A prepared statement."""

    def __init__(self, statement: Statement) -> None:
        self.prepared = statement
        self.asked: list[int] = []

    async def statement(self, days: int = 14) -> Statement:
        self.asked.append(days)
        return self.prepared


async def test_an_empty_room_says_what_will_be_there(browser: httpx2.AsyncClient) -> None:
    """Nothing was asked: no tables, no division by zero."""
    await sign_in(browser)
    page = await browser.get("/console/costs")
    assert page.status_code == 200
    assert "Nothing was asked in these days" in page.text
    assert "<svg" not in page.text


async def test_drafts_are_told_beside_the_routes(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Also on days on which nobody asked anything."""
    await CostBook(application.database).drafted(utc_now(), "big", Usage(900, 100, 0.25))
    await sign_in(browser)
    page = (await browser.get("/console/costs?days=7")).text
    assert "drafts of answers to gaps took 1,000 tokens, $0.25" in page
    assert "Nothing was asked" not in page


async def test_the_room_is_closed_without_the_token(browser: httpx2.AsyncClient) -> None:
    """Costs are the operator's business."""
    assert (await browser.get("/console/costs")).status_code == 303


async def test_stored_turns_are_summed_up(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """Tokens, price, what was given again: by day, route and model."""
    question = Question("How do I reset it?", Author(Platform.WEB, "a"))
    first = replace(stand_in_turn(question, RESET_ANSWER), model="small", usage=Usage(900, 100, 2))
    again = replace(
        stand_in_turn(question, RESET_ANSWER),
        model="small",
        usage=Usage(),
        cached_from=first.id,
        saved_usd=2.0,
    )
    for turn in (first, again):
        await application.history.record(turn)
    await sign_in(browser)
    page = (await browser.get("/console/costs?days=7")).text
    assert "50%" in page
    assert "$2.00" in page
    assert "Documents" in page
    assert "<code>small</code>" in page  # no price is set for it
    found = statement_json(await application.costs.statement(7))
    assert len(found["days"]) == 7
    assert found["days"][-1]["turns"] == found["total"]["turns"] == 2
    assert found["routes"] == [{"route": "rag"} | found["total"]]
    assert found["models"] == [{"model": "small"} | found["total"]]
    assert found["total"]["saved_usd"] == found["total"]["cost_usd"] == 2.0
    assert found["cache"]["hit_rate"] == 0.5
    assert found["cache"]["saved_tokens"] == 1000
    assert found["unpriced"] == ["small"]


async def test_a_spent_day_is_told(
    browser: httpx2.AsyncClient, application: WebApplication
) -> None:
    """What is left, and when there is more."""
    report = report_of(Costs(), Costs(3, 500, 50, 0.5), Costs(2, 900, 100, 1.0, 1, 0.25))
    spent = statement_of(report, Limits(1.0, 2000), Usage(900, 100, 1.0))
    books = Books(spent)
    application.costs = books  # type: ignore[assignment]  # fulfils the port of the pages
    await sign_in(browser)
    page = (await browser.get("/console/costs?days=30")).text
    assert books.asked == [30]
    assert "Left of $1.00 a day" in page
    assert "Today&#39;s limit is spent" in page or "Today's limit is spent" in page
    assert '4 Mar 2026, 00:00<span class="utc"> UTC</span>' in page
    assert "1,000" in page  # tokens left


@pytest.mark.parametrize("days", ["0", "367", "x", "-1"])
async def test_a_period_that_is_none_is_told(browser: httpx2.AsyncClient, days: str) -> None:
    """One sentence and no fault of ours."""
    await sign_in(browser)
    assert (await browser.get(f"/console/costs?days={days}")).status_code in (400, 422)


def test_the_highest_day_fills_the_chart() -> None:
    """What was spent and what was saved stand on each other."""
    report = report_of(Costs(), Costs(3, 500, 50, 1.0), Costs(2, 9, 1, 1.0, 1, 3.0))
    chart = chart_of(report)
    assert [(c.spent, c.saved) for c in chart.columns] == [(0, 0), (25, 0), (25, 75)]
    assert (chart.priced, chart.top) == (True, 4.0)


def test_without_prices_the_chart_counts_turns() -> None:
    """A flat line of zero dollars would show nothing."""
    chart = chart_of(report_of(Costs(), Costs(4, 500, 50), Costs(4, 9, 1, 0.0, 3)))
    assert not chart.priced
    assert [(c.spent, c.saved) for c in chart.columns] == [(0, 0), (100, 0), (25, 75)]


async def test_the_books_of_a_home(database: Database) -> None:
    """Without a turn there is nothing to divide by, and tomorrow the limit is whole."""
    from bot.settings import load_settings

    settings = load_settings(
        models={"daily_limit_usd": 5, "prompt_price": 1.0}, cache={"enabled": False}
    )
    now = datetime(2026, 3, 3, 23, 59, 59, tzinfo=UTC)
    statement = await CostDesk(settings, database, lambda: now).statement(3)
    assert statement.left.usd == 5
    assert statement.kept is None
    assert statement.resets_at == now + timedelta(seconds=1)
    assert len(statement.report.days) == 3
