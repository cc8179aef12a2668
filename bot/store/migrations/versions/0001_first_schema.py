"""Threads, messages, turns, citations, feedback, audit, work, the ledger of documents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_MOMENT = sa.DateTime(timezone=True)
_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create all tables."""
    _threads()
    _turns()
    _messages()
    _citations()
    _feedback()
    _audit()
    _inbox()
    _leases()
    _documents()
    _source_runs()


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _integer(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _big(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=False) for name in names]


def _moment(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, _MOMENT, nullable=False) for name in names]


def _double(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), nullable=False)


def _foreign_turn(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["turn_id"], ["turns.id"], name=f"fk_{table}_turn_id_turns", ondelete="CASCADE"
    )


def _threads() -> None:
    op.create_table(
        "threads",
        *_text("id", "platform", "channel"),
        *_moment("created_at", "updated_at"),
        sa.PrimaryKeyConstraint("id", name="pk_threads"),
    )


def _turns() -> None:
    op.create_table(
        "turns",
        *_text("id", "thread_id"),
        sa.Column("key", sa.Text()),
        *_moment("at"),
        *_text("query", "author", "author_name", "channel", "audience", "route"),
        _double("confidence"),
        *_text("reasons", "outcome", "model", "persona"),
        *_big("prompt_tokens", "completion_tokens"),
        _double("cost_usd"),
        *_text("timings", "error", "claims", "withheld", "passages"),
        sa.ForeignKeyConstraint(
            ["thread_id"], ["threads.id"], name="fk_turns_thread_id_threads", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_turns"),
        sa.UniqueConstraint("key", name="uq_turns_key"),
    )
    op.create_index("ix_turns_at_id", "turns", ["at", "id"])
    op.create_index("ix_turns_thread_id_at", "turns", ["thread_id", "at"])


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", _ROW_ID, nullable=False),
        *_text("thread_id"),
        sa.Column("turn_id", sa.Text()),
        *_text("role", "text", "author"),
        sa.Column("at", _MOMENT),
        sa.ForeignKeyConstraint(
            ["thread_id"],
            ["threads.id"],
            name="fk_messages_thread_id_threads",
            ondelete="CASCADE",
        ),
        _foreign_turn("messages"),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.UniqueConstraint("turn_id", "role", name="uq_messages_turn_id_role"),
    )
    op.create_index("ix_messages_thread_id_id", "messages", ["thread_id", "id"])


def _citations() -> None:
    op.create_table(
        "citations",
        *_text("turn_id"),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        *_integer("n"),
        *_text("document", "title", "uri", "quote", "chunk", "revision"),
        *_integer("start", "end"),
        _foreign_turn("citations"),
        sa.PrimaryKeyConstraint("turn_id", "position", name="pk_citations"),
    )


def _feedback() -> None:
    op.create_table(
        "feedback",
        *_text("turn_id", "author", "author_name", "rating", "reason", "correction"),
        sa.Column("expert", sa.Boolean(), nullable=False),
        *_moment("created_at", "updated_at"),
        _foreign_turn("feedback"),
        sa.PrimaryKeyConstraint("turn_id", "author", name="pk_feedback"),
    )
    op.create_index("ix_feedback_updated_at_turn_id", "feedback", ["updated_at", "turn_id"])


def _audit() -> None:
    op.create_table(
        "audit",
        *_text("workspace"),
        *_big("sequence"),
        *_moment("at"),
        *_text("kind", "turn", "digest", "previous", "hash"),
        sa.PrimaryKeyConstraint("workspace", "sequence", name="pk_audit"),
    )
    op.create_index("ix_audit_turn", "audit", ["turn"])
    op.create_table(
        "audit_contents",
        *_text("workspace"),
        *_big("sequence"),
        *_text("salt", "content"),
        sa.PrimaryKeyConstraint("workspace", "sequence", name="pk_audit_contents"),
    )
    op.create_table(
        "audit_heads",
        *_text("workspace"),
        *_big("sequence"),
        *_text("hash"),
        sa.PrimaryKeyConstraint("workspace", name="pk_audit_heads"),
    )


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", _ROW_ID, nullable=False),
        *_text("event_id", "topic", "thread_key", "status"),
        *_moment("due"),
        *_integer("attempts"),
        *_text("owner"),
        sa.Column("lease_until", _MOMENT),
        *_text("step"),
        sa.Column("state", sa.Text()),
        *_text("error"),
        *_moment("created_at"),
        sa.Column("finished_at", _MOMENT),
        sa.Column("payload", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_inbox"),
        sa.UniqueConstraint("event_id", name="uq_inbox_event_id"),
        sqlite_autoincrement=True,
    )
    for name, columns, unique, condition in (
        ("ix_inbox_open", ["thread_key", "id"], False, "status IN ('waiting', 'running')"),
        ("ix_inbox_order", ["id"], False, "status IN ('waiting', 'running')"),
        ("uq_inbox_running", ["thread_key"], True, "status = 'running'"),
    ):
        where = sa.text(condition)
        op.create_index(
            name, "inbox", columns, unique=unique, sqlite_where=where, postgresql_where=where
        )


def _leases() -> None:
    op.create_table(
        "leases",
        *_text("name", "owner"),
        *_big("token"),
        *_moment("until"),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )


def _documents() -> None:
    op.create_table(
        "documents",
        *_text("source", "document", "title", "uri", "groups", "hash", "revision"),
        *_integer("chunks", "characters"),
        *_moment("ingested_at"),
        *_text("origin", "extra"),
        sa.PrimaryKeyConstraint("source", "document", name="pk_documents"),
    )
    op.create_index("ix_documents_document", "documents", ["document"])
    op.create_table(
        "document_texts",
        *_text("source", "document", "revision", "text"),
        sa.ForeignKeyConstraint(
            ["source", "document"],
            ["documents.source", "documents.document"],
            name="fk_document_texts_source_document_documents",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("source", "document", name="pk_document_texts"),
    )


def _source_runs() -> None:
    op.create_table(
        "source_runs",
        sa.Column("id", _ROW_ID, nullable=False),
        *_text("source"),
        *_moment("started_at", "finished_at"),
        *_text("report"),
        sa.PrimaryKeyConstraint("id", name="pk_source_runs"),
    )
    op.create_index("ix_source_runs_source_id", "source_runs", ["source", "id"])
