"""Live turns come to weekly sums, by route and model; wide rows are read of a sample alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.conversation import (
    Author,
    Feedback,
    Outcome,
    Platform,
    Rating,
    Route,
    RouteDecision,
    Turn,
    Usage,
)
from bot.evidence import Claim, Grounding, Rejected
from bot.store.base import Database
from bot.store.feedback import FeedbackBook
from bot.store.history import History
from bot.store.watch_figures import ALL, WEEK, Measure, Ratio, Tally, monday
from bot.store.watching import WatchBook

Make = Callable[..., Turn]
NOW = datetime(2026, 3, 25, 12, tzinfo=UTC)
THIS = monday(NOW)
GOOD, BAD = Claim(0, 5, "Every", True, 0.9, 0), Claim(6, 9, "400", False, 0.1)


def by(name: str) -> Author:
    return Author(Platform.WEB, name)


async def test_a_home_without_turns_has_weeks_of_nothing(database: Database) -> None:
    """Every measure is nothing, and no week is missing."""
    weeks = await WatchBook(database).weeks(NOW, 3)
    assert [week.start for week in weeks] == [THIS - 2 * WEEK, THIS - WEEK, THIS]
    assert all(week.scopes == {ALL: Tally()} for week in weeks)


async def test_turns_are_counted_in_their_week_route_and_model(
    database: Database, make_turn: Make
) -> None:
    """Sunday's last microsecond is last week's; what a model said is the model's."""
    voice = RouteDecision(Route.VOICE, 0.9, ())
    turns = [
        make_turn(at=THIS - timedelta(microseconds=1), model="small", usage=Usage(1, 1, 0.5)),
        make_turn(at=THIS, model="small", usage=Usage(1, 1, 0.25), thread="a"),
        make_turn(at=NOW, model="big", usage=Usage(1, 1, 0.75), route=voice, thread="b"),
        make_turn(at=THIS + WEEK, model="big"),
    ]
    for turn in turns:
        await History(database).record(turn)
    last, this = await WatchBook(database).weeks(NOW, 2)
    assert set(last.scopes) == {ALL, "route:rag", "model:small"}
    assert set(this.scopes) == {ALL, "route:rag", "route:voice", "model:small", "model:big"}
    assert (last.tally().turns, this.tally().turns, this.tally("route:voice").turns) == (1, 2, 1)
    assert this.tally().ratio(Measure.COST).value == pytest.approx(0.5)
    assert this.tally("model:big").ratio(Measure.COST).value == pytest.approx(0.75)
    assert last.tally().ratio(Measure.COST).value == pytest.approx(0.5)


async def test_outcomes_times_and_the_check_are_counted(
    database: Database, make_turn: Make
) -> None:
    """An answer that was given again counts as a turn, but was not checked a second time."""
    grounding = Grounding((GOOD, BAD), (Rejected("It is blue."), Rejected("x", became="Every")))
    first = make_turn(
        at=NOW, grounding=grounding, thread="a", timings_ms={"speak": 40.0, "total": 99.0}
    )
    turns = [
        first,
        make_turn(at=NOW, cached_from=first.id, thread="a", timings_ms={"speak": 2.0}),
        make_turn(at=NOW, outcome=Outcome.ABSTAINED, grounding=Grounding(), thread="b"),
        make_turn(at=NOW, outcome=Outcome.HANDOFF, grounding=Grounding(), thread="c"),
        make_turn(at=NOW, outcome=Outcome.ANSWERED, grounding=Grounding(), error="x", thread="d"),
    ]
    for turn in turns:
        await History(database).record(turn)
    (week,) = await WatchBook(database).weeks(NOW, 1)
    tally = week.tally()
    values = {measure: tally.ratio(measure).value for measure in Measure}
    assert values[Measure.ABSTENTIONS] == values[Measure.HANDOFFS] == pytest.approx(0.2)
    assert values[Measure.ERRORS] == pytest.approx(0.2)
    assert values[Measure.GROUNDED] == pytest.approx(0.5)
    assert values[Measure.CHECKER] == pytest.approx(0.5)
    assert values[Measure.KEPT_BACK] == pytest.approx(2 / 3)
    assert values[Measure.CACHED] == pytest.approx(0.2)
    assert values[Measure.RATED] == 0
    assert values[Measure.SATISFACTION] is None
    assert tally.times == (1.5, 1.5, 1.5, 2.0, 40.0)
    assert tally.ratio(Measure.ABSTENTIONS).groups == 4


async def test_thumbs_count_for_the_week_of_the_answer(database: Database, make_turn: Make) -> None:
    """A thumb that comes a week late is one on what was said then; two people may rate a turn."""
    book, late, now = FeedbackBook(database), make_turn(at=THIS - WEEK), make_turn(at=THIS)
    for turn in (late, now, make_turn(at=THIS)):
        await History(database).record(turn)
    for turn, name, rating in (
        (late, "ann", Rating.DOWN),
        (now, "ann", Rating.UP),
        (now, "bob", Rating.DOWN),
        (now, "cid", Rating.UP),
    ):
        await book.rate(Feedback(turn.id, by(name), rating))
    last, this = await WatchBook(database).weeks(NOW, 2)
    assert last.tally().ratio(Measure.SATISFACTION) == Ratio(0, 1, 0, 0, 1, 1)
    found = this.tally("route:rag").ratio(Measure.SATISFACTION)
    assert (found.part, found.whole, found.groups) == (2, 3, 3)
    assert this.tally().ratio(Measure.RATED).value == pytest.approx(0.5)


async def test_of_many_turns_a_sample_is_read(database: Database, make_turn: Make) -> None:
    """About as many as wanted, the same ones each time; what an index holds is summed over all."""
    for n in range(300):
        outcome = Outcome.ABSTAINED if n % 4 == 0 else Outcome.ANSWERED
        await History(database).record(make_turn(at=NOW, outcome=outcome, thread=f"t{n}"))
    book = WatchBook(database, sample=100)
    (week,) = await book.weeks(NOW, 1)
    read = week.tally().ratio(Measure.ABSTENTIONS).whole
    assert 60 < read < 150
    assert week.tally().turns == week.tally().ratio(Measure.COST).whole == 300
    assert await book.weeks(NOW, 1) == [week]


async def test_sums_and_the_sample_are_chosen_from_an_index(sqlite_database: Database) -> None:
    """No wide row is read to count turns, to know what they cost, or to draw lots."""
    statements = (
        "SELECT route, model, count(*), sum(cost_usd), sum(cost_usd * cost_usd),"
        " count(CASE WHEN cached_from != '' THEN 1 END) FROM turns"
        " WHERE at >= '2026-01-05' AND at < '2026-01-12' GROUP BY route, model",
        "SELECT id FROM turns WHERE at >= '2026-01-05' AND at < '2026-01-12'"
        " AND substr(id, length(id) - 1) < '3k'",
    )

    def explained(connection: sa.Connection) -> list[str]:
        return [
            str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}").all())
            for statement in statements
        ]

    costs, lots = await sqlite_database.read(explained)
    assert "COVERING INDEX ix_turns_costs" in costs
    assert "COVERING INDEX" in lots
