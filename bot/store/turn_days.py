"""The turns of days as sums, by route, model and outcome: what costs, the watch and routing add up.

All of it is read from one index. The sums of a day that is over are remembered while it has as
many turns as then. Days are counted in one go, yet each by itself: a turn that was erased from one
does not make up for one that came late to another. Days are those of UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from bot.store.base import Database
from bot.store.cost_tables import is_repeated
from bot.store.remembered import Remembered
from bot.store.tables import turns

DAY = timedelta(days=1)

_MOST = 800
"""Days that are remembered: two years, and what a year that begins inside a week needs."""

_AT_ONCE = 100
"""Periods that are counted with one question: SQLite takes 500."""

_within = sa.and_(turns.c.at >= sa.bindparam("start"), turns.c.at < sa.bindparam("end"))
_number = sa.select(sa.func.count()).select_from(turns).where(_within)
_route = sa.literal_column("turns.route || ''", turns.c.route.type).label("route")
"""Grouped by the column itself, SQLite walks its index through all time instead of the period."""


def _sum(value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.func.coalesce(sa.func.sum(value), 0)


_summed = (
    sa.select(
        _route,
        turns.c.model,
        turns.c.outcome,
        sa.func.count().label("turns"),
        _sum(turns.c.prompt_tokens).label("prompt_tokens"),
        _sum(turns.c.completion_tokens).label("completion_tokens"),
        _sum(turns.c.cost_usd).label("cost_usd"),
        _sum(turns.c.cost_usd * turns.c.cost_usd).label("squares"),
        sa.func.count(sa.case((is_repeated, 1))).label("hits"),
        _sum(turns.c.saved_usd).label("saved_usd"),
        _sum(turns.c.confidence).label("confidence"),
    )
    .where(_within)
    .group_by(_route, turns.c.model, turns.c.outcome)
)


@dataclass(frozen=True, slots=True)
class Sums:
    """The turns of one route, model and outcome, and what they come to: ``squares`` are those of
    their costs, ``hits`` were answered from the cache, ``confidence`` is the routes' in all."""

    route: str
    model: str
    outcome: str
    turns: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float
    squares: float
    hits: int
    saved_usd: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Day:
    """The sums over so many turns of a day from its ``start``, midnight UTC."""

    start: datetime
    turns: int
    sums: tuple[Sums, ...]


Known = Mapping[datetime, Day]
"""Days that are over, by their start, as they were found last."""


def _no_days() -> dict[datetime, Day]:
    return {}


_memories = Remembered(_no_days)


def remembered(db: Database) -> Known:
    """What is known of the days of a database."""
    return _memories.of(db)


def remember(db: Database, days: Sequence[Day], now: datetime) -> None:
    """Keep those of some days that are over; the oldest give way."""
    memory = _memories.of(db)
    memory.update({day.start: day for day in days if day.start + DAY <= now})
    for start in sorted(memory)[:-_MOST]:
        del memory[start]


def days_in(connection: sa.Connection, first: datetime, end: datetime, known: Known) -> list[Day]:
    """The days from one that begins ``first`` to the one before ``end``, oldest first. Of those
    ``known`` only what changed is summed anew."""
    starts = [first + n * DAY for n in range((end - first) // DAY)]
    asked = [start for start in starts if start in known]
    there = dict(zip(asked, numbers_in(connection, asked, DAY), strict=True))
    return [
        known[start]
        if start in there and there[start] == known[start].turns
        else _day(connection, start)
        for start in starts
    ]


def sums_in(connection: sa.Connection, start: datetime, end: datetime) -> tuple[Sums, ...]:
    """The sums from a moment to another."""
    return tuple(
        Sums(
            row.route, row.model, row.outcome, int(row.turns), int(row.prompt_tokens),
            int(row.completion_tokens), float(row.cost_usd), float(row.squares), int(row.hits),
            float(row.saved_usd), float(row.confidence),
        )
        for row in connection.execute(_summed, {"start": start, "end": end})
    )  # fmt: skip


def number_in(connection: sa.Connection, start: datetime, end: datetime) -> int:
    """How many turns there are from a moment to another."""
    return connection.scalar(_number, {"start": start, "end": end}) or 0


def numbers_in(
    connection: sa.Connection, starts: Sequence[datetime], length: timedelta
) -> list[int]:
    """How many turns there are from each of some moments on, for so long."""
    found: list[int] = []
    for begun in range(0, len(starts), _AT_ONCE):
        some = starts[begun : begun + _AT_ONCE]
        values = {f"start{n}": start for n, start in enumerate(some)}
        values |= {f"end{n}": start + length for n, start in enumerate(some)}
        counted = {row.n: row.turns for row in connection.execute(_numbers(len(some)), values)}
        found += [counted[n] for n in range(len(some))]
    return found


@cache
def _numbers(periods: int) -> sa.CompoundSelect[Any]:
    """The turns of so many periods, each along the index by itself."""
    return sa.union_all(
        *(
            sa.select(
                sa.literal_column(str(n), sa.Integer).label("n"),
                sa.func.count(turns.c.at).label("turns"),
            ).where(turns.c.at >= sa.bindparam(f"start{n}"), turns.c.at < sa.bindparam(f"end{n}"))
            for n in range(periods)
        )
    )


def _day(connection: sa.Connection, start: datetime) -> Day:
    sums = sums_in(connection, start, start + DAY)
    return Day(start, sum(each.turns for each in sums), sums)
