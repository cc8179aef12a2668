"""Rows of one database for another: every table as the database itself describes it.

Values pass through as they are stored: JSON as its text, moments to the microsecond.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from bot.errors import StorageError, UsageError
from bot.store import move_marks
from bot.store.base import insert
from bot.store.columns import Moment
from bot.store.drivers import Driver
from bot.store.sqlite import SqliteDriver

Key = tuple[Any, ...]
Row = Mapping[str, Any]

_NOT_OURS = {"alembic_version", *move_marks.NAMES}
_KEYS_AT_ONCE = 500
_UNPROVED = " NOT VALID"
_SQLITE_NUMBERS = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))


def tables_of(connection: sa.Connection) -> list[sa.Table]:
    """The tables of a database, owners before what belongs to them."""
    metadata = sa.MetaData()
    metadata.reflect(connection)
    return [_plain(t) for t in metadata.sorted_tables if t.name not in _NOT_OURS]


def _plain(table: sa.Table) -> sa.Table:
    columns = [
        sa.Column(c.name, _type(c.type), primary_key=c.primary_key, autoincrement=False)
        for c in table.columns
    ]
    return sa.Table(table.name, sa.MetaData(), *columns)


def _type(kind: sa.types.TypeEngine[Any]) -> sa.types.TypeEngine[Any]:
    return Moment() if isinstance(kind, sa.DateTime) else kind.as_generic()


def compare(source: Sequence[sa.Table], target: Sequence[sa.Table]) -> None:
    """Raises UsageError where two databases do not have the same tables and columns."""
    shapes = [{t.name: set(t.columns.keys()) for t in tables} for tables in (source, target)]
    if shapes[0] != shapes[1]:
        names = sorted(set(shapes[0]) ^ set(shapes[1])) or [
            name for name in shapes[0] if shapes[0][name] != shapes[1][name]
        ]
        raise UsageError(f"The two databases differ in their tables ({', '.join(names[:3])}).")


def count(connection: sa.Connection, table: sa.Table) -> int:
    """How many rows a table has."""
    return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def is_empty(connection: sa.Connection, tables: Iterable[sa.Table]) -> bool:
    """Whether there is no row at all."""
    return not any(connection.execute(sa.select(sa.literal(1)).select_from(t).limit(1)).first()
                   for t in tables)  # fmt: skip


def after(
    connection: sa.Connection, table: sa.Table, key: Key | None, limit: int
) -> list[dict[str, Any]]:
    """Some rows in the order of their keys, beginning after one of them."""
    columns = list(table.primary_key.columns)
    query = sa.select(table).order_by(*columns).limit(limit)
    if key is not None:
        bound = [sa.bindparam(None, v, type_=c.type) for v, c in zip(key, columns, strict=True)]
        query = query.where(sa.tuple_(*columns) > sa.tuple_(*bound))
    return [dict(row._mapping) for row in connection.execute(query)]


def having(
    connection: sa.Connection, table: sa.Table, keys: Sequence[Key], *, only_keys: bool = False
) -> list[dict[str, Any]]:
    """The rows with these keys, as far as there are some; or of them the keys alone."""
    wanted = sa.select(*table.primary_key.columns) if only_keys else sa.select(table)
    found: list[dict[str, Any]] = []
    for at in range(0, len(keys), _KEYS_AT_ONCE):
        query = wanted.where(_one_of(table, keys[at : at + _KEYS_AT_ONCE]))
        found += [dict(row._mapping) for row in connection.execute(query)]
    return found


def remove(connection: sa.Connection, table: sa.Table, keys: Sequence[Key]) -> None:
    """Remove the rows with these keys."""
    for at in range(0, len(keys), _KEYS_AT_ONCE):
        connection.execute(sa.delete(table).where(_one_of(table, keys[at : at + _KEYS_AT_ONCE])))


def add(connection: sa.Connection, table: sa.Table, rows: Sequence[Row], *, new: bool) -> None:
    """Put rows in; unless they are ``new``, those that clash with one that is there are left."""
    if rows:
        statement = insert(connection, table)
        connection.execute(statement if new else statement.on_conflict_do_nothing(), list(rows))


def _one_of(table: sa.Table, keys: Sequence[Key]) -> sa.ColumnElement[bool]:
    columns = list(table.primary_key.columns)
    if len(columns) == 1:
        return columns[0].in_([key[0] for key in keys])
    return sa.tuple_(*columns).in_(keys)


def key_of(table: sa.Table, row: Row) -> Key:
    """The key of a row."""
    return tuple(row[column.name] for column in table.primary_key.columns)


def write_key(key: Key) -> str:
    """A key as JSON, as the databases' triggers write it."""
    return json.dumps([v.isoformat() if isinstance(v, datetime) else v for v in key])


def read_key(table: sa.Table, text: str) -> Key:
    """A key that was written by :func:`write_key` or by a trigger."""
    columns = table.primary_key.columns
    return tuple(_value(c.type, v) for c, v in zip(columns, json.loads(text), strict=True))


def _value(kind: sa.types.TypeEngine[Any], value: Any) -> Any:
    if isinstance(kind, Moment):
        moment = datetime.fromisoformat(value)
        return Moment().process_result_value(moment, None)  # type: ignore[arg-type]  # not used
    return value


def take_references(connection: sa.Connection) -> list[tuple[str, str, str]]:
    """Drop PostgreSQL's references between tables, for rows that come in any order; what to make
    again: table, name, definition."""
    query = sa.text(
        "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)"
        " FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace"
        " ORDER BY 1, 2"
    )
    found = [(str(t), str(n), str(d)) for t, n, d in connection.execute(query)]
    for table, name, _ in found:
        connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    return found


def give_references(connection: sa.Connection, references: Iterable[Sequence[str]]) -> None:
    """Make PostgreSQL's references again: for new rows at once, for those that are there with
    :func:`prove`, which may take a while and is in nobody's way."""
    for table, name, definition in references:
        whole = definition.removesuffix(_UNPROVED)
        connection.exec_driver_sql(f"ALTER TABLE {table} ADD CONSTRAINT {name} {whole}{_UNPROVED}")


def unproved(connection: sa.Connection) -> list[tuple[str, str]]:
    """PostgreSQL's references that were not held against all rows yet: table and name."""
    if connection.dialect.name != "postgresql":
        return []
    query = sa.text(
        "SELECT conrelid::regclass::text, quote_ident(conname) FROM pg_constraint WHERE"
        " contype = 'f' AND NOT convalidated AND connamespace = current_schema()::regnamespace"
    )
    return [(str(table), str(name)) for table, name in connection.execute(query)]


def prove(connection: sa.Connection, table: str, name: str) -> None:
    """Have PostgreSQL hold a reference against every row, while others write."""
    connection.exec_driver_sql(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def check_references(connection: sa.Connection) -> None:
    """Raises StorageError where SQLite holds a row without its owner."""
    if connection.dialect.name != "sqlite":
        return
    if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise StorageError(
            f"A row of {broken[0]} has no owner in {broken[2]}; mend the database before it is"
            " moved, nothing was switched."
        )


# -- numbers ----------------------------------------------------------------------------------


def numbers(connection: sa.Connection, tables: Iterable[sa.Table]) -> dict[str, int]:
    """The last number that was given to a row by table, gone ones too, where the database knows."""
    if connection.dialect.name == "sqlite":
        if not connection.dialect.has_table(connection, _SQLITE_NUMBERS.name):
            return {}
        rows = connection.execute(sa.select(_SQLITE_NUMBERS.c.name, _SQLITE_NUMBERS.c.seq))
        return {row.name: row.seq or 0 for row in rows}
    found = {}
    for table, _, sequence in _sequences(connection, tables):
        query = f"SELECT last_value, is_called FROM {sequence}"  # noqa: S608 - the server's own name
        last, called = connection.exec_driver_sql(query).one()
        found[table.name] = last if called else 0
    return found


def set_numbers(
    connection: sa.Connection, tables: Sequence[sa.Table], given: Mapping[str, int]
) -> None:
    """Number new rows after the last one, and after those that were ``given``, which are never
    given again."""
    if connection.dialect.name == "sqlite":
        _set_sqlite_numbers(connection, given)
        return
    for table, column, sequence in _sequences(connection, tables):
        last = max(connection.scalar(sa.select(sa.func.max(column))) or 0, given.get(table.name, 0))
        connection.execute(sa.select(sa.func.setval(sequence, last or 1, last > 0)))


def _sequences(
    connection: sa.Connection, tables: Iterable[sa.Table]
) -> list[tuple[sa.Table, sa.Column[Any], str]]:
    """PostgreSQL's sequences: table, column and name, as the server writes it."""
    quote = connection.dialect.identifier_preparer.quote
    found = []
    for table in tables:
        for column in table.primary_key.columns:
            query = sa.select(sa.func.pg_get_serial_sequence(quote(table.name), column.name))
            if sequence := connection.scalar(query):
                found.append((table, column, str(sequence)))
    return found


def _set_sqlite_numbers(connection: sa.Connection, given: Mapping[str, int]) -> None:
    """Where SQLite keeps such numbers (``AUTOINCREMENT``)."""
    sql = connection.scalars(sa.text("SELECT sql FROM sqlite_master WHERE type = 'table'")).all()
    has_them = [name for name in given if any(_makes_numbers(text, name) for text in sql)]
    for name in has_them:
        here = _SQLITE_NUMBERS.c.name == name
        last = connection.scalar(sa.select(_SQLITE_NUMBERS.c.seq).where(here)) or 0
        connection.execute(sa.delete(_SQLITE_NUMBERS).where(here))
        number = {"name": name, "seq": max(last, given[name])}
        connection.execute(sa.insert(_SQLITE_NUMBERS).values(number))


def _makes_numbers(sql: str | None, table: str) -> bool:
    head, _, body = (sql or "").partition("(")
    return head.split()[-1:] in ([table], [f'"{table}"']) and "AUTOINCREMENT" in body


async def each(
    driver: Driver, tables: Sequence[sa.Table], op: Callable[[sa.Connection, sa.Table], None]
) -> None:
    """Do something to every table: SQLite in one transaction, PostgreSQL in one each."""

    def several(connection: sa.Connection, part: Sequence[sa.Table]) -> None:
        for table in part:
            op(connection, table)

    parts = [tables] if isinstance(driver, SqliteDriver) else [[table] for table in tables]
    for part in parts:
        await driver.write(partial(several, part=part))
