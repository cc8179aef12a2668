"""The audit trail: whatever is changed afterwards shows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.conversation import Turn
from bot.errors import NotFoundError
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.columns import to_json
from bot.store.history import History
from bot.store.tables import audit, audit_contents, audit_heads

MakeTurn = Callable[..., Turn]
LENGTH = 6


def _change(n: int) -> list[sa.Executable]:
    return [sa.update(audit).where(audit.c.sequence == n).values(kind="forged")]


def _change_moment(n: int) -> list[sa.Executable]:
    back = datetime(2020, 1, 1, tzinfo=UTC)
    return [sa.update(audit).where(audit.c.sequence == n).values(at=back)]


def _change_content(n: int) -> list[sa.Executable]:
    forged = to_json({"action": "nothing"})
    here = audit_contents.c.sequence == n
    return [sa.update(audit_contents).where(here).values(content=forged)]


def _remove_content(n: int) -> list[sa.Executable]:
    return [sa.delete(audit_contents).where(audit_contents.c.sequence == n)]


def _remove(n: int) -> list[sa.Executable]:
    return [
        sa.delete(audit).where(audit.c.sequence == n),
        sa.delete(audit_contents).where(audit_contents.c.sequence == n),
    ]


def _close_the_gap(n: int) -> list[sa.Executable]:
    up = [
        sa.update(table).where(table.c.sequence == i).values(sequence=i - 1)
        for i in range(n + 1, LENGTH + 1)
        for table in (audit, audit_contents)
    ]
    return [*_remove(n), *up]


def _cut_off(n: int) -> list[sa.Executable]:
    return [
        sa.delete(audit).where(audit.c.sequence >= n),
        sa.delete(audit_contents).where(audit_contents.c.sequence >= n),
    ]


def _swap(n: int) -> list[sa.Executable]:
    other = n % LENGTH + 1
    moves = ((n, -1), (other, n), (-1, other))
    return [
        sa.update(table).where(table.c.sequence == a).values(sequence=b)
        for a, b in moves
        for table in (audit, audit_contents)
    ]


def _insert_after(n: int) -> list[sa.Executable]:
    """A copy of an entry at the end."""
    columns = [c for c in audit.c if c.name != "sequence"]
    copy = sa.select(sa.literal(LENGTH + 1), *columns).where(audit.c.sequence == n)
    return [sa.insert(audit).from_select(["sequence", *(c.name for c in columns)], copy)]


def _remove_anchor(_: int) -> list[sa.Executable]:
    return [sa.delete(audit_heads)]


_TAMPERINGS = [
    _change,
    _change_moment,
    _change_content,
    _remove_content,
    _remove,
    _close_the_gap,
    _cut_off,
    _swap,
    _insert_after,
    _remove_anchor,
]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sampled_from(_TAMPERINGS), st.integers(1, LENGTH))
async def test_tampering_is_found(
    database: Database, tamper: Callable[[int], list[sa.Executable]], entry: int
) -> None:
    """A trail in which anything was changed, removed, inserted, moved or cut off is broken."""
    await _empty(database)
    trail = AuditTrail(database)
    for number in range(LENGTH):
        await trail.operator("promote", "web:operator", version=f"v{number}")
    assert await trail.verify() is None
    await database.write(lambda c: [c.execute(s) for s in tamper(entry)] and None)
    broken = await trail.verify()
    assert broken is not None
    assert broken.reason
    assert broken.sequence <= LENGTH + 1


async def _empty(database: Database) -> None:
    def op(connection: sa.Connection) -> None:
        for table in (audit, audit_contents, audit_heads):
            connection.execute(sa.delete(table))

    await database.write(op)


async def test_an_empty_trail_holds(database: Database) -> None:
    """A trail without entries is whole, and one that was emptied is not."""
    trail = AuditTrail(database)
    assert await trail.verify() is None
    await trail.operator("promote", "web:operator")
    await database.write(lambda c: c.execute(sa.delete(audit)).rowcount)
    broken = await trail.verify()
    assert broken is not None
    assert (broken.sequence, broken.reason) == (1, "the end was cut off")


async def test_the_broken_entry_is_named(database: Database, make_turn: MakeTurn) -> None:
    """The first entry that does not hold is named by its place and its turn."""
    history, trail = History(database), AuditTrail(database)
    made = [make_turn() for _ in range(3)]
    for turn in made:
        await history.record(turn)
    change = _change_content(2)
    await database.write(lambda c: [c.execute(s) for s in change] and None)
    broken = await trail.verify()
    assert broken is not None
    assert str(broken) == f"entry 2 (turn {made[1].id}): its content was changed or removed"


async def test_a_turn_leaves_its_record(database: Database, make_turn: MakeTurn) -> None:
    """The record says for whom, from what, what was kept back and how it ended."""
    turn = make_turn()
    await History(database).record(turn)
    entry = await AuditTrail(database).show(turn.id)
    assert (entry.kind, entry.turn, entry.at) == ("turn", turn.id, turn.at)
    assert entry.content == {
        "turn": turn.id,
        "at": turn.at.isoformat(),
        "author": "web:visitor",
        "audience": ["staff"],
        "route": "rag",
        "reasons": ["asks for a fact"],
        "used": ["guide/filters.md"],
        "evidence": [
            {
                "source": "guide",
                "document": "guide/filters.md",
                "revision": "r1",
                "chunk": "chunk-1",
                "start": 10,
                "end": 44,
            }
        ],
        "cited": [{"n": 1, "document": "guide/filters.md", "revision": "", "start": 0, "end": 0}],
        "withheld": ["board/minutes.md"],
        "model": "extractive",
        "persona": "juniper@1",
        "grounding": {"score": 1.0, "supported": True, "rejected": 0},
        "claims": [{"start": 0, "end": 16, "supported": True, "score": 0.9, "evidence": 0}],
        "cached_from": "",
        "usage": {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "cost_usd": 0.01,
            "saved_usd": 0.0,
        },
        "outcome": "answered",
        "failed": False,
    }
    with pytest.raises(NotFoundError):
        await AuditTrail(database).show("t0")


async def test_the_listing_pages_by_kind(database: Database, make_turn: MakeTurn) -> None:
    """Operators' deeds are listed apart from turns, oldest first, page by page."""
    history, trail = History(database), AuditTrail(database)
    for number in range(3):
        await history.record(make_turn())
        await trail.operator("gate", "web:operator", number=number)
    deeds = await trail.listing(kind="operator")
    assert [e.content["number"] for e in deeds] == [0, 1, 2]
    first = await trail.listing(limit=4)
    rest = await trail.listing(after=first[-1].sequence)
    assert [e.sequence for e in first + rest] == [1, 2, 3, 4, 5, 6]


async def test_the_chain_stays_one_under_load(database: Database, make_turn: MakeTurn) -> None:
    """Turns recorded side by side, with failures between them, form one unbroken chain."""
    history, trail = History(database), AuditTrail(database)

    def fail(connection: sa.Connection) -> None:
        trail.append_in(connection, "operator", {"action": "never"})
        raise ValueError("changed my mind")

    async def failing() -> None:
        with pytest.raises(ValueError, match="changed my mind"):
            await database.write(fail)

    recordings = [history.record(make_turn(thread=f"thread-{i % 3}")) for i in range(20)]
    await asyncio.gather(*recordings, *(failing() for _ in range(5)))
    assert await trail.verify() is None
    assert len(await trail.listing()) == 20


async def test_erased_contents_leave_the_chain_whole(
    database: Database, make_turn: MakeTurn
) -> None:
    """What was erased or replaced on purpose is gone, verify passes, and still finds the rest."""
    history, trail = History(database), AuditTrail(database)
    for _ in range(4):
        await history.record(make_turn())
    await database.write(lambda c: trail.redact_in(c, {2: {"author": ""}, 3: None}))
    await database.write(lambda c: trail.redact_in(c, {2: {"author": "", "outcome": "answered"}}))
    assert await trail.verify() is None
    listed = {e.sequence: e for e in await trail.listing(kind="turn")}
    assert [e.erased for e in listed.values()] == [False, False, True, False]
    assert listed[3].content.keys() == {"turn", "at"}
    assert (listed[2].content["author"], listed[2].content["outcome"]) == ("", "answered")
    await database.write(lambda c: [c.execute(s) for s in _change_content(2)] and None)
    broken = await trail.verify()
    assert broken is not None
    assert broken.sequence == 2


async def _do(database: Database, changes: list[sa.Executable]) -> None:
    def op(connection: sa.Connection) -> None:
        for change in changes:
            connection.execute(change)

    await database.write(op)


async def test_the_entry_of_a_turn_is_checked_by_itself(
    database: Database, make_turn: MakeTurn
) -> None:
    """Its hash, its content and the link to the one before; what others suffer is not its fault."""
    history, trail = History(database), AuditTrail(database)
    turns = [make_turn(thread=f"t{n}") for n in range(3)]
    for turn in turns:
        await history.record(turn)

    for n, turn in enumerate(turns, 1):
        entry, broken = await trail.standing(turn.id)
        assert (entry.sequence, entry.turn, broken) == (n, turn.id, None)

    await _do(database, _change_content(2))
    assert (await trail.standing(turns[0].id))[1] is None
    assert "content" in str((await trail.standing(turns[1].id))[1])
    assert (await trail.standing(turns[2].id))[1] is None

    await _do(database, _remove(1))
    assert "missing" in str((await trail.standing(turns[1].id))[1])
    with pytest.raises(NotFoundError):
        await trail.standing(turns[0].id)


async def test_an_erased_entry_still_stands(database: Database, make_turn: MakeTurn) -> None:
    """What was erased on purpose is no tampering."""
    turn = make_turn()
    trail = AuditTrail(database)
    await History(database).record(turn)
    await database.write(lambda c: trail.redact_in(c, {1: None}))

    entry, broken = await trail.standing(turn.id)
    assert entry.erased
    assert broken is None
