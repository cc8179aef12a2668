"""How the databases find what the page of a gap shows: bounded, however often it was asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
import sqlalchemy as sa

from bot.conversation import (
    Author,
    Feedback,
    Outcome,
    Platform,
    Rating,
    Route,
    RouteDecision,
    Turn,
)
from bot.handoff import HandoffBook
from bot.store import gap_said
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.feedback import FeedbackBook
from bot.store.gap_tables import gap_turns, gaps
from bot.store.gaps import GapBook
from bot.store.history import History
from bot.store.tables import feedback
from tests.unit.store.test_review_plans import Meddled
from tests.unit.store.test_turn_list_plans import Explained, on_sqlite

MakeTurn = Callable[..., Turn]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
GAP = "gap1"


async def house(database: Database, make_turn: MakeTurn, many: int) -> list[str]:
    """A gap of many questions: each was handed to a person who replied, and has a better answer."""
    kept = [
        make_turn(thread=f"t{n}", at=NOON + timedelta(minutes=n), outcome=Outcome.ABSTAINED)
        for n in range(many)
    ]
    person = Author(Platform.WEB, "reader")
    for turn in kept:
        await History(database).record(turn)
        better = Feedback(turn.id, person, Rating.DOWN, correction=f"better than {turn.id}")
        await FeedbackBook(database).rate(better)
        handoff = await HandoffBook(database).open(turn.id, person, {"kind": "channel"}, "q")
        await HandoffBook(database).answered(handoff.id, f"to {turn.id}", person.key)
    row = {"id": GAP, "state": "open", "merged_into": "", "leader": kept[0].id, "model": "m",
           "weighed": many, "turns": many, "askers": 1, "again": 0, "heat": 1.0, "audiences": [[]],
           "document": "", "judged_by": ""}  # fmt: skip
    places = [{"turn_id": t.id, "gap_id": GAP, "at": t.at, "why": "abstained"} for t in kept]

    def op(connection: sa.Connection) -> None:
        connection.execute(sa.insert(gaps), row)
        connection.execute(sa.insert(gap_turns), places)

    await database.write(op)
    return [turn.id for turn in kept]


def goes_through(plan: str, *tables: str) -> bool:
    """Whether one of the tables is read one and all."""
    lines = [line.strip(" ->") for line in plan.splitlines()]
    heads = [f"{scan} {table}" for table in tables for scan in ("SCAN", "Seq Scan on")]
    return any(line.startswith(f"{head} ") or line == head for line in lines for head in heads)


def test_a_table_that_is_read_whole_is_known() -> None:
    """As both databases write it; what an index leads to is none."""
    assert goes_through("SCAN feedback", "feedback")
    assert goes_through("Hash Join\n  ->  Seq Scan on gap_turns  (cost=1)", "gap_turns")
    assert not goes_through("SEARCH feedback USING INDEX x (turn_id=?)\nSCAN newest", "feedback")


async def test_the_page_of_a_gap_is_found_from_the_gap_on(
    database: Database, make_turn: MakeTurn
) -> None:
    """Its questions along their index, what was said to them by their ids; of the handoffs the
    newest, from the end of their key."""
    await house(database, make_turn, 4)
    explained = Explained(database)
    book = GapBook(cast(Database, explained), AuditTrail(database))
    await book.get(GAP)
    await book.samples([GAP])
    assert len(await book.asked(GAP, 3)) == 3
    before = len(explained.plans)
    assert len(await book.told(GAP)) == 8
    for plan in explained.plans:
        assert not goes_through(plan, "turns", "gap_turns", "feedback", "messages"), plan
    replied, wished, better, _ = explained.plans[before:]
    for plan in (replied, better):
        assert "ix_gap_turns_gap_id_at_turn_id" in plan, plan
    if on_sqlite(database):
        assert "ix_turns_route_at_id" not in wished, "all wishes of all time"
        assert "SCAN handoffs USING INDEX sqlite_autoindex_handoffs_1" in wished
    else:
        assert "Index Scan Backward using pk_handoffs" in wished


async def handed_over(
    database: Database, turn: Turn, kind: str, *, reply: bool = True, history: bool = False
) -> None:
    """A turn that went to a person in such a place, who replied or not."""
    if history:
        await History(database).record(turn)
    book = HandoffBook(database)
    handoff = await book.open(turn.id, turn.author, {"platform": "web", "kind": kind}, "q")
    if reply:
        await book.answered(handoff.id, "Tom has it.", "web:tom")


async def gathered(database: Database, *kept: Turn) -> None:
    """One more gap, of these questions."""
    row = {"id": "gap2", "state": "open", "merged_into": "", "leader": "", "model": "m",
           "weighed": 1, "turns": len(kept), "askers": 1, "again": 0, "heat": 1.0,
           "audiences": [[]], "document": "", "judged_by": ""}  # fmt: skip
    places = [{"turn_id": t.id, "gap_id": "gap2", "at": t.at, "why": "abstained"} for t in kept]

    def op(connection: sa.Connection) -> None:
        connection.execute(sa.insert(gaps), row)
        connection.execute(sa.insert(gap_turns), places)

    await database.write(op)


@pytest.mark.parametrize(
    ("kind", "wished", "reply", "private"),
    [
        ("direct", False, True, True),
        ("group", False, True, True),
        ("channel", False, True, False),
        ("direct", False, False, False),
        ("direct", True, True, True),
        ("channel", True, True, False),
        ("direct", True, False, False),
    ],
)
async def test_a_reply_in_private_is_found_however_long_ago(
    database: Database,
    make_turn: MakeTurn,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    wished: bool,
    reply: bool,
    private: bool,
) -> None:
    """To the oldest question, or to the wish for a person after it, where what is told ends before:
    of the gap alone, and found along indexes."""
    old = make_turn(thread="old", at=NOON - timedelta(days=90), outcome=Outcome.ABSTAINED)
    await History(database).record(old)
    if wished:
        route = RouteDecision(Route.HANDOFF, 1.0, ())
        wish = make_turn(thread="old", at=old.at + timedelta(minutes=1), route=route)
        await handed_over(database, wish, kind, reply=reply, history=True)
    else:
        await handed_over(database, old, kind, reply=reply)
    new = make_turn(thread="new", at=NOON, outcome=Outcome.ABSTAINED)
    await handed_over(database, new, "channel", history=True)
    await house(database, make_turn, 3)
    await gathered(database, old, new)
    monkeypatch.setattr(gap_said, "FAR", 1)
    monkeypatch.setattr(gap_said, "WISHES", 1)
    explained = Explained(database)
    book = GapBook(cast(Database, explained), AuditTrail(database))
    assert [t.turn for t in await book.told("gap2")] == [new.id]
    explained.plans.clear()
    assert await book.told_in_private("gap2") is private
    assert await book.told_in_private(GAP) is False
    for plan in explained.plans:
        assert not goes_through(plan, "turns", "gap_turns", "feedback", "messages", "wish"), plan
        if on_sqlite(database):
            assert "SEARCH gap_turns USING INDEX sqlite_autoindex_gap_turns_1 (turn_id=?)" in plan
        else:
            assert "pk_gap_turns" in plan


async def test_of_many_words_the_newest_are_told(
    database: Database, make_turn: MakeTurn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many better answers and no more; an operator's is told however old it is, for it is what
    the draft is made of. Questions of long ago are not gone through."""
    ids = await house(database, make_turn, 6)
    book, operator = GapBook(database, AuditTrail(database)), Author(Platform.WEB, "ann")
    monkeypatch.setattr(gap_said, "BETTER", 2)
    assert [t.turn for t in await book.told(GAP) if not t.handoff] == [ids[5], ids[4]]
    mine = Feedback(ids[1], operator, Rating.DOWN, correction="mine", expert=True)
    await FeedbackBook(database, lambda: NOON - timedelta(days=9)).rate(mine)
    better = [t for t in await book.told(GAP) if not t.handoff]
    assert [(t.turn, t.expert) for t in better] == [
        (ids[5], False), (ids[4], False), (ids[1], True)
    ]  # fmt: skip
    monkeypatch.setattr(gap_said, "FAR", 3)
    told = await book.told(GAP)
    assert [t.turn for t in told if t.handoff] == [ids[5], ids[4], ids[3]]
    assert [t.turn for t in told if not t.handoff] == [ids[5], ids[4]]


@pytest.mark.parametrize("emptied", [True, False])
async def test_a_better_answer_that_goes_meanwhile_is_not_told(
    database: Database, make_turn: MakeTurn, emptied: bool
) -> None:
    """Taken for a bare thumb, or erased, between two looks: the others are told."""
    ids = await house(database, make_turn, 3)
    here = feedback.c.turn_id == ids[1]
    bare = sa.update(feedback).where(here).values(correction="")
    deed = bare if emptied else sa.delete(feedback).where(here)

    def told(connection: sa.Connection) -> list[str]:
        meddled = cast(sa.Connection, Meddled(connection, 2, deed))
        return [row.turn_id for row in gap_said.better_in(meddled, GAP)]

    assert await database.write(told) == [ids[2], ids[0]]
