"""Where a choice of consent holds, and by which way it came."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add both to the ledger; what stands there holds everywhere, by a way that was not noted."""
    with op.batch_alter_table("consent") as consent:
        for name in ("channel", "source"):
            consent.add_column(
                sa.Column(name, sa.Text(), nullable=False, server_default=sa.text("''"))
            )
