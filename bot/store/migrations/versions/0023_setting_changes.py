"""Channels and groups as they were changed in the console."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.columns import Json, Moment, Words

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "setting_changes",
        sa.Column("part", Words, nullable=False),
        sa.Column("name", Words, nullable=False),
        sa.Column("value", Json, nullable=False),
        sa.Column("by", Words, nullable=False),
        sa.Column("by_name", Words, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("part", "name", name="pk_setting_changes"),
    )
