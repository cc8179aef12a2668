"""The chain of the audit trail: each single change is found, and where it begins."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import UsageError
from bot.store.audit import AuditTrail, Head, Wanted
from bot.store.audit_chain import digest_of, link_of
from bot.store.base import Database
from bot.store.columns import to_json
from bot.store.tables import audit, audit_contents, audit_heads

LENGTH = 5
TABLES = (audit, audit_contents, audit_heads)
untimed = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
places = st.integers(1, LENGTH)
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


async def _fill(database: Database, length: int = LENGTH) -> AuditTrail:
    """A new trail; its third entry was erased, which the entry after the last says."""
    trail = AuditTrail(database)

    def op(connection: sa.Connection) -> None:
        for table in TABLES:
            connection.execute(sa.delete(table))
        for number in range(length):
            trail.append_in(connection, "operator", {"action": "promote", "n": number})
        trail.redact_in(connection, {3: None})

    await database.write(op)
    return trail


async def _do(database: Database, *changes: sa.Executable) -> None:
    def op(connection: sa.Connection) -> None:
        for change in changes:
            connection.execute(change)

    await database.write(op)


def _columns(table: sa.Table) -> list[str]:
    return [column.name for column in table.c if column.name != "workspace"]


def _other(value: Any, word: str, number: int) -> Any:
    """Another value of the same type."""
    if isinstance(value, datetime):
        return value + timedelta(microseconds=number)
    if isinstance(value, int):
        return value + 1000 + number
    return word if word != value else f"{word}!"


def _forged(place: int, content: str) -> dict[sa.Table, dict[str, Any]]:
    """An entry of an erasure, as somebody with the database's password can make it."""
    at = datetime.now(UTC)
    digest = digest_of("salt", content)
    link = link_of("main", place, at, "erasure", "", digest, "")
    here = {"workspace": "main", "sequence": place}
    told = {"at": at, "kind": "erasure", "turn": "", "digest": digest, "previous": ""}
    return {
        audit: {**here, **told, "hash": link},
        audit_contents: {**here, "salt": "salt", "content": content},
        audit_heads: {**here, "hash": link},
    }


@pytest.mark.parametrize("place", [0, -5])
async def test_an_entry_before_the_first_is_found(database: Database, place: int) -> None:
    """Its own hash fits, as it follows nothing."""
    trail = await _fill(database)
    forged = _forged(place, "{}")
    await _do(database, sa.insert(audit).values(forged[audit]))
    broken = await trail.verify()
    assert broken is not None
    assert broken.sequence == place


@pytest.mark.parametrize("content", ["{", "[1]", "7", '{"entries":[1]}', '{"entries":{"x":""}}'])
async def test_an_erasure_that_is_none_explains_nothing(database: Database, content: str) -> None:
    """It is no fault either: the entry whose content went is named."""
    trail = AuditTrail(database)
    rows = _forged(1, content)
    await _do(database, *(sa.insert(table).values(row) for table, row in rows.items()))
    assert await trail.verify() is None
    await trail.operator("promote", "web:operator")
    await _do(database, sa.delete(audit_contents).where(audit_contents.c.sequence == 2))
    assert (broken := await trail.verify()) is not None
    assert broken.sequence == 2


async def test_words_where_numbers_belong_are_found(sqlite_database: Database) -> None:
    """SQLite keeps whatever it is given: the trail is read all the same, and called broken."""
    for change, place in (
        ("UPDATE audit_heads SET sequence = 'many'", LENGTH + 1),
        ("UPDATE audit SET sequence = 'many' WHERE sequence = 2", 2),
        ("UPDATE audit SET at = 'soon' WHERE sequence = 2", 2),
        ("UPDATE audit SET turn = x'ff' WHERE sequence = 2", 2),
        ("UPDATE audit_contents SET content = '{' WHERE sequence = 2", 2),
        ("UPDATE audit_contents SET content = x'ff' WHERE sequence = 2", 2),
        ("UPDATE audit SET workspace = x'ff' WHERE sequence = 2", 2),
    ):
        trail = await _fill(sqlite_database)
        await _do(sqlite_database, sa.text(change))
        broken = await trail.verify_all()
        assert broken is not None, change
        assert broken.sequence == place, change
        assert await trail.newest(10)
        await _do(sqlite_database, sa.text("DELETE FROM audit WHERE workspace <> 'main'"))
    await _fill(sqlite_database)
    await _do(
        sqlite_database,
        sa.text("INSERT INTO audit_heads SELECT x'ff', sequence, hash FROM audit_heads"),
    )
    assert await trail.verify_all() is not None


async def test_another_chain_beside_ours_is_checked_too(database: Database) -> None:
    """What was put into a workspace that nobody writes is found, wherever its parts lie."""
    trail = await _fill(database)
    other = AuditTrail(database, "other")
    await other.operator("promote", "terminal:operator")
    assert await trail.verify_all() is None
    at = datetime.now(UTC)
    stray = {"workspace": "x", "sequence": 1, "salt": "", "content": "{}"}
    head = {"workspace": "x", "sequence": 3, "hash": "h"}
    entry = {"workspace": "x", "sequence": 1, "at": at, "kind": "turn", "turn": "", "digest": ""}
    for table, row in (
        (audit_contents, stray),
        (audit_heads, head),
        (audit, {**entry, "previous": "", "hash": "h"}),
    ):
        await _do(database, sa.insert(table).values(row))
        broken = await trail.verify_all()
        assert broken is not None
        assert "of workspace 'x'" in str(broken)
        await _do(database, sa.delete(table).where(table.c.workspace == "x"))
    assert await trail.verify_all() is None
    await _do(database, sa.update(audit).where(audit.c.workspace == "main").values(kind="x"))
    assert (broken := await trail.verify_all()) is not None
    assert str(broken) == "entry 1: the entry was changed"


@untimed
@given(
    st.sampled_from([(t, c) for t in (audit, audit_contents) for c in _columns(t)]),
    places,
    words,
    st.integers(1, 10**6),
)
async def test_a_change_of_any_column_is_found(
    database: Database, what: tuple[sa.Table, str], place: int, word: str, number: int
) -> None:
    """Whatever column of the chain or of the contents is changed, that entry is named."""
    trail = await _fill(database)
    table, column = what
    here = table.c.sequence == place
    before = await database.read(lambda c: c.execute(sa.select(table.c[column]).where(here)).all())
    if not before:
        return  # the content that was erased
    changed = _other(before[0][0], word, number)
    await _do(database, sa.update(table).where(here).values({column: changed}))
    broken = await trail.verify()
    assert broken is not None
    assert broken.sequence == place


@untimed
@given(st.sampled_from((audit, audit_contents)), places)
async def test_a_removal_is_found(database: Database, table: sa.Table, place: int) -> None:
    """An entry or a content that is gone is the first that is named."""
    if table is audit_contents and place == 3:
        return
    trail = await _fill(database)
    await _do(database, sa.delete(table).where(table.c.sequence == place))
    broken = await trail.verify()
    assert broken is not None
    assert broken.sequence == place


@untimed
@given(places, st.booleans())
async def test_an_insertion_is_found(database: Database, place: int, content: bool) -> None:
    """An entry between others, a content where one was erased, and one beyond the end."""
    trail = await _fill(database)
    if content:
        at = 3 if place % 2 else LENGTH + 5  # that of the erased one, or beyond the end
        row = {"workspace": "main", "sequence": at, "salt": "s", "content": "{}"}
        await _do(database, sa.insert(audit_contents).values(row))
    else:
        at = place
        entries, contents = await _rows(database)
        await _put(database, _shifted(entries, at), _shifted(contents, at))
    broken = await trail.verify()
    assert broken is not None
    assert broken.sequence in (at, at + 1)


def _shifted(rows: Sequence[dict[str, Any]], at: int) -> list[dict[str, Any]]:
    """Rows with a copy of one behind it, the later ones moved up."""
    found = []
    for row in rows:
        found.append({**row, "sequence": row["sequence"] + (row["sequence"] > at)})
        if row["sequence"] == at:
            found.append({**row, "sequence": at + 1})
    return found


async def _rows(database: Database) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    def op(connection: sa.Connection) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        entries, contents = (
            [
                dict(row)
                for row in connection.execute(
                    sa.select(table).order_by(table.c.sequence)
                ).mappings()
            ]
            for table in (audit, audit_contents)
        )
        return entries, contents

    return await database.read(op)


async def _put(
    database: Database, entries: list[dict[str, Any]], contents: list[dict[str, Any]]
) -> None:
    await _do(
        database,
        sa.delete(audit),
        sa.delete(audit_contents),
        sa.insert(audit).values(entries),
        sa.insert(audit_contents).values(contents),
    )


@untimed
@given(places, places)
async def test_a_swap_is_found(database: Database, one: int, other: int) -> None:
    """Two entries that changed their places; the first of both is named."""
    if one == other:
        return
    trail = await _fill(database)
    moved = {one: other, other: one}
    entries, contents = await _rows(database)
    for row in (*entries, *contents):
        row["sequence"] = moved.get(row["sequence"], row["sequence"])
    await _put(database, entries, contents)
    broken = await trail.verify()
    assert broken is not None
    assert broken.sequence == min(one, other)


@untimed
@given(places)
async def test_a_cut_tail_is_found_with_the_head_rewritten(database: Database, place: int) -> None:
    """Who also rewrites the head's row is found by a head that was kept elsewhere."""
    trail = await _fill(database)
    kept = await trail.head()
    entries, contents = await _rows(database)
    await _put(database, entries[:place], [c for c in contents if c["sequence"] <= place])
    head = {"sequence": place, "hash": entries[place - 1]["hash"]}
    cut = await trail.verify()
    assert cut is not None
    await _do(database, sa.update(audit_heads).values(head))
    broken = await trail.verify([kept])
    assert broken is not None
    # Where the erasure was cut off too, the content that it had explained comes first.
    assert broken.sequence == (3 if place >= 3 else place + 1)


@untimed
@given(st.integers(1, LENGTH + 1))
async def test_a_rewritten_tail_is_found_with_an_anchor(database: Database, place: int) -> None:
    """A chain written anew from some entry on holds by itself; an anchor behind it tells."""
    trail = await _fill(database)
    kept = await trail.head()
    entries, contents = await _rows(database)

    def op(connection: sa.Connection) -> None:
        for table in (audit, audit_contents):
            connection.execute(sa.delete(table).where(table.c.sequence >= place))
        previous = entries[place - 2]["hash"] if place > 1 else ""
        connection.execute(sa.update(audit_heads).values(sequence=place - 1, hash=previous))
        for row in contents:
            if row["sequence"] >= place:
                trail.append_in(connection, "operator", {"action": "forged"})
        if place <= 3:
            trail.append_in(connection, "operator", {"action": "forged"})

    await database.write(op)
    broken = await trail.verify([kept])
    assert broken is not None
    if place <= 3:  # the erasure was forged away too, and nothing is left to explain
        assert await trail.verify() is None
        assert broken.sequence == kept.sequence
        assert "anchored" in broken.reason


async def test_erasing_breaks_nothing(database: Database) -> None:
    """Every content may be replaced and erased in any order; the anchors from before still fit."""
    trail = await _fill(database)
    anchors = [await trail.head()]
    for place in (5, 1, 4, 2, 1):
        new = None if place % 2 else {"author": ""}
        await database.write(lambda c, p=place, n=new: trail.redact_in(c, {p: n}))  # type: ignore[misc]  # bound now
        anchors.append(await trail.head())
        assert await trail.verify(anchors) is None


async def test_what_is_no_value_of_ours_is_found(sqlite_database: Database) -> None:
    """SQLite takes anything in any column; a walk names the entry and does not fail."""
    for column, value in (("at", "'yesterday'"), ("kind", "x'00'"), ("digest", "x'FF'")):
        trail = await _fill(sqlite_database)
        change = sa.text(f"UPDATE audit SET {column} = {value} WHERE sequence = 2")
        await _do(sqlite_database, change)
        broken = await trail.verify()
        assert broken is not None
        assert broken.sequence == 2
    for column in ("salt", "content"):
        trail = await _fill(sqlite_database)
        change = sa.text(f"UPDATE audit_contents SET {column} = x'00' WHERE sequence = 4")
        await _do(sqlite_database, change)
        broken = await trail.verify()
        assert broken is not None
        assert broken.sequence == 4


async def test_the_first_of_several_is_named(database: Database) -> None:
    """A content before a broken link comes first, unless an erasure behind the link explains it."""
    trail = await _fill(database)
    await _do(
        database,
        sa.update(audit_contents).where(audit_contents.c.sequence == 1).values(content="{}"),
        sa.update(audit).where(audit.c.sequence == 5).values(kind="forged"),
    )
    broken = await trail.verify()
    assert broken is not None
    assert broken.sequence == 1


def _append(url: str, number: int) -> None:
    async def work() -> None:
        database = await Database.open(url)
        trail = AuditTrail(database)
        for n in range(15):
            await trail.operator("promote", f"web:operator-{number}", n=n)
        await database.close()

    asyncio.run(work())


async def test_processes_append_to_one_chain(database: Database, database_url: str) -> None:
    """Three processes at once: no entry is lost, and there is one chain."""
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_append, args=(database_url, n)) for n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        await asyncio.to_thread(worker.join, 90)
        assert worker.exitcode == 0
    trail = AuditTrail(database)
    assert await trail.verify() is None
    assert len(await trail.listing()) == 45


async def test_entries_are_filtered(database: Database) -> None:
    """By kind, moment, author, action; newest first too, page by page."""
    trail = AuditTrail(database)
    for n in range(4):
        await trail.operator("gate" if n % 2 else 'say "x"', f"web:op{n}", n=n)
    (found,) = await trail.listing(wanted=Wanted(author="web:op2"))
    assert found.content["n"] == 2
    quoted = await trail.listing(wanted=Wanted(action='say "x"'))
    assert [e.sequence for e in quoted] == [1, 3]
    assert await trail.listing(wanted=Wanted(author="web:op")) == []
    now = datetime.now(UTC)
    assert len(await trail.listing(wanted=Wanted(until=now + timedelta(1)))) == 4
    assert await trail.listing(wanted=Wanted(since=now + timedelta(1))) == []
    first = await trail.newest(3)
    rest = await trail.newest(3, before=first[-1].sequence)
    assert [e.sequence for e in [*first, *rest]] == [4, 3, 2, 1]
    assert [e.sequence async for e in trail.each(Wanted(kind="operator"))] == [1, 2, 3, 4]


def test_a_head_is_written_and_read() -> None:
    """As printed; anything else is one sentence."""
    head = Head(7, "ab" * 32)
    assert Head.parse(str(head)) == head
    for wrong in ("", "7", "ab@7", f"{'ab' * 32}@0", f"{'ab' * 32}@x", to_json(str(head))):
        with pytest.raises(UsageError):
            Head.parse(wrong)


@pytest.mark.parametrize("place", ["zzz", "", b"1", 2.5, -1])
async def test_a_content_at_a_place_that_is_none_is_found(
    sqlite_database: Database, place: object
) -> None:
    """SQLite takes any value: it is told as broken, and is no fault of the program."""
    trail = await _fill(sqlite_database)
    stray = sa.text(
        "INSERT INTO audit_contents (workspace, sequence, salt, content)"
        " VALUES ('main', :place, 'salt', '{}')"
    ).bindparams(place=place)
    await _do(sqlite_database, stray)
    broken = await trail.verify()
    assert broken is not None
    assert "no entry" in broken.reason
