"""How often answers cited a document, and what people thought of those answers.

No index leads from a document to its citations, so a look goes through the newest
:data:`FAR` of them, along the key of the table: ids of turns sort by their time. What is older is
not counted, and :attr:`Reach.since` says from when on it was. Neither is what is no document and
has no revision: a file that somebody brought along, a live value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.conversation import Rating, Role
from bot.store.base import Database
from bot.store.tables import citations, feedback, messages, turns

FAR = 10_000
"""Citations that a look goes through at most, those of some 5,000 answers: about 7 ms on SQLite,
and 30 ms where all are of the same document."""

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a look went: back to ``since``; ``None``: through all citations there are."""

    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """An answer that cited a piece of a document, in a revision of it."""

    turn: str
    chunk: str
    revision: str


@dataclass(frozen=True, slots=True)
class Thumbs:
    """How often something was rated so."""

    up: int = 0
    down: int = 0

    def __add__(self, other: Thumbs) -> Thumbs:
        return Thumbs(self.up + other.up, self.down + other.down)


@dataclass(frozen=True, slots=True)
class CitedBy:
    """The uses of a document, the newest first, and the thumbs of each turn that was rated."""

    uses: tuple[Use, ...]
    thumbs: dict[str, Thumbs]
    reach: Reach


@dataclass(frozen=True, slots=True)
class Citing:
    """A turn that cited something, for a list."""

    id: str
    at: datetime
    question: str


class CitedBook:
    """The citations in a database, by document. ``far`` stands in for :data:`FAR`."""

    def __init__(self, db: Database, far: int = FAR) -> None:
        self._db = db
        self._far = far

    async def of(self, document: str) -> CitedBy:
        """Who cited a document of this name lately."""

        def op(connection: sa.Connection) -> CitedBy:
            newest = self._newest().subquery()
            query = sa.select(newest.c.turn_id, newest.c.chunk, newest.c.revision).where(
                newest.c.document == document, newest.c.revision != ""
            )
            found = tuple(Use(*row) for row in connection.execute(query))
            thumbs = _thumbs(connection, list(dict.fromkeys(use.turn for use in found)))
            return CitedBy(found, thumbs, self._reach(connection))

        return await self._db.read(op)

    async def counts(self, documents: Sequence[str]) -> tuple[dict[str, int], Reach]:
        """How many answers cited documents of these names lately; those that none did are
        missing."""

        def op(connection: sa.Connection) -> tuple[dict[str, int], Reach]:
            newest = self._newest().subquery()
            query = (
                sa.select(newest.c.document, sa.func.count(newest.c.turn_id.distinct()).label("n"))
                .where(newest.c.document.in_(documents), newest.c.revision != "")
                .group_by(newest.c.document)
            )
            found = {row.document: row.n for row in connection.execute(query)}
            return found, self._reach(connection)

        return await self._db.read(op)

    async def most(self, limit: int) -> tuple[str, ...]:
        """The names of the documents that most answers cited lately, the most cited first."""
        newest = self._newest().subquery()
        times = sa.func.count(newest.c.turn_id.distinct())
        query = sa.select(newest.c.document).where(newest.c.revision != "")
        ranked = (
            query.group_by(newest.c.document).order_by(times.desc(), newest.c.document).limit(limit)
        )
        return await self._db.read(lambda c: tuple(c.execute(ranked).scalars()))

    async def turns(self, ids: Sequence[str]) -> tuple[Citing, ...]:
        """Some turns with their questions, in the order of the ids; those that are gone are left
        out. For a few: it is one query."""
        if not ids:
            return ()
        query = (
            sa.select(turns.c.id, turns.c.at, messages.c.text)
            .join(messages, (messages.c.turn_id == turns.c.id))
            .where(turns.c.id.in_(ids), messages.c.role == Role.USER.value)
        )

        def op(connection: sa.Connection) -> tuple[Citing, ...]:
            found = {r.id: Citing(r.id, r.at, r.text) for r in connection.execute(query)}
            return tuple(found[id_] for id_ in ids if id_ in found)

        return await self._db.read(op)

    def _newest(self) -> sa.Select[tuple[str, str, str, str]]:
        """The newest citations, along the primary key and back."""
        return (
            sa.select(
                citations.c.turn_id, citations.c.document, citations.c.chunk, citations.c.revision
            )
            .order_by(citations.c.turn_id.desc(), citations.c.position.desc())
            .limit(self._far)
        )

    def _reach(self, connection: sa.Connection) -> Reach:
        way = sa.select(citations.c.turn_id).order_by(
            citations.c.turn_id.desc(), citations.c.position.desc()
        )
        last = connection.scalar(way.limit(1).offset(self._far))
        if last is None:
            return Reach()
        return Reach(connection.scalar(sa.select(turns.c.at).where(turns.c.id == last)))


def _thumbs(connection: sa.Connection, ids: Sequence[str]) -> dict[str, Thumbs]:
    found: dict[str, Thumbs] = {}
    for batch in _batches(ids):
        query = sa.select(feedback.c.turn_id, feedback.c.rating).where(
            feedback.c.turn_id.in_(batch)
        )
        for row in connection.execute(query):
            up = row.rating == Rating.UP.value
            one = Thumbs(up=1) if up else Thumbs(down=1)
            found[row.turn_id] = found.get(row.turn_id, Thumbs()) + one
    return found


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _BATCH):
        yield ids[start : start + _BATCH]
