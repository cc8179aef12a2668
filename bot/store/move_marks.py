"""What a move leaves in the databases: who is moved where, how far, and who may still write.

In the database that is left, triggers note the key of every row that changes, and refuse changes
while the last of them are carried over and ever after. The database itself refuses, so an old
program that knows nothing of the move cannot write there either. In the one that is filled, a mark
says that it is not whole yet, and after that for a while that it is.
"""

# ruff: noqa: S608 - statements of triggers take no parameters; the names are those of our tables

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from bot.errors import DatabaseFillingError, DatabaseMovedError, StorageError
from bot.store.faults import HELD, MOVED

BEGUN, COPYING, HOLDING, LEFT = "begun", "copying", "holding", "moved"
FILLING, WHOLE = "filling", "whole"

marks = sa.MetaData()  # not of the house's schema: they come and go with a move
MOVE = sa.Table(
    "wellspoken_move",
    marks,
    sa.Column("token", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("revision", sa.Text, nullable=False),
    sa.Column("worker", sa.Text, nullable=False),
    sa.Column("until", sa.Double, nullable=False),  # seconds since 1970, by the database's clock
    sa.Column("kept", sa.Text, nullable=False),  # JSON of whoever filled it
)
CHANGED = sa.Table(
    "wellspoken_move_changed",
    marks,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
    sa.Column("tab", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
)


class MoveLostError(StorageError):
    """The move was taken over or taken back by another process; nothing was switched."""


class MoveRunningError(StorageError):
    """This move is being made by another process; wait for it, or stop that one."""


NAMES = frozenset({MOVE.name, CHANGED.name})

_CLOCK = {
    "sqlite": "(julianday('now') - 2440587.5) * 86400.0",
    "postgresql": "extract(epoch from clock_timestamp())",
}
_EVENTS = {"INSERT": ("NEW",), "UPDATE": ("OLD", "NEW"), "DELETE": ("OLD",)}


def clock(connection: sa.Connection) -> sa.ColumnElement[float]:
    """The database's own clock, in seconds since 1970."""
    return sa.literal_column(_CLOCK[connection.dialect.name], sa.Double)


def found(connection: sa.Connection) -> sa.Row[tuple[str, ...]] | None:
    """The row of a move that touches this database, or ``None``."""
    if not connection.dialect.has_table(connection, MOVE.name):
        return None
    return connection.execute(sa.select(MOVE)).first()


def check(connection: sa.Connection, name: str) -> None:
    """Raises DatabaseMovedError in a database that was left, DatabaseFillingError in one that is
    not whole yet; ``name`` is what to call it."""
    row = found(connection)
    if row is not None and row.state == LEFT:
        raise DatabaseMovedError(target=row.target)
    if row is not None and row.state == FILLING:
        raise DatabaseFillingError(url=name)


def watch(connection: sa.Connection, table: sa.Table, target: str) -> None:
    """Have every change of a table noted, and refused once the state says so.

    One table in a transaction on PostgreSQL: who waits for one lock, holding none, is in nobody's
    way.
    """
    unwatch(connection, table.name)
    making = _sqlite if connection.dialect.name == "sqlite" else _postgres
    for statement in making(connection, table, target):
        connection.exec_driver_sql(statement)


def outwait(connection: sa.Connection, table: sa.Table) -> None:
    """Wait for those who write to a table; in SQLite nobody else does, in a transaction."""
    if connection.dialect.name == "postgresql":
        quote = connection.dialect.identifier_preparer.quote
        connection.exec_driver_sql(f"LOCK TABLE {quote(table.name)} IN SHARE MODE")


def unwatch(
    connection: sa.Connection, table: str, kinds: Sequence[str] = ("note", "refuse")
) -> None:
    """Take away what :func:`watch` made, or a part of it."""
    quote = connection.dialect.identifier_preparer.quote
    postgres = connection.dialect.name == "postgresql"
    for kind in kinds:
        for event in ("ALL",) if postgres else _EVENTS:
            on = f" ON {quote(table)}" if postgres else ""
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {_name(kind, event, table)}{on}")
        if postgres:
            connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {_name(kind, 'ALL', table)}()")


def _name(kind: str, event: str, table: str) -> str:
    return f"wellspoken_move_{kind}_{event.lower()}_{table}"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _sqlite(connection: sa.Connection, table: sa.Table, target: str) -> Iterator[str]:
    quote = connection.dialect.identifier_preparer.quote
    refused = (
        f"SELECT CASE state WHEN '{LEFT}' THEN RAISE(ABORT, {_text(MOVED + target)})"
        f" ELSE RAISE(ABORT, {_text(HELD)}) END FROM {MOVE.name} WHERE state = '{LEFT}'"
        f" OR (state = '{HOLDING}' AND until > {_CLOCK['sqlite']})"
    )
    keys = [quote(column.name) for column in table.primary_key.columns]
    for event, rows in _EVENTS.items():
        noted = "".join(
            f"INSERT INTO {CHANGED.name} (tab, key) VALUES ({_text(table.name)},"
            f" json_array({', '.join(f'{row}.{key}' for key in keys)})); "
            for row in rows
        )
        for kind, when, body in (("refuse", "BEFORE", f"{refused}; "), ("note", "AFTER", noted)):
            yield (
                f"CREATE TRIGGER {_name(kind, event, table.name)} {when} {event}"
                f" ON {quote(table.name)} BEGIN {body}END"
            )


def _postgres(connection: sa.Connection, table: sa.Table, target: str) -> Iterator[str]:
    quote = connection.dialect.identifier_preparer.quote
    keys = [quote(column.name) for column in table.primary_key.columns]

    def noting(row: str) -> str:
        values = ", ".join(f"{row}.{key}" for key in keys)
        return (
            f"INSERT INTO {CHANGED.name} (tab, key)"
            f" VALUES ({_text(table.name)}, json_build_array({values})::text);"
        )

    note, refuse = (_name(kind, "ALL", table.name) for kind in ("note", "refuse"))
    yield f"""
        CREATE FUNCTION {refuse}() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE now_is text;
        BEGIN
            SELECT state INTO now_is FROM {MOVE.name} WHERE state = '{LEFT}'
                OR (state = '{HOLDING}' AND until > {_CLOCK["postgresql"]}) LIMIT 1;
            IF now_is = '{LEFT}' THEN RAISE EXCEPTION USING MESSAGE = {_text(MOVED + target)};
            ELSIF now_is IS NOT NULL THEN RAISE EXCEPTION USING MESSAGE = {_text(HELD)};
            END IF;
            RETURN NULL;
        END $$"""
    yield f"""
        CREATE FUNCTION {note}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP <> 'INSERT' THEN {noting("OLD")} END IF;
            IF TG_OP <> 'DELETE' THEN {noting("NEW")} END IF;
            RETURN NULL;
        END $$"""
    yield (
        f"CREATE TRIGGER {note} AFTER INSERT OR UPDATE OR DELETE ON {quote(table.name)}"
        f" FOR EACH ROW EXECUTE FUNCTION {note}()"
    )
    yield (
        f"CREATE TRIGGER {refuse} BEFORE INSERT OR UPDATE OR DELETE ON {quote(table.name)}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {refuse}()"
    )
