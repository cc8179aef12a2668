"""What is heard is kept before anything else, however the database fares."""

from __future__ import annotations

from adapters.discord.hearing import kept
from bot.errors import DatabaseBusyError


async def test_a_database_that_is_away_is_waited_for() -> None:
    """The event is held and put again until it is kept, once."""
    tries: list[int] = []

    async def put() -> None:
        tries.append(len(tries))
        if len(tries) < 3:
            raise DatabaseBusyError(path="x.db")

    await kept(put)
    assert tries == [0, 1, 2]
