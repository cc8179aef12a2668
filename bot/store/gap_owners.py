"""Who has a gap: taken, given, given back; and how many are whose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.errors import UsageError
from bot.store.audit import OPERATOR, AuditTrail
from bot.store.base import Database
from bot.store.gap_figures import MERGED, OPEN
from bot.store.gap_tables import gaps
from bot.store.gaps import Gap, GapState, Owner, gap_of, row_in
from bot.store.timing import utc_now

TAKEN, GIVEN, GIVEN_BACK = "gap taken", "gap given", "gap given back"
"""The entries of the audit trail: for oneself, to somebody else, to nobody."""


class HeldError(UsageError):
    """{name} has this gap now, and nothing was changed; ask them, or take it over."""

    def __init__(self, gap: Gap) -> None:
        self.gap = gap
        super().__init__(name=gap.owner.name if gap.owner else "Nobody")


@dataclass(frozen=True, slots=True)
class Tally:
    """How many gaps of a state somebody has; ``owner`` is ``None`` for nobody's."""

    owner: Owner | None
    state: GapState
    gaps: int


class GapOwners:
    """Who has which gap, in a database. Each change is an entry of the audit trail."""

    def __init__(
        self, db: Database, audit: AuditTrail, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._db = db
        self._audit = audit
        self._clock = clock

    async def put(self, id: str, owner: Owner | None, by: str, *, seen: str) -> Gap:  # noqa: A002 - the word of the store
        """Give a gap to an operator (``None``: to nobody); the gap as it is then.

        ``by`` is the key of who does it, ``seen`` that of who had it when they looked. What is so
        already stays as it is. Raises HeldError where somebody else has it by now, NotFoundError.
        """
        key = owner.key if owner else ""

        def op(connection: sa.Connection) -> Gap:
            row = row_in(connection, id, lock=True)
            if row.owner == key:
                return gap_of(row)
            if row.owner not in ("", seen):
                raise HeldError(gap_of(row))
            change = sa.update(gaps).where(gaps.c.id == row.id)
            name, since = (owner.name, self._clock()) if owner else ("", None)
            connection.execute(change.values(owner=key, owner_name=name, taken_at=since))
            changed = gap_of(row_in(connection, row.id))
            action = GIVEN_BACK if not key else TAKEN if key == by else GIVEN
            content = {"action": action, "actor": by, "subject": row.id, "owner": key}
            self._audit.append_in(connection, OPERATOR, content | {"before": row.owner})
            return changed

        return await self._db.write(op)

    async def tallies(self) -> list[Tally]:
        """How many gaps of each state everybody has, nobody's among them."""

        def op(connection: sa.Connection) -> list[Tally]:
            rows = connection.execute(_tallies).all()
            keys = dict.fromkeys(row.owner for row in rows if row.owner)
            owners = {key: Owner(key, _name(connection, key)) for key in keys}
            return [Tally(owners.get(r.owner), GapState(r.state), r.n) for r in rows]

        return await self._db.read(op)

    async def open_of(self, key: str) -> int:
        """How many open gaps somebody has."""
        query = sa.select(sa.func.count()).where(gaps.c.owner == key, gaps.c.state == OPEN)
        return await self._db.read(lambda connection: connection.scalar(query) or 0)


_tallies = (
    sa.select(gaps.c.owner, gaps.c.state, sa.func.count().label("n"))
    .where(gaps.c.state != MERGED)
    .group_by(gaps.c.owner, gaps.c.state)
    .order_by(gaps.c.owner, gaps.c.state)
)


def _name(connection: sa.Connection, key: str) -> str:
    """What people call an owner: as one of the gaps says."""
    query = sa.select(gaps.c.owner_name).where(gaps.c.owner == key).limit(1)
    return connection.scalar(query) or key
