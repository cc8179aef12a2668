"""The audit trail for operators: newest first, filtered, a page at a time.

A look never reads the whole trail. The chain is walked back from its end, or from the last entry
before the day that was asked for, and a look goes through :data:`FAR` entries at most.
:class:`AuditLook` says how far it went, and the next one goes on there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.store.audit import AuditEntry, AuditTrail, Wanted, entry_of
from bot.store.audit_chain import moment_of
from bot.store.tables import audit

FAR = 10_000
"""Entries that one look goes through at most: their contents have to be read."""

_LAG = timedelta(hours=2)
"""Entries stand as they were written; the moment of an answer is when it was asked."""


@dataclass(frozen=True, slots=True)
class AuditLook:
    """Entries, newest first; ``further`` is the place before which the next look begins, 0 where
    there is nothing more. ``reached`` is set where a look ended for how far it went."""

    entries: tuple[AuditEntry, ...]
    further: int = 0
    reached: datetime | None = None


async def look(
    trail: AuditTrail, wanted: Wanted, limit: int, before: int | None = None, *, far: int = FAR
) -> AuditLook:
    """Up to ``limit`` entries of a chain before a place in it."""

    def op(connection: sa.Connection, workspace: str) -> AuditLook:
        chain = _Chain(connection, workspace)
        top = chain.last + 1 if before is None else before
        if wanted.until is not None:
            top = min(top, chain.first_from(_moved(wanted.until, _LAG)))
        floor = 1 if wanted.since is None else chain.first_from(_moved(wanted.since, -_LAG))
        bottom = max(floor, top - far)
        within = (audit.c.sequence < top, audit.c.sequence >= bottom)
        query = wanted.of(workspace).where(*within).order_by(audit.c.sequence.desc())
        rows = connection.execute(query.limit(limit + 1)).all()
        entries = tuple(entry_of(row) for row in rows[:limit])
        if len(rows) > limit:
            return AuditLook(entries, entries[-1].sequence)
        if bottom > floor:
            return AuditLook(entries, bottom, chain.moment(bottom))
        return AuditLook(entries)

    return await trail.read(op)


def _moved(moment: datetime, by: timedelta) -> datetime:
    """A moment so much later, or itself at an end of the calendar."""
    try:
        return moment + by
    except OverflowError:
        return moment


class _Chain:
    """The places of entries in one chain, looked up one by one along its key."""

    def __init__(self, connection: sa.Connection, workspace: str) -> None:
        self._connection = connection
        self._here = audit.c.workspace == workspace
        last = sa.select(sa.func.max(audit.c.sequence)).where(self._here)
        self.last = int(connection.scalar(last) or 0)

    def _at(self, sequence: int) -> Any:
        """The first entry from a place on."""
        query = sa.select(audit.c.sequence, audit.c.at).where(
            self._here, audit.c.sequence >= sequence
        )
        return self._connection.execute(query.order_by(audit.c.sequence).limit(1)).one_or_none()

    def moment(self, sequence: int) -> datetime | None:
        """When the first entry from a place on was written."""
        row = self._at(sequence)
        return None if row is None else moment_of(row.at)

    def first_from(self, moment: datetime) -> int:
        """The place of the first entry of a moment or later; behind the last one without any."""
        low, high = 0, self.last + 1
        while low < high:
            middle = (low + high) // 2
            row = self._at(middle)
            if row is None or moment_of(row.at) >= moment:
                high = middle
            else:
                low = row.sequence + 1
        return low
