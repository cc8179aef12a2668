"""Rewrites: an operator's word on an answer, kept with its audit entry."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.conversation import Author, Feedback, Platform, Rating, Turn
from bot.errors import NotFoundError, UsageError
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.feedback import FeedbackBook
from bot.store.history import History
from bot.store.reviews import ReviewBook
from bot.store.rewrites import LONGEST, Draft, JudgedBeforeError, RewriteBook, Verdict

BY = "web:operator"
READER = Author(Platform.SLACK, "U024BE7LH", "Mia")


@pytest.fixture
async def books(
    database: Database, make_turn: Callable[..., Turn]
) -> tuple[RewriteBook, AuditTrail]:
    """Rewrites and the trail over one stored turn ``t1``."""
    await History(database).record(make_turn(id="t1"))
    trail = AuditTrail(database)
    return RewriteBook(database, trail), trail


async def test_the_last_word_counts(books: tuple[RewriteBook, AuditTrail]) -> None:
    """An approval with another text, then a rejection: the rejection stands, both are audited."""
    book, trail = books
    await book.approve("t1", by=BY, text=" Refunds take 14 days [1]. ", prompt="How long?")
    first = await book.of("t1")
    assert first is not None
    assert (first.text, first.prompt) == ("Refunds take 14 days [1].", "How long?")
    await book.reject("t1", by=BY)
    second = await book.of("t1")
    assert second is not None
    assert (second.verdict, second.text) == (Verdict.REJECTED, "")
    actions = [entry.content["action"] for entry in await trail.listing(kind="operator")]
    assert actions == ["answer approved as an example", "turn kept out of training"]
    assert await trail.verify() is None


async def test_undo_lets_readers_words_wait_again(
    database: Database, books: tuple[RewriteBook, AuditTrail]
) -> None:
    """After undo there is no rewrite, and the thumb down is in the queue as before."""
    book, trail = books
    feedback, reviews = FeedbackBook(database), ReviewBook(database, trail)
    await feedback.rate(Feedback("t1", READER, Rating.DOWN, correction="14 days."))
    await reviews.judge("t1", Verdict.APPROVED, BY)
    kept = await book.of("t1")
    assert kept is not None
    assert (kept.text, kept.author) == ("14 days.", READER.key)
    assert await feedback.to_review() == []
    await book.undo("t1", by=BY)
    assert await book.of("t1") is None
    assert [rated.turn for rated in await feedback.to_review()] == ["t1"]
    with pytest.raises(NotFoundError, match="verdict on turn"):
        await book.undo("t1", by=BY)


async def test_what_cannot_be_kept_is_refused(books: tuple[RewriteBook, AuditTrail]) -> None:
    """An unknown turn and an answer longer than a chat takes."""
    book, _ = books
    with pytest.raises(NotFoundError, match="turn"):
        await book.approve("t9", by=BY)
    with pytest.raises(UsageError, match="characters"):
        await book.approve("t1", by=BY, text="x" * (LONGEST + 1))


async def test_an_edited_better_answer_is_the_operators_own(
    database: Database, books: tuple[RewriteBook, AuditTrail]
) -> None:
    """What the operator changed is taught; of two readers' answers else the expert's."""
    book, trail = books
    feedback, reviews = FeedbackBook(database), ReviewBook(database, trail)
    expert = Author(Platform.WEB, "expert", "Tom")
    await feedback.rate(Feedback("t1", expert, Rating.UP, correction="14 days [1].", expert=True))
    await feedback.rate(Feedback("t1", READER, Rating.DOWN, correction="Two weeks."))
    assert [r.author for r in await feedback.to_review()] == [expert.key, READER.key]
    await reviews.judge("t1", Verdict.APPROVED, BY)
    kept = await book.of("t1")
    assert kept is not None and kept.author == expert.key
    await book.undo("t1", by=BY)
    await reviews.judge("t1", Verdict.APPROVED, BY, draft=Draft("It takes 14 days [1].", "How?"))
    edited = await book.of("t1")
    assert edited is not None
    assert (edited.text, edited.prompt, edited.author) == ("It takes 14 days [1].", "How?", "")


async def test_only_answers_that_everybody_liked_are_offered_as_they_are(
    database: Database, books: tuple[RewriteBook, AuditTrail]
) -> None:
    """A thumb up is offered until it is judged, and not beside a thumb down."""
    book, _ = books
    feedback = FeedbackBook(database)
    await feedback.rate(Feedback("t1", READER, Rating.UP))
    assert [rated.turn for rated in await feedback.liked()] == ["t1"]
    other = Author(Platform.WEB, "other")
    await feedback.rate(Feedback("t1", other, Rating.DOWN))
    assert await feedback.liked() == []
    await feedback.take_back("t1", other)
    await book.approve("t1", by=BY)
    assert await feedback.liked() == []


async def test_the_last_verdict_is_told_until_it_is_taken_back(
    books: tuple[RewriteBook, AuditTrail],
) -> None:
    """Only one's own, only lately; after undo the one before, here none."""
    book, _ = books
    long_ago = datetime.now(UTC) - timedelta(minutes=5)
    assert await book.last(BY, long_ago) is None
    await book.approve("t1", by=BY)
    last = await book.last(BY, long_ago)
    assert last is not None
    assert (last.turn, last.verdict) == ("t1", Verdict.APPROVED)
    assert last.question == "How often does the filter change?"
    assert await book.last("web:other", long_ago) is None
    assert await book.last(BY, datetime.now(UTC) + timedelta(minutes=5)) is None
    await book.undo("t1", by=BY)
    assert await book.last(BY, long_ago) is None


async def test_the_first_of_two_words_counts_where_that_is_asked(
    books: tuple[RewriteBook, AuditTrail],
) -> None:
    """The second operator is told who was faster, and changes nothing."""
    book, trail = books
    await book.approve("t1", by="web:ada", first=True)
    with pytest.raises(JudgedBeforeError, match="approved by web:ada before"):
        await book.reject("t1", by="web:ben", first=True)
    kept = await book.of("t1")
    assert kept is not None
    assert (kept.verdict, kept.by) == (Verdict.APPROVED, "web:ada")
    assert len(await trail.listing(kind="operator")) == 1


async def test_what_was_judged_in_one_go_is_taken_back_in_one(
    database: Database, books: tuple[RewriteBook, AuditTrail], make_turn: Callable[..., Turn]
) -> None:
    """The last verdict names all of its turns; undone they wait again, each with its entry, and
    what another operator said of them stands."""
    book, trail = books
    feedback, reviews = FeedbackBook(database), ReviewBook(database, trail)
    long_ago = datetime.now(UTC) - timedelta(days=1)
    for name in ("t2", "t3"):
        await History(database).record(make_turn(id=name))
    names = ["t1", "t2", "t3"]
    for name in names:
        await feedback.rate(Feedback(name, READER, Rating.DOWN, correction="14 days."))
    await reviews.judge("t3", Verdict.REJECTED, "web:ada")
    done = await reviews.judge_all([(n, READER.key) for n in names], Verdict.APPROVED, BY)
    assert done == [("t1", READER.key), ("t2", READER.key)]
    last = await book.last(BY, long_ago)
    assert last is not None
    assert (last.verdict, last.turns) == (Verdict.APPROVED, ("t1", "t2"))
    assert await book.undo_own(names, by=BY) == ["t1", "t2"]
    assert sorted(r.turn for r in await feedback.to_review()) == ["t1", "t2"]
    assert [r.turn for r in await feedback.to_review(without=["t2"])] == ["t1"]
    assert await feedback.counts(of=["t2", "t3"]) == (1, 0)
    assert await book.last(BY, long_ago) is None
    with pytest.raises(NotFoundError, match="verdict of yours"):
        await book.undo_own(names, by=BY)
    taken = [e for e in await trail.listing(kind="operator") if "back" in e.content["action"]]
    assert [e.content["subject"] for e in taken] == ["t1", "t2"]
