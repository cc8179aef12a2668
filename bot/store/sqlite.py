"""SQLite: one writer thread with group commit, a few readers.

Operations that arrive while a transaction is being written to disk go together into the next one,
each inside a savepoint, so that one that fails does not spoil the others. Several processes may
share the file: the write lock goes round between them.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar, cast

import sqlalchemy as sa

from bot.errors import DatabaseBusyError, DatabaseFileError, StorageError
from bot.store.faults import translate_sqlite
from bot.store.journal import switch_to_wal
from bot.store.traces import empty_journal, has_trace, rewrite

T = TypeVar("T")
Operation = Callable[[sa.Connection], T]

_BUSY_SECONDS = 10
_SCRUB_SECONDS = 30
_SCRUB_PAUSE_SECONDS = 0.1
_READERS = 3
_GROUP = 128  # operations in one commit at most, so that the first does not wait for long


@dataclass(slots=True)
class _Waiting:
    """An operation in the writer's queue, and whom to tell."""

    op: Operation[Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None
    alone: bool = False  # outside any transaction


class _GroupLostError(Exception):
    """SQLite gave up the whole transaction because of one operation (a full disk, for one)."""


def _engine(path: Path, *, reader: bool) -> sa.Engine:
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        poolclass=sa.NullPool,
        connect_args={
            "timeout": _BUSY_SECONDS,
            "isolation_level": None,  # transactions begin where this module says so
            "check_same_thread": False,
        },
    )

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")  # Debian's default, others have another
        if reader:
            connection.execute("PRAGMA query_only = ON")

    return engine


def _raw(connection: sa.Connection) -> sqlite3.Connection:
    return cast("sqlite3.Connection", connection.connection.dbapi_connection)


class SqliteDriver:
    """The file at ``path``, opened by :meth:`start`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer_engine = _engine(path, reader=False)
        self._reader_engine = _engine(path, reader=True)
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._writer: threading.Thread | None = None
        self._idle: deque[sa.Connection] = deque()
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="sqlite-reader")
        self._closed = False
        # A start that was cancelled goes on in its thread: closing waits for it.
        self._starting = threading.Lock()

    @property
    def name(self) -> str:
        """The database in words, as error messages show it."""
        return str(self._path)

    @property
    def connections(self) -> None:
        """There is no pool."""
        return None

    async def start(self) -> None:
        """Create the folder and the file, switch the journal to WAL."""
        await asyncio.to_thread(self._start)

    def _start(self) -> None:
        with self._starting:
            if not self._closed:
                self._open_file()

    def _open_file(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = error.strerror or str(error)
            raise DatabaseFileError(url=self._path, reason=reason) from error
        with self._own_errors():
            connection = self._writer_engine.connect()
            switch_to_wal(_raw(connection), _BUSY_SECONDS)
        self._writer = threading.Thread(
            target=self._write_on, args=(connection,), name="sqlite-writer", daemon=True
        )
        self._writer.start()

    async def close(self) -> None:
        """Finish what is queued, then close. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        await asyncio.to_thread(self._finish)

    def _finish(self) -> None:
        with self._starting:
            if self._writer is not None:
                self._writer.join()
        self._readers.shutdown(wait=True)
        while self._idle:
            self._idle.pop().close()
        self._writer_engine.dispose()
        self._reader_engine.dispose()

    # -- reading ----------------------------------------------------------------------------

    async def read(self, op: Operation[T]) -> T:
        """Run ``op`` on a snapshot of the database."""
        self._check_open()
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, op)

    def _read(self, op: Operation[T]) -> T:
        with self._own_errors():
            connection = self._idle.pop() if self._idle else self._reader_engine.connect()
            again = True
            try:
                with connection.begin():
                    _raw(connection).execute("BEGIN")
                    return op(connection)
            except (sqlite3.Error, sa.exc.SQLAlchemyError):
                again = False  # the next read starts with a clean connection
                raise
            finally:
                if again:
                    self._idle.append(connection)
                else:
                    connection.close()

    @contextmanager
    def _own_errors(self) -> Iterator[None]:
        """SQLite's errors leave the block as ours."""
        try:
            yield
        except Exception as error:
            ours = translate_sqlite(error, self._path)
            if ours is error:
                raise
            raise ours from error

    # -- writing ----------------------------------------------------------------------------

    async def write(self, op: Operation[T]) -> T:
        """Run ``op`` in a transaction; returns once it is safely on disk.

        ``op`` may run a second time when the transaction that it shared was lost.
        """
        return await self._enqueue(op)

    async def _enqueue(self, op: Operation[T], *, alone: bool = False) -> T:
        self._check_open()
        loop = asyncio.get_running_loop()
        waiting = _Waiting(op, loop, loop.create_future(), alone=alone)
        self._queue.put(waiting)
        return cast("T", await waiting.future)

    def _check_open(self) -> None:
        if self._closed:
            raise StorageError("The database is closed.")

    def _write_on(self, connection: sa.Connection) -> None:
        """The writer thread, until ``None`` comes."""
        more = True
        while more:
            found, more = self._next_group()
            if group := [item for item in found if not item.alone]:
                self._commit(connection, group)
                _deliver(group)
            for item in found:
                if item.alone:
                    self._run_alone(connection, item)
                    _deliver([item])
        connection.close()

    def _next_group(self) -> tuple[list[_Waiting], bool]:
        group: list[_Waiting] = []
        item = self._queue.get()
        while True:
            if item is None:
                return group, False
            if not item.future.cancelled():
                group.append(item)
            if len(group) >= _GROUP:
                return group, True
            try:
                item = self._queue.get_nowait()
            except Empty:
                return group, True

    def _run_alone(self, connection: sa.Connection, item: _Waiting) -> None:
        try:
            item.result = item.op(connection)
        except Exception as error:  # noqa: BLE001 - handed to the task that waits for it
            item.error = self._translated(error)

    def _commit(self, connection: sa.Connection, group: list[_Waiting]) -> None:
        """One transaction for the group; each on its own where the common one was lost."""
        try:
            self._transact(connection, group)
        except Exception as error:  # noqa: BLE001 - handed to the task that waits for it
            if len(group) == 1:
                group[0].error = self._translated(error)
                return
            for item in group:
                item.result = item.error = None
                self._commit(connection, [item])

    def _translated(self, error: Exception) -> Exception:
        """Ours, with the database's own as its cause."""
        ours = translate_sqlite(error, self._path)
        if ours is not error:
            ours.__cause__ = error
        return ours

    def _transact(self, connection: sa.Connection, group: list[_Waiting]) -> None:
        with connection.begin():
            raw = _raw(connection)
            raw.execute("BEGIN IMMEDIATE")
            if len(group) == 1:
                group[0].result = group[0].op(connection)
                return
            for item in group:
                self._step(connection, raw, item)

    def _step(self, connection: sa.Connection, raw: sqlite3.Connection, item: _Waiting) -> None:
        raw.execute("SAVEPOINT step")
        try:
            item.result = item.op(connection)
        except Exception as error:
            if not raw.in_transaction:
                raise _GroupLostError from error
            raw.execute("ROLLBACK TO step")
            item.error = self._translated(error)
        raw.execute("RELEASE step")

    async def listen(self, channel: str, wake: Callable[[], None]) -> None:
        """Nothing to listen to: SQLite tells nobody. Whoever waits polls."""

    def unlisten(self, channel: str, wake: Callable[[], None]) -> None:
        """Nothing to take back."""

    async def scrub(self, tables: Sequence[str], traces: Sequence[str]) -> None:
        """Leave nothing of erased rows in the file or its journal.

        The file is written anew where one of the ``traces`` is still in its bytes. Raises
        DatabaseBusyError where somebody reads from the journal for half a minute.
        """
        await self._empty_journal()
        if await asyncio.to_thread(has_trace, self._path, traces):
            await self.compact(tables)

    async def compact(self, tables: Sequence[str]) -> None:  # noqa: ARG002
        """Write the file anew: nothing of what was erased is in it, and it is as small as can be.

        Raises DatabaseBusyError where somebody reads from the journal for half a minute.
        """
        await self._enqueue(lambda connection: rewrite(_raw(connection)), alone=True)
        await self._empty_journal()

    async def _empty_journal(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + _SCRUB_SECONDS
        while not await self._enqueue(lambda c: empty_journal(_raw(c)), alone=True):
            if loop.time() > until:
                raise DatabaseBusyError(path=self._path)
            await asyncio.sleep(_SCRUB_PAUSE_SECONDS)

    async def check_references(self, checked: bool) -> None:
        """Whether rows must have their owner: not while a copy comes in, in any order."""
        pragma = f"PRAGMA foreign_keys = {'ON' if checked else 'OFF'}"
        await self._enqueue(lambda c: _raw(c).execute(pragma).close(), alone=True)

    async def migrate(self, op: Operation[T]) -> T:
        """Run ``op`` alone on the database, with foreign keys off: tables are rebuilt there."""
        return await asyncio.to_thread(self._migrate, op)

    def _migrate(self, op: Operation[T]) -> T:
        with self._own_errors(), self._writer_engine.connect() as connection:
            raw = _raw(connection)
            raw.execute("PRAGMA foreign_keys = OFF")
            with connection.begin():
                raw.execute("BEGIN IMMEDIATE")
                result = op(connection)
                _check_foreign_keys(raw)
            return result


def _check_foreign_keys(connection: sqlite3.Connection) -> None:
    if broken := connection.execute("PRAGMA foreign_key_check").fetchone():
        raise StorageError(f"The migration would leave rows of {broken[0]} without their owner.")


def _deliver(group: list[_Waiting]) -> None:
    """Tell the waiting tasks, with one wake-up for each event loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Waiting]] = {}
    for item in group:
        by_loop.setdefault(item.loop, []).append(item)
    for loop, items in by_loop.items():
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_resolve, items)


def _resolve(items: list[_Waiting]) -> None:
    for item in items:
        if item.future.done():  # its task was cancelled meanwhile
            continue
        if item.error is not None:
            item.future.set_exception(item.error)
        else:
            item.future.set_result(item.result)
