"""Weeks of live turns that are over are counted once, and stay true."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.conversation import Author, Feedback, Outcome, Platform, Rating, Turn, Usage
from bot.store.base import Database
from bot.store.feedback import FeedbackBook
from bot.store.history import History
from bot.store.tables import turns
from bot.store.watch_figures import WEEK, Measure, Ratio, monday
from bot.store.watch_tables import watched_weeks
from bot.store.watching import WatchBook

Make = Callable[..., Turn]
NOW = datetime(2026, 3, 25, 12, tzinfo=UTC)
THIS = monday(NOW)
ANN = Author(Platform.WEB, "ann")


async def recorded(database: Database, make_turn: Make, count: int, at: datetime) -> list[Turn]:
    made = []
    for n in range(count):
        outcome = Outcome.ABSTAINED if n % 4 == 0 else Outcome.ANSWERED
        made.append(make_turn(at=at, thread=f"t{n}", outcome=outcome, usage=Usage(1, 1, 0.5)))
        await History(database).record(made[-1])
    return made


async def kept(database: Database) -> Sequence[datetime]:
    query = sa.select(watched_weeks.c.start).order_by(watched_weeks.c.start)
    return await database.read(lambda c: list(c.scalars(query)))


async def dearer(database: Database) -> None:
    """What nobody does with turns, so that one sees whether they were counted again."""
    await database.write(lambda c: c.execute(sa.update(turns).values(cost_usd=9.0)).rowcount)


async def test_a_week_that_is_over_is_counted_once(database: Database, make_turn: Make) -> None:
    """The second look reads what was kept, and finds the same; today is counted."""
    for start in (NOW - timedelta(hours=4), THIS - WEEK, THIS - 3 * WEEK):
        await recorded(database, make_turn, 5, start + timedelta(hours=3))
    book = WatchBook(database)
    first = await book.weeks(NOW, 4)
    assert await kept(database) == [THIS - 3 * WEEK, THIS - WEEK]
    assert await book.weeks(NOW, 4) == first
    await dearer(database)
    costs = [week.tally().ratio(Measure.COST).value for week in await book.weeks(NOW, 4)]
    assert costs == [0.5, None, 0.5, 9.0]


@pytest.mark.parametrize(
    ("after", "whether"), [(timedelta(days=1, hours=23), 0), (timedelta(2), 1)]
)
async def test_a_week_rests_for_two_days_before_it_is_kept(
    database: Database, make_turn: Make, after: timedelta, whether: int
) -> None:
    """Turns are still stored and people still called after a week's end."""
    await recorded(database, make_turn, 1, THIS - WEEK)
    await WatchBook(database).weeks(THIS + after, 2)
    assert len(await kept(database)) == whether


async def test_thumbs_that_come_and_go_late_count(database: Database, make_turn: Make) -> None:
    """Satisfaction is never what was kept."""
    (turn, *_) = await recorded(database, make_turn, 4, THIS - 2 * WEEK)
    book, thumbs = WatchBook(database), FeedbackBook(database)

    async def told() -> tuple[Ratio, float | None]:
        tally = (await book.weeks(NOW, 3))[0].tally("route:rag")
        return tally.ratio(Measure.SATISFACTION), tally.ratio(Measure.RATED).value

    assert await told() == (Ratio(), 0.0)
    await thumbs.rate(Feedback(turn.id, ANN, Rating.UP))
    assert await told() == (Ratio.of([(1.0, 1.0)]), 0.25)
    await thumbs.rate(Feedback(turn.id, ANN, Rating.DOWN))
    assert await told() == (Ratio.of([(0.0, 1.0)]), 0.25)
    await thumbs.take_back(turn.id, ANN)
    assert await told() == (Ratio(), 0.0)


async def test_a_week_with_erased_turns_is_counted_anew(
    database: Database, make_turn: Make
) -> None:
    """Of what is gone no figure stays."""
    (gone, *_) = await recorded(database, make_turn, 4, THIS - 2 * WEEK)
    book = WatchBook(database)
    assert (await book.weeks(NOW, 3))[0].tally().turns == 4
    await database.write(
        lambda c: c.execute(sa.delete(turns).where(turns.c.id == gone.id)).rowcount
    )
    for _ in range(2):
        tally = (await book.weeks(NOW, 3))[0].tally()
        assert (tally.turns, tally.ratio(Measure.ABSTENTIONS).value) == (3, 0.0)


async def test_a_week_that_is_judged_is_counted_from_the_whole_sample(
    database: Database, make_turn: Make
) -> None:
    """A look back over a year reads less of a week than a look at the last ones wants; what was
    read of more is good enough for both."""
    await recorded(database, make_turn, 300, THIS - 2 * WEEK)
    small = (await WatchBook(database, sample=50).weeks(NOW, 3))[0].tally()
    large = (await WatchBook(database, sample=5_000).weeks(NOW, 3))[0].tally()
    again = (await WatchBook(database, sample=50).weeks(NOW, 3))[0].tally()
    assert small.turns == large.turns == 300
    assert small.ratio(Measure.ABSTENTIONS).whole < 150
    assert large.ratio(Measure.ABSTENTIONS).whole == 300
    assert again == large
