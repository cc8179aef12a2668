"""PostgreSQL's own ways to fail: not there, wrong name, deadlock, a lost connection."""

from __future__ import annotations

import asyncio
import threading

import pytest
import sqlalchemy as sa

from bot.errors import DatabaseUnavailableError
from bot.store.base import Database

pytestmark = pytest.mark.postgres

accounts = sa.Table(
    "accounts",
    sa.MetaData(),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Integer, nullable=False),
)


@pytest.fixture
def database_url(postgres_database_url: str) -> str:
    """A fresh database with the newest schema, on PostgreSQL alone."""
    return postgres_database_url


async def test_a_server_that_is_not_there_is_named_without_password() -> None:
    """Nobody at the address: one sentence with address and reason, and no password."""
    url = "postgresql://bot:secret@127.0.0.1:1/wellspoken"
    with pytest.raises(DatabaseUnavailableError) as caught:
        await Database.open(url)
    message = str(caught.value)
    assert message.startswith("The database postgresql://bot@127.0.0.1:1/wellspoken cannot be")
    assert "secret" not in message
    assert "\n" not in message


async def test_a_database_that_does_not_exist_is_named(postgres_url: str) -> None:
    """A wrong name is told from a server that is down."""
    with pytest.raises(DatabaseUnavailableError, match='database "nowhere" does not exist'):
        await Database.open(postgres_url.rpartition("/")[0] + "/nowhere")


async def test_a_deadlock_is_tried_again(database: Database) -> None:
    """Two transactions that lock each other out both succeed in the end."""

    def prepare(connection: sa.Connection) -> None:
        accounts.create(connection)
        connection.execute(sa.insert(accounts), [{"name": n, "value": 0} for n in "ab"])

    await database.write(prepare)
    tries: list[str] = []
    holding: set[str] = set()

    def add(connection: sa.Connection, order: str) -> None:
        tries.append(order)
        for name in order:
            here = sa.update(accounts).where(accounts.c.name == name)
            connection.execute(here.values(value=accounts.c.value + 1))
            holding.add(order)
            while len(holding) < 2:  # each has what the other one wants
                connection.execute(sa.select(sa.func.pg_sleep(0.05)))

    await asyncio.gather(
        database.write(lambda c: add(c, "ab")), database.write(lambda c: add(c, "ba"))
    )
    assert len(tries) >= 3
    values = await database.read(lambda c: list(c.scalars(sa.select(accounts.c.value))))
    assert values == [2, 2]


async def test_a_lost_connection_is_replaced(database: Database) -> None:
    """When the server ends all connections, the next operation works all the same."""
    others = sa.text(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    ones = [database.read(lambda c: c.scalar(sa.select(sa.func.pg_sleep(0.1)))) for _ in range(3)]
    await asyncio.gather(*ones)
    assert (await database.read(lambda c: c.scalar(others)) or 0) >= 1
    done = await asyncio.gather(
        *(database.write(lambda c: c.scalar(sa.select(sa.literal(7)))) for _ in range(5))
    )
    assert done == [7] * 5


async def test_operations_never_hold_the_event_loop(database: Database) -> None:
    """A slow statement lets other tasks run; it takes no thread either."""
    threads = threading.active_count()
    slow = asyncio.create_task(database.read(lambda c: c.execute(sa.text("SELECT pg_sleep(3)"))))
    for _ in range(6):
        await asyncio.sleep(0.01)
    assert not slow.done()
    assert threading.active_count() == threads


async def test_postgresql_vacuums_growing_tables_after_few_new_rows(
    postgres_database_url: str,
) -> None:
    """Index-only sums of the newest turns stay so: their pages are marked long before a fifth."""

    def told(connection: sa.Connection) -> set[str]:
        rows = connection.execute(sa.text("SELECT relname, reloptions FROM pg_class"))
        option = "autovacuum_vacuum_insert_scale_factor=0.01"
        return {row.relname for row in rows if option in (row.reloptions or ())}

    growing = {"turns", "messages", "feedback", "gap_turns", "audit"}
    database = await Database.open(postgres_database_url)
    try:
        assert await database.read(told) == growing
    finally:
        await database.close()
