"""Looking into the audit trail: along the chain's key, so far and no farther, and on from there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import cast

from bot.conversation import Author, Platform, Turn
from bot.store.audit import AuditTrail, Wanted
from bot.store.audit_look import AuditLook, look
from bot.store.base import Database
from bot.store.history import History
from tests.unit.store.test_turn_list_plans import Explained

MakeTurn = Callable[..., Turn]
DAY = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def days(database: Database, make_turn: MakeTurn, many: int) -> AuditTrail:
    """One answer a day, every third to Ann."""
    for n in range(many):
        author = Author(Platform.SLACK, "UANN" if n % 3 == 0 else "UBEN")
        turn = make_turn(thread=f"thread-{n}", at=DAY + timedelta(days=n), author=author)
        await History(database).record(turn)
    return AuditTrail(database)


def sequences(found: AuditLook) -> list[int]:
    return [entry.sequence for entry in found.entries]


async def test_pages_follow_each_other_to_the_first_entry(
    database: Database, make_turn: MakeTurn
) -> None:
    """Newest first, each once; the last page says that nothing is left."""
    trail = await days(database, make_turn, 7)
    first = await look(trail, Wanted(), 3)
    second = await look(trail, Wanted(), 3, first.further)
    third = await look(trail, Wanted(), 3, second.further)
    assert [sequences(page) for page in (first, second, third)] == [[7, 6, 5], [4, 3, 2], [1]]
    assert (third.further, third.reached) == (0, None)
    assert await look(AuditTrail(database, "another"), Wanted(), 3) == AuditLook(())


async def test_a_look_ends_somewhere_and_the_next_one_goes_on(
    database: Database, make_turn: MakeTurn
) -> None:
    """What is rare is not looked for in the whole trail at once; nothing is left out."""
    trail = await days(database, make_turn, 10)
    ann, found, before = Wanted(author="slack:UANN"), [], None
    looks = 0
    while before != 0:
        page = await look(trail, ann, 5, before, far=4)
        found += sequences(page)
        before, looks = page.further, looks + 1
        assert (page.reached is None) == (before == 0)
    assert found == [10, 7, 4, 1]
    assert looks == 3


async def test_a_period_is_there_at_once(database: Database, make_turn: MakeTurn) -> None:
    """However far back it lies, and whatever else is asked of it."""
    trail = await days(database, make_turn, 12)
    march = Wanted(since=DAY + timedelta(days=2), until=DAY + timedelta(days=4))
    page = await look(trail, march, 5, far=3)
    assert sequences(page) == [4, 3]
    assert page.further == 0
    before_all = Wanted(until=DAY - timedelta(days=9))
    assert await look(trail, before_all, 5, far=3) == AuditLook(())


async def test_the_chain_is_walked_along_its_key(database: Database, make_turn: MakeTurn) -> None:
    """Whatever is asked for, on both databases: no entry is read that is not looked at."""
    await days(database, make_turn, 5)
    explained = Explained(database)
    trail = AuditTrail(cast(Database, explained))
    for wanted in (
        Wanted(),
        Wanted(kind="turn"),
        Wanted(author="slack:UANN"),
        Wanted(action="promote"),
        Wanted(since=DAY, until=DAY + timedelta(days=2)),
    ):
        explained.plans.clear()
        await look(trail, wanted, 3, far=2)
        assert explained.plans
        for plan in explained.plans:
            assert "TEMP B-TREE" not in plan and "Sort" not in plan, plan
            assert "Seq Scan" not in plan, plan
            assert "SCAN audit" not in plan, plan
