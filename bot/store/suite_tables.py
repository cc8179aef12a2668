"""The table of proposed cases: questions that may become a suite, and what was decided of them."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.base import metadata
from bot.store.columns import Json, Moment, Words, text_column

suite_cases = sa.Table(
    "suite_cases",
    metadata,
    sa.Column("id", Words, primary_key=True),
    text_column("suite"),
    text_column("case_id"),  # its name inside the suite
    text_column("question"),
    sa.Column("answers", Json, nullable=False),  # texts, any of which is right
    sa.Column("gold", Json, nullable=False),  # documents that carry the answer
    sa.Column("answerable", sa.Boolean, nullable=False),
    sa.Column("groups", Json, nullable=False),
    sa.Column("paraphrases", Json, nullable=False),
    text_column("origin"),  # document, turn, hand
    text_column("place"),  # the document or the turn that it was made from
    text_column("quote"),  # the words of the document that answer
    text_column("author"),  # whose words it holds; empty: nobody's
    text_column("state"),  # proposed, approved, rejected
    text_column("by"),  # who decided
    sa.Column("at", Moment, nullable=False),
    sa.Column("decided_at", Moment),
    sa.UniqueConstraint("suite", "case_id"),
    sa.Index(None, "suite", "state", "at"),
    sa.Index(None, "author"),
)
