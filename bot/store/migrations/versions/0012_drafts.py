"""What drafts cost, and which answer a rating judges."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table of drafts; let ratings of repeated answers be found by the first one."""
    op.create_table(
        "drafts",
        sa.Column("id", _ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("prompt_tokens", sa.BigInteger(), nullable=False),
        sa.Column("completion_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cost_usd", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_drafts"),
    )
    op.create_index("ix_drafts_at", "drafts", ["at"])
    with op.batch_alter_table("feedback") as feedback:
        feedback.add_column(
            sa.Column("origin", sa.Text(), nullable=False, server_default=sa.text("''"))
        )
    op.execute(
        "UPDATE feedback SET origin = COALESCE("
        "(SELECT CASE WHEN cached_from = '' THEN turns.id ELSE cached_from END"
        " FROM turns WHERE turns.id = feedback.turn_id), feedback.turn_id)"
    )
    where = sa.text("rating = 'down' OR correction != ''")
    op.create_index(
        "ix_feedback_unhappy",
        "feedback",
        ["origin"],
        sqlite_where=where,
        postgresql_where=where,
    )
