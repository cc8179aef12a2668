"""Weeks of live turns that are over, as they were counted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "watched_weeks",
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("form", sa.Integer(), nullable=False),
        sa.Column("turns", sa.BigInteger(), nullable=False),
        sa.Column("sample", sa.Integer(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("start", name="pk_watched_weeks"),
    )
