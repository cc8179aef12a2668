"""Rated turns as a stream: all that curation needs of them, in batches, never all at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from bot.conversation import Rating, Turn
from bot.store.base import Database
from bot.store.review_tables import rewrites
from bot.store.tables import feedback, reviews, turns
from bot.store.turns import citations_in, texts_in, turn_of

BATCH = 500
"""Turns that are read at once; with their passages about 5 MB."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one person said of a turn; ``author`` is a key.

    ``verdict`` is what an operator made of it since (approved, rejected, gap), empty: nothing.
    """

    author: str
    rating: Rating
    reason: str
    correction: str
    expert: bool
    at: datetime
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """An operator's last word on an answer; see :mod:`bot.store.rewrites`."""

    approved: bool
    text: str
    prompt: str
    author: str
    by: str


@dataclass(frozen=True, slots=True)
class Rated:
    """A turn with what readers and operators said of it; ``said`` is in the order of authors."""

    turn: Turn
    said: tuple[Said, ...]
    rewritten: Rewritten | None = None


class RatedTurns:
    """The turns of a database that somebody rated, corrected or rewrote."""

    def __init__(self, db: Database, batch: int = BATCH) -> None:
        self._db = db
        self._batch = batch

    async def count(self) -> int:
        """How many there are."""
        rated = sa.union(sa.select(feedback.c.turn_id), sa.select(rewrites.c.turn_id)).subquery()
        query = sa.select(sa.func.count()).select_from(rated)
        return await self._db.read(lambda connection: connection.scalar(query)) or 0

    async def batches(self) -> AsyncIterator[list[Rated]]:
        """All of them, the newest turn first."""
        before = ""
        while batch := await self._db.read(partial(self._read, before=before)):
            yield batch
            before = batch[-1].turn.id

    def _read(self, connection: sa.Connection, before: str) -> list[Rated]:
        ids = self._ids(connection, before)
        rows = {
            row.id: row._asdict()
            for row in connection.execute(sa.select(turns).where(turns.c.id.in_(ids)))
        }
        there = [id_ for id_ in ids if id_ in rows]
        said, cited = _said(connection, there), citations_in(connection, there)
        rewritten, texts = _rewritten(connection, there), texts_in(connection, there)
        return [
            Rated(
                turn_of(rows[id_], *texts[id_], cited.get(id_, [])),
                tuple(said.get(id_, ())),
                rewritten.get(id_),
            )
            for id_ in there
        ]

    def _ids(self, connection: sa.Connection, before: str) -> list[str]:
        """The next turns: two short walks down the keys of two tables."""
        found: set[str] = set()
        for column in (feedback.c.turn_id, rewrites.c.turn_id):
            query = sa.select(column).distinct().order_by(column.desc()).limit(self._batch)
            if before:
                query = query.where(column < before)
            found.update(connection.scalars(query))
        return sorted(found, reverse=True)[: self._batch]


def _said(connection: sa.Connection, ids: Sequence[str]) -> dict[str, list[Said]]:
    """What readers said, with the operators' verdicts on their last words."""
    judged = sa.and_(
        reviews.c.turn_id == feedback.c.turn_id,
        reviews.c.author == feedback.c.author,
        reviews.c.at >= feedback.c.updated_at,
    )
    query = (
        sa.select(feedback, reviews.c.verdict)
        .join(reviews, judged, isouter=True)
        .where(feedback.c.turn_id.in_(ids))
        .order_by(feedback.c.turn_id, feedback.c.author)
    )
    found: dict[str, list[Said]] = {}
    for row in connection.execute(query):
        found.setdefault(row.turn_id, []).append(_said_of(row))
    return found


def _said_of(row: sa.Row[Any]) -> Said:
    return Said(
        author=row.author,
        rating=Rating(row.rating),
        reason=row.reason,
        correction=row.correction,
        expert=row.expert,
        at=row.updated_at,
        verdict=row.verdict or "",
    )


def _rewritten(connection: sa.Connection, ids: Sequence[str]) -> dict[str, Rewritten]:
    query = sa.select(rewrites).where(rewrites.c.turn_id.in_(ids))
    return {
        row.turn_id: Rewritten(row.verdict == "approved", row.text, row.prompt, row.author, row.by)
        for row in connection.execute(query)
    }
