"""Proposed cases of suites."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def upgrade() -> None:
    """Create the table."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "suite_cases",
        _text("id"),
        _text("suite"),
        _text("case_id"),
        _text("question"),
        _text("answers"),
        _text("gold"),
        sa.Column("answerable", sa.Boolean(), nullable=False),
        _text("groups"),
        _text("paraphrases"),
        _text("origin"),
        _text("place"),
        _text("quote"),
        _text("author"),
        _text("state"),
        _text("by"),
        sa.Column("at", moment, nullable=False),
        sa.Column("decided_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_suite_cases"),
        sa.UniqueConstraint("suite", "case_id", name="uq_suite_cases_suite_case_id"),
    )
    op.create_index("ix_suite_cases_suite_state_at", "suite_cases", ["suite", "state", "at"])
    op.create_index("ix_suite_cases_author", "suite_cases", ["author"])
