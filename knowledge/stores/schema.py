"""The file of the embedded store: its tables, how it is opened, and its errors in our words.

One SQLite file is the only durable truth: documents, chunks, rights, term records, vectors and a
change log, changed together in one transaction. What is searched is held in memory and follows the
change log (:mod:`knowledge.stores.index`).
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.errors import (
    DiskFullError,
    StoreBrokenError,
    StoreFileError,
    StoreMismatchError,
    StoreNewerError,
)
from bot.store.journal import switch_to_wal

VERSION = 1
APPLICATION_ID = 0x57454C4C  # "WELL"
BUSY_SECONDS = 30.0

# Chunk ids are never used again (AUTOINCREMENT), and what is searched of a chunk never changes
# under its id: a change log entry need only say which chunk or document to look at again.
TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE document (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source TEXT NOT NULL,
    name TEXT NOT NULL,
    groups TEXT NOT NULL,
    UNIQUE (source, name)
);
CREATE TABLE chunk (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    document INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    revision TEXT NOT NULL,
    title TEXT NOT NULL,
    headings TEXT NOT NULL,
    text TEXT NOT NULL,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    uri TEXT NOT NULL
);
CREATE INDEX chunk_document ON chunk (document, ordinal);
CREATE TABLE term (text TEXT PRIMARY KEY, id INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE record (
    chunk INTEGER PRIMARY KEY,
    document INTEGER NOT NULL,
    length INTEGER NOT NULL,
    terms BLOB NOT NULL,
    counts BLOB NOT NULL
);
CREATE TABLE vector (chunk INTEGER PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE waiting (chunk INTEGER PRIMARY KEY);
CREATE TABLE change (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    chunk INTEGER,
    document INTEGER
);
"""


_BEFORE = 1
"""The version of the chunking when a file did not say yet which one it is for."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a file is for. ``model`` is empty where it says nothing yet."""

    model: str
    dimensions: int
    chunking: int
    built_at: datetime


def connect(path: Path, *, readonly: bool = False) -> sqlite3.Connection:
    """A connection in autocommit mode for the calling thread."""
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA cache_size = -16000")
        if readonly:
            connection.execute("PRAGMA query_only = ON")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def prepare(connection: sqlite3.Connection, path: Path, model: str, dimensions: int) -> None:
    """Make the tables where the file is new; check that it is ours and holds this model's vectors.

    A store without any vectors takes on the model that is set.
    """
    switch_to_wal(connection, BUSY_SECONDS)
    wanted = f"{model} ({dimensions} dimensions)"
    if _model(connection) == wanted:
        return  # the common case takes no lock
    with transaction(connection):
        if not _has_tables(connection):
            for statement in TABLES.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        elif connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise StoreBrokenError(path=path, reason="it belongs to another program")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise StoreNewerError(path=path, found=version)
        found = _model(connection)
        if found == wanted:
            return  # another process was quicker
        if found and connection.execute("SELECT 1 FROM vector LIMIT 1").fetchone():
            raise StoreMismatchError(found=found, wanted=wanted)
        connection.execute("REPLACE INTO meta VALUES ('model', ?)", (wanted,))


def make(path: Path, facts: Facts) -> None:
    """A new, empty file, whole and closed."""
    with closing(connect(path)) as connection:
        prepare(connection, path, facts.model, facts.dimensions)
        with transaction(connection):
            connection.executemany(
                "REPLACE INTO meta VALUES (?, ?)",
                [("chunking", str(facts.chunking)), ("built_at", facts.built_at.isoformat())],
            )


def facts(path: Path) -> Facts | None:
    """What a file is for; ``None`` where there is none. Raises StoreBrokenError, StoreNewerError,
    StoreFileError."""
    try:
        changed_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        return None
    with translated(path), closing(_existing(path)) as connection:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        if application not in (APPLICATION_ID, 0) or (application == 0 and _has_tables(connection)):
            raise StoreBrokenError(path=path, reason="it belongs to another program")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise StoreNewerError(path=path, found=version)
        meta = dict(connection.execute("SELECT key, value FROM meta")) if application else {}
    held = re.fullmatch(r"(.*) \((\d+) dimensions\)", meta.get("model", ""), re.DOTALL)
    return Facts(
        model=held[1] if held else "",
        dimensions=int(held[2]) if held else 0,
        chunking=int(meta.get("chunking", _BEFORE)),
        built_at=datetime.fromisoformat(meta["built_at"]) if "built_at" in meta else changed_at,
    )


def _existing(path: Path) -> sqlite3.Connection:
    """A connection to a file that is there; one that is not is not made."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", timeout=BUSY_SECONDS, uri=True)


def _has_tables(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is not None


def identity(path: Path) -> tuple[int, int] | None:
    """Which file stands at a path; ``None``: there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _model(connection: sqlite3.Connection) -> str:
    """Whose vectors a store of this version holds; empty where it is not one, or not yet."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if (application, version) != (APPLICATION_ID, VERSION):
        return ""
    row = connection.execute("SELECT value FROM meta WHERE key = 'model'").fetchone()
    return str(row[0]) if row else ""


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing. Takes the writer's lock at the start, so that it never fails half-way."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # SQLite has rolled back by itself, as on a full disk
            connection.execute("ROLLBACK")
        raise


@contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """One consistent view of the file for all reads inside."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's errors in our words; DiskFullError, StoreBrokenError, StoreFileError."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None) or 0
        primary = code & 0xFF
        full = primary == sqlite3.SQLITE_IOERR and _free(path) < 1_000_000
        if primary == sqlite3.SQLITE_FULL or full:
            raise DiskFullError(path=path.parent) from error
        if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise StoreBrokenError(path=path, reason=str(error)) from error
        reason = "another process keeps it locked" if primary == sqlite3.SQLITE_BUSY else str(error)
        raise StoreFileError(url=path, reason=reason) from error
    except OSError as error:
        raise StoreFileError(url=path, reason=error.strerror or str(error)) from error


def _free(path: Path) -> int:
    try:
        return shutil.disk_usage(path.parent).free
    except OSError:
        return 1 << 62  # unknown: do not blame the disk
