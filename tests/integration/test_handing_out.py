"""The review handed out to several people at once, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from adapters.teaching.handing_out import Handed, HandingOut, turns_of
from adapters.teaching.reviewing import Review
from bot.conversation import Author, Feedback, Platform, Rating
from bot.handoff import HandoffBook
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.feedback import FeedbackBook
from bot.store.history import History
from bot.store.ids import new_id
from bot.store.reviews import ReviewBook
from bot.store.rewrites import RewriteBook, Verdict
from bot.work.open_cards import OpenCards, Seat
from knowledge.ingest import Ingestor
from tests.platforms.turns import turn_of

READER = Author(Platform.SLACK, "U1", "Ann")
SEATS = [Seat(f"s{n}", "page", f"Person {n}") for n in range(5)]


def no_ingestor() -> Ingestor:
    raise AssertionError("nothing is published here")


@pytest.fixture
def review(database: Database) -> Review:
    audit = AuditTrail(database)
    return Review(
        feedback=FeedbackBook(database),
        reviews=ReviewBook(database, audit),
        rewrites=RewriteBook(database, audit),
        handoffs=HandoffBook(database),
        history=History(database),
        audit=audit,
        ingestor=no_ingestor,
    )


@pytest.fixture
def rated(database: Database) -> Callable[[int], Awaitable[list[str]]]:
    async def put(count: int, rating: Rating = Rating.DOWN) -> list[str]:
        """So many rated turns; their ids."""
        names = [new_id("turn") for _ in range(count)]
        for name in names:
            await History(database).record(turn_of("No.", id=name, thread=new_id("thread")))
            await FeedbackBook(database).rate(Feedback(name, READER, rating))
        return names

    return put


def every_turn(pages: list[Handed]) -> list[str]:
    return [turn for page in pages for turn in turns_of(page.queue)]


async def test_five_who_come_in_the_same_moment_share_the_queue(
    database: Database, review: Review, rated: Callable[[int], Awaitable[list[str]]]
) -> None:
    """No item twice, none left over while there are some, and each is told what the others have."""
    names = await rated(23)
    handing = HandingOut(review, OpenCards(database, "review"))
    pages = await asyncio.gather(*(handing.page(seat, 4) for seat in SEATS))
    handed = every_turn(list(pages))
    assert len(handed) == len(set(handed)) <= 20
    more = [await handing.more(seat, 23) for seat in SEATS]
    assert sorted(handed + every_turn(more)) == sorted(names)
    late = await handing.page(Seat("s9", "page", "Late"), 20)
    assert turns_of(late.queue) == []
    assert late.elsewhere.count == 23
    assert {name for name, _ in late.elsewhere.people} == {seat.name for seat in SEATS}
    assert late.queue.counts.corrections == 23


async def test_while_several_judge_nothing_is_judged_twice(
    database: Database, review: Review, rated: Callable[[int], Awaitable[list[str]]]
) -> None:
    """Each takes card after card until the queue is empty: one verdict for each item."""
    names = await rated(20)
    handing = HandingOut(review, OpenCards(database, "review"))

    async def work(seat: Seat) -> int:
        judged = 0
        page = await handing.page(seat, 3)
        while turns := turns_of(page.queue):
            for turn in turns:
                await review.judge_words(turn, READER.key, Verdict.REJECTED, seat.name)
                await handing.judged(seat, [turn])
                judged += 1
            page = await handing.more(seat, 3)
        return judged

    done = await asyncio.gather(*(work(seat) for seat in SEATS[:3]))
    assert sum(done) == len(names)
    entries = await AuditTrail(database).listing(kind="operator")
    assert sorted(entry.content["subject"] for entry in entries) == sorted(names)
    assert await OpenCards(database, "review").elsewhere(SEATS[4]) == {}
