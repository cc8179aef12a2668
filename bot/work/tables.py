"""The tables of work: the inbox and the leases."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.base import metadata
from bot.store.columns import Json, Moment, RowId, Words

inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("id", RowId, primary_key=True),
    sa.Column("event_id", Words, nullable=False, unique=True),
    sa.Column("topic", Words, nullable=False),
    sa.Column("thread_key", Words, nullable=False),
    sa.Column("status", Words, nullable=False),
    sa.Column("due", Moment, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("owner", Words, nullable=False),
    sa.Column("lease_until", Moment),
    sa.Column("step", Words, nullable=False),
    sa.Column("state", Json),
    sa.Column("error", Words, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("finished_at", Moment),
    sa.Column("payload", Json),
    sqlite_autoincrement=True,  # a number given once is never given again: fencing relies on it
)
is_open = inbox.c.status.in_([sa.literal_column("'waiting'"), sa.literal_column("'running'")])
_running = inbox.c.status == sa.literal_column("'running'")
sa.Index(
    "ix_inbox_open", inbox.c.thread_key, inbox.c.id, sqlite_where=is_open, postgresql_where=is_open
)
sa.Index("ix_inbox_order", inbox.c.id, sqlite_where=is_open, postgresql_where=is_open)
sa.Index(
    "uq_inbox_running",
    inbox.c.thread_key,
    unique=True,
    sqlite_where=_running,
    postgresql_where=_running,
)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", Words, primary_key=True),
    sa.Column("owner", Words, nullable=False),
    sa.Column("token", sa.BigInteger, nullable=False),
    sa.Column("until", Moment, nullable=False),
)
