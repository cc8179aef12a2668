"""A thread with a connection to the embedded store's file."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from bot.errors import StoreRemovedError
from knowledge.stores import schema

T = TypeVar("T")


class Desk:
    """One thread with one connection, made at first use; operations run there in turn.

    Where another file has taken the place of the one that was opened (a backup, a fresh start by
    another process), ``renew`` is called with a connection to that before the next operation.
    Without ``create`` a file that is not there is not made.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        renew: Callable[[sqlite3.Connection], None],
        *,
        readonly: bool,
        create: bool,
    ) -> None:
        self._path = path
        self._renew = renew
        self._readonly = readonly
        self._create = create
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def do(self, op: Callable[[sqlite3.Connection], T]) -> T:
        """What an operation returns. Raises StoreRemovedError, StoreUnavailableError,
        StoreBrokenError, DiskFullError."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, op)

    def _run(self, op: Callable[[sqlite3.Connection], T]) -> T:
        with schema.translated(self._path):
            if self._file is not None and self._file != (file := schema.identity(self._path)):
                self._close()
                if file is None:
                    raise StoreRemovedError(path=self._path)
                self._connection = self._connected()
                self._renew(self._connection)
                self._file = file
            elif self._connection is None:
                if self._create:
                    self._path.parent.mkdir(parents=True, exist_ok=True)
                elif schema.identity(self._path) is None:
                    raise StoreRemovedError(path=self._path)
                self._connection = self._connected()
            result = op(self._connection)
            self._file = self._file or schema.identity(self._path)
            return result

    def _connected(self) -> sqlite3.Connection:
        return schema.connect(self._path, readonly=self._readonly)

    async def close(self) -> None:
        """Finish what is under way, then let go of the file and the thread."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
