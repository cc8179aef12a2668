"""Long work: jobs with their progress, in leased rows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.columns import Json, Moment, RowId, Words

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "jobs",
        sa.Column("number", RowId, nullable=False),
        sa.Column("id", Words, nullable=False),
        sa.Column("kind", Words, nullable=False),
        sa.Column("key", Words, nullable=False),
        sa.Column("title", Words, nullable=False),
        sa.Column("arguments", Json, nullable=False),
        sa.Column("status", Words, nullable=False),
        sa.Column("asked_by", Words, nullable=False),
        sa.Column("parent", Words, nullable=False),
        sa.Column("schedule", Words, nullable=False),
        sa.Column("once", Words),
        sa.Column("alone", Words),
        sa.Column("due", Moment, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("owner", Words, nullable=False),
        sa.Column("lease_until", Moment),
        sa.Column("cancelled_by", Words, nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger()),
        sa.Column("doing", Words, nullable=False),
        sa.Column("state", Json),
        sa.Column("result", Json),
        sa.Column("error", Words, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("started_at", Moment),
        sa.Column("finished_at", Moment),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_jobs")),
        sa.UniqueConstraint("id", name=op.f("uq_jobs_id")),
        sa.UniqueConstraint("once", name=op.f("uq_jobs_once")),
        sqlite_autoincrement=True,
    )
    is_open = sa.text("status IN ('queued', 'running')")
    running = sa.text("status = 'running' AND key != ''")
    for name, columns, unique, where in (
        ("ix_jobs_open", ["number"], False, is_open),
        ("uq_jobs_running", ["key"], True, running),
        ("uq_jobs_alone", ["alone"], True, is_open),
    ):
        op.create_index(
            name, "jobs", columns, unique=unique, sqlite_where=where, postgresql_where=where
        )
    op.create_index("ix_jobs_key", "jobs", ["key", "number"])
    op.create_index("ix_jobs_finished_at", "jobs", ["finished_at"])
