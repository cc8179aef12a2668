"""PostgreSQL through asyncpg: a small pool, transactions that ask for another try get it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa

from bot.errors import StorageError
from bot.store.faults import lost_connection, may_retry, safe, translate_postgres
from bot.store.listening import Listener

T = TypeVar("T")
Operation = Callable[[sa.Connection], T]

_POOL = 10  # measured: 20 and 50 connections only make the slowest turns slower
_TRIES = 6
_CONNECT_SECONDS = 10
_MIGRATION_LOCK = 0x77656C6C  # "well": one number for the whole database server


class PostgresDriver:
    """A database behind ``url`` (any ``postgresql`` spelling)."""

    def __init__(self, url: sa.URL, pool: int = _POOL) -> None:
        # Imported late: it brings SQLAlchemy's ORM and asyncpg along, which SQLite never needs.
        from sqlalchemy.ext.asyncio import create_async_engine

        self._url = url
        query = dict(url.query)
        ssl = query.pop("sslmode", None)  # libpq's word for what asyncpg calls ssl
        self._engine = create_async_engine(
            url.set(drivername="postgresql+asyncpg", query=query),
            pool_size=pool,
            max_overflow=0,
            connect_args={
                "timeout": _CONNECT_SECONDS,
                "server_settings": {"application_name": "wellspoken", "jit": "off"},
                **({"ssl": ssl} if ssl else {}),
            },
        )
        self._autocommit = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._closed = False
        self._listener = Listener(self._apart)

    @property
    def name(self) -> str:
        """The database in words, as error messages show it: no password."""
        return safe(self._url)

    @property
    def connections(self) -> tuple[int, int]:
        """How many the pool has at most, and how many are in use."""
        pool: Any = self._engine.pool
        return pool.size(), pool.checkedout()

    async def start(self) -> None:
        """Try the connection."""
        await self.read(lambda connection: connection.exec_driver_sql("SELECT 1"))

    async def close(self) -> None:
        """Close all connections. Safe to call twice."""
        self._closed = True
        await self._listener.close()
        await self._engine.dispose()

    async def read(self, op: Operation[T]) -> T:
        """Run ``op``; each statement sees what is committed when it starts."""
        return await self._try(op, write=False)

    async def write(self, op: Operation[T]) -> T:
        """Run ``op`` in a transaction; returns once it is committed.

        ``op`` runs again where PostgreSQL asks for it (deadlock, serialization failure) or the
        connection was lost before the commit.
        """
        return await self._try(op, write=True)

    async def migrate(self, op: Operation[T]) -> T:
        """Run ``op`` while no other process does the same."""

        def alone(connection: sa.Connection) -> T:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
            return op(connection)

        return await self.write(alone)

    async def scrub(self, tables: Sequence[str], traces: Sequence[str]) -> None:  # noqa: ARG002
        """Have the server clear away the rows that were erased or replaced (VACUUM).

        Its own write-ahead log and backups keep them for as long as they are kept.
        """

        def vacuum(connection: sa.Connection) -> None:
            quote = connection.dialect.identifier_preparer.quote
            connection.exec_driver_sql(f"VACUUM {', '.join(map(quote, tables))}")

        if tables:
            await self.read(vacuum)  # reads are outside a transaction here, as VACUUM wants it

    async def compact(self, tables: Sequence[str]) -> None:
        """As :meth:`scrub`: the room is used again."""
        await self.scrub(tables, ())

    async def listen(self, channel: str, wake: Callable[[], None]) -> None:
        """Call ``wake`` whenever a transaction that said NOTIFY on the channel is committed.

        On a connection of its own; a lost one is replaced, and ``wake`` called then too.
        """
        await self._listener.listen(channel, wake)

    def unlisten(self, channel: str, wake: Callable[[], None]) -> None:
        """Call ``wake`` no more; the connection stays for whoever listens next."""
        self._listener.unlisten(channel, wake)

    async def _apart(self) -> Any:
        """A connection of its own: the pool stays whole."""
        pooled = await self._engine.raw_connection()
        connection: Any = pooled.driver_connection
        pooled.detach()
        return connection

    async def _try(self, op: Operation[T], *, write: bool) -> T:
        if self._closed:
            raise StorageError("The database is closed.")
        for left in range(_TRIES - 1, -1, -1):
            try:
                return await (self._write(op) if write else self._read(op))
            except _CommitError as failed:
                error = failed.error
                again = may_retry(error)
            except Exception as failed:  # noqa: BLE001 - translated below, nothing is lost
                error = failed
                again = may_retry(failed) or lost_connection(failed)
            if not (again and left):
                ours = translate_postgres(error, self._url)
                if ours is error:
                    raise error
                raise ours from error
            await asyncio.sleep(0.02 * (_TRIES - left) * random.random())  # noqa: S311 - jitter
        raise StorageError

    async def _read(self, op: Operation[T]) -> T:
        async with self._autocommit.connect() as connection:
            return await connection.run_sync(op)

    async def _write(self, op: Operation[T]) -> T:
        async with self._engine.connect() as connection:
            result = await connection.run_sync(op)
            try:
                await connection.commit()
            except Exception as error:
                raise _CommitError(error) from error
            return result


class _CommitError(Exception):
    """The commit itself failed: whether it holds is unknown where the connection was lost."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        super().__init__(str(error))
