"""The list of turns for operators: newest first, filtered, a page at a time.

A look never reads the whole table. What has an index of its own (channel, version, outcome, route)
is walked along that, everything along the time; and of what is walked a look goes through
:data:`FAR` turns at most, with words through :data:`FAR_WORDS`. :class:`Look` says how far it went,
and the next one goes on there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.conversation import Author, Outcome, Platform, Rating, Role, Route
from bot.store.base import Database
from bot.store.endings import Ending, ended_as
from bot.store.tables import feedback, messages, turns
from bot.store.turns import author_of

LONGEST_SEARCH = 200
"""Characters of a search."""

FAR, FAR_APART, FAR_WORDS = 12_000, 3_000, 8_000
"""Turns that one look goes through at most: all that were asked, those that an index picks from
among them, which lie apart on the disk, and those whose words have to be read."""

MOST_COUNTED = 1_000
"""A look counts no further."""

MOST_CHOICES = 50
"""Channels or models that are offered as a filter at most."""

_MOST_WORDS = 8


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which turns to list; ``None`` and empty: all of them.

    ``words`` must all stand in the question or the answer, or are the turn's id. ``rated`` is a
    thumb that somebody gave. ``kept_back``: some sentence did not pass the check. ``since`` is the
    first moment of a period, ``until`` the first behind it. ``ended`` is how Today counts it.
    """

    route: Route | None = None
    outcome: Outcome | None = None
    platform: Platform | None = None
    rated: Rating | None = None
    words: str = ""
    kept_back: bool = False
    channel: str = ""
    model: str = ""
    since: datetime | None = None
    until: datetime | None = None
    ended: Ending | None = None


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


@dataclass(frozen=True, slots=True)
class Look:
    """A page of turns. ``reached`` is the last turn that was gone through where there are older
    ones; ``None``: all were, or the page is full. ``count`` is how many fit, :data:`MOST_COUNTED`
    + 1 where there are more, ``None`` where counting would take long."""

    lines: tuple[TurnLine, ...]
    reached: Place | None = None
    count: int | None = None


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

    def __init__(self, db: Database, *, far: int | None = None) -> None:
        """``far`` stands in for the three limits of a look."""
        self._db = db
        self._far = far

    async def look(
        self, wanted: Wanted, limit: int, after: Place | None = None, *, count: bool = False
    ) -> Look:
        """Up to ``limit`` turns behind the place ``after``, newest first, and how far that led.

        ``count``: also how many there are, where an index alone can tell or all are on the page.
        """
        return await self._db.read(lambda c: self._look(c, wanted, limit, after, count=count))

    async def channels(self) -> tuple[str, ...]:
        """The channels that turns name, by name; :data:`MOST_CHOICES` of them at most."""
        return await self._db.read(lambda c: _values(c, turns.c.channel))

    async def models(self) -> tuple[str, ...]:
        """The models that answered, by name; :data:`MOST_CHOICES` of them at most."""
        return await self._db.read(lambda c: _values(c, turns.c.model))

    def _look(
        self,
        connection: sa.Connection,
        wanted: Wanted,
        limit: int,
        after: Place | None,
        *,
        count: bool,
    ) -> Look:
        words = _words(wanted)
        named = _named(connection, wanted) if words and after is None else None
        if named is not None:
            return Look((named,), count=1)
        walked = [*_walked(wanted), *([_behind(after)] if after else [])]
        weighed = _weighed(wanted)
        end = _reached(connection, walked, self._far or _far(wanted)) if weighed else None
        fits = [*walked, *weighed, *([_not_behind(end)] if end else [])]
        rows = connection.execute(_line.where(*fits).limit(limit)).all()
        full = len(rows) >= limit
        counted = None
        if count and (not full or not weighed):
            counted = _count(connection, fits) if full else len(rows)
        return Look(tuple(_line_of(row) for row in rows), None if full else end, counted)


def _far(wanted: Wanted) -> int:
    if _indexed(wanted):
        return FAR_APART
    return FAR_WORDS if _words(wanted) else FAR


def _walked(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    """What an index leads along: the period, and one of the columns that have one, the one that
    tells most first."""
    found: list[sa.ColumnElement[bool]] = []
    if wanted.since is not None:
        found.append(turns.c.at >= wanted.since)
    if wanted.until is not None:
        found.append(turns.c.at < wanted.until)
    return [*found, *_indexed(wanted)[:1]]


def _weighed(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    """What each turn on the way is looked at for."""
    found = _indexed(wanted)[1:]
    if wanted.platform is not None:
        found.append(turns.c.author.startswith(f"{wanted.platform.value}:", autoescape=True))
    if wanted.rated is not None:
        rated = feedback.c.rating == wanted.rated.value
        found.append(sa.exists().where(feedback.c.turn_id == turns.c.id, rated))
    if wanted.ended is not None:
        found.append(ended_as(wanted.ended))
    if wanted.kept_back:
        found.append(turns.c.rejected != sa.literal([], turns.c.rejected.type))
    found += [_says(word) for word in _words(wanted)]
    return found


def _indexed(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    """Conditions on columns that have an index of their own, in time: what most turns are last."""
    rare: list[sa.ColumnElement[bool]] = []
    common: list[sa.ColumnElement[bool]] = []
    if wanted.outcome is not None:
        kind = common if wanted.outcome is Outcome.ANSWERED else rare
        kind.append(turns.c.outcome == wanted.outcome.value)
    if wanted.channel:
        rare.append(turns.c.channel == wanted.channel)
    if wanted.route is not None:
        kind = common if wanted.route is Route.RAG else rare
        kind.append(turns.c.route == wanted.route.value)
    if wanted.model:
        rare.append(turns.c.model == wanted.model)
    return rare + common


def _words(wanted: Wanted) -> list[str]:
    return wanted.words[:LONGEST_SEARCH].split()[:_MOST_WORDS]


def _named(connection: sa.Connection, wanted: Wanted) -> TurnLine | None:
    """The turn whose id was written into the search."""
    fits = [turns.c.id == wanted.words.strip(), *_walked(wanted)]
    plain = replace(wanted, words="")
    row = connection.execute(_line.where(*fits, *_weighed(plain)).limit(1)).first()
    return None if row is None else _line_of(row)


def _place(place: Place) -> sa.ColumnElement[Any]:
    return sa.tuple_(sa.literal(place.at, turns.c.at.type), sa.literal(place.id))


def _behind(place: Place) -> sa.ColumnElement[bool]:
    return sa.tuple_(turns.c.at, turns.c.id) < _place(place)


def _not_behind(place: Place) -> sa.ColumnElement[bool]:
    return sa.tuple_(turns.c.at, turns.c.id) >= _place(place)


def _reached(
    connection: sa.Connection, walked: Sequence[sa.ColumnElement[bool]], far: int
) -> Place | None:
    """The last turn to go through; ``None`` where all are. An index alone tells."""
    way = (
        sa.select(turns.c.at, turns.c.id)
        .where(*walked)
        .order_by(turns.c.at.desc(), turns.c.id.desc())
    )
    row = connection.execute(way.limit(1).offset(far)).first()
    return None if row is None else Place(row.at, row.id)


def _count(connection: sa.Connection, fits: Sequence[sa.ColumnElement[bool]]) -> int:
    some = sa.select(turns.c.id).where(*fits).order_by(turns.c.at.desc(), turns.c.id.desc())
    counted = sa.select(sa.func.count()).select_from(some.limit(MOST_COUNTED + 1).subquery())
    return connection.scalar(counted) or 0


def _values(connection: sa.Connection, column: sa.Column[str]) -> tuple[str, ...]:
    """What stands in a column with an index, one step along it for each value."""
    found = sa.select(sa.func.min(column).label("value")).where(column > "").cte(recursive=True)
    following = sa.select(sa.func.min(column)).where(column > found.c.value).scalar_subquery()
    found = found.union_all(sa.select(following).where(found.c.value.is_not(None)))
    values = sa.select(found.c.value).where(found.c.value.is_not(None)).limit(MOST_CHOICES)
    return tuple(connection.execute(values).scalars())


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
