"""The day's limit: kept over several processes, whole again at midnight, never in the way."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.budget import Budget, Left, Limits, day_of
from bot.conversation import Usage
from bot.errors import StorageError

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Book:
    """What is stored, and how often it was asked for."""

    def __init__(self, usage: Usage = Usage()) -> None:  # noqa: B008 - a frozen value
        self.usage = usage
        self.asked: list[datetime] = []
        self.fails = False
        self.hangs = False

    async def spent(self, since: datetime) -> Usage:
        self.asked.append(since)
        if self.fails:
            raise StorageError
        if self.hangs:
            await asyncio.Event().wait()
        return self.usage


class Time:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.now.timestamp()

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


def budget_of(book: Book, time: Time, usd: float | None = 1.0, tokens: int | None = None) -> Budget:
    return Budget(book, time, Limits(usd, tokens), seconds=time.seconds)


async def test_no_limit_asks_nobody() -> None:
    """Without a limit the database is not read for one."""
    book = Book(Usage(10**9, 10**9, 10**6))
    assert await budget_of(book, Time(), usd=None).left()
    assert book.asked == []


async def test_what_other_processes_spent_counts() -> None:
    """The sum over the stored turns since midnight UTC is what is spent."""
    book, time = Book(Usage(cost_usd=0.99)), Time()
    budget = budget_of(book, time)
    assert await budget.left()
    book.usage = Usage(cost_usd=1.0)
    time.forward(seconds=10)
    assert not await budget.left()
    assert book.asked == [day_of(NOON)] * 2


async def test_the_sum_is_read_at_most_every_few_seconds() -> None:
    """Many turns a second do not sum up the day each."""
    book, time = Book(), Time()
    budget = budget_of(book, time)
    for _ in range(20):
        await budget.left()
        time.forward(seconds=0.1)
    assert len(book.asked) == 1


async def test_what_this_process_spends_counts_at_once() -> None:
    """Between two readings it does not go on as if nothing had been spent."""
    book, time = Book(Usage(cost_usd=0.5)), Time()
    budget = budget_of(book, time)
    assert await budget.left()
    budget.spend(Usage(cost_usd=0.6))
    assert not await budget.left()
    book.usage = Usage(cost_usd=0.9)  # it stands in the turns now, once
    time.forward(seconds=10)
    assert await budget.left()
    assert budget.remaining.usd == pytest.approx(0.1)


async def test_tokens_have_a_limit_of_their_own() -> None:
    """Models without a price are limited by what they say."""
    book, time = Book(Usage(600, 400)), Time()
    assert not await budget_of(book, time, usd=None, tokens=1000).left()
    assert await budget_of(book, time, usd=None, tokens=1001).left()


async def test_nothing_may_be_spent_where_the_limit_is_zero() -> None:
    """A limit of 0 is one."""
    assert not await budget_of(Book(), Time(), usd=0.0).left()


async def test_a_new_day_is_whole() -> None:
    """At midnight UTC the limit is whole again, at once."""
    book, time = Book(Usage(cost_usd=2.0)), Time()
    budget = budget_of(book, time)
    assert not await budget.left()
    time.now = datetime(2026, 3, 2, 0, 0, 1, tzinfo=UTC)
    book.usage = Usage()
    assert await budget.left()
    assert book.asked[-1] == datetime(2026, 3, 2, tzinfo=UTC)


async def test_a_database_that_fails_stops_no_turn() -> None:
    """Nobody can say what is spent: models are asked; what was known before still counts."""
    book, time = Book(Usage(cost_usd=0.5)), Time()
    book.fails = True
    budget = budget_of(book, time)
    assert await budget.left()
    book.fails = False
    time.forward(seconds=10)
    await budget.left()
    book.fails = True
    budget.spend(Usage(cost_usd=0.6))
    time.forward(seconds=10)
    assert not await budget.left()


async def test_a_database_that_hangs_stops_no_turn() -> None:
    """After a moment the turn goes on, and the next one does not wait again."""
    book, time = Book(), Time()
    book.hangs = True
    budget = budget_of(book, time)
    async with asyncio.timeout(60):
        assert await budget.left()
        assert await budget.left()
    assert len(book.asked) == 1
    await budget.aclose()


async def test_turns_at_the_same_time_read_once() -> None:
    """Twenty turns that begin together make one sum."""
    book, time = Book(), Time()
    budget = budget_of(book, time)
    await asyncio.gather(*(budget.left() for _ in range(20)))
    assert len(book.asked) == 1


async def test_who_listens_hears_what_is_left() -> None:
    """The gauge follows each spending."""
    heard: list[Left] = []
    book, time = Book(Usage(cost_usd=0.25)), Time()
    budget = Budget(book, time, Limits(1.0), seconds=time.seconds, observe=heard.append)
    await budget.left()
    budget.spend(Usage(cost_usd=0.25))
    assert [left.usd for left in heard] == [0.75, 0.5]
