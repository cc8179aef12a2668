"""Versions of the routing thresholds, and which of them is live."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.errors import NotFoundError, StorageError, UsageError
from bot.routing.classifier import builtin
from bot.routing.thresholds import SHIPPED, Thresholds, kept
from bot.store.audit import OPERATOR, AuditTrail
from bot.store.base import Database, insert
from bot.store.routing_tables import routing_live, routing_versions
from bot.store.timing import utc_now
from bot.telemetry import log

LIVE = "main"
SECONDS = 1.0
"""How long a process goes by what it knows before it looks again."""

_live = (
    sa.select(
        routing_live.c.number,
        routing_versions.c.thresholds,
        routing_versions.c.classifier,
        routing_versions.c.at,
    )
    .select_from(
        routing_live.outerjoin(routing_versions, routing_versions.c.number == routing_live.c.number)
    )
    .where(routing_live.c.name == LIVE)
)


@dataclass(frozen=True, slots=True)
class RoutingVersion:
    """Learned thresholds with what speaks for them.

    ``figures`` are those of :meth:`bot.routing.learning.Learned.figures`. ``before`` is the version
    that was live before it, ``None`` where it never was live itself; ``fits`` whether it was
    learned for the classifier that runs.
    """

    number: int
    values: Mapping[str, float]
    figures: Mapping[str, Any]
    by: str
    at: datetime
    before: int | None
    live: bool
    fits: bool


def _thresholds(row: Any) -> Thresholds:
    """The thresholds of the live version; those shipped where there is none that fits."""
    if row is None or row.thresholds is None:
        return SHIPPED
    return kept(row.number, row.thresholds, row.classifier, row.at)


class ThresholdBook:
    """The thresholds in force, for a process that runs: a new version is taken up in seconds.

    ``seconds``: how long what was read is good.
    """

    def __init__(
        self, db: Database, *, seconds: float = SECONDS, watch: Callable[[], float] = time.monotonic
    ) -> None:
        self._db = db
        self._seconds = seconds
        self._watch = watch
        self._known = SHIPPED
        self._read_at: float | None = None

    @property
    def now(self) -> Thresholds:
        """What was read last, without a look."""
        return self._known

    async def __call__(self) -> Thresholds:
        """The thresholds in force; a database that is gone changes nothing. One read in
        ``seconds``, the others take no time."""
        if self._read_at is None or self._watch() - self._read_at >= self._seconds:
            self._read_at = self._watch()
            try:
                self._known = await self._db.read(
                    lambda connection: _thresholds(connection.execute(_live).one_or_none())
                )
            except StorageError as error:
                log.warning("thresholds not read, those known stay", error=str(error))
        return self._known


class RoutingVersions:
    """The versions in a database; each change is an entry of the audit trail."""

    def __init__(
        self, db: Database, audit: AuditTrail | None = None, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._db = db
        self._audit = audit or AuditTrail(db)
        self._clock = clock

    async def live(self) -> Thresholds:
        """The thresholds in force."""
        return await self._db.read(
            lambda connection: _thresholds(connection.execute(_live).one_or_none())
        )

    async def listing(self) -> list[RoutingVersion]:
        """Every learned version, the newest first."""
        query = sa.select(routing_versions).order_by(routing_versions.c.number.desc())

        def op(connection: sa.Connection) -> list[RoutingVersion]:
            live = _live_number(connection)
            return [_version(row, live) for row in connection.execute(query)]

        return await self._db.read(op)

    async def add(
        self, values: Mapping[str, float], figures: Mapping[str, Any], by: str, *, adopt: bool
    ) -> int:
        """Keep a learned version, and make it live where ``adopt``; its number, from 1 on."""
        at = self._clock()

        def op(connection: sa.Connection) -> int:
            before = _lock(connection, by, at)
            last = connection.scalar(sa.select(sa.func.max(routing_versions.c.number))) or 0
            row = {
                "number": last + 1,
                "thresholds": dict(values),
                "classifier": builtin().id,
                "figures": dict(figures),
                "by": by,
                "at": at,
                "before": before if adopt else None,
            }
            connection.execute(sa.insert(routing_versions), [row])
            if adopt:
                _point(connection, last + 1, by, at)
            action = "routing learned" if adopt else "routing learned, not taken up"
            self._append(connection, action, by, last + 1, thresholds=dict(values))
            return last + 1

        return await self._db.write(op)

    async def roll_back(self, by: str, to: int | None = None) -> Thresholds:
        """Make the version before the live one live again, or version ``to`` (0: as shipped).

        Raises UsageError where nothing was learned or the version is live already, NotFoundError
        for a version that is not there.
        """
        at = self._clock()

        def op(connection: sa.Connection) -> Thresholds:
            live = _lock(connection, by, at)
            target = _before(connection, live) if to is None else to
            if target == live:
                raise UsageError(f"Version {live} is live already; nothing was changed.")
            known = sa.select(routing_versions.c.number).where(routing_versions.c.number == target)
            if target != 0 and connection.scalar(known) is None:
                raise NotFoundError(kind="version of the routing thresholds", id=str(target))
            _point(connection, target, by, at)
            self._append(connection, "routing rolled back", by, target, before=live)
            return _thresholds(connection.execute(_live).one())

        return await self._db.write(op)

    def _append(
        self, connection: sa.Connection, action: str, by: str, number: int, **details: object
    ) -> None:
        content = {"action": action, "actor": by, "subject": f"version {number}", **details}
        self._audit.append_in(connection, OPERATOR, content)


def _live_number(connection: sa.Connection) -> int:
    query = sa.select(routing_live.c.number).where(routing_live.c.name == LIVE)
    return connection.scalar(query) or 0


def _lock(connection: sa.Connection, by: str, at: datetime) -> int:
    """The live version, which nobody else changes until the commit."""
    first = {"name": LIVE, "number": 0, "by": by, "at": at}
    connection.execute(insert(connection, routing_live).on_conflict_do_nothing(), first)
    query = sa.select(routing_live.c.number).where(routing_live.c.name == LIVE).with_for_update()
    return connection.scalar(query) or 0


def _before(connection: sa.Connection, live: int) -> int:
    """What was live before a version."""
    if live == 0:
        raise UsageError("The shipped thresholds are live; there is nothing to roll back.")
    query = sa.select(routing_versions.c.before).where(routing_versions.c.number == live)
    return connection.scalar(query) or 0


def _point(connection: sa.Connection, number: int, by: str, at: datetime) -> None:
    change = sa.update(routing_live).where(routing_live.c.name == LIVE)
    connection.execute(change.values(number=number, by=by, at=at))


def _version(row: Any, live: int) -> RoutingVersion:
    return RoutingVersion(
        number=row.number,
        values=row.thresholds,
        figures=row.figures,
        by=row.by,
        at=row.at,
        before=row.before,
        live=row.number == live,
        fits=row.classifier == builtin().id,
    )
