"""Reviews: what has a verdict leaves the queue, a later word comes back into it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.conversation import Author, Feedback, Platform, Rating, Turn
from bot.errors import NotFoundError
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.feedback import FeedbackBook
from bot.store.history import History
from bot.store.reviews import ReviewBook, Verdict
from bot.store.rewrites import JudgedBeforeError

MakeTurn = Callable[..., Turn]
ANN = Author(Platform.SLACK, "U024BE7LH", "Ann")
BEN = Author(Platform.DISCORD, "80351110224678912")
START = datetime(2026, 11, 22, tzinfo=UTC)


class Clock:
    """A clock that goes on by a minute whenever it is asked."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now


@pytest.fixture
async def turn(database: Database, make_turn: MakeTurn) -> Turn:
    """A turn that two people found wanting."""
    turn = make_turn()
    await History(database).record(turn)
    return turn


async def test_what_has_a_verdict_leaves_the_queue(database: Database, turn: Turn) -> None:
    """Approved or rejected, of one reader or of all: it is not shown again; ratings stay."""
    clock = Clock()
    book, audit = FeedbackBook(database, clock), AuditTrail(database)
    reviews = ReviewBook(database, audit, clock)
    await book.rate(Feedback(turn.id, ANN, Rating.DOWN, "wrong", "Every 300 hours."))
    await book.rate(Feedback(turn.id, BEN, Rating.UP, "", "Every 200 hours."))
    assert await reviews.waiting(turn.id) == 2
    judged = await reviews.judge(turn.id, Verdict.APPROVED, "terminal:operator", author=ANN.key)
    assert judged == 1
    assert [r.author for r in await book.to_review()] == [BEN.key]
    assert await reviews.judge(turn.id, Verdict.REJECTED, "web:operator") == 1
    assert await book.to_review() == []
    assert await reviews.waiting(turn.id) == 0
    assert len(await book.listing()) == 2


async def test_a_later_correction_comes_back(database: Database, turn: Turn) -> None:
    """New words of the same reader wait again; the same thumb once more is nothing new."""
    clock = Clock()
    book, reviews = FeedbackBook(database, clock), ReviewBook(database, AuditTrail(database), clock)
    await book.rate(Feedback(turn.id, ANN, Rating.DOWN, "wrong", "Every 300 hours."))
    await reviews.judge(turn.id, Verdict.REJECTED, "web:operator")
    await book.rate(Feedback(turn.id, ANN, Rating.DOWN))
    assert await book.to_review() == []
    await book.rate(Feedback(turn.id, ANN, Rating.DOWN, "wrong", "Every 350 hours."))
    assert [r.correction for r in await book.to_review()] == ["Every 350 hours."]
    await reviews.judge(turn.id, Verdict.APPROVED, "web:operator")
    assert await book.to_review() == []


async def test_a_rating_taken_back_takes_its_verdict_along(database: Database, turn: Turn) -> None:
    """Nothing of a reader is left behind in the reviews, and a new rating is new."""
    book, reviews = FeedbackBook(database), ReviewBook(database, AuditTrail(database))
    await book.rate(Feedback(turn.id, ANN, Rating.DOWN))
    await reviews.judge(turn.id, Verdict.APPROVED, "web:operator")
    await book.take_back(turn.id, ANN)
    assert await reviews.waiting(turn.id) == 0
    await book.rate(Feedback(turn.id, ANN, Rating.DOWN))
    assert await reviews.waiting(turn.id) == 1


async def test_each_verdict_is_in_the_audit_trail(database: Database, turn: Turn) -> None:
    """Who judged what, and the chain holds."""
    book, audit = FeedbackBook(database), AuditTrail(database)
    await book.rate(Feedback(turn.id, ANN, Rating.DOWN))
    await ReviewBook(database, audit).judge(turn.id, Verdict.REJECTED, "terminal:operator")
    (entry,) = await audit.listing(kind="operator")
    assert entry.content["action"] == "correction rejected"
    assert entry.content["actor"] == "terminal:operator"
    assert (entry.content["subject"], entry.content["authors"]) == (turn.id, [ANN.key])
    assert await audit.verify() is None


async def test_where_nothing_waits_nothing_is_judged(database: Database, turn: Turn) -> None:
    """An unknown turn, one that was judged and one with a mere thumb up say so in one sentence."""
    book, audit = FeedbackBook(database), AuditTrail(database)
    await book.rate(Feedback(turn.id, ANN, Rating.UP))
    for id_ in ("t0", turn.id):
        with pytest.raises(NotFoundError, match="waits for review"):
            await ReviewBook(database, audit).judge(id_, Verdict.APPROVED, "web:operator")
    assert await audit.listing(kind="operator") == []


async def test_two_who_judge_at_once_do_not_overwrite(database: Database, turn: Turn) -> None:
    """The first verdict counts; the other operator is told whose it was, and nothing is audited."""
    book, audit = FeedbackBook(database), AuditTrail(database)
    reviews = ReviewBook(database, audit)
    await book.rate(Feedback(turn.id, ANN, Rating.DOWN, "wrong", "Every 300 hours."))
    verdicts = (Verdict.APPROVED, Verdict.REJECTED)
    told = await asyncio.gather(
        *(
            reviews.judge(turn.id, verdict, f"web:{n}", author=ANN.key)
            for n in range(3)
            for verdict in verdicts
        ),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in told) == ["JudgedBeforeError"] * 5 + ["int"]
    (entry,) = await audit.listing(kind="operator")
    (late, *_) = [each for each in told if isinstance(each, JudgedBeforeError)]
    assert f"by {entry.content['actor']} before" in str(late)


async def test_many_are_judged_in_one_go(database: Database, make_turn: MakeTurn) -> None:
    """With an entry for each; what was judged before is left, and so is a gap that is none."""
    book, audit = FeedbackBook(database), AuditTrail(database)
    reviews = ReviewBook(database, audit)
    for name in ("t1", "t2", "t3"):
        await History(database).record(make_turn(id=name))
        await book.rate(Feedback(name, ANN, Rating.DOWN, "wrong"))
    await book.rate(Feedback("t3", ANN, Rating.UP, "", "Every 200 hours."))
    await reviews.judge("t1", Verdict.REJECTED, "web:ada")
    every = [(name, ANN.key) for name in ("t1", "t2", "t3")]
    assert await reviews.judge_all(every, Verdict.GAP, "web:ben") == [("t2", ANN.key)]
    assert await reviews.judge_all(every, Verdict.APPROVED, "web:ben") == [("t3", ANN.key)]
    assert await book.to_review() == []
    subjects = [e.content["subject"] for e in await audit.listing(kind="operator")]
    assert subjects == ["t1", "t2", "t3"]
