"""SQLite's own ways to fail: a full disk, a broken file, another process that writes."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.errors import (
    DatabaseBusyError,
    DatabaseDamagedError,
    DatabaseUnavailableError,
    DiskFullError,
    StorageError,
)
from bot.store import sqlite
from bot.store.base import Database

notes = sa.Table("notes", sa.MetaData(), sa.Column("text", sa.Text))


def _note(text: str) -> sa.Executable:
    return sa.insert(notes).values(text=text)


async def test_the_journal_is_safe(sqlite_database: Database) -> None:
    """Every commit reaches the disk: WAL with full synchronisation, foreign keys checked."""

    def pragmas(connection: sa.Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    assert await sqlite_database.write(pragmas) == ["wal", 2, 1, 10000]
    assert await sqlite_database.read(pragmas) == ["wal", 2, 1, 10000]


async def test_a_read_cannot_write(sqlite_database: Database) -> None:
    """A write that was sent as a read is refused: it would go past the writer."""
    await sqlite_database.write(notes.create)
    with pytest.raises(StorageError):
        await sqlite_database.read(lambda c: c.execute(_note("x")).rowcount)


async def test_a_full_disk_loses_only_what_did_not_fit(sqlite_database: Database) -> None:
    """Writes that fit are kept although one beside them filled the disk; that one says so."""

    def limit(connection: sa.Connection) -> None:
        notes.create(connection)
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 8}")

    await sqlite_database.write(limit)
    sizes = [10, 10, 10_000_000, 10, 10]
    jobs = [sqlite_database.write(lambda c, s=s: c.execute(_note("x" * s)).rowcount) for s in sizes]
    results = await asyncio.gather(*jobs, return_exceptions=True)
    assert isinstance(results[2], DiskFullError)
    assert str(results[2]).startswith(f"The disk of {sqlite_database.name} is full;")
    assert [r for r in results if r != results[2]] == [1] * 4
    count = sa.select(sa.func.count()).select_from(notes)
    assert await sqlite_database.read(lambda c: c.scalar(count)) == 4


@pytest.mark.parametrize("content", [b"hello, I am a text file. " * 100, b"\x00" * 4096])
async def test_a_file_that_is_no_database_is_left_alone(content: bytes, tmp_path: Path) -> None:
    """A file of another kind is not touched, and one sentence says what it is not."""
    path = tmp_path / "data.db"
    path.write_bytes(content)
    with pytest.raises(DatabaseDamagedError, match="it is not a SQLite database"):
        await Database.open(f"sqlite:///{path}")
    assert path.read_bytes() == content


def _damage(path: Path) -> None:
    """Overwrite everything behind the header."""
    header = path.read_bytes()[:100]
    path.write_bytes(header + b"\xff" * (path.stat().st_size - len(header)))


async def test_a_damaged_file_is_named(sqlite_database: Database, tmp_path: Path) -> None:
    """Pages overwritten with garbage give one sentence that names the file."""
    path = Path(sqlite_database.name)
    await sqlite_database.close()
    _damage(path)
    with pytest.raises(DatabaseDamagedError, match=r"wellspoken\.db cannot be used"):
        await Database.open(f"sqlite:///{path}")


async def test_a_folder_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    """A path that is a folder gives one sentence."""
    with pytest.raises(DatabaseUnavailableError, match="the file cannot be opened"):
        await Database.open(f"sqlite:///{tmp_path}")


async def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    """A home that is a file gives one sentence."""
    (tmp_path / "home").write_text("")
    with pytest.raises(DatabaseUnavailableError, match=r"Not a directory|File exists"):
        await Database.open(f"sqlite:///{tmp_path / 'home' / 'data.db'}")


async def test_another_writer_is_waited_for(sqlite_database: Database) -> None:
    """While another program writes, a write waits its turn and then succeeds."""
    await sqlite_database.write(notes.create)
    other = sqlite3.connect(sqlite_database.name, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(
        sqlite_database.write(lambda c: c.execute(_note("mine")).rowcount)
    )
    await asyncio.sleep(0.1)
    assert not waiting.done()
    other.execute("INSERT INTO notes VALUES ('theirs')")
    other.execute("COMMIT")
    other.close()
    assert await waiting == 1


async def test_a_writer_that_never_ends_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that waited too long for another program says so."""
    monkeypatch.setattr(sqlite, "_BUSY_SECONDS", 0.1)
    db = await Database.open(f"sqlite:///{tmp_path / 'data.db'}")
    other = sqlite3.connect(db.name, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseBusyError, match="Another process holds the database"):
        await db.write(notes.create)
    other.execute("ROLLBACK")
    other.close()
    await db.write(notes.create)
    await db.close()


async def test_writes_that_come_together_share_a_commit(sqlite_database: Database) -> None:
    """A hundred writes at once need only a few transactions."""
    await sqlite_database.write(notes.create)

    async def version() -> int:
        """SQLite's count of the commits that others made, as one more reader sees it."""
        return await sqlite_database.read(
            lambda c: c.exec_driver_sql("PRAGMA data_version").scalar() or 0
        )

    before = await version()
    writes = [sqlite_database.write(lambda c: c.execute(_note("x")).rowcount) for _ in range(100)]
    await asyncio.gather(*writes)
    assert await version() - before < 20


async def test_a_start_that_was_cancelled_is_closed_cleanly(tmp_path: Path) -> None:
    """Ctrl-C while the file opens: closing waits for the thread that opens it."""
    for pause in (n / 2000 for n in range(20)):
        driver = sqlite.SqliteDriver(tmp_path / f"{pause}.db")
        start = asyncio.create_task(driver.start())
        await asyncio.sleep(pause)
        start.cancel()
        await driver.close()
        await asyncio.gather(start, return_exceptions=True)
