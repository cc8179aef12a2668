"""Periods are summed up rightly, and from indexes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.conversation import Author, Feedback, Outcome, Platform, Rating, Turn, Usage
from bot.store import today
from bot.store.base import Database
from bot.store.costs import CostBook
from bot.store.endings import Ending
from bot.store.feedback import FeedbackBook
from bot.store.history import History
from bot.store.today import Period, TodayBook
from bot.store.turn_list import TurnList, Wanted

Make = Callable[..., Turn]
START = datetime(2026, 3, 2, tzinfo=UTC)
END = START + timedelta(days=1)


@pytest.fixture
async def day(database: Database, make_turn: Make) -> Database:
    """A day with six turns, one on each of its edges' other side, a draft and three thumbs."""
    outcomes = [
        Outcome.ANSWERED, Outcome.ANSWERED, Outcome.ABSTAINED, Outcome.CLARIFY, Outcome.HANDOFF,
        Outcome.ERROR,
    ]  # fmt: skip
    history, feedback = History(database), FeedbackBook(database, clock=lambda: START)
    turns = [
        make_turn(
            at=START + n * timedelta(hours=4),
            outcome=outcome,
            usage=Usage(1, 1, 0.25),
            timings_ms={"speak": 100.0 * (n + 1), "total": 9e9},
        )
        for n, outcome in enumerate(outcomes)
    ]
    beside = [make_turn(at=START - timedelta(microseconds=1)), make_turn(at=END)]
    for turn in (*turns, *beside):
        await history.record(turn)
    for n, rating in enumerate((Rating.UP, Rating.UP, Rating.DOWN)):
        await feedback.rate(Feedback(turns[n].id, Author(Platform.WEB, "a"), rating))
    await CostBook(database).drafted(START, "big", Usage(1, 1, 0.5))
    return database


async def test_a_period_is_summed_up(day: Database) -> None:
    """Each turn ended in one way; the last moment is not in it; drafts cost, too."""
    found = await TodayBook(day).period(START, END)
    assert found == Period(
        turns=6,
        cost_usd=2.0,
        up=2,
        down=1,
        looked_at=6,
        endings={
            Ending.ANSWERED: 2, Ending.UNSURE: 2, Ending.HANDED_OVER: 1, Ending.FAILED: 1,
        },
        times=(100.0, 200.0, 300.0, 400.0, 500.0, 600.0),
    )  # fmt: skip
    assert found.exact


async def test_days_are_counted_between_moments(day: Database) -> None:
    """A day without a question is one."""
    moments = [START + timedelta(days=n) for n in (-2, -1, 0, 1, 2)]
    assert await TodayBook(day).asked(moments) == [0, 1, 6, 1]
    assert await TodayBook(day).first() == START - timedelta(microseconds=1)


async def test_an_empty_home_has_no_first_moment(database: Database) -> None:
    """And an empty period says nothing."""
    assert await TodayBook(database).first() is None
    assert await TodayBook(database).period(START, END) == Period()


async def test_whom_a_person_was_called_for_was_handed_over(
    database: Database, make_turn: Make
) -> None:
    """Whatever the bot had said."""
    turn = make_turn(at=START, outcome=Outcome.ABSTAINED)
    await History(database).record(turn)
    await database.write(lambda c: _call(c, turn.id))
    found = await TodayBook(database).period(START, END)
    assert found.endings == {Ending.HANDED_OVER: 1}


async def test_the_list_of_an_ending_shows_what_was_counted(day: Database, make_turn: Make) -> None:
    """Each of them and no other, whatever else is true of a turn; each turn in one list."""
    history = History(day)
    called, broken, both = (
        make_turn(at=START, outcome=Outcome.ANSWERED),
        make_turn(at=START, outcome=Outcome.ANSWERED, error="the model was cut off"),
        make_turn(at=START, outcome=Outcome.ERROR, error="no model"),
    )
    for turn in (called, broken, both):
        await history.record(turn)
    for turn in (called, both):
        await day.write(lambda c, turn=turn: _call(c, turn.id))
    counted = await TodayBook(day).period(START, END)
    listed = {
        ending: await TurnList(day).look(Wanted(since=START, until=END, ended=ending), 50)
        for ending in Ending
    }
    assert {ending: len(look.lines) for ending, look in listed.items()} == counted.endings
    ids = [line.id for look in listed.values() for line in look.lines]
    assert len(ids) == len(set(ids)) == counted.turns
    assert both.id in {line.id for line in listed[Ending.HANDED_OVER].lines}


def _call(connection: sa.Connection, turn: str) -> None:
    from bot.store.chat_tables import handoffs

    row = {
        column.name: {} if column.name.endswith("place") else ""
        for column in handoffs.columns
        if not column.nullable
    }
    row |= {"id": f"h-{turn}", "turn_id": turn, "replies": [], "created_at": START}
    connection.execute(sa.insert(handoffs), row)


async def test_many_turns_are_told_from_a_sample(database: Database, make_turn: Make) -> None:
    """How many there were is exact; how they ended is the nearest number."""
    for n in range(60):
        ended = Outcome.ANSWERED if n % 2 else Outcome.ABSTAINED
        await History(database).record(make_turn(at=START, outcome=ended))
    found = await TodayBook(database, sample=30).period(START, END)
    assert found.turns == 60
    assert 0 < found.looked_at < 60
    assert not found.exact
    assert found.ended(Ending.ANSWERED) == round(
        found.endings.get(Ending.ANSWERED, 0) * 60 / found.looked_at
    )


async def test_sums_read_indexes_alone(database: Database) -> None:
    """A million turns with their passages are not read to know how many were asked."""
    within = {"start": START, "end": END}

    def explained(connection: sa.Connection) -> list[str]:
        postgres = connection.dialect.name == "postgresql"
        word = "EXPLAIN " if postgres else "EXPLAIN QUERY PLAN "
        if postgres:  # a table of a few rows is read through whatever indexes it has
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
        plans = []
        for query in (today._asked, today._first, today._thumbs, today._drafted):
            values = within if query is not today._first else {}
            compiled = query.params(values).compile(
                dialect=connection.dialect, compile_kwargs={"literal_binds": True}
            )
            plans.append(str(connection.exec_driver_sql(word + str(compiled)).all()))
        return plans

    asked, first, thumbs, drafted = await database.read(explained)
    assert "ix_turns_costs" in asked
    assert "ix_turns_at_id" in first or "ix_turns_costs" in first
    assert "ix_feedback_updated_at_turn_id" in thumbs
    assert "ix_drafts_at" in drafted
    for plan in (asked, first):
        assert "Only" in plan or "COVERING INDEX" in plan
