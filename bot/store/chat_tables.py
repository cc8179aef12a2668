"""The tables of chats: replies, threads the bot takes part in, consent, handoffs."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.base import metadata
from bot.store.columns import Json, Moment, RowId, Words, text_column

# No foreign key: an answer whose turn could not be stored is in the chat all the same.
replies = sa.Table(
    "replies",
    metadata,
    sa.Column("platform", Words, primary_key=True),
    sa.Column("channel", Words, primary_key=True),
    sa.Column("message", Words, primary_key=True),
    text_column("turn"),
    sa.Index(None, "turn"),
)

participation = sa.Table(
    "participation",
    metadata,
    sa.Column("key", Words, primary_key=True),
    text_column("channel_key"),  # the key without its thread
    text_column("conversation"),
    text_column("role"),
    sa.Column("muted", sa.Boolean, nullable=False),
    sa.Column("heard", Json, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
    sa.Index(None, "channel_key", "updated_at"),
)

consent = sa.Table(
    "consent",
    metadata,
    sa.Column("id", RowId, primary_key=True),
    text_column("author"),
    sa.Column("allowed", sa.Boolean, nullable=False),
    sa.Column("at", Moment, nullable=False),
    # A channel like slack:C0G9QF9GZ; empty: everywhere.
    sa.Column("channel", Words, nullable=False, server_default=sa.text("''")),
    # How the choice came: a command in a chat, an operator on the command line, the console.
    sa.Column("source", Words, nullable=False, server_default=sa.text("''")),
    sa.Index(None, "author", "id"),
)

handoffs = sa.Table(
    "handoffs",
    metadata,
    sa.Column("id", Words, primary_key=True),
    sa.Column(
        "turn_id", sa.ForeignKey("turns.id", ondelete="CASCADE"), nullable=False, unique=True
    ),
    text_column("asker"),
    text_column("asker_name"),
    sa.Column("place", Json, nullable=False),
    text_column("question"),
    text_column("status"),
    sa.Column("card_place", Json),
    sa.Column("replies", Json, nullable=False),  # who said what, so that one person can be erased
    text_column("proposal"),
    text_column("proposed_by"),
    text_column("judged_by"),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("answered_at", Moment),
)
is_proposed = handoffs.c.proposal == sa.literal_column("'proposed'")
sa.Index(
    "ix_handoffs_proposed", handoffs.c.id, sqlite_where=is_proposed, postgresql_where=is_proposed
)
