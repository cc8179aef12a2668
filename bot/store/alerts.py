"""Drops that were noticed: one a week, measure and scope, until somebody has seen it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from bot.errors import NotFoundError
from bot.store.audit import OPERATOR, AuditTrail
from bot.store.base import Database, insert
from bot.store.ids import new_id
from bot.store.watch_tables import alerts

_BY = "system:watch"


@dataclass(frozen=True, slots=True)
class Alert:
    """A measure of a scope (``all``, ``route:hybrid``, ``suite:support``) that got worse in the
    week that begins on ``week``, and why, in a sentence. ``seen_by`` is empty while it is new."""

    id: str
    at: datetime
    week: datetime
    measure: str
    scope: str
    figures: Mapping[str, Any]
    why: str
    seen_by: str = ""
    seen_at: datetime | None = None


class AlertBook:
    """The alerts in a database."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._audit = AuditTrail(db)

    async def add(
        self,
        found: Sequence[Alert],
        also: Callable[[sa.Connection, Sequence[Alert]], object] = lambda _connection, _new: None,
    ) -> Sequence[Alert]:
        """Keep alerts; those that are new, where their measure and scope of the week was not told
        before. ``also`` does something with these in the same transaction."""

        def op(connection: sa.Connection) -> Sequence[Alert]:
            new = [alert for alert in found if _added(connection, alert)]
            if new:
                also(connection, new)
            for alert in new:
                told = {"measure": alert.measure, "scope": alert.scope, "why": alert.why}
                self._note(connection, "alert raised", _BY, alert.id, **told)
            return new

        return await self._db.write(op) if found else ()

    async def listing(self, *, unseen: bool = False, limit: int | None = None) -> Sequence[Alert]:
        """The alerts, the newest first; ``unseen``: only those that nobody has seen."""
        query = sa.select(alerts).order_by(alerts.c.at.desc(), alerts.c.id.desc()).limit(limit)
        if unseen:
            query = query.where(alerts.c.seen_by == "")
        return await self._db.read(lambda c: [Alert(**row._asdict()) for row in c.execute(query)])

    async def unseen(self) -> int:
        """How many nobody has seen."""
        query = sa.select(sa.func.count()).where(alerts.c.seen_by == "")
        return await self._db.read(lambda connection: connection.execute(query).scalar_one())

    async def see(self, id: str, by: str) -> None:  # noqa: A002 - the field's word
        """Note who saw an alert first. Raises NotFoundError."""

        def op(connection: sa.Connection) -> bool:
            new = sa.update(alerts).where(alerts.c.id == id, alerts.c.seen_by == "")
            if connection.execute(new, {"seen_by": by, "seen_at": datetime.now(UTC)}).rowcount:
                self._note(connection, "alert seen", by, id)
            return connection.scalar(sa.select(alerts.c.id).where(alerts.c.id == id)) is not None

        if not await self._db.write(op):
            raise NotFoundError(kind="alert", id=id)

    def _note(
        self, connection: sa.Connection, action: str, actor: str, alert: str, **details: str
    ) -> None:
        told = {"action": action, "actor": actor, "subject": alert, **details}
        self._audit.append_in(connection, OPERATOR, told)


def _added(connection: sa.Connection, alert: Alert) -> bool:
    row = {name: getattr(alert, name) for name in Alert.__slots__}
    new = insert(connection, alerts).on_conflict_do_nothing(
        index_elements=["week", "measure", "scope"]
    )
    kept = connection.execute(new.returning(alerts.c.id), row).scalar_one_or_none()
    return kept is not None


def alert_id() -> str:
    """An id for a new alert."""
    return new_id("al")
