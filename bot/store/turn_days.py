"""The turns of days as sums, by route, model and outcome: what costs, the watch and routing add up.

All of it is read from one index. The sums of a day that is over are remembered while it has as
many turns as then; those of days that are well over are counted together, as no turn comes to them
any more: there are as many only where none was erased. Days are those of UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.store.base import Database
from bot.store.cost_tables import is_repeated
from bot.store.remembered import Remembered
from bot.store.tables import turns

DAY = timedelta(days=1)
SETTLED = timedelta(days=2)
"""After a day's end: until then a turn is stored that belongs to it."""

_MOST = 800
"""Days that are remembered: two years, and what a year that begins inside a week needs."""

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


def days_in(
    connection: sa.Connection, first: datetime, end: datetime, now: datetime, known: Known
) -> list[Day]:
    """The days from one that begins ``first`` to the one before ``end``, oldest first. Of those
    ``known`` only what changed is summed anew."""
    starts = [first + n * DAY for n in range((end - first) // DAY)]
    believed = _settled(connection, starts, now, known)
    return [
        believed.get(start) or _day(connection, start, start + DAY, known.get(start))
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


def _settled(
    connection: sa.Connection, starts: Sequence[datetime], now: datetime, known: Known
) -> Known:
    """The first days of some, as they are known, where all of them together have as many turns."""
    found: dict[datetime, Day] = {}
    for start in starts:
        if start not in known or start + DAY + SETTLED > now:
            break
        found[start] = known[start]
    if not found:
        return {}
    there = number_in(connection, starts[0], max(found) + DAY)
    return found if there == sum(day.turns for day in found.values()) else {}


def _day(connection: sa.Connection, start: datetime, end: datetime, before: Day | None) -> Day:
    if before and number_in(connection, start, end) == before.turns:
        return before
    sums = sums_in(connection, start, end)
    return Day(start, sum(each.turns for each in sums), sums)
