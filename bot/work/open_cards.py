"""Which cards of a queue are open in front of whom, so that two people get no card twice.

A card that is open is a lease of its own: it is renewed while its page is looked at and runs out by
itself, also after a crash. A session may hold it again from another page; nobody else gets it.
What ran out is deleted at the next look: no name of anybody is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.store.base import Database, insert
from bot.store.timing import RowTime, utc_now
from bot.work.tables import leases

_OPEN = "open:"
_BETWEEN = "/"
SECONDS = 180.0
"""How long a card stays open without a word from its page."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A page in front of somebody: ``session`` and ``page`` are names without a slash, ``name`` is
    what others read of who sits there."""

    session: str
    page: str
    name: str

    @property
    def owner(self) -> str:
        return _BETWEEN.join((self.session, self.page, self.name))


class OpenCards:
    """The open cards of one queue. A card is known by any name, like that of its turn."""

    def __init__(
        self,
        db: Database,
        queue: str,
        clock: Callable[[], datetime] = utc_now,
        seconds: float = SECONDS,
    ) -> None:
        self._db = db
        self._beginning = f"{_OPEN}{queue}{_BETWEEN}"
        self._time = RowTime(clock)
        self._seconds = seconds

    async def elsewhere(self, seat: Seat) -> dict[str, str]:
        """The cards that other sessions have open, with who."""
        query = sa.select(leases.c.name, leases.c.owner).where(
            leases.c.name.startswith(self._beginning, autoescape=True), ~_of_session(seat)
        )

        def op(connection: sa.Connection) -> dict[str, str]:
            rows = connection.execute(query.where(leases.c.until > self._time.now(connection)))
            return {row.name.removeprefix(self._beginning): _name_in(row.owner) for row in rows}

        return await self._db.read(op)

    async def here(self, seat: Seat) -> set[str]:
        """The cards that are open on this page."""
        query = sa.select(leases.c.name).where(
            leases.c.name.startswith(self._beginning, autoescape=True),
            leases.c.owner == seat.owner,
        )

        def op(connection: sa.Connection) -> set[str]:
            names = connection.scalars(query.where(leases.c.until > self._time.now(connection)))
            return {name.removeprefix(self._beginning) for name in names}

        return await self._db.read(op)

    async def take(self, cards: Sequence[str], seat: Seat, most: int | None = None) -> set[str]:
        """Open cards, or keep them open, at most so many; those that nobody else has."""

        def op(connection: sa.Connection) -> set[str]:
            now = self._time.now(connection)
            until = self._time.after(connection, self._seconds)
            mine = leases.c.name.startswith(self._beginning, autoescape=True)
            connection.execute(sa.delete(leases).where(mine, leases.c.until <= now))
            taken = set[str]()
            for card in sorted(set(cards)):  # in one order: two who open the same do not deadlock
                if len(taken) == most:
                    break
                new = insert(connection, leases).values(
                    name=self._beginning + card, owner=seat.owner, token=1, until=until
                )
                statement = new.on_conflict_do_update(
                    index_elements=["name"],
                    set_={"owner": new.excluded.owner, "until": new.excluded.until},
                    where=sa.or_(leases.c.until <= now, _of_session(seat)),
                ).returning(leases.c.name)
                if connection.execute(statement).scalar_one_or_none() is not None:
                    taken.add(card)
            return taken

        return await self._db.write(op) if cards else set()

    async def close(self, seat: Seat, cards: Sequence[str] | None = None) -> None:
        """Close all cards of a page, or some; those that it does not have open are no error."""
        mine = sa.delete(leases).where(
            leases.c.name.startswith(self._beginning, autoescape=True),
            leases.c.owner == seat.owner,
        )
        if cards is not None:
            mine = mine.where(leases.c.name.in_([self._beginning + card for card in cards]))
        await self._db.write(lambda connection: connection.execute(mine).rowcount)


def _of_session(seat: Seat) -> sa.ColumnElement[bool]:
    return leases.c.owner.startswith(seat.session + _BETWEEN, autoescape=True)


def _name_in(owner: str) -> str:
    return owner.split(_BETWEEN, 2)[-1]
