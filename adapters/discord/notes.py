"""Small things that are remembered across restarts: what was said once, until when we heard."""

from __future__ import annotations

import sqlalchemy as sa

from adapters.discord.tables import notes
from bot.store.base import Database, insert


class Notes:
    """Notes by a key, in a database. Raises StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, key: str) -> str | None:
        """What was noted."""
        wanted = sa.select(notes.c.value).where(notes.c.key == key)
        found: str | None = await self._database.read(lambda c: c.execute(wanted).scalar())
        return found

    async def put(self, key: str, value: str) -> None:
        """Note it, in place of what was noted before."""

        def op(connection: sa.Connection) -> None:
            new = insert(connection, notes)
            upsert = new.on_conflict_do_update(
                index_elements=["key"], set_={"value": new.excluded.value}
            )
            connection.execute(upsert, {"key": key, "value": value})

        await self._database.write(op)

    async def first(self, key: str) -> bool:
        """Note that something happens; whether it is for the first time, in any process."""

        def op(connection: sa.Connection) -> bool:
            new = insert(connection, notes).on_conflict_do_nothing(index_elements=["key"])
            return bool(connection.execute(new, {"key": key, "value": ""}).rowcount == 1)

        return await self._database.write(op)

    async def drop(self, prefix: str) -> None:
        """Forget what begins like this."""
        old = sa.delete(notes).where(notes.c.key.startswith(prefix, autoescape=True))
        await self._database.write(lambda c: c.execute(old))
