"""Whether tables stand as they stood: what was made of their rows is believed for as long.

Rows are stamped by the clocks of several machines, and committed in another order than they were
stamped: one may arrive that is older than the latest. So the youngest are compared one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

LAG = timedelta(minutes=10)
"""A row is stored by then, by whatever clock: gaps look back as far (``gap_reasons``)."""

Stamps = Sequence[sa.Column[datetime]]
"""Of each table the column that says when a row was written last."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Of each table how many rows there are, the latest moment, and all from ``mark`` on."""

    mark: datetime
    rows: tuple[tuple[int, datetime | None, tuple[datetime, ...]], ...]


def standing(connection: sa.Connection, stamps: Stamps, now: datetime) -> Standing:
    """How tables stand. What is made of them is to be read after this: what changes in between is
    then seen by the next look at the latest."""
    return _at(connection, stamps, now - LAG)


def stands(
    connection: sa.Connection, stamps: Stamps, now: datetime, before: Standing | None
) -> bool:
    """Whether they stand as before: nothing was written since, nor taken back or erased. Of what
    was known by a clock that was set back nothing is believed."""
    if before is None or before.mark > now:
        return False
    return _at(connection, stamps, before.mark) == before


def _at(connection: sa.Connection, stamps: Stamps, mark: datetime) -> Standing:
    return Standing(mark, tuple(_rows(connection, stamp, mark) for stamp in stamps))


def _rows(
    connection: sa.Connection, stamp: sa.Column[datetime], mark: datetime
) -> tuple[int, datetime | None, tuple[datetime, ...]]:
    count = sa.select(sa.func.count()).select_from(stamp.table).scalar_subquery()
    latest = sa.select(sa.func.max(stamp)).scalar_subquery()
    number, last = connection.execute(sa.select(count, latest)).one()
    if last is None or last < mark:
        return number, last, ()
    young = connection.scalars(sa.select(stamp).where(stamp >= mark))
    return number, last, tuple(sorted(young))
