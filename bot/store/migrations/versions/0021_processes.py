"""The processes that serve one database."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.columns import Json, Moment, Words

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "processes",
        sa.Column("id", Words, nullable=False),
        sa.Column("host", Words, nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("parts", Json, nullable=False),
        sa.Column("version", Words, nullable=False),
        sa.Column("settings", Json, nullable=False),
        sa.Column("clock_s", sa.Float(), nullable=False),
        sa.Column("started_at", Moment, nullable=False),
        sa.Column("seen_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_processes"),
    )
