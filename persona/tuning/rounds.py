"""Rounds that start by themselves: every so often, and when enough was approved since the last."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.store.base import Database
from bot.store.review_tables import rewrites
from bot.store.tables import feedback

_APPROVED = "approved"


def due(
    now: datetime, last: datetime | None, every: timedelta | None, fresh: int, wanted: int
) -> bool:
    """Whether a round should start: ``every`` has passed since the ``last`` one, and ``fresh``
    examples of ``wanted`` are there."""
    if every is None or fresh < wanted:
        return False
    return last is None or now - last >= every


async def approved_since(db: Database, since: datetime | None) -> int:
    """Answers that were approved, and better ones that experts wrote, since the last data set."""
    taught = sa.select(rewrites.c.turn_id).where(rewrites.c.verdict == _APPROVED)
    written = sa.select(feedback.c.turn_id).where(feedback.c.expert, feedback.c.correction != "")
    if since is not None:
        taught = taught.where(rewrites.c.at > since)
        written = written.where(feedback.c.updated_at > since)
    both = sa.union(taught, written).subquery()

    def op(connection: sa.Connection) -> int:
        return connection.scalar(sa.select(sa.func.count()).select_from(both)) or 0

    return await db.read(op)
