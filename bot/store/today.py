"""What was asked in a period, for the page that the console opens with.

How many questions there were and what they cost is summed over all of them in one index. How each
ended and how long it took stands in the wide rows: those of a sample are read where there are many,
drawn by lot (:mod:`bot.store.lots`). What was read of them is remembered, so that a second look
reads what is new.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from bot.conversation import Rating
from bot.store.base import Database
from bot.store.cost_tables import drafts
from bot.store.endings import Ending, ending_of
from bot.store.gap_tables import gaps
from bot.store.gaps import GapState
from bot.store.lots import Drawn, draw, to_people
from bot.store.remembered import Remembered
from bot.store.tables import feedback, turns
from bot.store.watching import time_of

SAMPLE = 1_000
"""Turns of a period whose rows are read: a share of them is known to three points."""

_BATCH = 400
_start: sa.BindParameter[datetime] = sa.bindparam("start")
_end: sa.BindParameter[datetime] = sa.bindparam("end")
_within = sa.and_(turns.c.at >= _start, turns.c.at < _end)
_asked = sa.select(
    sa.func.count().label("turns"), sa.func.coalesce(sa.func.sum(turns.c.cost_usd), 0).label("cost")
).where(_within)
_drafted = sa.select(sa.func.coalesce(sa.func.sum(drafts.c.cost_usd), 0)).where(
    drafts.c.at >= _start, drafts.c.at < _end
)
_thumbs = (
    sa.select(feedback.c.rating, sa.func.count().label("n"))
    .where(feedback.c.updated_at >= _start, feedback.c.updated_at < _end)
    .group_by(feedback.c.rating)
)
_ids: sa.BindParameter[str] = sa.bindparam("ids", expanding=True)
_rows = sa.select(turns.c.id, turns.c.outcome, turns.c.error, turns.c.timings).where(
    turns.c.id.in_(_ids)
)
_open_gaps = sa.select(sa.func.count()).where(gaps.c.state == GapState.OPEN.value)
_first = sa.select(sa.func.min(turns.c.at))


@dataclass(frozen=True, slots=True)
class Period:
    """The turns of a period: how many, what they and drafts beside them cost in US dollars, the
    thumbs that were given in it; and of ``looked_at`` of its turns how they ended, and how long
    they took in milliseconds, ascending."""

    turns: int = 0
    cost_usd: float = 0.0
    up: int = 0
    down: int = 0
    looked_at: int = 0
    endings: Mapping[Ending, int] = field(default_factory=dict)
    times: tuple[float, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether every turn was looked at."""
        return self.looked_at == self.turns

    def ended(self, ending: Ending) -> int:
        """How many turns ended so; where not all were looked at, the nearest number."""
        found = self.endings.get(ending, 0)
        return found if self.exact else round(found * self.turns / max(self.looked_at, 1))


@dataclass(frozen=True, slots=True)
class _Row:
    """What the row of a turn without an error says; nothing of it changes any more."""

    outcome: str
    ms: float | None


@dataclass(frozen=True, slots=True)
class _Looked:
    """What was drawn of a period, and what its rows said, by turn."""

    drawn: Drawn | None = None
    rows: Mapping[str, _Row] = field(default_factory=dict)


def _nothing_looked_at() -> dict[tuple[datetime, int], _Looked]:
    return {}


_memories = Remembered(_nothing_looked_at)
_REMEMBERED = 24
"""Periods that are remembered: the day and the week of readers in some zones, and those before."""


class TodayBook:
    """The periods in a database."""

    def __init__(self, db: Database, sample: int = SAMPLE) -> None:
        self._db = db
        self._sample = sample
        self._looked = _memories.of(db)

    async def period(self, start: datetime, end: datetime) -> Period:
        """The turns from a moment to another."""
        key = start, self._sample
        before = self._looked.get(key, _Looked())
        found, looked = await self._db.read(lambda c: _period(c, start, end, self._sample, before))
        self._looked.pop(key, None)
        self._looked[key] = looked
        for oldest in list(self._looked)[:-_REMEMBERED]:
            del self._looked[oldest]
        return found

    async def asked(self, moments: Sequence[datetime]) -> list[int]:
        """How many questions there were between each of some moments and the next one."""
        days = list(pairwise(moments))
        if not days:
            return []
        values = {f"start{n}": start for n, (start, _) in enumerate(days)}
        values |= {f"end{n}": end for n, (_, end) in enumerate(days)}

        def op(connection: sa.Connection) -> list[int]:
            counted = {row.n: row.turns for row in connection.execute(_days(len(days)), values)}
            return [counted[n] for n in range(len(days))]

        return await self._db.read(op)

    async def open_gaps(self) -> int:
        """How many gaps wait for an answer; what was not put into one yet is not looked at."""
        return await self._db.read(lambda connection: connection.scalar(_open_gaps) or 0)

    async def first(self) -> datetime | None:
        """When the oldest turn that is kept was asked; ``None`` without any."""
        return await self._db.read(lambda connection: connection.scalar(_first))


@cache
def _days(number: int) -> sa.CompoundSelect[Any]:
    """The turns of so many days, each along the index by itself, asked for in one go."""
    return sa.union_all(
        *(
            sa.select(
                sa.literal_column(str(n), sa.Integer).label("n"),
                sa.func.count(turns.c.at).label("turns"),
            ).where(turns.c.at >= sa.bindparam(f"start{n}"), turns.c.at < sa.bindparam(f"end{n}"))
            for n in range(number)
        )
    )


def _period(
    connection: sa.Connection, start: datetime, end: datetime, sample: int, before: _Looked
) -> tuple[Period, _Looked]:
    within = {"start": start, "end": end}
    asked = connection.execute(_asked, within).one()
    thumbs = {row.rating: row.n for row in connection.execute(_thumbs, within)}
    drawn = draw(connection, start, end, end, asked.turns, sample, before.drawn)
    people = to_people(connection, drawn.ids)
    known = {id_: before.rows[id_] for id_ in drawn.ids if id_ in before.rows}
    endings = Counter(_ending(id_, row, people) for id_, row in known.items())
    times = [row.ms for row in known.values()]
    missing = [id_ for id_ in drawn.ids if id_ not in known]
    for begun in range(0, len(missing), _BATCH):
        batch = {"ids": missing[begun : begun + _BATCH]}
        for row in connection.execute(_rows, batch):
            endings[ending_of(row.outcome, row.error, person=row.id in people)] += 1
            times.append(ms := time_of(row.timings))
            if not row.error:  # which may be taken out of the row later
                known[row.id] = _Row(row.outcome, ms)
    found = Period(
        turns=asked.turns,
        cost_usd=float(asked.cost) + float(connection.scalar(_drafted, within) or 0),
        up=thumbs.get(Rating.UP.value, 0),
        down=thumbs.get(Rating.DOWN.value, 0),
        looked_at=endings.total(),
        endings=dict(endings),
        times=tuple(sorted(ms for ms in times if ms is not None)),
    )
    return found, _Looked(drawn, known)


def _ending(id_: str, row: _Row, people: AbstractSet[str]) -> Ending:
    return ending_of(row.outcome, "", person=id_ in people)
