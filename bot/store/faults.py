"""The databases' own errors, translated into ours at the door."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from contextlib import suppress
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError

from bot.errors import (
    DatabaseBusyError,
    DatabaseDamagedError,
    DatabaseFileError,
    DatabaseHeldError,
    DatabaseMovedError,
    DatabaseRightsError,
    DatabaseUnavailableError,
    DiskFullError,
    StorageError,
    WellspokenError,
)

log = logging.getLogger("wellspoken.store")

_SQLITE_FULL = 13
_SQLITE_DAMAGED = {11: "its pages are damaged", 26: "it is not a SQLite database"}
_SQLITE_BUSY = {5, 6}
_SQLITE_UNAVAILABLE = {
    3: "no permission",
    8: "the file or its folder cannot be written to",
    14: "the file cannot be opened",
    23: "no permission",
}
_SQLITE_IOERR = 10
_ALMOST_NOTHING = 1 << 20

HELD = "wellspoken: held while the database is moved"
MOVED = "wellspoken: moved to "
"""What a database says to whoever writes to it during a move and after it (:mod:`.move_marks`)."""

_POSTGRES_RETRY = {"40001", "40P01"}  # serialization failure, deadlock
_POSTGRES_FULL = "53100"
_POSTGRES_RIGHTS = {"42501", "25006"}  # no right, a server that only reads
_POSTGRES_UNAVAILABLE = ("08", "28", "3D", "53", "57P")  # connection, login, no such database, …


def origin(error: BaseException) -> BaseException:
    """The driver's or the value's own error inside SQLAlchemy's."""
    if isinstance(error, StatementError) and error.orig is not None:
        return error.orig
    return error


def sqlite_code(error: BaseException) -> int | None:
    """SQLite's primary result code (https://www.sqlite.org/rescode.html)."""
    code = getattr(origin(error), "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's error code (appendix A of its manual); empty where there is none."""
    inner = origin(error)
    return str(getattr(inner, "sqlstate", None) or getattr(inner, "pgcode", None) or "")


def first_line(error: BaseException) -> str:
    """The error in one line, without the class names that drivers put before it."""
    text = str(origin(error)).strip()
    line = text.splitlines()[0] if text else type(error).__name__
    return line.rsplit(">: ", 1)[-1].rstrip(".")


def _of_program(error: Exception) -> Exception:
    """A value that cannot be stored is the program's mistake, not the database's."""
    if isinstance(error, StatementError) and not isinstance(error, DBAPIError):
        inner = origin(error)
        return inner if isinstance(inner, Exception) else error
    return error


def translate_sqlite(error: Exception, path: Path) -> Exception:
    """Ours for an error of SQLite; errors that are none of the database's come back as they are."""
    error = _of_program(error)
    if not isinstance(error, sqlite3.Error | SQLAlchemyError):
        return error
    code = sqlite_code(error)
    full = code == _SQLITE_FULL or (code == _SQLITE_IOERR and _no_space(path))
    if refused := DiskFullError(path=path) if full else _refused(error):
        return refused
    if code in _SQLITE_DAMAGED:
        return DatabaseDamagedError(path=path, reason=_SQLITE_DAMAGED[code])
    if code in _SQLITE_BUSY:
        return DatabaseBusyError(path=path)
    if code in _SQLITE_UNAVAILABLE:
        return DatabaseFileError(url=path, reason=_SQLITE_UNAVAILABLE[code])
    log.error("the database refused a request: %s", first_line(error), exc_info=error)
    return StorageError()


def _refused(error: Exception) -> StorageError | None:
    """Ours where the database refuses what is written because of a move."""
    line = first_line(error)
    if MOVED in line:
        return DatabaseMovedError(target=line.partition(MOVED)[2])
    return DatabaseHeldError() if HELD in line else None


def _no_space(path: Path) -> bool:
    with suppress(OSError):  # the folder may be gone: then it is no matter of space
        return shutil.disk_usage(path.parent).free < _ALMOST_NOTHING
    return False


def may_retry(error: BaseException) -> bool:
    """Whether PostgreSQL rolled the transaction back and asks for another try."""
    return sqlstate(error) in _POSTGRES_RETRY


def lost_connection(error: BaseException) -> bool:
    """Whether the connection broke in the middle."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def translate_postgres(error: Exception, url: sa.URL) -> Exception:
    """Ours for an error of PostgreSQL or of the way to it."""
    error = _of_program(error)
    if isinstance(error, WellspokenError):
        return error
    if isinstance(error, TimeoutError | sa.exc.TimeoutError):
        return DatabaseUnavailableError(url=safe(url), reason="no answer in time")
    if isinstance(error, OSError):
        reason = os.strerror(error.errno) if error.errno else "nobody answers there"
        return DatabaseUnavailableError(url=safe(url), reason=reason)
    module = type(origin(error)).__module__
    if not (module.startswith("asyncpg") or isinstance(error, SQLAlchemyError)):
        return error
    return _translate_refusal(error, url)


def _translate_refusal(error: Exception, url: sa.URL) -> Exception:
    """Ours for what the server answered."""
    if (refused := _refused(error)) is not None:
        return refused
    state = sqlstate(error)
    if state == _POSTGRES_FULL:
        return DiskFullError(path=f"the PostgreSQL server {url.host}")
    if state in _POSTGRES_RIGHTS:
        return DatabaseRightsError(url=safe(url), reason=first_line(error))
    if lost_connection(error) or state.startswith(_POSTGRES_UNAVAILABLE):
        return DatabaseUnavailableError(url=safe(url), reason=first_line(error))
    log.error("the database refused a request: %s", first_line(error), exc_info=error)
    return StorageError()


def safe(url: sa.URL) -> str:
    """The URL without its password, fit to be shown."""
    host = url.host.rpartition("@")[2] if url.host else None  # a password may have held an @
    shown = sa.URL.create("postgresql", url.username, None, host, url.port, url.database)
    return shown.render_as_string()
