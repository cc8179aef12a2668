"""Who asked, with how much and when last, without a look at every turn."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Create the index."""
    op.create_index("ix_turns_author_at_author_name", "turns", ["author", "at", "author_name"])
