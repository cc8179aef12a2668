"""What is known of the reading of sources: what is under way, what was asked for, how it went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.store.base import Database, insert
from knowledge.ledger import RunRecord, run_of, source_runs, source_syncs


@dataclass(frozen=True, slots=True)
class SyncRecord:
    """How a source stands.

    ``last`` is its last run, ``good`` the last that was no failure, ``failures`` how many have
    failed since, the first of them at ``down_since``. ``started_at``, ``done`` and ``total`` are of
    a reading that is under way, or was when its process was killed. ``wanted_at``: somebody asked.
    """

    last: RunRecord | None = None
    good: RunRecord | None = None
    failures: int = 0
    down_since: datetime | None = None
    wanted_at: datetime | None = None
    started_at: datetime | None = None
    done: int = 0
    total: int | None = None


class SyncBook:
    """The records of one home's sources, in its database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def want(self, source: str, at: datetime) -> None:
        """Ask for a source to be read as soon as somebody can."""
        await self._put(source, {"wanted_at": at})

    async def begin(self, source: str, at: datetime) -> None:
        """Note that a source is being read."""
        await self._put(source, {"started_at": at, "done": 0, "total": None})

    async def advance(self, source: str, done: int, total: int | None) -> None:
        """Note how far the reading is."""
        await self._put(source, {"done": done, "total": total})

    async def end(self, source: str, began: datetime, *, settled: bool) -> None:
        """Note that nobody reads it any more. ``settled``: what was asked for until then is done,
        well or badly; a reading that was broken off settles nothing."""

        def op(connection: sa.Connection) -> None:
            ours = source_syncs.c.source == source
            connection.execute(sa.update(source_syncs).where(ours).values(started_at=None))
            if settled:
                asked = ours & (source_syncs.c.wanted_at <= began)
                connection.execute(sa.update(source_syncs).where(asked).values(wanted_at=None))

        await self._db.write(op)

    async def _put(self, source: str, values: dict[str, Any]) -> None:
        def op(connection: sa.Connection) -> None:
            new = insert(connection, source_syncs)
            statement = new.on_conflict_do_update(index_elements=["source"], set_=values)
            connection.execute(statement, {"source": source, "done": 0, **values})

        await self._db.write(op)

    async def records(self, sources: Sequence[str]) -> dict[str, SyncRecord]:
        """How each of the sources stands."""
        names = list(dict.fromkeys(sources))

        def op(connection: sa.Connection) -> dict[str, SyncRecord]:
            return {name: _record(connection, name) for name in names}

        return await self._db.read(op)


def _record(connection: sa.Connection, source: str) -> SyncRecord:
    ours = source_runs.c.source == source
    newest = sa.select(source_runs).where(ours).order_by(source_runs.c.id.desc()).limit(1)
    last = connection.execute(newest).one_or_none()
    good = connection.execute(newest.where(source_runs.c.error == "")).one_or_none()
    failures, since = 0, None
    if last is not None and last.error:
        after = ours & (source_runs.c.id > (good.id if good is not None else 0))
        figures = sa.select(sa.func.count(), sa.func.min(source_runs.c.started_at)).where(after)
        failures, since = connection.execute(figures).one()
    way = connection.execute(
        sa.select(source_syncs).where(source_syncs.c.source == source)
    ).one_or_none()
    return SyncRecord(
        last=None if last is None else run_of(last),
        good=None if good is None else run_of(good),
        failures=failures,
        down_since=since,
        wanted_at=way.wanted_at if way else None,
        started_at=way.started_at if way else None,
        done=way.done if way else 0,
        total=way.total if way else None,
    )
