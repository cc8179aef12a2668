"""The database: one door for SQLite and PostgreSQL.

Every operation is a plain function ``op(connection)`` with SQLAlchemy Core statements, written
once for both databases and handed to :meth:`Database.read` or :meth:`Database.write`. The
transaction belongs to the database, never to the operation, and none is held while a model
speaks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from bot.store import migrations
from bot.store.drivers import Driver, driver_for

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert

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
        DatabaseUnavailableError, DatabaseNewerError, DatabaseDamagedError.
        """
        driver = driver_for(url)
        try:
            await driver.start()
            found = await driver.read(migrations.found)
            migrations.check(found)
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
        return await self._driver.read(op)

    async def write(self, op: Operation[T]) -> T:
        """The result of an operation, committed and safe on disk when this returns.

        An operation may run more than once (a deadlock, a lost connection): it works on the
        database alone. Errors of the database come as :class:`bot.errors.StorageError`.
        """
        return await self._driver.write(op)

    async def scrub(self, tables: Sequence[str], traces: Sequence[str]) -> None:
        """Make sure that what was erased from ``tables`` is gone from the disk too.

        ``traces`` are texts of it: where SQLite's file still holds one in unused space it is
        written anew, which takes about a second for 100 MB while writers wait. Raises StorageError.
        """
        await self._driver.scrub(tables, traces)

    async def listen(self, channel: str, wake: Callable[[], None]) -> None:
        """Have ``wake`` called when another process notifies (PostgreSQL), until closed.

        A hint, never a promise: SQLite does not notify, and a connection may be lost.
        """
        await self._driver.listen(channel, wake)

    async def close(self) -> None:
        """Finish what is queued and close. Safe to call twice."""
        await self._driver.close()
