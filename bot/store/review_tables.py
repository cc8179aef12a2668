"""The table of what operators made of answers: rewrites in the voice, ready to be taught."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.base import metadata
from bot.store.columns import Moment, text_column

rewrites = sa.Table(
    "rewrites",
    metadata,
    sa.Column("turn_id", sa.ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True),
    text_column("verdict"),  # approved: the text may be taught; rejected: nothing of the turn may
    text_column("text"),  # the answer as it should have been; empty: as it was given
    text_column("prompt"),  # a neutral question in the operator's words; empty: one is made
    text_column("author"),  # whose better answer it was, a key; empty: the operator's own
    text_column("by"),
    sa.Column("at", Moment, nullable=False),
    sa.Index(None, "at", "turn_id"),
)
"""One a turn; the last word of an operator counts."""
