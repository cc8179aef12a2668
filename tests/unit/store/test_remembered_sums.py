"""Sums that a process remembers stay true, and are not counted a second time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar, cast

import pytest
import sqlalchemy as sa

from bot.conversation import Author, Feedback, Outcome, Platform, Rating, Turn, Usage
from bot.store.advising import AdvisingBook
from bot.store.base import Database
from bot.store.chat_tables import handoffs
from bot.store.costs import CostBook, Costs
from bot.store.feedback import FeedbackBook
from bot.store.history import History
from bot.store.route_book import RouteBook
from bot.store.tables import turns
from bot.store.watch_figures import WEEK, Measure, Ratio, Week, monday
from bot.store.watching import WatchBook
from tests.unit.store.test_turn_list_plans import Explained

Make = Callable[..., Turn]
T = TypeVar("T")
NOW = datetime(2026, 3, 24, 12, tzinfo=UTC)
THIS = monday(NOW)


def by(name: str) -> Author:
    return Author(Platform.WEB, name)


class Door(Explained):
    """A door to the database that is no other's, so that nothing is remembered of it yet."""

    __hash__ = object.__hash__

    async def write(self, op: Callable[[sa.Connection], T]) -> T:
        return await self.database.write(op)


def door(database: Database) -> Database:
    return cast(Database, Door(database))


class Clock:
    """The time as it is set."""

    now = NOW - timedelta(hours=2)

    def __call__(self) -> datetime:
        return self.now


async def test_remembered_weeks_are_those_that_are_counted(
    database: Database, make_turn: Make
) -> None:
    """After each deed that changes a week: thumbs given, changed and taken back, new turns, turns
    that were erased, a person who was called."""
    clock, history = Clock(), History(database)
    thumbs, book = FeedbackBook(database, clock), WatchBook(database)
    made = []
    for start in (THIS, THIS - WEEK, THIS - 2 * WEEK):
        for n in range(6):
            outcome = Outcome.ABSTAINED if n % 4 == 0 else Outcome.ANSWERED
            made.append(make_turn(at=start + timedelta(hours=n), thread=f"t{n}", outcome=outcome))
            await history.record(made[-1])
    old, last, this = made[-1], made[6], made[0]

    async def rated(turn: Turn, name: str, rating: Rating) -> None:
        await thumbs.rate(Feedback(turn.id, by(name), rating))

    async def called() -> None:
        row = {"id": "h", "turn_id": last.id, "place": {}, "replies": [], "card_place": None}
        empty = {c.name: "" for c in handoffs.c if c.name not in row}
        empty |= {c.name: NOW for c in handoffs.c if c.name.endswith("_at")}
        await database.write(lambda c: c.execute(sa.insert(handoffs), {**empty, **row}).rowcount)

    async def erased(turn: Turn) -> None:
        await database.write(
            lambda c: c.execute(sa.delete(turns).where(turns.c.id == turn.id)).rowcount
        )

    deeds: list[Callable[[], Any]] = [
        lambda: rated(old, "ann", Rating.UP),
        lambda: rated(this, "bob", Rating.DOWN),
        lambda: rated(old, "ann", Rating.DOWN),
        lambda: rated(old, "cid", Rating.UP),
        lambda: thumbs.take_back(old.id, by("ann")),
        called,
        lambda: history.record(make_turn(at=NOW, thread="new", outcome=Outcome.ABSTAINED)),
        lambda: erased(made[1]),
        lambda: erased(old),
    ]
    said: list[list[Week]] = []
    for deed in deeds:
        await deed()
        for later in (timedelta(seconds=1), timedelta(minutes=5)):  # young, and old enough
            clock.now += later
            found = await book.weeks(clock.now, 4)
            assert found == await WatchBook(door(database)).weeks(clock.now, 4)
        assert said[-1:] != [found]  # each deed is seen
        said.append(found)
    assert said[0][1].tally().ratio(Measure.SATISFACTION) == Ratio.of([(1.0, 1.0)])
    assert said[-1][1].tally().ratio(Measure.SATISFACTION) == Ratio()


async def test_a_turn_that_came_late_does_not_hide_one_that_went(
    database: Database, make_turn: Make
) -> None:
    """One is erased of a week that is kept, another is stored for the next one: there are as many
    as before in all, and each week is told as it is now."""
    history, book = History(database), WatchBook(database)
    made = [make_turn(at=THIS - back * WEEK, thread=f"t{n}") for back in (4, 3) for n in range(3)]
    for turn in made:
        await history.record(turn)
    before = await book.weeks(NOW, 5)
    await database.write(
        lambda c: c.execute(sa.delete(turns).where(turns.c.id == made[0].id)).rowcount
    )
    await history.record(make_turn(at=made[-1].at, outcome=Outcome.ABSTAINED))
    after = await book.weeks(NOW, 5)
    assert after == await WatchBook(door(database)).weeks(NOW, 5) != before
    assert [week.tally().turns for week in after] == [2, 4, 0, 0, 0]


async def test_a_thumb_that_another_clock_turned_is_seen(
    database: Database, make_turn: Make
) -> None:
    """From up to down, by a process whose clock is a quarter of an hour behind: there are as many
    thumbs as before; Watch and the routes tell what they say now."""
    clock = Clock()
    turn = make_turn(at=NOW - timedelta(hours=3))
    await History(database).record(turn)
    thumbs = FeedbackBook(database, clock)
    await thumbs.rate(Feedback(turn.id, by("ann"), Rating.UP))

    async def told(of: Database) -> tuple[Ratio, int, int]:
        week = (await WatchBook(of).weeks(NOW, 2))[1].tally()
        (share,) = await RouteBook(of, clock=lambda: NOW).shares(THIS)
        return week.ratio(Measure.SATISFACTION), share.up, share.down

    assert await told(database) == (Ratio.of([(1.0, 1.0)]), 1, 0)
    clock.now = NOW - timedelta(minutes=15)
    await thumbs.rate(Feedback(turn.id, by("ann"), Rating.DOWN))
    assert await told(database) == await told(door(database)) == (Ratio.of([(0.0, 1.0)]), 0, 1)


async def test_no_name_of_a_thread_is_remembered(database: Database, make_turn: Make) -> None:
    """It may be somebody's; turns of one thread still count as what hangs together."""
    named = "slack:T1:D-ann-lindqvist"
    for n in range(4):
        outcome = Outcome.ABSTAINED if n % 2 else Outcome.ANSWERED
        await History(database).record(make_turn(at=NOW, thread=named, outcome=outcome))
    book = WatchBook(database)
    week = (await book.weeks(NOW + timedelta(hours=1), 1))[0].tally()
    assert week.ratio(Measure.ABSTENTIONS) == Ratio.of([(2.0, 4.0)])
    remembered = repr(book._memory)
    assert "rows=" in remembered
    assert "lindqvist" not in remembered


async def test_a_second_look_reads_no_row_again(database: Database, make_turn: Make) -> None:
    """Neither rows of turns nor ratings; of a new turn its own alone."""
    clock, watched = Clock(), Door(database)
    for start in (THIS, THIS - WEEK, THIS - 2 * WEEK):
        turn = make_turn(at=start)
        await History(database).record(turn)
        await FeedbackBook(database, clock).rate(Feedback(turn.id, by("ann"), Rating.UP))
    book = WatchBook(cast(Database, watched))

    async def looked_up() -> list[str]:
        watched.statements.clear()
        await book.weeks(NOW, 3)
        wide = ("turns.claims", "feedback.author")
        return [name for said in watched.statements for name in wide if name in said]

    assert sorted(await looked_up()) == ["feedback.author", *["turns.claims"] * 3]
    assert await looked_up() == []
    await History(database).record(make_turn(at=NOW))
    assert await looked_up() == ["turns.claims"]


async def test_a_day_that_is_over_is_summed_once(database: Database, make_turn: Make) -> None:
    """It is summed anew where turns were erased or came late; today always is."""
    yesterday = NOW - timedelta(days=1)
    made = [make_turn(at=at, usage=Usage(1, 1, 0.5)) for at in (yesterday, yesterday, NOW)]
    for turn in made:
        await History(database).record(turn)

    async def told() -> dict[date, Costs]:
        return (await CostBook(database).report(NOW, 2)).by_day

    first = await told()
    assert [costs.cost_usd for costs in first.values()] == [1.0, 0.5]
    assert await told() == first
    await database.write(lambda c: c.execute(sa.update(turns).values(cost_usd=9.0)).rowcount)
    assert [costs.cost_usd for costs in (await told()).values()] == [1.0, 9.0]
    await database.write(
        lambda c: c.execute(sa.delete(turns).where(turns.c.id == made[0].id)).rowcount
    )
    assert [costs.cost_usd for costs in (await told()).values()] == [9.0, 9.0]
    assert (await CostBook(database).report(NOW, 2)).by_day == (
        await CostBook(door(database)).report(NOW, 2)
    ).by_day


async def test_evidence_for_advice_is_found_along_indexes(
    database: Database, make_turn: Make
) -> None:
    """Neither all ratings nor all entries of the audit trail are read for it."""
    turn = make_turn()
    await History(database).record(turn)
    await FeedbackBook(database).rate(Feedback(turn.id, by("ann"), Rating.DOWN, "tone"))
    looked = Door(database)
    book = AdvisingBook(cast(Database, looked))
    for ask, index in (
        (book.reasons, "ix_feedback_updated_at_turn_id"),
        (book.thumbs, "ix_feedback_updated_at_turn_id"),
        (book.duties, "ix_audit_operator"),
    ):
        looked.plans.clear()
        await cast(Any, ask)()
        assert any(index in plan for plan in looked.plans), (ask, looked.plans)


@pytest.mark.parametrize(("most", "found"), [(2, (1, 0)), (3, (1, 1))])
async def test_the_latest_ratings_alone_are_evidence(
    database: Database,
    make_turn: Make,
    most: int,
    found: tuple[int, int],
) -> None:
    """An older complaint gives way to younger ratings, whatever those say."""
    clock = Clock()
    for rating, reason in ((Rating.DOWN, "wrong"), (Rating.UP, ""), (Rating.DOWN, "tone")):
        turn = make_turn()
        await History(database).record(turn)
        clock.now += timedelta(minutes=1)
        await FeedbackBook(database, clock).rate(Feedback(turn.id, by("ann"), rating, reason))
    book = AdvisingBook(database, most)
    assert await book.reasons() == found
    assert await book.thumbs() == {"rag": (1, most)}
    assert await book.latest_ratings() == (most if most < 3 else None)
