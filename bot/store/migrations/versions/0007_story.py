"""The story of an answer: how sure the classifier was, what was kept back, what went otherwise."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns to ``turns``; older turns have none of it."""
    for name in ("odds", "notes", "rejected"):
        _add(sa.Column(name, sa.Text(), nullable=False, server_default=sa.text("'[]'")))
    _add(sa.Column("cached_from", sa.Text(), nullable=False, server_default=sa.text("''")))
    _add(sa.Column("saved_usd", sa.Double(), nullable=False, server_default=sa.text("0")))


def _add(column: sa.Column[object]) -> None:
    op.add_column("turns", column)
