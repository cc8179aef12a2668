"""Whether what a person writes may be used to improve the bot: their choices, never changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import sqlalchemy as sa

from bot.store.base import Database
from bot.store.chat_tables import consent

_BATCH = 500

_latest = (
    sa.select(consent.c.allowed)
    .where(consent.c.author == sa.bindparam("author"))
    .order_by(consent.c.id.desc())
    .limit(1)
)
_authors: sa.BindParameter[object] = sa.bindparam("authors", expanding=True)
_in_order = (
    sa.select(consent.c.author, consent.c.allowed)
    .where(consent.c.author.in_(_authors))
    .order_by(consent.c.id)
)


def _now() -> datetime:
    return datetime.now(UTC)


class ConsentLedger:
    """The choices in a database. An author is a key like ``slack:U024BE7LH``."""

    def __init__(self, db: Database, clock: Callable[[], datetime] = _now) -> None:
        self._db = db
        self._clock = clock

    async def choose(self, author: str, allowed: bool) -> None:
        """Add an author's choice; the ones before stay on record."""
        row = {"author": author, "allowed": allowed, "at": self._clock()}
        await self._db.write(
            lambda connection: connection.execute(sa.insert(consent), row).rowcount
        )

    async def choice(self, author: str) -> bool | None:
        """The latest choice of an author; ``None`` where none was made."""
        return await self._db.read(
            lambda connection: connection.scalar(_latest, {"author": author})
        )

    async def choices(self, authors: Iterable[str]) -> dict[str, bool]:
        """The latest choices of those authors who made one."""
        wanted = sorted(set(authors))

        def op(connection: sa.Connection) -> dict[str, bool]:
            found: dict[str, bool] = {}
            for start in range(0, len(wanted), _BATCH):
                batch = {"authors": wanted[start : start + _BATCH]}
                for row in connection.execute(_in_order, batch):
                    found[row.author] = row.allowed
            return found

        return await self._db.read(op)
