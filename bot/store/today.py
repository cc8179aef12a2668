"""What was asked in a period, for the page that the console opens with.

How many questions there were and what they cost is summed over all of them in one index. How each
ended and how long it took stands in the wide rows: those of a sample are read where there are many,
drawn by lot as :mod:`bot.store.watching` does it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

import sqlalchemy as sa

from bot.conversation import Rating
from bot.store.base import Database
from bot.store.chat_tables import handoffs
from bot.store.cost_tables import drafts
from bot.store.endings import Ending, ending_of
from bot.store.gap_tables import gaps
from bot.store.gaps import GapState
from bot.store.tables import feedback, turns
from bot.store.watching import drawn, time_of

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
_to_people = sa.select(handoffs.c.turn_id).where(handoffs.c.turn_id.in_(_ids))
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


class TodayBook:
    """The periods in a database."""

    def __init__(self, db: Database, sample: int = SAMPLE) -> None:
        self._db = db
        self._sample = sample

    async def period(self, start: datetime, end: datetime) -> Period:
        """The turns from a moment to another."""
        return await self._db.read(lambda c: _period(c, start, end, self._sample))

    async def asked(self, moments: Sequence[datetime]) -> list[int]:
        """How many questions there were between each of some moments and the next one."""

        def op(connection: sa.Connection) -> list[int]:
            return [
                connection.execute(_asked, {"start": start, "end": end}).one().turns
                for start, end in pairwise(moments)
            ]

        return await self._db.read(op)

    async def open_gaps(self) -> int:
        """How many gaps wait for an answer; what was not put into one yet is not looked at."""
        return await self._db.read(lambda connection: connection.scalar(_open_gaps) or 0)

    async def first(self) -> datetime | None:
        """When the oldest turn that is kept was asked; ``None`` without any."""
        return await self._db.read(lambda connection: connection.scalar(_first))


def _period(connection: sa.Connection, start: datetime, end: datetime, sample: int) -> Period:
    within = {"start": start, "end": end}
    asked = connection.execute(_asked, within).one()
    thumbs = {row.rating: row.n for row in connection.execute(_thumbs, within)}
    ids = drawn(connection, within, asked.turns, sample)
    endings: Counter[Ending] = Counter()
    times: list[float] = []
    for begun in range(0, len(ids), _BATCH):
        batch = {"ids": ids[begun : begun + _BATCH]}
        people = set(connection.scalars(_to_people, batch))
        for row in connection.execute(_rows, batch):
            endings[ending_of(row.outcome, row.error, person=row.id in people)] += 1
            if (ms := time_of(row.timings)) is not None:
                times.append(ms)
    return Period(
        turns=asked.turns,
        cost_usd=float(asked.cost) + float(connection.scalar(_drafted, within) or 0),
        up=thumbs.get(Rating.UP.value, 0),
        down=thumbs.get(Rating.DOWN.value, 0),
        looked_at=endings.total(),
        endings=dict(endings),
        times=tuple(sorted(times)),
    )
