"""How the databases find what waits for a reviewer: along its time, with nothing put in order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import cast

from bot.conversation import Author, Feedback, Platform, Rating, Turn
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.feedback import FeedbackBook
from bot.store.history import History
from bot.store.reviews import ReviewBook, Verdict
from tests.unit.store.test_turn_list_plans import Explained

MakeTurn = Callable[..., Turn]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
READER, EXPERT = Author(Platform.WEB, "reader"), Author(Platform.WEB, "expert")


async def queue(database: Database, make_turn: MakeTurn, many: int) -> list[str]:
    """So many words of each kind, the turns in the order of the review: experts' better answers,
    thumbs down, better answers with a thumb up; beside them thumbs up that wait for nobody."""
    kinds: list[tuple[Author, Rating, str]] = [
        (EXPERT, Rating.UP, "better"), (READER, Rating.DOWN, ""), (READER, Rating.UP, "better"),
        (READER, Rating.UP, ""),
    ]  # fmt: skip
    order: list[list[str]] = [[] for _ in kinds]
    for n in range(many):
        for kind, (author, rating, better) in enumerate(kinds):
            turn = make_turn(thread=f"t{n}{kind}")
            await History(database).record(turn)
            at = NOON + timedelta(minutes=n)
            said = Feedback(turn.id, author, rating, correction=better, expert=author is EXPERT)
            await FeedbackBook(database, lambda at=at: at).rate(said)
            order[kind].insert(0, turn.id)
    return [*order[0], *order[1], *order[2]]


async def test_every_page_goes_on_where_the_one_before_ended(
    database: Database, make_turn: MakeTurn
) -> None:
    """Across the kinds, whatever the size of a page; what others have open is left out of it."""
    whole, book = await queue(database, make_turn, 3), FeedbackBook(database)
    assert [r.turn for r in await book.to_review()] == whole
    for size in (1, 2, 4, 5):
        pages = [await book.to_review(size, start) for start in range(0, 12, size)]
        assert [r.turn for page in pages for r in page] == whole
    assert [r.turn for r in await book.to_review(4, 2, without=[whole[0], whole[4]])] == [
        whole[3], whole[5], whole[6], whole[7]
    ]  # fmt: skip
    assert [r.turn for r in await book.to_review(turn=whole[7])] == [whole[7]]


async def test_the_queue_is_walked_along_its_time(database: Database, make_turn: MakeTurn) -> None:
    """Each kind until the page is full: the words come in their order, and only what stands at the
    same moment is put in one. A verdict is looked up by its word, and a count begins with what was
    found wanting."""
    whole = await queue(database, make_turn, 3)
    audit = AuditTrail(database)
    await ReviewBook(database, audit).judge(whole[1], Verdict.REJECTED, "web:ann")
    explained = Explained(database)
    book = FeedbackBook(cast(Database, explained))
    found = await book.to_review(3, 1)
    assert [r.turn for r in found] == [whole[2], whole[3], whole[4]]
    kinds = [plan for plan in explained.plans if "reviews" in plan]
    assert len(kinds) == 2, "the third kind is asked for only where the page is not full"
    for plan in kinds:
        assert "ix_feedback_updated_at_turn_id" in plan, plan
        assert "Seq Scan" not in plan and "SCAN reviews" not in plan, plan
        assert "B-TREE FOR ORDER BY" not in plan and "\nSort  (" not in plan, plan
    explained.plans.clear()
    assert (await book.counts())[0] == 8
    (plan,) = explained.plans
    assert "ix_feedback_unhappy" in plan, plan
