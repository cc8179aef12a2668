"""The list of people for operators: the latest first, or those who fit a search, by their key.

A look never reads all turns. The list goes back in time, through :data:`FAR` turns at most; a
search steps from person to person along their index, past :data:`FAR_PEOPLE` of them at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any

import sqlalchemy as sa

from bot.conversation import Platform
from bot.store.base import Database
from bot.store.forgetting import FORGOTTEN
from bot.store.tables import turns
from bot.store.turn_list import MOST_COUNTED, Place

_PLACES_OF = 500
"""A person's latest questions, of which the channels are shown."""

FAR, FAR_PEOPLE = 6_000, 15_000
"""Turns that one look goes through at most, and people that one search does."""

PAGE = 50

_FORGOTTEN = f"%:{FORGOTTEN}"
_mine = turns.alias("mine")
_last = sa.select(sa.func.max(_mine.c.at)).where(_mine.c.author == turns.c.author).scalar_subquery()


@dataclass(frozen=True, slots=True)
class PersonLine:
    """Somebody who asked: the key, the name that came with the last question, how many there were
    (:data:`MOST_COUNTED` + 1 where there are more), and when the last one came."""

    author: str
    name: str
    turns: int
    last: datetime


@dataclass(frozen=True, slots=True)
class PeopleLook:
    """A page of people. ``following`` is where the next one begins: a turn in the list, a key in a
    search, ``None`` where there is none; ``cut``: not because the page is full."""

    lines: tuple[PersonLine, ...]
    following: Place | str | None = None
    cut: bool = False


class PeopleList:
    """The people in a database. ``far`` stands in for both limits of a look."""

    def __init__(self, db: Database, *, far: int | None = None) -> None:
        self._db = db
        self._far = far

    async def channels(self, author: str) -> tuple[str, ...]:
        """The channels that the latest questions of a key came from, by name."""
        mine = sa.select(turns.c.channel).where(turns.c.author == author)
        late = mine.order_by(turns.c.at.desc()).limit(_PLACES_OF)
        found = await self._db.read(lambda c: set(c.execute(late).scalars()))
        return tuple(sorted(found - {""}))

    async def latest(self, after: Place | None = None, limit: int = PAGE) -> PeopleLook:
        """Up to ``limit`` people whose last question came before the place ``after``."""
        return await self._db.read(lambda c: _latest(c, after, limit, self._far or FAR))

    async def search(self, words: str, after: str = "", limit: int = PAGE) -> PeopleLook:
        """Up to ``limit`` people with ``words`` in the key, or in the name that they had last, by
        their keys, behind the key ``after``; who has just this key or id stands first. Where
        ``words`` begin with a platform, like ``slack:U0``, the keys that begin so."""
        return await self._db.read(
            lambda c: _search(c, words, after, limit, self._far or FAR_PEOPLE)
        )


def _latest(connection: sa.Connection, after: Place | None, limit: int, far: int) -> PeopleLook:
    place = sa.tuple_(turns.c.at, turns.c.id)
    newest_first = turns.c.at.desc(), turns.c.id.desc()
    walked = [place < _literal(after)] if after else []
    way = sa.select(turns.c.at, turns.c.id).where(*walked).order_by(*newest_first)
    end = connection.execute(way.limit(1).offset(far)).first()
    if end is not None:
        walked.append(place >= _literal(Place(end.at, end.id)))
    people = sa.select(turns.c.at, turns.c.id, turns.c.author, turns.c.author_name).where(
        *walked, turns.c.at == _last, turns.c.author.not_like(_FORGOTTEN)
    )
    rows = connection.execute(people.order_by(*newest_first).limit(limit + 1)).all()
    first = {row.author: row for row in reversed(rows[:limit])}  # two turns of one moment: once
    lines = tuple(_line(connection, row.author, row.author_name) for row in rows[:limit]
                  if first[row.author] is row)  # fmt: skip
    if len(rows) > limit:
        return PeopleLook(lines, Place(rows[limit - 1].at, rows[limit - 1].id))
    return PeopleLook(lines, None if end is None else Place(end.at, end.id), end is not None)


def _search(connection: sa.Connection, words: str, after: str, limit: int, far: int) -> PeopleLook:
    part, cut = words.casefold(), False
    if words.startswith(tuple(f"{platform.value}:" for platform in Platform)):
        # The keys that begin so stand together.
        rows = connection.execute(_walk(max(after, words)).limit(limit + 2)).all()
        found = list(takewhile(lambda row: row.author.startswith(words), rows))
    else:
        rows = connection.execute(_walk(after).limit(far)).all()
        found = [r for r in rows if part in r.author.casefold() or part in r.name.casefold()]
        cut = len(rows) == far
    found = [row for row in found if not row.author.endswith(f":{FORGOTTEN}")]
    shown, more = found[:limit], len(found) > limit
    following = shown[-1].author if more else rows[-1].author if cut else None
    known = _named(connection, words, after) | {row.author: row.name for row in shown}
    lines = tuple(_line(connection, author, name) for author, name in known.items())
    return PeopleLook(lines, following, cut and not more)


def _named(connection: sa.Connection, words: str, after: str) -> dict[str, str]:
    """Whose key the words are, as they stand or without the platform: on the first page."""
    keys = [] if after else [words, *(f"{platform.value}:{words}" for platform in Platform)]
    found: dict[str, str] = {}
    for key in keys:
        newest = sa.select(turns.c.author, turns.c.author_name.label("name")).where(
            turns.c.author == key, turns.c.author.not_like(_FORGOTTEN)
        )
        row = connection.execute(newest.order_by(turns.c.at.desc()).limit(1)).first()
        found |= {} if row is None else {row.author: row.name}
    return found


def _walk(after: str) -> sa.Select[Any]:
    """Every person behind a key with the last name, one step along the index for each."""
    author = turns.c.author
    step = sa.select(sa.func.min(author).label("author")).where(author > after).cte(recursive=True)
    following = sa.select(sa.func.min(author)).where(author > step.c.author).scalar_subquery()
    step = step.union_all(sa.select(following).where(step.c.author.is_not(None)))
    names = sa.select(_mine.c.author_name).where(_mine.c.author == step.c.author)
    name = names.order_by(_mine.c.at.desc()).limit(1).scalar_subquery()
    return sa.select(step.c.author, name.label("name")).where(step.c.author.is_not(None))


def _line(connection: sa.Connection, author: str, name: str) -> PersonLine:
    mine = sa.select(turns.c.at).where(turns.c.author == author).order_by(turns.c.at.desc())
    some = mine.limit(MOST_COUNTED + 1).subquery()
    figures = sa.select(sa.func.count().label("turns"), sa.func.max(some.c.at).label("last"))
    row = connection.execute(figures).one()
    return PersonLine(author, name, row.turns, row.last)


def _literal(place: Place) -> sa.ColumnElement[Any]:
    return sa.tuple_(sa.literal(place.at, turns.c.at.type), sa.literal(place.id))
