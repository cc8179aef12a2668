"""The tables of work: the inbox, the leases and the jobs."""

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

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("number", RowId, primary_key=True),
    sa.Column("id", Words, nullable=False, unique=True),
    sa.Column("kind", Words, nullable=False),
    sa.Column("key", Words, nullable=False),  # one at a time of each; empty: of its own
    sa.Column("title", Words, nullable=False),
    sa.Column("arguments", Json, nullable=False),
    sa.Column("status", Words, nullable=False),
    sa.Column("asked_by", Words, nullable=False),
    sa.Column("parent", Words, nullable=False),  # the job that put it; empty: none
    sa.Column("schedule", Words, nullable=False),  # that put it; empty: somebody asked
    sa.Column("once", Words, unique=True),  # never put a second time
    sa.Column("alone", Words),  # not put a second time while it is open
    sa.Column("due", Moment, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),  # claims so far: the fence
    sa.Column("failures", sa.Integer, nullable=False),  # since it got any further
    sa.Column("owner", Words, nullable=False),
    sa.Column("lease_until", Moment),
    sa.Column("cancelled_by", Words, nullable=False),  # who wished for its end; empty: nobody
    sa.Column("done", sa.BigInteger, nullable=False),
    sa.Column("total", sa.BigInteger),
    sa.Column("doing", Words, nullable=False),
    sa.Column("state", Json),
    sa.Column("result", Json),
    sa.Column("error", Words, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("started_at", Moment),
    sa.Column("finished_at", Moment),
    sa.Index(None, "finished_at"),
    sqlite_autoincrement=True,
)
job_open = jobs.c.status.in_([sa.literal_column("'queued'"), sa.literal_column("'running'")])
_job_running = sa.and_(
    jobs.c.status == sa.literal_column("'running'"), jobs.c.key != sa.literal_column("''")
)
sa.Index("ix_jobs_open", jobs.c.number, sqlite_where=job_open, postgresql_where=job_open)
sa.Index("ix_jobs_key", jobs.c.key, jobs.c.number)
sa.Index(
    "uq_jobs_running",
    jobs.c.key,
    unique=True,
    sqlite_where=_job_running,
    postgresql_where=_job_running,
)
sa.Index(
    "uq_jobs_alone", jobs.c.alone, unique=True, sqlite_where=job_open, postgresql_where=job_open
)
