"""Turns drawn by lot: a sample as large for a bot with a million turns as for one with a thousand.

The last two characters of a turn's id are drawn by lot when it is made, and choose. Who draws
again from the same beginning looks through what is new alone, as long as there are as many older
turns as there were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

import sqlalchemy as sa

from bot.store.chat_tables import handoffs
from bot.store.tables import turns

_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
_CLASSES = len(_LETTERS) ** 2
_EVERY = "~"
"""Behind every lot."""

_LATE = timedelta(hours=1)
"""A turn is stored by then; younger ones are drawn again."""

_within = sa.and_(turns.c.at >= sa.bindparam("start"), turns.c.at < sa.bindparam("end"))
_number = sa.select(sa.func.count()).select_from(turns).where(_within)
_lot = sa.func.substr(turns.c.id, sa.func.length(turns.c.id) - 1)
_ids = sa.select(turns.c.id, turns.c.at).where(_within)
_drawn = _ids.where(_lot < sa.bindparam("lot", type_=sa.Text))
# Ids begin with their moment: a period's stand together.
_to_people = sa.select(handoffs.c.turn_id).where(
    handoffs.c.turn_id >= sa.bindparam("first"), handoffs.c.turn_id <= sa.bindparam("last")
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """The ``ids`` of turns from a moment on whose lot is below ``lot``; and how many of them, and
    of all turns, were asked before ``mark``."""

    start: datetime
    lot: str
    ids: Sequence[str]
    mark: datetime
    older: int
    count: int


def draw(
    connection: sa.Connection,
    start: datetime,
    end: datetime,
    now: datetime,
    there: int,
    sample: int,
    before: Drawn | None = None,
) -> Drawn:
    """About ``sample`` of the turns from ``start`` to ``end``, of which there are ``there``; all of
    them where there are no more. ``before``: what was drawn from there earlier."""
    lot = _lot_of(there, sample)
    known: Sequence[str] = ()
    begun = start
    if before and before.start == start and before.mark <= end and lot <= before.lot:
        new = connection.scalar(_number, {"start": before.mark, "end": end}) or 0
        if there - new == before.count:
            known = [id_ for id_ in before.ids[: before.older] if id_[-2:] < lot]
            begun = before.mark
    values: dict[str, object] = {"start": begun, "end": end}
    rows = connection.execute(
        *((_ids, values) if lot == _EVERY else (_drawn, {**values, "lot": lot}))
    )
    mark = max(begun, min(end, now - _LATE))
    older = list(known)
    younger: list[str] = []
    for row in rows:
        (older if row.at < mark else younger).append(row.id)
    young = connection.scalar(_number, {"start": mark, "end": end}) or 0
    return Drawn(start, lot, [*older, *younger], mark, len(older), there - young)


def _lot_of(there: int, sample: int) -> str:
    if there <= sample:
        return _EVERY
    number = min(ceil(_CLASSES * sample / there), _CLASSES - 1)
    return _LETTERS[number // len(_LETTERS)] + _LETTERS[number % len(_LETTERS)]


def to_people(connection: sa.Connection, ids: Sequence[str]) -> set[str]:
    """Those of some turns of a period for which a person was called."""
    if not ids:
        return set()
    found = connection.scalars(_to_people, {"first": min(ids), "last": max(ids)})
    return set(found).intersection(ids)
