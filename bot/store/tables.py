"""The tables of conversations, feedback and the audit trail."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.base import metadata
from bot.store.columns import Json, Moment, RowId, Words, text_column

threads = sa.Table(
    "threads",
    metadata,
    sa.Column("id", Words, primary_key=True),
    text_column("platform"),
    text_column("channel"),
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
    text_column("query"),
    text_column("author"),
    text_column("author_name"),
    text_column("channel"),
    sa.Column("audience", Json, nullable=False),
    text_column("route"),
    sa.Column("confidence", sa.Double, nullable=False),
    sa.Column("reasons", Json, nullable=False),
    text_column("outcome"),
    text_column("model"),
    text_column("persona"),
    sa.Column("prompt_tokens", sa.BigInteger, nullable=False),
    sa.Column("completion_tokens", sa.BigInteger, nullable=False),
    sa.Column("cost_usd", sa.Double, nullable=False),
    sa.Column("timings", Json, nullable=False),
    text_column("error"),
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
    sa.Index(None, "author", "at", "author_name"),  # people, without a look at the turns
    *(sa.Index(None, name, "at", "id") for name in ("outcome", "route", "model", "channel")),
)

messages = sa.Table(
    "messages",
    metadata,
    sa.Column("id", RowId, primary_key=True),
    sa.Column("thread_id", sa.ForeignKey("threads.id", ondelete="CASCADE"), nullable=False),
    sa.Column("turn_id", sa.ForeignKey("turns.id", ondelete="CASCADE")),
    text_column("role"),
    text_column("text"),
    text_column("author"),
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
    text_column("document"),
    text_column("title"),
    text_column("uri"),
    text_column("quote"),
    text_column("chunk"),
    text_column("revision"),
    sa.Column("start", sa.Integer, nullable=False),
    sa.Column("end", sa.Integer, nullable=False),
)

feedback = sa.Table(
    "feedback",
    metadata,
    sa.Column("turn_id", sa.ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("author", Words, primary_key=True),
    text_column("author_name"),
    text_column("rating"),
    text_column("reason"),
    text_column("correction"),
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
    text_column("verdict"),
    text_column("by"),
    sa.Column("at", Moment, nullable=False),
    sa.ForeignKeyConstraint(
        ["turn_id", "author"], ["feedback.turn_id", "feedback.author"], ondelete="CASCADE"
    ),
)
is_judged = sa.exists().where(
    reviews.c.turn_id == feedback.c.turn_id,
    reviews.c.author == feedback.c.author,
    reviews.c.at >= feedback.c.updated_at,
)
"""Whether an operator judged the last word of a feedback."""
to_look_at = sa.and_(is_unhappy, ~is_judged)
"""Of the feedback what waits for an operator: thumbs down and better answers whose last word has
no verdict yet."""

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("workspace", Words, primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", Moment, nullable=False),
    text_column("kind"),
    text_column("turn"),
    text_column("digest"),
    text_column("previous"),
    text_column("hash"),
    sa.Index(None, "turn"),
)
_of_operators = audit.c.kind == sa.literal_column("'operator'")
sa.Index(
    "ix_audit_operator",
    audit.c.workspace,
    audit.c.sequence,
    sqlite_where=_of_operators,
    postgresql_where=_of_operators,
)
"""The few deeds of operators among the entries of turns."""

audit_contents = sa.Table(
    "audit_contents",
    metadata,
    sa.Column("workspace", Words, primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    text_column("salt"),
    text_column("content"),
)

audit_heads = sa.Table(
    "audit_heads",
    metadata,
    sa.Column("workspace", Words, primary_key=True),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    text_column("hash"),
)
