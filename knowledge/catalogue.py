"""The documents of the ledger, looked through by operators: by words of their names, a page at a
time, and by what an audience may see of them.

What somebody sees in the end is decided in the store
(:meth:`knowledge.stores.base.VectorStore.visible`); the rights that the ledger keeps only spare it
those that it would refuse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot.conversation import Principal
from bot.store.base import Database
from bot.store.columns import Words
from knowledge.ledger import DocumentRecord, documents, record_of

FAR = 20_000
"""Documents that one look goes through at most where each has to be looked at."""

LONGEST_SEARCH = 200
"""Characters of a search."""

_MOST_WORDS = 8

Place = tuple[str, str]
"""Source and name of the last document of a page: the next one begins behind it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which documents to list; ``None`` and empty: all of them.

    ``words`` must all stand in the title or the name. ``principal`` is who could see them.
    """

    source: str | None = None
    words: str = ""
    principal: Principal | None = None

    @property
    def weighed(self) -> bool:
        """Whether each document on the way has to be looked at."""
        return bool(self.words.split()) or self.principal is not None


@dataclass(frozen=True, slots=True)
class Look:
    """A page of documents in the order of source and name. ``reached`` is the last one that was
    gone through where there are more and the page is not full; ``None`` otherwise."""

    records: tuple[DocumentRecord, ...]
    reached: Place | None = None


class Catalogue:
    """The documents in a database; ``far`` stands in for :data:`FAR`."""

    def __init__(self, db: Database, far: int = FAR) -> None:
        self._db = db
        self._far = far

    async def look(self, wanted: Wanted, limit: int, after: Place | None = None) -> Look:
        """Up to ``limit`` documents behind the place ``after``, and how far that led."""
        return await self._db.read(lambda c: self._look(c, wanted, limit, after))

    async def count(self) -> int:
        """How many documents there are."""
        query = sa.select(sa.func.count()).select_from(documents)
        return await self._db.read(lambda c: c.scalar(query) or 0)

    async def named(self, names: Sequence[str]) -> list[DocumentRecord]:
        """The documents of some names, whatever their source, by name and source."""
        query = (
            sa.select(documents)
            .where(documents.c.document.in_(names))
            .order_by(documents.c.document, documents.c.source)
        )
        return await self._db.read(lambda c: [record_of(row) for row in c.execute(query)])

    def _look(
        self, connection: sa.Connection, wanted: Wanted, limit: int, after: Place | None
    ) -> Look:
        walked: list[sa.ColumnElement[bool]] = []
        if wanted.source is not None:
            walked.append(documents.c.source == wanted.source)
        if after is not None:
            walked.append(_place > sa.tuple_(*(sa.literal(part, Words) for part in after)))
        end = self._reached(connection, walked) if wanted.weighed else None
        fits = [*walked, *_says(wanted.words)]
        if end is not None:
            fits.append(_place <= sa.tuple_(*(sa.literal(part, Words) for part in end)))
        if wanted.principal is not None:
            fits.append(documents.c.groups.in_(_sets(connection, wanted.principal)))
        query = sa.select(documents).where(*fits).order_by(*_order).limit(limit)
        found = tuple(record_of(row) for row in connection.execute(query))
        return Look(found, None if len(found) >= limit else end)

    def _reached(
        self, connection: sa.Connection, walked: Sequence[sa.ColumnElement[bool]]
    ) -> Place | None:
        """The last document to go through; ``None`` where all are. An index alone tells."""
        way = sa.select(*_order).where(*walked).order_by(*_order).limit(2)
        rows = connection.execute(way.offset(self._far - 1)).all()
        return (rows[0].source, rows[0].document) if len(rows) > 1 else None


_order = (documents.c.source, documents.c.document)
_place = sa.tuple_(*_order)


def _says(words: str) -> list[sa.ColumnElement[bool]]:
    """Whether the title or the name hold all words, or parts of them."""
    return [
        sa.or_(
            documents.c.title.icontains(word, autoescape=True),
            documents.c.document.icontains(word, autoescape=True),
        )
        for word in words[:LONGEST_SEARCH].split()[:_MOST_WORDS]
    ]


def _sets(connection: sa.Connection, principal: Principal) -> list[Any]:
    """The sets of groups in use that a principal may see."""
    found = connection.scalars(sa.select(documents.c.groups).distinct())
    return [groups for groups in found if principal.may_see(frozenset(groups))]
