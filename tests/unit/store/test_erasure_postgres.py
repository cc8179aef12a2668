"""What erasing means for PostgreSQL's own files: as docs/forgetting.md tells it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from bot.conversation import Author, Platform, Turn
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.erasure import Erasure
from bot.store.history import History

ANN = Author(Platform.SLACK, "U024BE7LH", "Ann")
WORDS = (b"U024BE7LH", b"marmoset")


def _in_files(connection: sa.Connection) -> set[bytes]:
    """The words in the files of all tables and indexes, once they are written to disk."""
    connection.execute(sa.text("CHECKPOINT"))
    names = sa.text(
        "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'i', 't') AND n.nspname = 'public'"
    )
    read = sa.text("SELECT pg_read_binary_file(pg_relation_filepath(CAST(:name AS text)))")
    files = [bytes(connection.scalar(read, {"name": n})) for n in connection.scalars(names)]
    return {word for word in WORDS if any(word in file for file in files)}


@pytest.mark.postgres
async def test_a_table_that_is_written_anew_holds_nothing(
    postgres_database_url: str, make_turn: Callable[..., Turn]
) -> None:
    """No row holds a word after the erasure, and no byte after VACUUM FULL."""
    database = await Database.open(postgres_database_url)
    for number in range(20):
        await History(database).record(make_turn(author=ANN, question=f"marmoset {number}?"))
    assert await database.read(_in_files) == set(WORDS)
    await Erasure(database, AuditTrail(database)).forget(ANN.key)

    def rows(connection: sa.Connection) -> str:
        found = sa.inspect(connection).get_table_names()
        return str([connection.execute(sa.text(f'SELECT * FROM "{n}"')).all() for n in found])

    told = (await database.read(rows)).encode()
    assert [word for word in WORDS if word in told] == []
    await database.read(lambda c: c.exec_driver_sql("VACUUM FULL"))
    assert await database.read(_in_files) == set()
    await database.close()
