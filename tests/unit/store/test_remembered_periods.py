"""What a process remembers of periods stays true whatever others do, and is found quickly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
import sqlalchemy as sa

from bot.budget import day_of
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
from bot.store import lots
from bot.store.advising import AdvisingBook
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.chat_tables import handoffs
from bot.store.costs import CostBook
from bot.store.feedback import FeedbackBook
from bot.store.history import History
from bot.store.ids import new_id
from bot.store.reviews import ReviewBook, Verdict
from bot.store.route_book import RouteBook
from bot.store.tables import turns
from bot.store.today import TodayBook
from bot.store.turn_days import DAY, numbers_in
from bot.store.watching import WatchBook
from tests.unit.store.test_turn_list_plans import Explained, goes_through_everything

Make = Callable[..., Turn]
NOW = datetime(2026, 3, 24, 12, tzinfo=UTC)
SINCE = NOW - timedelta(days=7)


class Clock:
    """The time as it is set."""

    now = NOW

    def __call__(self) -> datetime:
        return self.now


def fresh(database: Database) -> Database:
    """A door to the database of which nothing is remembered yet."""
    return cast(Database, Explained(database))


def by(name: str) -> Author:
    return Author(Platform.WEB, name)


async def erased(database: Database, turn: Turn) -> None:
    gone = sa.delete(turns).where(turns.c.id == turn.id)
    await database.write(lambda connection: connection.execute(gone).rowcount)


async def called(database: Database, turn: Turn) -> None:
    row: dict[str, Any] = {c.name: "" for c in handoffs.c if not c.nullable}
    row |= {"id": f"h{turn.id}", "turn_id": turn.id, "place": {}, "replies": [], "created_at": NOW}
    await database.write(lambda c: c.execute(sa.insert(handoffs), row).rowcount)


async def a_week(database: Database, make: Make, each: int = 3) -> list[Turn]:
    """Turns of ten days, the last of them today; the oldest first."""
    made = []
    for back in reversed(range(10)):
        for n in range(each):
            route = RouteDecision(Route.RAG if n % 2 else Route.VOICE, 0.5, ("so",))
            at = NOW - back * DAY - timedelta(hours=2, minutes=n)
            made.append(make(at=at, thread=f"t{back}", route=route))
            await History(database).record(made[-1])
    return made


async def test_remembered_figures_are_those_that_are_counted(
    database: Database, make_turn: Make
) -> None:
    """Of Today, routes, costs and advice: after thumbs given, changed and taken back, verdicts, new
    turns and late ones, turns that were erased, a person who was called."""
    made, clock = await a_week(database, make_turn), Clock()
    thumbs, history = FeedbackBook(database, clock), History(database)
    reviews = ReviewBook(database, AuditTrail(database), clock)
    old, settled, last, today = made[2], made[10], made[-4], made[-1]

    async def rated(turn: Turn, name: str, rating: Rating) -> None:
        await thumbs.rate(Feedback(turn.id, by(name), rating))

    deeds: list[Callable[[], Any]] = [
        lambda: rated(settled, "ann", Rating.UP),
        lambda: rated(old, "bob", Rating.UP),
        lambda: rated(settled, "ann", Rating.DOWN),
        lambda: rated(today, "bob", Rating.DOWN),
        lambda: thumbs.take_back(settled.id, by("ann")),
        lambda: called(database, last),
        lambda: thumbs.rate(
            Feedback(last.id, by("eve"), Rating.UP, correction="better", expert=True)
        ),
        lambda: thumbs.rate(Feedback(made[4].id, by("fay"), Rating.UP, correction="so")),
        lambda: reviews.judge(made[4].id, Verdict.APPROVED, "web:operator"),
        lambda: thumbs.take_back(last.id, by("eve")),
        lambda: history.record(make_turn(at=clock.now, outcome=Outcome.ABSTAINED)),
        lambda: history.record(make_turn(at=NOW - DAY, thread="late", error="cut off")),
        lambda: erased(database, settled),
        lambda: erased(database, last),
    ]

    async def looked(of: Database) -> tuple[Any, ...]:
        book, now = TodayBook(of, sample=8), clock.now
        return (
            await book.period(SINCE, now),
            await TodayBook(of).period(SINCE, now),
            await RouteBook(of, clock=clock).shares(SINCE + timedelta(minutes=1)),
            (await CostBook(of).report(now, 9)).by_day,
            await AdvisingBook(of).thumbs(),
            await AdvisingBook(of, clock=clock).examples(),
        )

    await looked(database)
    said: list[Any] = []
    for deed in deeds:
        await deed()
        for later in (timedelta(seconds=1), timedelta(minutes=5), timedelta(hours=1)):
            clock.now += later
            found = await looked(database)
            assert found == await looked(fresh(database)), deeds.index(deed)
        said.append(found)
    assert (said[0][2][0].up + said[0][2][1].up, said[2][2][0].down + said[2][2][1].down) == (1, 1)
    assert said[-1][1].turns == said[9][1].turns  # two came, two went
    assert [told[5] for told in said[5:10]] == [0, 1, 1, 2, 1]


async def test_thumbs_stay_true_where_a_clock_is_set_back(
    database: Database, make_turn: Make
) -> None:
    """By more than a minute: what is said then is stamped before what was known already."""
    made, clock = await a_week(database, make_turn), Clock()
    thumbs = FeedbackBook(database, clock)

    async def looked(of: Database) -> tuple[Any, ...]:
        weeks = await WatchBook(of).weeks(clock.now, 2)
        return weeks, await RouteBook(of, clock=clock).shares(SINCE)

    for turn in made[-9:]:
        await thumbs.rate(Feedback(turn.id, by("ann"), Rating.UP))
    clock.now += timedelta(hours=1)
    before = await looked(database)
    clock.now -= timedelta(minutes=30)
    await thumbs.rate(Feedback(made[-8].id, by("ann"), Rating.DOWN))
    found = await looked(database)
    assert found == await looked(fresh(database))
    assert (found[0] != before[0], found[1] != before[1]) == (True, True)
    clock.now += timedelta(minutes=45)
    assert await looked(database) == await looked(fresh(database)) == found


async def test_examples_stay_true_whatever_the_clock(database: Database, make_turn: Make) -> None:
    """A better answer that was taken for another by a process that is seconds behind is seen, as is
    one by a clock that was set back."""
    (old, first, last, *_), clock = await a_week(database, make_turn), Clock()
    thumbs, eve = FeedbackBook(database, clock), by("eve")
    book = AdvisingBook(database, clock=clock)
    behind = FeedbackBook(database, lambda: clock.now - timedelta(seconds=3))
    for turn, later in ((old, timedelta(hours=1)), (first, timedelta(seconds=1)), (last, 0 * DAY)):
        await thumbs.rate(Feedback(turn.id, eve, Rating.UP, correction="so", expert=True))
        clock.now += later
    assert await book.examples() == 3
    await behind.rate(Feedback(first.id, eve, Rating.DOWN))
    assert await book.examples() == 2
    clock.now -= timedelta(minutes=30)
    await thumbs.rate(Feedback(old.id, eve, Rating.DOWN))
    assert await book.examples() == 1


@pytest.mark.parametrize("expert", [True, False])
async def test_the_same_thumb_again_makes_nobody_an_expert(
    database: Database, make_turn: Make, expert: bool
) -> None:
    """Nor takes it from them: the better answer counts as that of who wrote it then."""
    (turn, *_), clock = await a_week(database, make_turn), Clock()
    thumbs = FeedbackBook(database, clock)
    book = AdvisingBook(database, clock=clock)
    said = Feedback(turn.id, by("eve"), Rating.UP, correction="so", expert=expert)
    await thumbs.rate(said)
    assert await book.examples() == expert
    await thumbs.rate(Feedback(turn.id, by("eve"), Rating.UP, expert=not expert))
    assert await book.examples() == expert
    assert await AdvisingBook(fresh(database), clock=clock).examples() == expert
    assert await thumbs.of(turn.id) == [said]


async def test_a_second_look_reads_no_row_again(database: Database, make_turn: Make) -> None:
    """Of a new turn its own alone, of those with an error always: a word of it may be erased."""
    made = await a_week(database, make_turn)
    await FeedbackBook(database, lambda: NOW).rate(Feedback(made[-9].id, by("ann"), Rating.UP))
    watched = Explained(database)
    book = TodayBook(cast(Database, watched))
    routes = RouteBook(cast(Database, watched), clock=lambda: NOW + timedelta(hours=1))

    async def read() -> list[str]:
        watched.statements.clear()
        await book.period(SINCE, NOW)
        await routes.shares(SINCE)
        wide = ("turns.timings", "sum(turns.confidence)")
        return [name for said in watched.statements for name in wide if name in said]

    assert "turns.timings" in await read()
    assert await read() == ["sum(turns.confidence)"] * 2  # the edge of the first day, and today
    await History(database).record(make_turn(at=NOW - timedelta(minutes=1), error="cut off"))
    assert "turns.timings" in await read()
    assert "turns.timings" in await read()


async def test_a_turn_that_came_late_does_not_hide_one_that_went(
    database: Database, make_turn: Make
) -> None:
    """One is erased of a day that is well over, another is stored for the day after: there are as
    many as before, and each day's costs and its routes are told as they are now."""
    made = await a_week(database, make_turn)

    async def looked(of: Database) -> tuple[Any, ...]:
        by_day = (await CostBook(of).report(NOW, 10)).by_day
        return by_day, await RouteBook(of, clock=lambda: NOW).shares(NOW - 9 * DAY)

    before = await looked(database)
    await erased(database, made[3])
    late = replace(made[6], id=new_id(), usage=Usage(1, 1, 7.0), at=made[6].at)
    await History(database).record(late)
    after = await looked(database)
    assert after == await looked(fresh(database)) != before
    assert [costs.turns for costs in after[0].values()] == [3, 2, 4, *[3] * 7]


async def test_many_days_are_counted_each_by_itself(database: Database, make_turn: Make) -> None:
    """More than are asked for at once; days without a turn among them."""
    made = await a_week(database, make_turn, each=1)
    first = day_of(made[0].at) - 230 * DAY
    days = [first + n * DAY for n in range(240)]
    counted = await database.read(lambda c: numbers_in(c, days, DAY))
    assert counted == [*[0] * 230, *[1] * 10]
    assert await database.read(lambda c: numbers_in(c, [], DAY)) == []


async def test_a_draw_goes_on_where_it_stood(database: Database, make_turn: Make) -> None:
    """As if all had been drawn at once, from many turns and from few; a lot that falls with the
    number of turns leaves some out."""
    await a_week(database, make_turn, each=6)

    def drawn(end: datetime, sample: int, before: lots.Drawn | None) -> Callable[..., lots.Drawn]:
        within = sa.and_(turns.c.at >= SINCE, turns.c.at < end)
        number = sa.select(sa.func.count()).select_from(turns).where(within)

        def op(connection: sa.Connection) -> lots.Drawn:
            there = connection.scalar(number) or 0
            return lots.draw(connection, SINCE, end, end, there, sample, before)

        return op

    for sample in (10, 1000):
        before = None
        for back in reversed(range(6)):
            end = NOW - back * DAY
            before = await database.read(drawn(end, sample, before))
            alone = await database.read(drawn(end, sample, None))
            assert sorted(before.ids) == sorted(alone.ids)
            assert (before.older, before.count) == (alone.older, alone.count)


async def test_what_waits_is_counted_without_a_look_at_every_thumb(
    database: Database, make_turn: Make
) -> None:
    """As many as the queue lists, whatever was judged, judged again or said after a verdict."""
    made, clock = await a_week(database, make_turn), Clock()
    thumbs = FeedbackBook(database, clock)
    reviews = ReviewBook(database, AuditTrail(database), clock)
    for n, turn in enumerate(made[:8]):
        rating = Rating.UP if n % 4 == 3 else Rating.DOWN
        await thumbs.rate(Feedback(turn.id, by("ann"), rating))
        await thumbs.rate(Feedback(turn.id, by("bob"), Rating.UP, correction="so" if n % 2 else ""))
    clock.now += DAY
    for turn in made[:3]:
        await reviews.judge(turn.id, Verdict.REJECTED, "web:operator")
    clock.now += DAY
    await thumbs.rate(Feedback(made[0].id, by("ann"), Rating.DOWN, "again"))
    await thumbs.rate(Feedback(made[1].id, by("ann"), Rating.UP))
    explained = Explained(database)
    book = FeedbackBook(cast(Database, explained))
    assert await book.waiting() == len(await thumbs.to_review()) == (await thumbs.counts())[0] == 7
    (plan,) = explained.plans
    assert "ix_feedback_unhappy" in plan
    assert not goes_through_everything(plan)


async def test_days_are_counted_along_the_index_in_one_go(
    database: Database, make_turn: Make
) -> None:
    """Each day by itself; and of a sample's rows those alone that are not known."""
    await a_week(database, make_turn)
    explained = Explained(database)
    book = TodayBook(cast(Database, explained))
    assert await book.asked([NOW - n * DAY for n in (3, 2, 1, 0)]) == [3, 3, 3]
    (plan,) = explained.plans
    assert plan.count("ix_turns_") == 3
    assert "SCAN" not in plan
    await book.period(SINCE, NOW)
    await book.period(SINCE, NOW)
    for plan in explained.plans:
        assert not any(words in plan for words in ("SCAN turns", "SCAN feedback", "Seq Scan"))
