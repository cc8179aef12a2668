"""Who has a gap, and since when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.columns import Moment, Words

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Add the columns and the index."""
    for name in ("owner", "owner_name"):
        op.add_column("gaps", sa.Column(name, Words, nullable=False, server_default=sa.text("''")))
    op.add_column("gaps", sa.Column("taken_at", Moment))
    op.create_index("ix_gaps_owner_state_heat_id", "gaps", ["owner", "state", "heat", "id"])
