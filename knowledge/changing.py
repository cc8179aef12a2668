"""How often documents change, read from the runs that the ledger keeps."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.advisor.evidence import Changes
from bot.store.base import Database
from knowledge.ledger import documents, source_runs

_AT_MOST = 5000
"""Latest runs that are looked at: 200 are kept of each source."""

_runs = (
    sa.select(source_runs.c.started_at, source_runs.c.report)
    .where(source_runs.c.error == sa.literal_column("''"))
    .order_by(source_runs.c.id.desc())
    .limit(_AT_MOST)
)


class LedgerChanges:
    """The port :class:`bot.advisor.evidence.ReadingRecords` over the ledger."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def changes(self, now: datetime) -> Changes:
        """How documents changed, as far back as runs are kept."""

        def op(connection: sa.Connection) -> Changes:
            count = connection.scalar(sa.select(sa.func.count()).select_from(documents)) or 0
            readings = changed = 0
            first = now
            for row in connection.execute(_runs):
                news = _news(row.report)
                readings += news > 0
                changed += news
                first = min(first, row.started_at)
            return Changes(int(count), readings, changed, max(now - first, timedelta()))

        return await self._db.read(op)


def _news(report: dict[str, object]) -> int:
    """Documents that a reading found new, changed or gone; 0 for the first of a source."""

    def count(name: str) -> int:
        value = report.get(name, 0)
        return value if isinstance(value, int) else 0

    moved = count("changed") + count("removed")
    is_first = not moved and not count("unchanged")
    return 0 if is_first else moved + count("added")
