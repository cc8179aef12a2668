"""Conversations by outcome, route, model and channel, each in time."""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Create the indexes."""
    for column in ("outcome", "route", "model", "channel"):
        op.create_index(f"ix_turns_{column}_at_id", "turns", [column, "at", "id"])
