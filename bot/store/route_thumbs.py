"""Thumbs by the route of their answers, remembered as sums while no thumb comes or goes.

A look asks how many thumbs there were up to the last one, and how many of them up: as many as then,
and only the newer ones are looked up. There are no words in what is remembered, and nobody's name.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.budget import day_of
from bot.conversation import Rating
from bot.store.tables import feedback, turns

_DAY = timedelta(days=1)
_LAG = timedelta(minutes=1)
"""A thumb is stored by then; younger ones are looked up again."""

_number = (
    sa.select(sa.func.count(), sa.func.count(sa.case((feedback.c.rating == Rating.UP.value, 1))))
    .select_from(feedback)
    .where(
        feedback.c.updated_at >= sa.bindparam("start"), feedback.c.updated_at < sa.bindparam("mark")
    )
)
# Begun with the thumbs, which are fewer; the turn's own time is weighed, not searched for.
_rated = (
    sa.select(turns.c.at, turns.c.route, feedback.c.rating, feedback.c.updated_at)
    .select_from(feedback.join(turns, turns.c.id == feedback.c.turn_id))
    .where(feedback.c.updated_at >= sa.bindparam("start"))
)

Sums = Counter[tuple[str, str]]
"""How many thumbs there are of a route and a rating."""


@dataclass(frozen=True, slots=True)
class Known:
    """The thumbs given from ``start``, a midnight, to ``mark``, ``number`` of all and ``up`` of
    them: sums of those on turns of later days, and one by one those on turns of the first, each
    with its moment."""

    start: datetime
    mark: datetime
    number: int
    up: int
    sums: Sums
    first: tuple[tuple[datetime, str, str], ...]


def look(
    connection: sa.Connection, since: datetime, now: datetime, before: Known | None
) -> tuple[Sums, Known]:
    """The thumbs since a moment on turns since then, and what the next look may know."""
    known = _still_true(connection, since, now, before)
    rows = connection.execute(_rated, {"start": known.mark}).all()
    mark = max(known.mark, now - _LAG)
    young = [row for row in rows if row.updated_at >= mark]
    known = _with(known, [row for row in rows if row.updated_at < mark], mark)
    found = _with(known, young, mark)
    sums = found.sums.copy()
    sums.update((route, rating) for at, route, rating in found.first if at >= since)
    return sums, known


def _still_true(
    connection: sa.Connection, since: datetime, now: datetime, before: Known | None
) -> Known:
    start = day_of(since)
    # A mark that lies ahead is that of a clock that was set back: what came since is before it.
    if before and before.start == start and before.mark <= now:
        there = connection.execute(_number, {"start": start, "mark": before.mark}).one()
        if tuple(there) == (before.number, before.up):
            return before
    return Known(start, start, 0, 0, Counter(), ())


def _with(known: Known, rows: list[Any], mark: datetime) -> Known:
    """What is known, with more thumbs; those on turns from before its start do not count."""
    second = known.start + _DAY
    later = [(row.route, row.rating) for row in rows if row.at >= second]
    first = [(row.at, row.route, row.rating) for row in rows if known.start <= row.at < second]
    sums = known.sums.copy()
    sums.update(later)
    number, up = known.number + len(rows), sum(row.rating == Rating.UP.value for row in rows)
    return Known(known.start, mark, number, known.up + up, sums, (*known.first, *first))
