"""Schedules that put jobs: one for each due time, however many processes look."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.errors import StorageError
from bot.ports import Clock
from bot.store.base import Database, insert
from bot.store.timing import RowTime
from bot.store.watch_tables import schedules
from bot.telemetry import log
from bot.work.jobs import Job, Jobs, Wanted

_LOOK_S = 15.0


@dataclass(frozen=True, slots=True)
class Entry:
    """What a schedule of this name puts so often, for the first time at once; ``wanted`` makes it
    of the moment at which it was due."""

    name: str
    every: timedelta
    wanted: Callable[[datetime], Wanted]


def next_after(due: datetime, every: timedelta, now: datetime) -> datetime:
    """When it is due again: on its beat, or from now on where that was missed."""
    return due + every if due + every > now else now + every


class Timetable:
    """Puts a job for each entry that is due; run it in the worker."""

    def __init__(
        self, entries: Sequence[Entry], db: Database, clock: Clock, *, look_s: float = _LOOK_S
    ) -> None:
        self._entries = entries
        self._db = db
        self._time = RowTime(clock)
        self._jobs = Jobs(db, clock)
        self._look_s = look_s

    async def run(self) -> None:
        """Look until cancelled."""
        while self._entries:
            try:
                await self.look()
            except StorageError as error:
                log.warning("the timetable cannot be read", error=str(error))
            await asyncio.sleep(self._look_s)

    async def look(self) -> list[Job]:
        """Put what is due; the jobs that are new."""
        due = await self._db.read(self._due)
        return [job for each in due if (job := await self._put(each)) is not None]

    def _due(self, connection: sa.Connection) -> list[Entry]:
        """Those with nothing to wait for, looked up without writing."""
        now, found = self._time.read(connection), []
        for entry in self._entries:
            query = sa.select(schedules).where(schedules.c.name == entry.name)
            row = connection.execute(query).one_or_none()
            if row is None or _due_at(row, entry) <= now:
                found.append(entry)
        return found

    async def _put(self, entry: Entry) -> Job | None:
        def op(connection: sa.Connection) -> Job | None:
            now = self._time.read(connection)
            first = {"name": entry.name, "due_at": now, "holder": "", "outcome": ""}
            connection.execute(insert(connection, schedules).on_conflict_do_nothing(), first)
            this = schedules.c.name == entry.name
            row = connection.execute(sa.select(schedules).where(this).with_for_update()).one()
            due, held = _due_at(row, entry), row.holder and row.held_until > now
            if due > now or held:  # another process was quicker, or one of before jobs runs it
                return None
            wanted = replace(
                entry.wanted(due), schedule=entry.name, once=f"{entry.name}@{due.isoformat()}"
            )
            job, new = self._jobs.put_in(connection, wanted)
            then = next_after(due, entry.every, now)
            change = {"due_at": then, "ran_at": now, "holder": "", "held_until": None}
            connection.execute(sa.update(schedules).where(this).values(**change))
            return job if new else None

        return await self._db.write(op)


def _due_at(row: sa.Row[tuple[object, ...]], entry: Entry) -> datetime:
    """When it is due, sooner where the settings say so now."""
    due: datetime = row.due_at
    return due if row.ran_at is None else min(due, row.ran_at + entry.every)
