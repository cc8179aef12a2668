"""Stored answers are given again while they are good, and never come in the way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from bot.conversation import Author, Feedback, Platform, Rating, Turn, Usage
from bot.store.answer_cache import GOOD, AnswerCache
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.erasure import Erasure
from bot.store.feedback import FeedbackBook
from bot.store.history import History
from bot.store.tables import threads

Make = Callable[..., Turn]
KEY = "k" * 64
READER = Author(Platform.WEB, "reader")


class Time:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


async def test_a_kept_answer_is_given_again(database: Database, make_turn: Make) -> None:
    """With its citations and claims, and what it cost."""
    heard: list[bool] = []
    cache = AnswerCache(database, Time(), observe=heard.append)
    turn = make_turn(usage=Usage(10, 5, 0.25))
    await History(database).record(turn)
    assert await cache.find(KEY) is None
    await cache.keep(KEY, turn)
    found = await cache.find(KEY)
    assert found is not None
    assert (found.turn, found.answer, found.model) == (turn.id, turn.answer, turn.model)
    assert (found.citations, found.grounding) == (turn.citations, turn.grounding)
    assert found.saved_usd == 0.25
    assert await cache.find("another") is None
    assert heard == [False, True, False]


async def test_the_last_one_kept_is_found(database: Database, make_turn: Make) -> None:
    """Two processes that answer the same at once do not disturb each other."""
    caches = [AnswerCache(database, Time()), AnswerCache(database, Time())]
    turns = [make_turn(answer="One [1]."), make_turn(answer="Two [1].")]
    for cache, turn in zip(caches, turns, strict=True):
        await History(database).record(turn)
        await cache.keep(KEY, turn)
    found = await caches[0].find(KEY)
    assert found is not None and found.answer == "Two [1]."
    assert await caches[0].entries() == 1


async def test_a_disliked_answer_is_not_given_again(database: Database, make_turn: Make) -> None:
    """A thumb down or a better answer ends it, whoever says so; taken back, it is good again."""
    cache, book, turn = AnswerCache(database, Time()), FeedbackBook(database), make_turn()
    await History(database).record(turn)
    await cache.keep(KEY, turn)
    await book.rate(Feedback(turn.id, READER, Rating.UP))
    assert await cache.find(KEY) is not None
    await book.rate(Feedback(turn.id, READER, Rating.UP, correction="Every 500 hours."))
    assert await cache.find(KEY) is None
    await book.rate(Feedback(turn.id, READER, Rating.DOWN))
    assert await cache.find(KEY) is None
    await book.take_back(turn.id, READER)
    assert await cache.find(KEY) is not None


async def test_a_repetition_that_is_disliked_ends_it_too(
    database: Database, make_turn: Make
) -> None:
    """Who got the answer from the cache judges the answer, not the copy."""
    cache, turn = AnswerCache(database, Time()), make_turn()
    again = make_turn(cached_from=turn.id, usage=Usage())
    for each in (turn, again):
        await History(database).record(each)
    await cache.keep(KEY, turn)
    assert await cache.find(KEY) is not None
    await FeedbackBook(database).rate(Feedback(again.id, READER, Rating.DOWN))
    assert await cache.find(KEY) is None


async def test_a_look_up_does_not_walk_the_repetitions(
    sqlite_database: Database, make_turn: Make
) -> None:
    """However often an answer was given again, the database reads its entry and one index of what
    was disliked, and no turns."""
    said = str(GOOD.compile(dialect=sqlite.dialect(paramstyle="named")))
    wanted = {"key": KEY, "oldest": datetime.now(UTC)}
    plan = sa.text(f"EXPLAIN QUERY PLAN {said}")
    rows = await sqlite_database.read(lambda c: [row.detail for row in c.execute(plan, wanted)])
    assert not any("turns" in row.split() for row in rows), rows
    assert any("ix_feedback_unhappy (origin=?)" in row for row in rows), rows
    assert all(row.startswith(("SEARCH", "CORRELATED")) for row in rows), rows


async def test_an_old_answer_is_not_given_again(database: Database, make_turn: Make) -> None:
    """After its days it is made anew, and what is too old is removed in time."""
    time = Time()
    cache, turn = AnswerCache(database, time, days=2), make_turn()
    await History(database).record(turn)
    await cache.keep(KEY, turn)
    time.now += timedelta(days=3)
    assert await cache.find(KEY) is None
    await cache.keep("another", turn)
    assert await cache.entries() == 1


async def test_a_removed_turn_takes_its_answer_along(database: Database, make_turn: Make) -> None:
    """Retention deletes threads: nothing of them is found."""
    cache, turn = AnswerCache(database, Time()), make_turn()
    await History(database).record(turn)
    await cache.keep(KEY, turn)
    remove = sa.delete(threads).where(threads.c.id == turn.thread)
    await database.write(lambda connection: connection.execute(remove))
    assert await cache.find(KEY) is None
    assert await cache.entries() == 0


async def test_who_is_forgotten_answers_nobody(database: Database, make_turn: Make) -> None:
    """The turn's skeleton stays; its answer is not given again."""
    cache, turn = AnswerCache(database, Time()), make_turn()
    await History(database).record(turn)
    await cache.keep(KEY, turn)
    await Erasure(database, AuditTrail(database)).forget(turn.author.key)
    assert await cache.find(KEY) is None
    assert await cache.entries() == 0


async def test_a_turn_that_was_not_stored_is_not_kept(database: Database, make_turn: Make) -> None:
    """A key never points to nothing."""
    cache = AnswerCache(database, Time())
    await cache.keep(KEY, make_turn())
    assert await cache.find(KEY) is None


async def test_all_answers_can_be_forgotten(database: Database, make_turn: Make) -> None:
    """The turns stay."""
    cache, turn = AnswerCache(database, Time()), make_turn()
    await History(database).record(turn)
    await cache.keep(KEY, turn)
    assert await cache.clear() == 1
    assert await cache.find(KEY) is None
    assert (await History(database).turn(turn.id)).answer == turn.answer


async def test_a_database_that_is_gone_is_a_miss(
    sqlite_database: Database, make_turn: Make
) -> None:
    """The turn goes on, and the cache says nothing worse than that it found nothing."""
    cache, turn = AnswerCache(sqlite_database, Time()), make_turn()
    await History(sqlite_database).record(turn)
    await sqlite_database.close()
    assert await cache.find(KEY) is None
    await cache.keep(KEY, turn)
