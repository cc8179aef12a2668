"""Retention: what is too old is gone with all that was made of it, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from bot.conversation import Author, Feedback, Platform, Rating, Turn
from bot.evidence import Citation, Claim, Grounding, Passage
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.chat_tables import handoffs, participation, replies
from bot.store.feedback import FeedbackBook
from bot.store.gone import scrub
from bot.store.history import History
from bot.store.participation import Participation
from bot.store.retention import TABLES, Retention
from bot.store.tables import citations, feedback, messages, threads, turns

MakeTurn = Callable[..., Turn]
NOW = datetime(2026, 11, 1, tzinfo=UTC)
OLD, YOUNG = NOW - timedelta(days=400), NOW - timedelta(days=10)
BEFORE = NOW - timedelta(days=365)
BEN = Author(Platform.SLACK, "U0G9QF9C6", "Ben")


def ignore(_: int) -> None:
    """Nobody looks."""


async def _count(database: Database, table: sa.Table) -> int:
    query = sa.select(sa.func.count()).select_from(table)
    return await database.read(lambda c: c.scalar(query)) or 0


async def _fill(database: Database, make_turn: MakeTurn, old: int = 60) -> list[Turn]:
    """Old turns in threads of three, then three young ones, the first in an old thread."""
    history = History(database)
    made = [
        make_turn(
            at=OLD + timedelta(hours=n),
            thread=f"thread-{n // 3}",
            question=f"how do I feed the marmoset number {n} in the winter?",
        )
        for n in range(old)
    ]
    made += [make_turn(at=YOUNG, thread=thread) for thread in ("thread-0", "new", "new")]
    for turn in made:
        await history.record(turn)
        await FeedbackBook(database).rate(Feedback(turn.id, BEN, Rating.DOWN, "quince", "plum"))
    return made


async def test_old_turns_go_with_everything(database: Database, make_turn: MakeTurn) -> None:
    """Messages, ratings, citations, handoffs, replies and empty threads; the young ones stay."""
    await _fill(database, make_turn)
    steps: list[int] = []
    retention = Retention(database, AuditTrail(database))
    assert await retention.old_turns(BEFORE) == 60
    gone = await retention.turns(BEFORE, steps.append)
    assert (gone.turns, gone.messages, gone.feedback) == (60, 120, 60)
    assert sum(steps) == 60
    assert len(steps) > 1  # a few in a transaction
    left = {table.name: await _count(database, table) for table in (turns, messages, feedback)}
    assert left == {"turns": 3, "messages": 6, "feedback": 3}
    assert await _count(database, citations) == 3
    kept = await database.read(lambda c: sorted(c.scalars(sa.select(threads.c.id))))
    assert kept == ["new", "thread-0"]
    assert (await retention.turns(BEFORE, ignore)).turns == 0
    assert await AuditTrail(database).verify() is None


async def test_a_run_that_was_cut_off_goes_on(database: Database, make_turn: MakeTurn) -> None:
    """What was committed is gone; the next run removes the rest."""
    await _fill(database, make_turn)
    retention = Retention(database, AuditTrail(database))

    class KilledError(Exception):
        """The process is gone."""

    def kill(_: int) -> None:
        raise KilledError

    try:
        await retention.turns(BEFORE, kill)
    except KilledError:
        left = await _count(database, turns)
    assert 3 < left < 63
    gone = await retention.turns(BEFORE, ignore)
    assert gone.turns == left - 3


async def test_contents_of_the_trail_go(database: Database, make_turn: MakeTurn) -> None:
    """The chain still verifies, what was erased is an entry, and entries of erasures stay."""
    await _fill(database, make_turn, old=5)
    trail = AuditTrail(database)
    retention = Retention(database, trail)
    before = await trail.head()
    assert await retention.old_audit(BEFORE) == 5
    assert await retention.audit(BEFORE, ignore) == 5
    assert await trail.verify([before]) is None
    assert [e.erased for e in await trail.listing(kind="turn")] == [True] * 5 + [False] * 3
    later = datetime.now(UTC) + timedelta(days=1)
    assert await retention.audit(later, ignore) == 3
    assert await trail.verify([before]) is None
    assert await retention.audit(later, ignore) == 0
    assert all(not e.erased for e in await trail.listing(kind="erasure"))


async def test_files_go_before_their_turns(database: Database, make_turn: MakeTurn) -> None:
    """What was read of a file, quoted and stated from it; the rest of the turn stays."""
    turn = make_turn(at=OLD)
    (passage,) = turn.passages
    file = replace(passage.chunk, id="f#0", source="attachment", document="secret.txt", text="sloe")
    turn = replace(
        turn,
        passages=(Passage(file, 1.0), passage),
        citations=(Citation(1, "secret.txt", "t", "", "sloe"), *turn.citations),
        grounding=Grounding((Claim(0, 4, "sloe", True, 0.9, 0), Claim(5, 9, "400", True, 0.9, 1))),
    )
    await History(database).record(turn)
    retention = Retention(database, AuditTrail(database))
    assert await retention.old_uploads(BEFORE) == 1
    assert await retention.old_uploads(OLD) == 0
    assert await retention.uploads(BEFORE, ignore) == 1
    assert await retention.old_uploads(BEFORE) == 0
    found = await History(database).turn(turn.id)
    assert [p.chunk.document for p in found.passages] == ["guide/filters.md"]
    assert [c.document for c in found.citations] == ["guide/filters.md"]
    assert [(c.text, c.passage) for c in found.grounding.claims] == [("", None), ("400", 0)]
    assert await retention.uploads(BEFORE, ignore) == 0


async def test_threads_that_fell_silent_go(database: Database) -> None:
    """By when somebody spoke in them last."""
    for moment, key in ((OLD, "slack:T1:C1:1.1"), (YOUNG, "slack:T1:C1:2.2")):
        book = Participation(database, lambda moment=moment: moment)  # type: ignore[misc]  # bound now
        await database.write(lambda c, b=book, k=key: b.join_in(c, k, k))  # type: ignore[misc]  # bound now
    retention = Retention(database, AuditTrail(database))
    assert await retention.old_participation(BEFORE) == 1
    assert await retention.participation(BEFORE, ignore) == 1
    assert await _count(database, participation) == 1


async def test_replies_go_by_the_age_of_their_turn(database: Database, make_turn: MakeTurn) -> None:
    """One whose turn is not stored yet stays: it may be on its way."""
    await _fill(database, make_turn, old=4)
    ids = await database.read(lambda c: list(c.scalars(sa.select(turns.c.id))))

    def op(connection: sa.Connection) -> None:
        for n, turn in enumerate([*ids, "on-its-way"]):
            row = {"platform": "slack", "channel": "C1", "message": str(n), "turn": turn}
            connection.execute(sa.insert(replies), row)

    await database.write(op)
    retention = Retention(database, AuditTrail(database))
    assert await retention.old_replies(BEFORE) == 4
    assert await retention.replies(BEFORE, ignore) == 4
    assert await _count(database, replies) == 4
    assert await _count(database, handoffs) == 0


async def test_no_byte_is_left(
    sqlite_database: Database, sqlite_database_url: str, make_turn: MakeTurn
) -> None:
    """The words of old questions are in no byte of the database's files."""
    await _fill(sqlite_database, make_turn, old=200)
    retention = Retention(sqlite_database, AuditTrail(sqlite_database))
    path = Path(sqlite_database_url.removeprefix("sqlite:///"))

    def found() -> bool:
        return any(b"marmoset" in each.read_bytes() for each in path.parent.glob(path.name + "*"))

    assert found()
    removed = await retention.turns(BEFORE, ignore)
    assert removed.gone.words
    await scrub(sqlite_database, TABLES, removed.gone, ())
    assert not found()
