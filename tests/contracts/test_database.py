"""What every database does with operations, SQLite and PostgreSQL alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.errors import ConfigurationError, StorageError
from bot.store.base import Database, insert
from bot.store.drivers import driver_for

counters = sa.Table(
    "counters",
    sa.MetaData(),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Integer, nullable=False),
)


@pytest.fixture
async def db(database: Database) -> AsyncIterator[Database]:
    """A database with one table more."""
    await database.write(counters.create)
    yield database


def _add(name: str, value: int = 1) -> sa.Executable:
    return sa.insert(counters).values(name=name, value=value)


async def _names(db: Database) -> set[str]:
    return await db.read(lambda c: set(c.scalars(sa.select(counters.c.name))))


async def test_what_is_written_is_read(db: Database) -> None:
    """A write returns its operation's result, and the next read sees what it did."""

    def op(connection: sa.Connection) -> str:
        connection.execute(_add("a"))
        return "done"

    assert await db.write(op) == "done"
    assert await _names(db) == {"a"}


async def test_a_failed_operation_leaves_nothing(db: Database) -> None:
    """The operation's own error comes out as it is, and all of its writes are undone."""

    def op(connection: sa.Connection) -> None:
        connection.execute(_add("a"))
        raise KeyError("half way")

    with pytest.raises(KeyError, match="half way"):
        await db.write(op)
    assert await _names(db) == set()


async def test_one_failure_does_not_touch_its_neighbours(db: Database) -> None:
    """Of many writes at once exactly those that fail are missing."""

    def op(connection: sa.Connection, number: int) -> int:
        connection.execute(_add(f"n{number}"))
        if number % 5 == 0:
            connection.execute(_add(f"n{number}"))  # the same name again: refused
        return number

    jobs = [db.write(lambda c, n=n: op(c, n)) for n in range(40)]
    results = await asyncio.gather(*jobs, return_exceptions=True)
    failed = {n for n, result in enumerate(results) if isinstance(result, StorageError)}
    assert failed == set(range(0, 40, 5))
    assert await _names(db) == {f"n{n}" for n in range(40) if n % 5}
    assert [r for r in results if isinstance(r, int)] == [n for n in range(40) if n % 5]


async def test_no_update_is_lost(database_url: str) -> None:
    """Two openings of one database that count at the same time arrive at the sum."""
    one, two = await Database.open(database_url), await Database.open(database_url)
    await one.write(counters.create)

    def op(connection: sa.Connection) -> None:
        new = insert(connection, counters)
        upsert = new.on_conflict_do_update(
            index_elements=["name"], set_={"value": counters.c.value + 1}
        )
        connection.execute(upsert, {"name": "shared", "value": 1})

    await asyncio.gather(*(db.write(op) for db in (one, two) for _ in range(30)))
    assert await two.read(lambda c: c.scalar(sa.select(counters.c.value))) == 60
    await one.close()
    await two.close()


async def test_reads_go_on_while_a_write_waits(db: Database) -> None:
    """Many reads and writes side by side all come to their end."""
    writes = [db.write(lambda c, n=n: c.execute(_add(f"n{n}")).rowcount) for n in range(30)]
    reads = [_names(db) for _ in range(60)]
    done = await asyncio.gather(*writes, *reads)
    assert sum(done[:30]) == 30
    assert len(await _names(db)) == 30


async def test_a_large_value_comes_back(db: Database) -> None:
    """A name of 5 MB is kept (a table without an index would take more)."""
    big = sa.Table("big", sa.MetaData(), sa.Column("text", sa.Text))
    text = "ä😀" * 1_000_000

    def op(connection: sa.Connection) -> None:
        big.create(connection)
        connection.execute(sa.insert(big), {"text": text})

    await db.write(op)
    assert await db.read(lambda c: c.scalar(sa.select(big.c.text))) == text


async def test_a_cancelled_task_does_not_block_the_rest(db: Database) -> None:
    """Whoever stops waiting for a write disturbs nobody else."""
    task = asyncio.create_task(db.write(lambda c: c.execute(_add("a")).rowcount))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await db.write(lambda c: c.execute(_add("b")).rowcount)
    assert "b" in await _names(db)


async def test_a_closed_database_says_so(database_url: str) -> None:
    """Closing finishes what is queued, twice is harmless, and later use is refused."""
    db = await Database.open(database_url)
    await db.write(counters.create)
    queued = [asyncio.create_task(db.write(lambda c: c.execute(_add("a")).rowcount))]
    await asyncio.gather(*queued)
    await db.close()
    await db.close()
    with pytest.raises(StorageError, match="closed"):
        await db.read(lambda c: c.scalar(sa.select(1)))
    with pytest.raises(StorageError, match="closed"):
        await db.write(lambda c: c.scalar(sa.select(1)))


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "no url", "sqlite:///:memory:"])
def test_a_url_that_cannot_work_is_a_matter_of_settings(url: str) -> None:
    """A wrong DATABASE_URL gives one sentence that names it."""
    with pytest.raises(ConfigurationError, match=r"DATABASE_URL: .+"):
        driver_for(url)


@pytest.mark.parametrize("scheme", ["sqlite", "sqlite+aiosqlite", "sqlite+pysqlite"])
async def test_every_spelling_of_sqlite_opens(scheme: str, tmp_path: Path) -> None:
    """The driver's name in the URL is no matter, and folders are made."""
    path = tmp_path / "a" / "b" / "data.db"
    db = await Database.open(f"{scheme}:///{path}")
    assert db.name == str(path)
    assert path.exists()
    await db.close()


@pytest.mark.postgres
@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
async def test_every_spelling_of_postgresql_opens(scheme: str, postgres_url: str) -> None:
    """The driver's name in the URL is no matter."""
    db = await Database.open(postgres_url.replace("postgresql", scheme, 1), migrate=False)
    assert await db.read(lambda c: c.scalar(sa.select(1))) == 1
    await db.close()
