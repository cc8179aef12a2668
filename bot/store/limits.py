"""What was asked a moment ago, by all processes: the turns at the end of the index over time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.store.base import Database
from bot.store.tables import turns

_MOST_READ = 5_000


@dataclass(frozen=True, slots=True)
class Lately:
    """How many turns there were since a moment, and when the oldest of them was."""

    count: int
    oldest: datetime | None


class RecentTurns:
    """Counts turns that are stored. It costs a walk over the newest end of an index; one that is
    being answered is not there yet."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, author: str, since: datetime) -> Lately:
        """An author's turns since a moment, among the newest 5,000 of all."""
        newest = (
            sa.select(turns.c.at, turns.c.author)
            .where(turns.c.at > since)
            .order_by(turns.c.at.desc(), turns.c.id.desc())
            .limit(_MOST_READ)
            .subquery()
        )
        query = sa.select(sa.func.count(), sa.func.min(newest.c.at)).where(
            newest.c.author == author
        )
        row = await self._database.read(lambda connection: connection.execute(query).one())
        return Lately(row[0], row[1])
