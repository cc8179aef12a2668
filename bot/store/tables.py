"""The tables of conversations, feedback and the audit trail."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.base import metadata
from bot.store.columns import Json, Moment, RowId, Words


def _text(name: str) -> sa.Column[str]:
    """A text that is always there."""
    return sa.Column(name, Words, nullable=False)


threads = sa.Table(
    "threads",
    metadata,
    sa.Column("id", Words, primary_key=True),
    _text("platform"),
    _text("channel"),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
)

turns = sa.Table(
    "turns",
    metadata,
    sa.Column("id", Words, primary_key=True),
    sa.Column("thread_id", sa.ForeignKey("threads.id", ondelete="CASCADE"), nullable=False),
    sa.Column("key", Words, unique=True),
    sa.Column("at", Moment, nullable=False),
    _text("query"),
    _text("author"),
    _text("author_name"),
    _text("channel"),
    sa.Column("audience", Json, nullable=False),
    _text("route"),
    sa.Column("confidence", sa.Double, nullable=False),
    sa.Column("reasons", Json, nullable=False),
    _text("outcome"),
    _text("model"),
    _text("persona"),
    sa.Column("prompt_tokens", sa.BigInteger, nullable=False),
    sa.Column("completion_tokens", sa.BigInteger, nullable=False),
    sa.Column("cost_usd", sa.Double, nullable=False),
    sa.Column("timings", Json, nullable=False),
    _text("error"),
    sa.Column("odds", Json, nullable=False, server_default=sa.text("'[]'")),
    sa.Column("notes", Json, nullable=False, server_default=sa.text("'[]'")),
    sa.Column("cached_from", Words, nullable=False, server_default=sa.text("''")),
    sa.Column("saved_usd", sa.Double, nullable=False, server_default=sa.text("0")),
    sa.Column("rejected", Json, nullable=False, server_default=sa.text("'[]'")),
    sa.Column("style", sa.Double),  # how well the answer keeps to the persona; null: not scored
    sa.Column("claims", Json, nullable=False),
    sa.Column("withheld", Json, nullable=False),
    sa.Column("passages", Json, nullable=False),  # the widest comes last
    sa.Index(None, "thread_id", "at"),
    sa.Index(None, "at", "id"),
)

messages = sa.Table(
    "messages",
    metadata,
    sa.Column("id", RowId, primary_key=True),
    sa.Column("thread_id", sa.ForeignKey("threads.id", ondelete="CASCADE"), nullable=False),
    sa.Column("turn_id", sa.ForeignKey("turns.id", ondelete="CASCADE")),
    _text("role"),
    _text("text"),
    _text("author"),
    sa.Column("at", Moment),
    sa.UniqueConstraint("turn_id", "role"),
    sa.Index(None, "thread_id", "id"),
)

citations = sa.Table(
    "citations",
    metadata,
    sa.Column("turn_id", sa.ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("n", sa.Integer, nullable=False),
    _text("document"),
    _text("title"),
    _text("uri"),
    _text("quote"),
    _text("chunk"),
    _text("revision"),
    sa.Column("start", sa.Integer, nullable=False),
    sa.Column("end", sa.Integer, nullable=False),
)

feedback = sa.Table(
    "feedback",
    metadata,
    sa.Column("turn_id", sa.ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("author", Words, primary_key=True),
    _text("author_name"),
    _text("rating"),
    _text("reason"),
    _text("correction"),
    sa.Column("expert", sa.Boolean, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
    # The turn in which the answer was first given: another one where it came from the cache.
    sa.Column("origin", Words, nullable=False, server_default=sa.text("''")),
    sa.Index(None, "updated_at", "turn_id"),
)
is_unhappy = sa.or_(
    feedback.c.rating == sa.literal_column("'down'"),
    feedback.c.correction != sa.literal_column("''"),
)
sa.Index(
    "ix_feedback_unhappy", feedback.c.origin, sqlite_where=is_unhappy, postgresql_where=is_unhappy
)
"""Whether an answer was disliked, by whoever got it, in one look."""

reviews = sa.Table(
    "reviews",
    metadata,
    sa.Column("turn_id", Words, primary_key=True),
    sa.Column("author", Words, primary_key=True),
    _text("verdict"),
    _text("by"),
    sa.Column("at", Moment, nullable=False),
    sa.ForeignKeyConstraint(
        ["turn_id", "author"], ["feedback.turn_id", "feedback.author"], ondelete="CASCADE"
    ),
)
to_look_at = sa.and_(
    sa.or_(feedback.c.rating == sa.literal_column("'down'"), feedback.c.correction != ""),
    ~sa.exists().where(
        reviews.c.turn_id == feedback.c.turn_id,
        reviews.c.author == feedback.c.author,
        reviews.c.at >= feedback.c.updated_at,
    ),
)
"""Of the feedback what waits for an operator: thumbs down and better answers whose last word has
no verdict yet."""

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("workspace", Words, primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", Moment, nullable=False),
    _text("kind"),
    _text("turn"),
    _text("digest"),
    _text("previous"),
    _text("hash"),
    sa.Index(None, "turn"),
)

audit_contents = sa.Table(
    "audit_contents",
    metadata,
    sa.Column("workspace", Words, primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    _text("salt"),
    _text("content"),
)

audit_heads = sa.Table(
    "audit_heads",
    metadata,
    sa.Column("workspace", Words, primary_key=True),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    _text("hash"),
)
