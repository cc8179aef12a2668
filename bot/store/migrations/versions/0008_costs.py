"""Costs: the answer cache, and what sums over turns are read from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_SUMMED = (
    "at",
    "route",
    "model",
    "prompt_tokens",
    "completion_tokens",
    "cost_usd",
    "saved_usd",
    "cached_from",
)


def upgrade() -> None:
    """Create the table of answers that may be given again, and the indexes of sums."""
    op.create_table(
        "answer_cache",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("turn_id", sa.Text(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_answer_cache"),
        sa.ForeignKeyConstraint(
            ["turn_id"],
            ["turns.id"],
            name="fk_answer_cache_turn_id_turns",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_answer_cache_turn_id", "answer_cache", ["turn_id"])
    op.create_index("ix_answer_cache_kept_at", "answer_cache", ["kept_at"])
    op.create_index("ix_turns_costs", "turns", list(_SUMMED))
    where = sa.text("cached_from != ''")
    op.create_index(
        "ix_turns_cached_from",
        "turns",
        ["cached_from"],
        sqlite_where=where,
        postgresql_where=where,
    )
