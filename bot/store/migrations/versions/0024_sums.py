"""Sums over turns by route and outcome, and deeds of operators, without a look at wide rows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

_COSTS = (
    "at", "route", "model", "prompt_tokens", "completion_tokens", "cost_usd", "saved_usd",
    "cached_from", "outcome", "confidence",
)  # fmt: skip


def upgrade() -> None:
    """Widen one index, create one."""
    op.drop_index("ix_turns_costs", "turns")
    op.create_index("ix_turns_costs", "turns", list(_COSTS))
    operators = sa.text("kind = 'operator'")
    op.create_index(
        "ix_audit_operator",
        "audit",
        ["workspace", "sequence"],
        sqlite_where=operators,
        postgresql_where=operators,
    )
