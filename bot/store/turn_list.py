"""The list of turns for operators: newest first, filtered, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.conversation import Author, Outcome, Platform, Rating, Role, Route
from bot.store.base import Database
from bot.store.tables import feedback, messages, turns
from bot.store.turns import author_of

LONGEST_SEARCH = 200
"""Characters of a search."""

_MOST_WORDS = 8


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which turns to list; ``None`` and empty: all of them.

    ``words`` must all stand in the question or the answer, or are the turn's id. ``rated`` is a
    thumb that somebody gave. ``kept_back``: some sentence did not pass the check.
    """

    route: Route | None = None
    outcome: Outcome | None = None
    platform: Platform | None = None
    rated: Rating | None = None
    words: str = ""
    kept_back: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """The last turn of a page: the next one begins behind it, whether it is still there or not."""

    at: datetime
    id: str


@dataclass(frozen=True, slots=True)
class TurnLine:
    """A turn as it stands in a list; ``kept_back`` counts sentences that did not pass the check."""

    id: str
    at: datetime
    author: Author
    question: str
    route: Route
    outcome: Outcome
    kept_back: int
    repaired: int
    cached_from: str

    @property
    def place(self) -> Place:
        return Place(self.at, self.id)


_question = (
    sa.select(messages.c.text)
    .where(messages.c.turn_id == turns.c.id, messages.c.role == Role.USER.value)
    .scalar_subquery()
)
_line = sa.select(
    turns.c.id,
    turns.c.at,
    turns.c.author,
    turns.c.author_name,
    turns.c.route,
    turns.c.outcome,
    turns.c.rejected,
    turns.c.cached_from,
    _question.label("question"),
).order_by(turns.c.at.desc(), turns.c.id.desc())


class TurnList:
    """The turns in a database, as lines."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def page(
        self, wanted: Wanted, limit: int, after: Place | None = None
    ) -> tuple[TurnLine, ...]:
        """Up to ``limit`` turns, newest first; ``after`` is the last one of the page before."""
        query = _line.where(*_conditions(wanted)).limit(limit)
        if after is not None:
            place = sa.tuple_(sa.literal(after.at, turns.c.at.type), sa.literal(after.id))
            query = query.where(sa.tuple_(turns.c.at, turns.c.id) < place)
        return await self._db.read(lambda c: tuple(_line_of(row) for row in c.execute(query)))


def _conditions(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if wanted.route is not None:
        found.append(turns.c.route == wanted.route.value)
    if wanted.outcome is not None:
        found.append(turns.c.outcome == wanted.outcome.value)
    if wanted.platform is not None:
        found.append(turns.c.author.startswith(f"{wanted.platform.value}:", autoescape=True))
    if wanted.rated is not None:
        rated = feedback.c.rating == wanted.rated.value
        found.append(sa.exists().where(feedback.c.turn_id == turns.c.id, rated))
    if wanted.kept_back:
        found.append(turns.c.rejected != sa.literal([], turns.c.rejected.type))
    words = wanted.words[:LONGEST_SEARCH].split()[:_MOST_WORDS]
    if words:
        said = sa.and_(*(_says(word) for word in words))
        found.append(sa.or_(turns.c.id == wanted.words.strip(), said))
    return found


def _says(word: str) -> sa.ColumnElement[bool]:
    """Whether question or answer hold a word, or the beginning or end of one."""
    return sa.exists().where(
        messages.c.turn_id == turns.c.id, messages.c.text.icontains(word, autoescape=True)
    )


def _line_of(row: Any) -> TurnLine:
    return TurnLine(
        id=row.id,
        at=row.at,
        author=author_of(row.author, row.author_name),
        question=row.question or "",
        route=Route(row.route),
        outcome=Outcome(row.outcome),
        kept_back=len(row.rejected),
        repaired=sum(bool(rejected["became"]) for rejected in row.rejected),
        cached_from=row.cached_from,
    )
