"""Numbers that a database gives to new rows go on after a move."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from itertools import count
from typing import Any

import sqlalchemy as sa

from bot.store import move_rows
from bot.store.base import Database, metadata
from bot.store.columns import Json, Moment
from bot.store.move import move
from bot.work import tables as _work  # noqa: F401 - they belong to the metadata
from tests.integration.test_move import ways  # noqa: F401 - a fixture

_ROWS = 3


def _numbered() -> list[tuple[sa.Table, sa.Column[Any]]]:
    """Every table whose rows the database numbers."""
    tables = [(table, table.autoincrement_column) for table in metadata.sorted_tables]
    return [(table, column) for table, column in tables if column is not None]


class _Filler:
    """Makes rows of any table, with the rows that they belong to."""

    def __init__(self) -> None:
        self._next = count(1)

    def put(self, connection: sa.Connection, table: sa.Table) -> Any:
        """One more row, its number is the database's; the first part of its key."""
        row: dict[str, Any] = {}
        for column in table.columns:
            if column.foreign_keys:
                (reference,) = column.foreign_keys
                row[column.name] = self.put(connection, reference.column.table)
            elif column is not table.autoincrement_column:
                row[column.name] = self._value(column)
        key = connection.execute(sa.insert(table).values(row)).inserted_primary_key
        return None if key is None else key[0]

    def _value(self, column: sa.Column[Any]) -> object:
        if isinstance(column.type, Moment):
            return datetime.now(UTC)
        if isinstance(column.type, Json):
            return []
        if isinstance(column.type, sa.Boolean):
            return False
        number = next(self._next)
        return number if isinstance(column.type, sa.Integer | sa.Double) else f"word {number}"


async def test_new_rows_get_fresh_numbers_in_every_table(ways: tuple[str, str]) -> None:  # noqa: F811
    """Of all tables that are numbered, jobs and the inbox among them; where a number is never given
    again, that holds beyond the move, though the row that had it is gone."""
    numbered, filler = _numbered(), _Filler()
    assert {"jobs", "inbox", "messages"} <= {table.name for table, _ in numbered}
    last: dict[str, int] = {}

    def fill(connection: sa.Connection) -> None:
        for table, column in numbered:
            for _ in range(_ROWS):
                last[table.name] = filler.put(connection, table)
            gone = sa.delete(table).where(column == last[table.name])
            connection.execute(gone)

    source, target = ways
    old = await Database.open(source)
    await old.write(fill)
    given = await old.read(lambda c: move_rows.numbers(c, [table for table, _ in numbered]))
    assert {name: given[name] for name in ("jobs", "inbox")} == {"jobs": _ROWS, "inbox": _ROWS}
    await move(source, target)
    await old.close()
    new = await Database.open(target)
    for table, _ in numbered:
        got: int = await new.write(partial(filler.put, table=table))
        kept = given.get(table.name, 0) if _keeps_numbers(target, table) else 0
        assert got > max(kept, _ROWS - 1), table.name
    await new.close()


def _keeps_numbers(target: str, table: sa.Table) -> bool:
    """PostgreSQL always, SQLite where it is told to."""
    return target.startswith("postgresql") or table.dialect_options["sqlite"]["autoincrement"]
