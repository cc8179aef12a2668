"""One fact from a database: one select with bound values, on a connection that cannot write."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import sqlalchemy as sa

from bot.errors import LiveFactError
from knowledge.live.fetching import Fetch
from knowledge.live.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_ROWS = 20
"""Rows that are read; what is asked for is one, or a few."""

_LONGEST_TEXT = 65_536  # bytes of one value
_STEPS = 2_000  # of SQLite's machine between two looks at the clock
_ALLOWED = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)
_DANGEROUS = frozenset({"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"})


def query_fetch(name: str, database: str, statement: Statement, *, seconds: float) -> Fetch:
    """The fetch for a database's URL; nothing is opened yet.

    Raises ValueError that says what is wrong, without the URL, which may hold a password.
    """
    try:
        url = sa.make_url(database)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise ValueError(
            "its database is no URL; write sqlite:///path or postgresql://user@host/name"
        ) from error
    kind = url.drivername.partition("+")[0]
    if kind == "sqlite":
        if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
            raise ValueError("its SQLite database needs a file, as in sqlite:///shop.db")
        return SqliteFetch(name, Path(url.database).expanduser(), statement, seconds=seconds)
    if kind in ("postgresql", "postgres"):
        if url.port is not None and not 0 < url.port < 65_536:
            raise ValueError("its database's port is none; a port is a number from 1 to 65535")
        from knowledge.live.postgres import PostgresFetch

        return PostgresFetch(name, url, statement, seconds=seconds)
    raise ValueError(
        f'its database is of a kind ("{kind}") that cannot be used; use sqlite or postgresql'
    )


class SqliteFetch:
    """A :class:`Fetch` from a file of SQLite, opened for reading only.

    Three locks: the file is opened ``mode=ro``, the connection is ``query_only``, and an
    authorizer lets nothing but reading through. ``seconds`` bounds the query.
    """

    def __init__(self, name: str, path: Path, statement: Statement, *, seconds: float) -> None:
        self._name = name
        self._path = path
        self._sql = statement.written(lambda hole: f":{hole}")
        self._seconds = seconds

    async def close(self) -> None:
        """Nothing is held."""

    async def fetch(self, values: Mapping[str, str]) -> Any:
        """The rows, as mappings; ``None`` where there is none."""
        return await asyncio.to_thread(self._fetch, dict(values))

    def _fetch(self, values: dict[str, str]) -> Any:
        until = time.monotonic() + self._seconds
        if not self._path.is_file():
            raise self._error("its database is not there")
        try:
            connection = sqlite3.connect(
                f"file:{quote(str(self._path.absolute()))}?mode=ro",
                uri=True,
                timeout=self._seconds,
                isolation_level=None,
            )
        except sqlite3.Error as error:
            raise self._error("its database cannot be opened") from error
        try:
            return self._rows(connection, values, until)
        except sqlite3.OperationalError as error:
            late = "interrupt" in str(error) or "locked" in str(error)
            reason = (
                f"its database did not answer within {self._seconds:g} s"
                if late
                else "its database did not take the query"
            )
            raise self._error(reason) from error
        except sqlite3.Error as error:
            raise self._error("its database did not take the query") from error
        finally:
            connection.close()

    def _rows(self, connection: sqlite3.Connection, values: dict[str, str], until: float) -> Any:
        connection.execute("PRAGMA query_only = ON")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 16 * _LONGEST_TEXT)
        connection.set_authorizer(_only_reading)
        connection.set_progress_handler(_past(until), _STEPS)
        cursor = connection.execute(self._sql, values)
        names = [column[0] for column in cursor.description or ()]
        rows = cursor.fetchmany(MOST_ROWS)
        return [dict(zip(names, row, strict=True)) for row in rows] or None

    def _error(self, reason: str) -> LiveFactError:
        return LiveFactError(name=self._name, reason=reason)


def _past(until: float) -> Callable[[], bool]:
    return lambda: time.monotonic() > until


def _only_reading(
    action: int, _first: str | None, second: str | None, _where: str | None, _inner: str | None
) -> int:
    if action not in _ALLOWED:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in _DANGEROUS:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK
