"""Work that is due by itself: one run a due time, however many processes look.

Whoever claims a row first holds it for a while and renews it; a holder that is killed loses it when
that time is over, and another one takes the same due time up again. Each claim has a name of its
own, which fences: who lost a claim can neither renew nor complete it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.ports import Clock
from bot.store.base import Database, insert
from bot.store.ids import new_id
from bot.store.timing import RowTime
from bot.store.watch_tables import schedules


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A row: when it is due, who runs it (empty: nobody), when it ran last and what came of it."""

    name: str
    due_at: datetime
    holder: str
    held_until: datetime | None
    ran_at: datetime | None
    outcome: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """A due time that is ours; ``ran_at`` is the run before."""

    name: str
    holder: str
    due_at: datetime
    ran_at: datetime | None


class ScheduleBook:
    """The schedules in a database."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._time = RowTime(clock)

    async def put(self, name: str, due_at: datetime) -> None:
        """Have something run for the first time then; what is there already stays as it is."""
        row = {"name": name, "due_at": due_at, "holder": "", "outcome": ""}
        await self._db.write(
            lambda c: c.execute(insert(c, schedules).on_conflict_do_nothing(), row).rowcount
        )

    async def listing(self) -> Sequence[Scheduled]:
        """Every row by name."""
        query = sa.select(schedules).order_by(schedules.c.name)
        return await self._db.read(
            lambda c: [Scheduled(**row._asdict()) for row in c.execute(query)]
        )

    async def bring_forward(self, name: str, due_at: datetime) -> None:
        """Have it run then where it were to run later."""
        earlier = sa.update(schedules).where(schedules.c.name == name, schedules.c.due_at > due_at)
        await self._db.write(lambda c: c.execute(earlier, {"due_at": due_at}).rowcount)

    async def claim(self, name: str, seconds: float) -> Claimed | None:
        """Take what is due for so long; ``None`` where it is not, or somebody has it."""
        holder = new_id("run")

        def op(connection: sa.Connection) -> Claimed | None:
            now, until = self._time.now(connection), self._time.after(connection, seconds)
            free = (
                sa.update(schedules)
                .values(holder=holder, held_until=until)
                .where(
                    schedules.c.name == name,
                    schedules.c.due_at <= now,
                    sa.or_(schedules.c.holder == "", schedules.c.held_until <= now),
                )
                .returning(schedules.c.due_at, schedules.c.ran_at)
            )
            row = connection.execute(free).one_or_none()
            return None if row is None else Claimed(name, holder, row.due_at, row.ran_at)

        return await self._db.write(op)

    async def renew(self, claimed: Claimed, seconds: float) -> bool:
        """Keep a claim for so long from now; ``False`` where it was lost."""

        def op(connection: sa.Connection) -> bool:
            mine = _held(claimed).where(schedules.c.held_until > self._time.now(connection))
            until = self._time.after(connection, seconds)
            return connection.execute(mine.values(held_until=until)).rowcount == 1

        return await self._db.write(op)

    async def complete(self, claimed: Claimed, outcome: str, due_at: datetime) -> bool:
        """Say what came of a run and when the next one is due; ``False``, and nothing is changed,
        where the claim was lost to another one."""

        def op(connection: sa.Connection) -> bool:
            row = {
                "holder": "",
                "held_until": None,
                "ran_at": self._time.now(connection),
                "outcome": outcome,
                "due_at": due_at,
            }
            return connection.execute(_held(claimed).values(row)).rowcount == 1

        return await self._db.write(op)

    async def release(self, claimed: Claimed) -> None:
        """Give a claim back undone: it stays due."""
        row = {"holder": "", "held_until": None}
        await self._db.write(lambda c: c.execute(_held(claimed), row).rowcount)


def _held(claimed: Claimed) -> sa.Update:
    return sa.update(schedules).where(
        schedules.c.name == claimed.name, schedules.c.holder == claimed.holder
    )
