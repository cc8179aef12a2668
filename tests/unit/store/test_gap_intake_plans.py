"""How the databases find what belongs to a gap: from what is new on, never through all turns."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import cast

import sqlalchemy as sa

from bot.conversation import Feedback, Outcome, Rating, Turn
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.feedback import FeedbackBook
from bot.store.gap_intake import GapIntake, Grown
from bot.store.history import History
from bot.store.reviews import ReviewBook, Verdict
from bot.store.tables import turns
from tests.unit.store.test_turn_list_plans import Explained, on_sqlite

MakeTurn = Callable[..., Turn]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def test_what_is_new_is_picked_before_its_turn_is_read(
    database: Database, make_turn: MakeTurn
) -> None:
    """Turns are read by their id alone: by route or outcome they would be nearly all."""
    for n in range(4):
        turn = make_turn(
            thread=f"thread-{n}", at=NOON + timedelta(seconds=n), outcome=Outcome.ABSTAINED
        )
        await History(database).record(turn)
        await FeedbackBook(database).rate(Feedback(turn.id, turn.author, Rating.DOWN))
    explained = Explained(database)
    found = await GapIntake(cast(Database, explained)).news(3)
    assert len(found.turns) == 3
    plans = [plan for plan in explained.plans if " gap_turns" in plan]
    assert len(plans) == 3
    for plan in plans:
        if on_sqlite(database):
            assert "SEARCH turns USING INDEX sqlite_autoindex_turns_1 (id=?)" in plan, plan
        else:  # it goes by how many there are, and by which of its indexes
            assert "Seq Scan on turns" not in plan, plan


async def test_who_looks_again_does_not_go_through_thumbs_again(
    database: Database, make_turn: MakeTurn
) -> None:
    """What was settled is, until a thumb, a verdict or a turn comes or goes; then it is seen."""
    made = []
    intake, book = GapIntake(database), FeedbackBook(database)
    for n in range(4):
        turn = make_turn(thread=f"thread-{n}", at=NOON + timedelta(seconds=n))
        made.append(turn)
        await History(database).record(turn)
        await book.rate(Feedback(turn.id, turn.author, Rating.DOWN))
    news = await intake.news(9)
    homes = {unplaced.turn: "gap-1" for unplaced in news.turns}
    await intake.place(news, homes, [Grown("gap-1", b"00", 4, made[0].id)], (), "m")
    explained = Explained(database)
    watched = GapIntake(cast(Database, explained))

    async def looked() -> tuple[bool, bool]:
        """Whether there is anything to do, and whether thumbs were gone through for it."""
        explained.statements.clear()
        found = await watched.pending("m")
        return found, any("gap_turns.why = 'down'" in said for said in explained.statements)

    assert await looked() == (False, True)
    assert await looked() == (False, False)
    again = make_turn(thread="thread-5", at=NOON)
    await History(database).record(again)
    await book.rate(Feedback(again.id, again.author, Rating.UP))
    assert await looked() == (False, True)
    assert await looked() == (False, False)
    deeds: list[Callable[[], Awaitable[object]]] = [
        lambda: book.rate(Feedback(made[0].id, made[0].author, Rating.UP)),
        lambda: book.take_back(made[1].id, made[1].author),
        lambda: ReviewBook(database, AuditTrail(database)).judge(
            made[2].id, Verdict.REJECTED, "web:operator"
        ),
    ]
    for deed in deeds:
        await deed()
        assert await looked() == (True, True)
        await intake.settle()
        await intake.weigh("gap-1", b"00", 4, made[3].id, "m")
        assert (await looked())[0] is False
    gone = sa.delete(turns).where(turns.c.id == made[3].id)
    await database.write(lambda connection: connection.execute(gone).rowcount)
    assert await looked() == (True, False)  # its figures tell
    await intake.settle()
    assert (await looked())[0] is False
    begun = [plan for plan in explained.plans if "handoffs" in plan and "gaps" in plan]
    if on_sqlite(database):  # PostgreSQL goes by how many there are
        assert all("SEARCH gap_turns USING INDEX sqlite_autoindex" in plan for plan in begun)
    assert begun


async def test_a_thumb_taken_for_good_is_seen_whatever_the_clock(
    database: Database, make_turn: MakeTurn
) -> None:
    """By that of another process that is seconds behind, and by one that was set back."""
    made = [make_turn(thread=f"thread-{n}", at=NOON) for n in range(4)]
    now = NOON + timedelta(hours=2)
    intake = GapIntake(database, lambda: now)
    book = FeedbackBook(database, lambda: now)
    behind = FeedbackBook(database, lambda: now - timedelta(seconds=3))
    for turn in made:
        await History(database).record(turn)
        await book.rate(Feedback(turn.id, turn.author, Rating.DOWN))
    news = await intake.news(9)
    homes = {unplaced.turn: "gap-1" for unplaced in news.turns}
    await intake.place(news, homes, [Grown("gap-1", b"00", 4, made[0].id)], (), "m")
    for turn, other in ((made[0], behind), (made[1], book)):
        await intake.settle()
        await intake.weigh("gap-1", b"00", 4, made[3].id, "m")
        assert await intake.pending("m") is False
        if other is book:
            now -= timedelta(hours=1)
        await other.rate(Feedback(turn.id, turn.author, Rating.UP))
        assert await intake.pending("m") is True
