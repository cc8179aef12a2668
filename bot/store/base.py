"""The database: one door for SQLite and PostgreSQL.

Every operation is a plain function ``op(connection)`` with SQLAlchemy Core statements, written
once for both databases and handed to :meth:`Database.read` or :meth:`Database.write`. The
transaction belongs to the database, never to the operation, and none is held while a model
speaks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from bot.errors import DatabaseHeldError
from bot.store import migrations, move_marks
from bot.store.drivers import Driver, driver_for
from bot.tracing import leaf

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert

_HELD_TRIES = 150
_HELD_PAUSE_SECONDS = 0.2

T = TypeVar("T")
Operation = Callable[[sa.Connection], T]

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""All tables of the house, wherever they are defined."""


@cache
def _insert(dialect: str) -> Callable[[sa.Table], Any]:
    if dialect == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert
    from sqlalchemy.dialects import postgresql

    return postgresql.insert


def insert(connection: sa.Connection, table: sa.Table) -> Insert:
    """An INSERT with ``on_conflict_do_nothing`` and ``on_conflict_do_update``."""
    statement: Insert = _insert(connection.dialect.name)(table)
    return statement


@cache
def _insert_new(dialect: str, table: sa.Table) -> Insert:
    statement: Insert = _insert(dialect)(table)
    return statement.on_conflict_do_nothing()


def insert_new(connection: sa.Connection, table: sa.Table) -> Insert:
    """An INSERT that leaves a row alone that is there already. Made once: building a statement
    costs as much as running it."""
    return _insert_new(connection.dialect.name, table)


@cache
def _upsert(dialect: str, table: sa.Table, key: str, changed: tuple[str, ...]) -> Insert:
    statement: Insert = _insert(dialect)(table)
    values = {name: statement.excluded[name] for name in changed}
    return statement.on_conflict_do_update(index_elements=[key], set_=values)


def upsert(connection: sa.Connection, table: sa.Table, key: str, *changed: str) -> Insert:
    """An INSERT that changes these columns of the row that has the same ``key``; made once."""
    return _upsert(connection.dialect.name, table, key, changed)


def notify(connection: sa.Connection, channel: str) -> None:
    """Wake those who listen on a channel, once the transaction is committed."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_notify(channel, "")))


class Database:
    """An open database with the newest schema."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    @classmethod
    async def open(cls, url: str, *, migrate: bool = True) -> Database:
        """Open the database of a SQLAlchemy URL and bring its schema up to date.

        Several processes may open one database at the same time. Raises ConfigurationError,
        DatabaseUnavailableError, DatabaseNewerError, DatabaseDamagedError, DatabaseMovedError.
        """
        driver = driver_for(url)
        try:
            await driver.start()
            found = await driver.read(migrations.found)
            migrations.check(found)
            await driver.read(lambda connection: move_marks.check(connection, driver.name))
            if migrate and found != migrations.head():
                await driver.migrate(migrations.apply)
        except BaseException:
            await driver.close()
            raise
        return cls(driver)

    @property
    def name(self) -> str:
        """Where the data is, without password: for people."""
        return self._driver.name

    async def read(self, op: Operation[T]) -> T:
        """The result of an operation that only reads."""
        with leaf("database", kind="read"):
            return await self._driver.read(op)

    async def write(self, op: Operation[T]) -> T:
        """The result of an operation, committed and safe on disk when this returns.

        An operation may run more than once (a deadlock, a lost connection): it works on the
        database alone. Errors of the database come as :class:`bot.errors.StorageError`. While the
        database is moved to another one it waits, half a minute at most.
        """
        with leaf("database", kind="write"):
            for _ in range(_HELD_TRIES):
                try:
                    return await self._driver.write(op)
                except DatabaseHeldError:
                    await asyncio.sleep(_HELD_PAUSE_SECONDS)
            return await self._driver.write(op)

    @property
    def connections(self) -> tuple[int, int] | None:
        """How many connections the pool has at most, and how many are in use; ``None``: there is
        no pool (SQLite)."""
        return self._driver.connections

    async def check_moved(self) -> None:
        """Raises DatabaseMovedError where this database was left for another one."""
        await self._driver.read(lambda connection: move_marks.check(connection, self.name))

    async def moving(self) -> tuple[str, bool] | None:
        """Where this database is being moved to, as people may read it, and whether writers wait
        just now; ``None``: it stays. Raises DatabaseMovedError."""

        def op(connection: sa.Connection) -> tuple[str, bool] | None:
            move_marks.check(connection, self.name)
            row = move_marks.found(connection)
            held = move_marks.HOLDING
            if row is None or row.state not in (move_marks.BEGUN, move_marks.COPYING, held):
                return None
            return row.target, row.state == held

        return await self._driver.read(op)

    async def scrub(self, tables: Sequence[str], traces: Sequence[str]) -> None:
        """Make sure that what was erased from ``tables`` is gone from the disk too.

        ``traces`` are texts of it: where SQLite's file still holds one in unused space it is
        written anew, which takes about a second for 100 MB while writers wait. Raises StorageError.
        """
        await self._driver.scrub(tables, traces)

    async def compact(self, tables: Sequence[str]) -> None:
        """Give the room back that was left by what was erased, with all that stood there.

        SQLite's file is written anew: about a second for 100 MB while writers wait, and as much
        room again meanwhile. PostgreSQL clears the rows of ``tables`` away, and uses their room
        again. Raises StorageError.
        """
        await self._driver.compact(tables)

    async def listen(self, channel: str, wake: Callable[[], None]) -> None:
        """Have ``wake`` called when another process notifies (PostgreSQL), until :meth:`unlisten`.

        A hint, never a promise: SQLite does not notify, and a connection may be lost.
        """
        await self._driver.listen(channel, wake)

    def unlisten(self, channel: str, wake: Callable[[], None]) -> None:
        """Have ``wake`` called no more; one that is not listening is no error."""
        self._driver.unlisten(channel, wake)

    async def close(self) -> None:
        """Finish what is queued and close. Safe to call twice."""
        await self._driver.close()
