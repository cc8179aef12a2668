"""The processes that serve one database: who they are, and in what they differ.

Each notes itself every few seconds, with a fingerprint of each setting that has to be the same
everywhere. The database's own clock says when, so that a process whose clock is wrong is found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from bot.store.base import Database, insert, metadata
from bot.store.columns import Json, Moment, Words
from bot.store.timing import utc_now

GONE_S = 30.0
"""A process that was not seen for so long is none any more."""

CLOCK_S = 5.0
"""Seconds that a clock may differ from the database's: people read its times beside others'."""

processes = sa.Table(
    "processes",
    metadata,
    sa.Column("id", Words, primary_key=True),
    sa.Column("host", Words, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("parts", Json, nullable=False),
    sa.Column("version", Words, nullable=False),
    sa.Column("settings", Json, nullable=False),  # by name: a fingerprint, of no value itself
    sa.Column("clock_s", sa.Float, nullable=False),
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("seen_at", Moment, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Process:
    """A process. ``settings`` maps a setting's name to its fingerprint, ``clock_s`` is how far its
    clock is ahead of the database's, ``seen_at`` is by the database's clock."""

    id: str
    host: str
    pid: int
    parts: tuple[str, ...]
    version: str
    settings: Mapping[str, str]
    clock_s: float
    started_at: datetime
    seen_at: datetime

    @property
    def name(self) -> str:
        """As people name it."""
        return f"{self.host}/{self.pid}"


class ProcessBook:
    """The processes of a database."""

    def __init__(self, db: Database, clock: Callable[[], datetime] = utc_now) -> None:
        self._db = db
        self._clock = clock

    async def note(self, process: Process) -> Sequence[Process]:
        """This process is there; all that are, the oldest first. Those that were not seen for a
        while are forgotten. ``clock_s`` and ``seen_at`` are taken here."""

        def op(connection: sa.Connection) -> list[Process]:
            now = self._now(connection)
            row = {
                "id": process.id,
                "host": process.host,
                "pid": process.pid,
                "parts": list(process.parts),
                "version": process.version,
                "settings": dict(process.settings),
                "clock_s": round((self._clock() - now).total_seconds(), 3),
                "started_at": process.started_at,
                "seen_at": now,
            }
            new = insert(connection, processes)
            changed = {name: new.excluded[name] for name in ("settings", "clock_s", "seen_at")}
            put = new.on_conflict_do_update(index_elements=["id"], set_=changed)
            connection.execute(put, row)
            gone = now - timedelta(seconds=GONE_S)
            connection.execute(sa.delete(processes).where(processes.c.seen_at < gone))
            return _all(connection)

        return await self._db.write(op)

    async def leave(self, ident: str) -> None:
        """This process is gone."""
        mine = sa.delete(processes).where(processes.c.id == ident)
        await self._db.write(lambda connection: connection.execute(mine))

    async def listing(self) -> Sequence[Process]:
        """The processes that were seen lately, the oldest first."""

        def op(connection: sa.Connection) -> list[Process]:
            gone = self._now(connection) - timedelta(seconds=GONE_S)
            return [each for each in _all(connection) if each.seen_at >= gone]

        return await self._db.read(op)

    def _now(self, connection: sa.Connection) -> datetime:
        """The database's clock; SQLite has that of this machine."""
        if connection.dialect.name != "postgresql":
            return self._clock()
        now: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        return now.astimezone(UTC)


def _all(connection: sa.Connection) -> list[Process]:
    query = sa.select(processes).order_by(processes.c.started_at, processes.c.id)
    return [
        Process(
            id=row.id,
            host=row.host,
            pid=row.pid,
            parts=tuple(row.parts),
            version=row.version,
            settings=row.settings,
            clock_s=row.clock_s,
            started_at=row.started_at,
            seen_at=row.seen_at,
        )
        for row in connection.execute(query)
    ]


def differences(found: Sequence[Process]) -> tuple[str, ...]:
    """In what processes differ, a sentence each: versions, settings by name, clocks. A setting is
    compared among those that have it; its value is never said, for it may be a secret."""
    told: list[str] = []
    versions: dict[str, list[str]] = {}
    for each in found:
        versions.setdefault(each.version, []).append(each.name)
    if len(versions) > 1:
        shown = "; ".join(f"{name} in {_named(who)}" for name, who in sorted(versions.items()))
        told.append(f"Processes run different versions: {shown}.")
    for name in sorted({name for each in found for name in each.settings}):
        holders: dict[str, list[str]] = {}
        for each in found:
            if name in each.settings:
                holders.setdefault(each.settings[name], []).append(each.name)
        if len(holders) > 1:
            fewest = min(holders.values(), key=lambda who: (len(who), who))
            told.append(
                f"The setting {name} differs among processes ({_named(fewest)} from the rest); "
                "give all the same and start them again."
            )
    told += [
        f"The clock of {each.name} is {abs(each.clock_s):.0f} s "
        f"{'ahead of' if each.clock_s > 0 else 'behind'} the database's; set it right (NTP)."
        for each in found
        if abs(each.clock_s) > CLOCK_S
    ]
    return tuple(told)


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(sorted(names)[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown
