"""A process hears of a move of its database: while it goes on, and once it is over."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from adapters.leaving import Leaving
from bot.errors import StorageError
from bot.store.base import Database
from bot.store.move_marks import COPYING, HOLDING, LEFT, MOVE


def _mark(connection: sa.Connection, state: str) -> None:
    MOVE.create(connection, checkfirst=True)
    connection.execute(sa.delete(MOVE))
    row = {"token": "t", "target": "postgresql://db/new", "revision": "", "worker": "", "kept": ""}
    connection.execute(sa.insert(MOVE), {**row, "state": state, "until": 0.0})


async def test_a_move_is_named_while_it_goes_on_and_ends_the_process(database: Database) -> None:
    """While rows are copied a note says where to; once the database was left the process stops, and
    says why."""
    stop = asyncio.Event()
    leaving = Leaving(database, stop, look_s=0.02)
    looking = asyncio.create_task(leaving.run())
    try:
        assert leaving.remarks() == {"move": None}
        assert await database.moving() is None
        await database.write(lambda connection: _mark(connection, COPYING))
        async with asyncio.timeout(60):
            while leaving.remarks()["move"] is None:  # noqa: ASYNC110 - another task
                await asyncio.sleep(0.02)
        assert leaving.remarks()["move"] == (
            "The database is being moved to postgresql://db/new; the bot goes on meanwhile."
        )
        await database.write(lambda connection: _mark(connection, HOLDING))
        assert await database.moving() == ("postgresql://db/new", True)
        assert not stop.is_set()
        await database.write(lambda connection: _mark(connection, LEFT))
        await asyncio.wait_for(stop.wait(), 60)
        with pytest.raises(StorageError, match="postgresql://db/new"):
            leaving.tell()
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
