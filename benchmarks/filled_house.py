"""A house with a million turns, made of the few of ``tests.platforms.full_house`` in minutes.

A few hundred turns of all kinds are kept by the product's own books; the database then copies them,
each copy with an id, a moment, a thread and an asker of its own, and with its messages, citations,
ratings, gap and entry of the audit trail. The hashes of copied entries are those of the first: the
trail can be listed and searched, not verified.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import sqlalchemy as sa

from bot.store.base import Database
from bot.store.columns import Moment
from bot.store.gap_tables import gap_marks, gap_turns, gaps
from bot.store.tables import (
    audit,
    audit_contents,
    audit_heads,
    citations,
    feedback,
    messages,
    threads,
    turns,
)
from bot.store.timing import utc_now

ASKERS = 20_000
DAYS = 365
RATED_OF = 12
"""One copy in so many has the ratings of its turn: two thirds of those have some."""
_BATCH = 25_000
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"

_own = sa.MetaData()
copies = sa.Table(
    "bench_copies",
    _own,
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("id", sa.Text),
    sa.Column("thread", sa.Text),
    sa.Column("template", sa.Text),
    sa.Column("sequence", sa.BigInteger),
    sa.Column("author", sa.Text),
    sa.Column("name", sa.Text),
    sa.Column("at", Moment),
)


def _id(at: datetime) -> str:
    """An id as :mod:`bot.store.ids` would have made it then."""
    number = (int(at.timestamp() * 1_000_000) << 28) | secrets.randbits(28)
    return "t" + "".join(_LETTERS[(number >> shift) & 31] for shift in range(75, -1, -5))


def _rows(
    many: int, templates: Sequence[Any], sequences: dict[str, int], now: datetime
) -> Iterator[dict[str, Any]]:
    step = timedelta(days=DAYS) / many
    for n in range(many):
        at = now - timedelta(minutes=2) - step * (many - n)
        template = templates[n % len(templates)]
        platform = template.author.partition(":")[0]
        asker = n * 7919 % ASKERS
        yield {
            "n": n, "id": _id(at), "thread": f"copied{n // 2}", "template": template.id, "at": at,
            "author": f"{platform}:U{asker}", "name": f"Asker {asker}",
            "sequence": sequences[template.id],
        }  # fmt: skip


def _like(table: sa.Table, **changed: Any) -> tuple[list[str], list[Any]]:
    """The columns of a table, some of them changed."""
    names = [column.name for column in table.columns]
    return names, [changed.get(name, table.c[name]) for name in names]


def _copied(table: sa.Table, on: Any, first: int, **changed: Any) -> sa.Insert:
    """Copies of the rows of a table that belong to the templates of a batch."""
    names, values = _like(table, **changed)
    within = sa.and_(copies.c.n >= first, copies.c.n < first + _BATCH)
    found = sa.select(*values).select_from(copies.join(table, on)).where(within)
    return sa.insert(table).from_select(names, found.order_by(copies.c.n))


def _statements(first: int, last_entry: int) -> Iterator[sa.Insert]:
    here = copies.c.template
    asked = sa.and_(copies.c.n >= first, copies.c.n < first + _BATCH, copies.c.n % 2 == 0)
    new_threads = (
        sa.select(copies.c.thread, threads.c.platform, turns.c.channel, copies.c.at, copies.c.at)
        .select_from(copies.join(turns, turns.c.id == here).join(
            threads, threads.c.id == turns.c.thread_id))
        .where(asked)
    )  # fmt: skip
    yield sa.insert(threads).from_select([c.name for c in threads.columns], new_threads)
    yield _copied(
        turns, turns.c.id == here, first, id=copies.c.id, thread_id=copies.c.thread,
        key=sa.null(), at=copies.c.at, author=copies.c.author, author_name=copies.c.name,
    )  # fmt: skip
    names, values = _like(
        messages, thread_id=copies.c.thread, turn_id=copies.c.id, at=copies.c.at,
        author=sa.case((messages.c.author == "", ""), else_=copies.c.author),
    )  # fmt: skip
    within = sa.and_(copies.c.n >= first, copies.c.n < first + _BATCH)
    said = sa.select(*values[1:]).select_from(copies.join(messages, messages.c.turn_id == here))
    said = said.where(within).order_by(copies.c.n, messages.c.id)
    yield sa.insert(messages).from_select(names[1:], said)
    yield _copied(citations, citations.c.turn_id == here, first, turn_id=copies.c.id)
    rated = sa.and_(feedback.c.turn_id == here, copies.c.n % RATED_OF == 0)
    yield _copied(
        feedback, rated, first, turn_id=copies.c.id, author=copies.c.author, origin=copies.c.id,
        author_name=copies.c.name, created_at=copies.c.at, updated_at=copies.c.at,
    )  # fmt: skip
    yield _copied(
        gap_turns, gap_turns.c.turn_id == here, first, turn_id=copies.c.id, at=copies.c.at
    )
    number = copies.c.n + last_entry + 1
    for table, changed in ((audit, {"at": copies.c.at, "turn": copies.c.id}), (audit_contents, {})):
        same = table.c.sequence == copies.c.sequence
        yield _copied(table, same, first, sequence=number, **changed)


def _settle(connection: sa.Connection, many: int, last_entry: int) -> None:
    """Counts that are kept beside the rows; nothing waits to be gathered."""
    head = sa.update(audit_heads).values(sequence=last_entry + many)
    connection.execute(head)
    counted = sa.select(sa.func.count(), sa.func.max(gap_turns.c.at)).group_by(gap_turns.c.gap_id)
    for row in connection.execute(counted.add_columns(gap_turns.c.gap_id)).all():
        known = {"turns": row[0], "weighed": row[0], "last_at": row[1], "heat": float(row[0])}
        connection.execute(sa.update(gaps).where(gaps.c.id == row[2]).values(**known))
    last = connection.scalar(sa.select(sa.func.max(messages.c.id)))
    now = int(utc_now().timestamp() * 1_000_000)
    for row in connection.execute(sa.select(gap_marks)).all():
        number = last if row.name == "abstained" else now
        mark = sa.update(gap_marks).where(gap_marks.c.name == row.name)
        connection.execute(mark.values(number=number))


async def fill(database: Database, many: int) -> None:
    """Copies of the turns that are there, until there are ``many`` more."""
    now = utc_now()

    def templates(connection: sa.Connection) -> tuple[Sequence[Any], dict[str, int], int]:
        _own.create_all(connection)
        known = connection.execute(sa.select(turns.c.id, turns.c.author).order_by(turns.c.id)).all()
        entries = connection.execute(
            sa.select(audit.c.turn, audit.c.sequence).where(audit.c.kind == "turn")
        ).all()
        last = connection.scalar(sa.select(sa.func.max(audit.c.sequence))) or 0
        return known, {row.turn: row.sequence for row in entries}, last

    known, sequences, last_entry = await database.write(templates)
    rows = _rows(many, known, sequences, now)
    for first in range(0, many, _BATCH):
        batch = list(islice(rows, _BATCH))

        def copy(
            connection: sa.Connection, first: int = first, batch: list[dict[str, Any]] = batch
        ) -> None:
            connection.execute(sa.insert(copies), batch)
            for statement in _statements(first, last_entry):
                connection.execute(statement)

        await database.write(copy)
    await database.write(lambda connection: _settle(connection, many, last_entry))
