"""What time it is for rows that are leased, due or run out: the database's time.

Processes on several machines have clocks that differ. PostgreSQL's own clock, asked inside the
statements, is one for all of them: who is ahead steals no lease, who is behind puts nothing off.
A SQLite file belongs to one machine, whose clock is the clock of all its processes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.store.columns import Moment


def utc_now() -> datetime:
    """This machine's clock."""
    return datetime.now(UTC)


_stamp: sa.ColumnElement[datetime] = sa.type_coerce(sa.func.statement_timestamp(), Moment)
"""One for all rows of a statement, so that an index can be used; read when it arrives."""


class TimedQuery:
    """A query that asks what time it is, made once for the database's clock and once for another
    one; ``make`` makes it of the moment."""

    def __init__(self, make: Callable[[sa.ColumnElement[datetime]], sa.Select[Any]]) -> None:
        self.by_database = make(_stamp)
        self.by_clock = make(sa.bindparam("now", type_=Moment))


class RowTime:
    """Moments for rows. ``clock`` counts in place of the database's where it is another one than
    this machine's: a simulation sets it."""

    def __init__(self, clock: Callable[[], datetime] = utc_now) -> None:
        self._clock = clock

    def by_database(self, connection: sa.Connection) -> bool:
        """Whether the database says what time it is."""
        return self._clock is utc_now and connection.dialect.name == "postgresql"

    def now(self, connection: sa.Connection) -> sa.ColumnElement[datetime]:
        """Now, to be compared with or put into a column."""
        if self.by_database(connection):
            return _stamp
        return sa.literal(self._clock(), Moment)

    def after(self, connection: sa.Connection, seconds: float) -> sa.ColumnElement[datetime]:
        """The moment so many seconds from now, to be put into a column."""
        wait = timedelta(seconds=seconds)
        if self.by_database(connection):
            return _later(wait)
        return sa.literal(self._clock() + wait, Moment)

    def query(
        self, timed: TimedQuery, connection: sa.Connection
    ) -> tuple[sa.Select[Any], dict[str, Any]]:
        """A query that asks what time it is, with its parameter where there is one."""
        if self.by_database(connection):
            return timed.by_database, {}
        return timed.by_clock, {"now": self._clock()}

    def read(self, connection: sa.Connection) -> datetime:
        """Now, as a value: where it is the database's this asks once more."""
        if not self.by_database(connection):
            return self._clock()
        now: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        return now.astimezone(UTC)


def _later(wait: timedelta) -> sa.ColumnElement[datetime]:
    return sa.type_coerce(sa.func.statement_timestamp() + sa.literal(wait, sa.Interval), Moment)
