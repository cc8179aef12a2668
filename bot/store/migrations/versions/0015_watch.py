"""Work that is due by itself, and drops that were noticed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def upgrade() -> None:
    """Create the two tables."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "schedules",
        _text("name"),
        sa.Column("due_at", moment, nullable=False),
        _text("holder"),
        sa.Column("held_until", moment, nullable=True),
        sa.Column("ran_at", moment, nullable=True),
        _text("outcome"),
        sa.PrimaryKeyConstraint("name", name="pk_schedules"),
    )
    op.create_table(
        "alerts",
        _text("id"),
        sa.Column("at", moment, nullable=False),
        sa.Column("week", moment, nullable=False),
        _text("measure"),
        _text("scope"),
        _text("figures"),
        _text("why"),
        _text("seen_by"),
        sa.Column("seen_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
        sa.UniqueConstraint("week", "measure", "scope", name="uq_alerts_week_measure_scope"),
    )
    op.create_index("ix_alerts_at", "alerts", ["at"])
