"""How the databases find what waits for a reviewer: along its time, with nothing put in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
import sqlalchemy as sa

from bot.conversation import Author, Feedback, Platform, Rating, Turn
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.feedback import FeedbackBook, RatedTurn
from bot.store.history import History
from bot.store.review_queue import next_in
from bot.store.reviews import ReviewBook, Verdict
from bot.store.tables import feedback
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


async def test_what_was_said_at_one_moment_is_paged_one_by_one(
    database: Database, make_turn: MakeTurn
) -> None:
    """Two turns, two readers of each: all of them, each once."""
    book, turns = FeedbackBook(database, lambda: NOON), [make_turn(), make_turn()]
    for turn in turns:
        await History(database).record(turn)
        for reader in (READER, EXPERT):
            await book.rate(Feedback(turn.id, reader, Rating.DOWN))
    pages = [await book.to_review(1, start) for start in range(5)]
    assert [len(page) for page in pages] == [1, 1, 1, 1, 0]
    paged = [(r.turn, r.author) for page in pages for r in page]
    assert paged == [(r.turn, r.author) for r in await book.to_review()]
    assert sorted(paged) == sorted((t.id, r.key) for t in turns for r in (READER, EXPERT))


async def test_all_words_are_listed_along_their_time(
    database: Database, make_turn: MakeTurn
) -> None:
    """Page by page from where the last one ended, each word once, also those of one moment; the
    index leads to the place, and nothing but one moment is put in order."""
    await queue(database, make_turn, 3)
    book = FeedbackBook(database)
    whole = await book.listing()
    assert len({(r.turn, r.author) for r in whole}) == 12
    for size in (1, 3, 5):
        paged, last = list[RatedTurn](), None
        while found := await book.listing(size, last):
            paged += found
            last = found[-1].place
        assert paged == whole
    explained = Explained(database)
    await FeedbackBook(cast(Database, explained)).listing(2, whole[4].place)
    plan = next(plan for plan in explained.plans if "feedback" in plan)
    assert "ix_feedback_updated_at_turn_id" in plan, plan
    assert "updated_at<" in plan or "updated_at <=" in plan, plan
    assert "B-TREE FOR ORDER BY" not in plan and "\nSort  (" not in plan, plan


@dataclass
class Meddled:
    """A connection on which a statement is carried out before the one of a number, as another
    process would between two that each see what is there by then."""

    connection: sa.Connection
    before: int
    deed: sa.Executable
    number: int = 0

    def execute(self, statement: sa.Executable) -> object:
        self.number += 1
        if self.number == self.before:
            self.connection.execute(self.deed)
        return self.connection.execute(statement)

    def scalar(self, statement: sa.Executable) -> object:
        return cast("sa.CursorResult[int]", self.execute(statement)).scalar()


@pytest.mark.parametrize("before", [1, 2, 3, 4, 5])
async def test_a_page_comes_whatever_is_said_meanwhile(
    database: Database, make_turn: MakeTurn, before: int
) -> None:
    """A better answer that came, or a word that became one of another kind, after each of the
    statements: nothing fails, and nothing is there twice."""
    whole = await queue(database, make_turn, 2)
    newer: dict[str, object] = {"updated_at": NOON + timedelta(days=1)}
    better = newer | {"correction": "so", "expert": True}
    up = newer | {"correction": "so", "rating": "up"}
    of = sa.update(feedback).where(feedback.c.turn_id == whole[3])
    first = sa.update(feedback).where(feedback.c.turn_id == whole[0])
    silent = sa.update(feedback).where(feedback.c.author == READER.key, feedback.c.rating == "up")
    for deed in (of.values(better), of.values(up), first.values(up), silent.values(better)):
        for limit, offset in ((3, 0), (9, 0), (3, 2), (2, 5), (3, 9)):

            def page(connection: sa.Connection) -> list[tuple[str, str]]:
                saved = connection.begin_nested()
                meddled = Meddled(connection, before, deed)  # noqa: B023 - called at once
                rows = next_in(cast(sa.Connection, meddled), limit, offset)  # noqa: B023
                saved.rollback()
                return [(row.turn_id, row.author) for row in rows]

            found = await database.write(page)
            assert len(found) == len(set(found)) <= limit


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
