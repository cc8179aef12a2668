"""How the databases find what belongs to a gap: from what is new on, never through all turns."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import cast

from bot.conversation import Feedback, Outcome, Rating, Turn
from bot.store.base import Database
from bot.store.feedback import FeedbackBook
from bot.store.gap_intake import GapIntake
from bot.store.history import History
from tests.unit.store.test_turn_list_plans import Explained

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
        if database.name == "sqlite":  # PostgreSQL goes by how many there are
            assert "SEARCH turns USING INDEX sqlite_autoindex_turns_1 (id=?)" in plan, plan
        else:
            assert "Seq Scan on turns" not in plan, plan
