"""The tables of costs: which turn answers a question that is asked again, and what turns cost."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.base import metadata
from bot.store.columns import Moment, RowId, Words
from bot.store.tables import turns

answer_cache = sa.Table(
    "answer_cache",
    metadata,
    sa.Column("key", Words, primary_key=True),
    # A pointer and no copy: what is erased or too old for keeping is no longer found.
    sa.Column("turn_id", sa.ForeignKey("turns.id", ondelete="CASCADE"), nullable=False),
    sa.Column("kept_at", Moment, nullable=False),
    sa.Index(None, "turn_id"),
    sa.Index(None, "kept_at"),
)

# All that a sum over a day needs, so that the wide rows of turns are never read for one: what was
# spent, and which way turns went with what came of it.
sa.Index(
    "ix_turns_costs",
    turns.c.at,
    turns.c.route,
    turns.c.model,
    turns.c.prompt_tokens,
    turns.c.completion_tokens,
    turns.c.cost_usd,
    turns.c.saved_usd,
    turns.c.cached_from,
    turns.c.outcome,
    turns.c.confidence,
)

is_repeated = turns.c.cached_from != sa.literal_column("''")
sa.Index(
    "ix_turns_cached_from",
    turns.c.cached_from,
    sqlite_where=is_repeated,
    postgresql_where=is_repeated,
)

drafts = sa.Table(
    "drafts",
    metadata,
    sa.Column("id", RowId, primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("model", Words, nullable=False),
    sa.Column("prompt_tokens", sa.BigInteger, nullable=False),
    sa.Column("completion_tokens", sa.BigInteger, nullable=False),
    sa.Column("cost_usd", sa.Double, nullable=False),
    sa.Index(None, "at"),
)
"""What the general model was charged for drafts that no turn stands for; no words of them."""
