"""Discord: what the bot noted about servers and threads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "discord_notes",
        *[sa.Column(name, sa.Text(), nullable=False) for name in ("key", "value")],
        sa.PrimaryKeyConstraint("key", name="pk_discord_notes"),
    )
