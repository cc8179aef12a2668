"""Costs are summed by day, route and model; what the cache saved is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from bot.conversation import Route, RouteDecision, Turn, Usage
from bot.store.base import Database
from bot.store.costs import CostBook, Costs
from bot.store.history import History

Make = Callable[..., Turn]
NOW = datetime(2026, 3, 3, 15, tzinfo=UTC)


@pytest.fixture
async def three_days(database: Database, make_turn: Make) -> Database:
    """Turns of three days: two of today with one repetition, one of the last second before."""
    first = make_turn(at=NOW.replace(hour=0), usage=Usage(100, 20, 0.5), model="small")
    turns = [
        make_turn(at=datetime(2026, 3, 1, 9, tzinfo=UTC), usage=Usage(50, 5, 1.0), model="big"),
        make_turn(
            at=datetime(2026, 3, 2, 23, 59, 59, 999999, tzinfo=UTC),
            usage=Usage(10, 1, 0.125),
            model="small",
            route=RouteDecision(Route.VOICE, 1.0, ()),
        ),
        first,
        make_turn(at=NOW, usage=Usage(), model="small", cached_from=first.id, saved_usd=0.5),
        make_turn(at=datetime(2026, 3, 4, tzinfo=UTC), usage=Usage(9, 9, 9.0)),
    ]
    for turn in turns:
        await History(database).record(turn)
    return database


async def test_costs_are_told_by_day_route_and_model(three_days: Database) -> None:
    """Three ways to cut the same sums."""
    report = await CostBook(three_days).report(NOW, 3)
    today = Costs(2, 100, 20, 0.5, 1, 0.5)
    assert report.by_day == {
        date(2026, 3, 1): Costs(1, 50, 5, 1.0),
        date(2026, 3, 2): Costs(1, 10, 1, 0.125),
        date(2026, 3, 3): today,
    }
    assert list(report.by_route) == [Route.RAG, Route.VOICE]
    assert report.by_route[Route.VOICE] == Costs(1, 10, 1, 0.125)
    assert report.by_model == {
        "big": Costs(1, 50, 5, 1.0),
        "small": Costs(3, 110, 21, 0.625, 1, 0.5),
    }
    assert report.total == Costs(4, 160, 26, 1.625, 1, 0.5)


async def test_drafts_are_in_the_sums_and_take_no_route(three_days: Database) -> None:
    """They count by day and model, in the total and against the day's limit, and are no turns."""
    book = CostBook(three_days)
    before = await book.spent(NOW.replace(hour=0))
    for usage in (Usage(200, 40, 0.25), Usage(100, 10, 0.25)):
        await book.drafted(NOW, "big", usage)
    await book.drafted(datetime(2026, 2, 1, tzinfo=UTC), "big", Usage(1, 1, 1.0))
    report = await book.report(NOW, 3)
    assert report.drafts == Costs(0, 300, 50, 0.5)
    assert report.by_day[date(2026, 3, 3)] == Costs(2, 400, 70, 1.0, 1, 0.5)
    assert report.by_model["big"] == Costs(1, 350, 55, 1.5)
    assert list(report.by_route) == [Route.RAG, Route.VOICE]
    assert report.total == Costs(4, 460, 76, 2.125, 1, 0.5)
    assert await book.spent(NOW.replace(hour=0)) == before + Usage(300, 50, 0.5)


async def test_the_cache_is_measured_on_answers_from_documents(three_days: Database) -> None:
    """Small talk never comes from it, and is no miss."""
    report = await CostBook(three_days).report(NOW, 3)
    assert report.hit_rate == pytest.approx(1 / 3)
    assert report.saved_tokens == 120


async def test_an_empty_day_is_a_day(database: Database) -> None:
    """Days without turns are listed; there is no hit rate of nothing."""
    report = await CostBook(database).report(NOW, 2)
    assert report.by_day == {date(2026, 3, 2): Costs(), date(2026, 3, 3): Costs()}
    assert report.hit_rate is None
    assert report.total == Costs()


async def test_what_was_spent_since_a_moment(three_days: Database) -> None:
    """All that was charged, for the day's limit."""
    book = CostBook(three_days)
    midnight = datetime(2026, 3, 3, tzinfo=UTC)
    assert await book.spent(midnight) == Usage(109, 29, 9.5)
    assert await book.spent(datetime(2027, 1, 1, tzinfo=UTC)) == Usage()


async def test_sums_read_the_index_alone(sqlite_database: Database) -> None:
    """A million turns with their passages are not read to know what a day cost."""
    statements = (
        "SELECT sum(prompt_tokens), sum(cost_usd) FROM turns WHERE at >= '2026-01-01'",
        "SELECT route, model, count(*), sum(cost_usd), max(cached_from), sum(saved_usd)"
        " FROM turns WHERE at >= '2026-01-01' AND at < '2026-01-02' GROUP BY route, model",
    )

    def explained(connection: sa.Connection) -> list[str]:
        return [
            str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}").all())
            for statement in statements
        ]

    for plan in await sqlite_database.read(explained):
        assert "COVERING INDEX ix_turns_costs" in plan
