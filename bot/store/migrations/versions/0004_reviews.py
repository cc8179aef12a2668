"""Reviews: what an operator made of a correction."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "reviews",
        *[sa.Column(n, sa.Text(), nullable=False) for n in ("turn_id", "author", "verdict", "by")],
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["turn_id", "author"],
            ["feedback.turn_id", "feedback.author"],
            name="fk_reviews_turn_id_author_feedback",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("turn_id", "author", name="pk_reviews"),
    )
