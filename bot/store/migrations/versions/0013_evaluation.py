"""Runs of evaluations, with what was said to each case."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def upgrade() -> None:
    """Create the two tables."""
    op.create_table(
        "evaluations",
        _text("id"),
        _text("suite"),
        _text("path"),
        _text("digest"),
        _text("persona"),
        _text("modes"),
        sa.Column("baseline", sa.Text(), nullable=True),
        _text("report"),
        _text("by"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_evaluations"),
    )
    op.create_index("ix_evaluations_at", "evaluations", ["at"])
    op.create_index("ix_evaluations_suite_at", "evaluations", ["suite", "at"])
    op.create_table(
        "evaluation_cases",
        _text("run"),
        _text("mode"),
        sa.Column("position", sa.Integer(), nullable=False, autoincrement=False),
        _text("case_id"),
        _text("record"),
        sa.PrimaryKeyConstraint("run", "mode", "position", name="pk_evaluation_cases"),
    )
