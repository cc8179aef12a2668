"""Console sessions that were ended before their time, and what may be used once only.

A session is a signed cookie; the server keeps only what was taken back, as digests, until the
cookie would have run out by itself. So a copied cookie is worth nothing after its owner signed out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.store.base import Database, insert, metadata
from bot.store.columns import Moment, Words
from bot.store.timing import utc_now

console_ends = sa.Table(
    "console_ends",
    metadata,
    sa.Column("what", Words, primary_key=True),  # a digest: no name, no session
    sa.Column("at", Moment, nullable=False),
    sa.Column("until", Moment, nullable=False),
    sa.Index(None, "until"),
)


class ConsoleEnds:
    """What was ended, in a database. ``lasts`` is the longest that a session can live."""

    def __init__(
        self,
        db: Database,
        *,
        lasts: timedelta = timedelta(hours=13),
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._db = db
        self._lasts = lasts
        self._clock = clock

    async def end_session(self, session: str) -> None:
        """This session is over, on every server of this database."""
        await self._put(_digest("session", session))

    async def end_all(self, author: str) -> None:
        """Every session that this author (``web:…``) has open by now is over."""
        await self._put(_digest("author", author))

    async def stands(self, session: str, author: str, opened: datetime) -> bool:
        """Whether nobody ended the session, nor all of its author's since it was opened."""
        ended, everywhere = _digest("session", session), _digest("author", author)
        query = sa.select(console_ends.c.what, console_ends.c.at).where(
            console_ends.c.what.in_((ended, everywhere))
        )
        found = await self._db.read(lambda c: {row.what: row.at for row in c.execute(query)})
        return ended not in found and (everywhere not in found or found[everywhere] < opened)

    async def use_once(self, name: str) -> bool:
        """Whether this is the first use of something that may be used once."""
        row = self._row(_digest("once", name))

        def write(c: sa.Connection) -> bool:
            self._sweep(c)
            return c.execute(insert(c, console_ends).on_conflict_do_nothing(), row).rowcount == 1

        return await self._db.write(write)

    async def _put(self, what: str) -> None:
        row = self._row(what)

        def write(c: sa.Connection) -> None:
            self._sweep(c)
            statement = insert(c, console_ends)
            latest = {name: statement.excluded[name] for name in ("at", "until")}
            c.execute(statement.on_conflict_do_update(index_elements=["what"], set_=latest), row)

        await self._db.write(write)

    def _row(self, what: str) -> dict[str, object]:
        now = self._clock()
        return {"what": what, "at": now, "until": now + self._lasts}

    def _sweep(self, c: sa.Connection) -> None:
        """What no cookie can name any more goes."""
        c.execute(sa.delete(console_ends).where(console_ends.c.until < self._clock()))


def _digest(kind: str, name: str) -> str:
    return hashlib.sha256(f"{kind}\0{name}".encode("utf-8", "replace")).hexdigest()
