"""PostgreSQL marks new rows as seen by all soon, so that sums are read from indexes alone.

By default a table is looked through once a fifth of it is new: of a million turns the newest
200,000, the very ones that Today, Routing and Watch sum up, would be fetched from the table.
"""

from __future__ import annotations

from alembic import op

revision = "0026"
down_revision = "0025"

_GROWING = ("turns", "messages", "feedback", "gap_turns", "audit")
"""Tables to which every question adds rows, and that pages sum up along an index."""


def upgrade() -> None:
    """Have them vacuumed after one in a hundred rows is new."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in _GROWING:
        op.execute(f"ALTER TABLE {table} SET (autovacuum_vacuum_insert_scale_factor = 0.01)")
