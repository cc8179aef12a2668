"""The gap loop: topics that could not be answered, their turns, how far these were looked at."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_MOMENT = sa.DateTime(timezone=True)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "gaps",
        _text("id"),
        *[_text(name) for name in ("state", "merged_into", "leader", "model")],
        *[_number(name) for name in ("weighed", "turns", "askers", "again")],
        sa.Column("first_at", _MOMENT),
        sa.Column("last_at", _MOMENT),
        sa.Column("heat", sa.Double(), nullable=False),
        _text("audiences"),
        _text("document"),
        sa.Column("answered_at", _MOMENT),
        _text("judged_by"),
        sa.Column("vector", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id", name="pk_gaps"),
    )
    op.create_index("ix_gaps_state_heat_id", "gaps", ["state", "heat", "id"])
    op.create_table(
        "gap_turns",
        _text("turn_id"),
        _text("gap_id"),
        sa.Column("at", _MOMENT, nullable=False),
        _text("why"),
        _foreign_key("turn_id", "turns"),
        _foreign_key("gap_id", "gaps"),
        sa.PrimaryKeyConstraint("turn_id", name="pk_gap_turns"),
    )
    op.create_index("ix_gap_turns_gap_id_at_turn_id", "gap_turns", ["gap_id", "at", "turn_id"])
    op.create_index("ix_gap_turns_why_turn_id", "gap_turns", ["why", "turn_id"])
    op.create_table(
        "gap_marks",
        _text("name"),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_gap_marks"),
    )


def _foreign_key(column: str, table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_gap_turns_{column}_{table}"
    return sa.ForeignKeyConstraint([column], [f"{table}.id"], name=name, ondelete="CASCADE")
