"""Syncing: why a run failed, and what is under way in each source."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the reason of a failed run; create the table of what is under way."""
    op.add_column(
        "source_runs", sa.Column("error", sa.Text(), nullable=False, server_default=sa.text("''"))
    )
    op.create_table(
        "source_syncs",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("wanted_at", _MOMENT),
        sa.Column("started_at", _MOMENT),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer()),
        sa.PrimaryKeyConstraint("source", name="pk_source_syncs"),
    )
