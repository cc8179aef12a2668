"""Chats: replies, threads the bot takes part in, consent, handoffs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_MOMENT = sa.DateTime(timezone=True)
_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the four tables."""
    _replies()
    _participation()
    _consent()
    _handoffs()


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _replies() -> None:
    op.create_table(
        "replies",
        *_text("platform", "channel", "message", "turn"),
        sa.PrimaryKeyConstraint("platform", "channel", "message", name="pk_replies"),
    )
    op.create_index("ix_replies_turn", "replies", ["turn"])


def _participation() -> None:
    op.create_table(
        "participation",
        *_text("key", "channel_key", "conversation", "role"),
        sa.Column("muted", sa.Boolean(), nullable=False),
        *_text("heard"),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_participation"),
    )
    op.create_index(
        "ix_participation_channel_key_updated_at", "participation", ["channel_key", "updated_at"]
    )


def _consent() -> None:
    op.create_table(
        "consent",
        sa.Column("id", _ROW_ID, nullable=False),
        *_text("author"),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_consent"),
    )
    op.create_index("ix_consent_author_id", "consent", ["author", "id"])


def _handoffs() -> None:
    op.create_table(
        "handoffs",
        *_text("id", "turn_id", "asker", "asker_name", "place", "question", "status"),
        sa.Column("card_place", sa.Text()),
        *_text("replies", "proposal", "proposed_by", "judged_by"),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("answered_at", _MOMENT),
        sa.ForeignKeyConstraint(
            ["turn_id"], ["turns.id"], name="fk_handoffs_turn_id_turns", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_handoffs"),
        sa.UniqueConstraint("turn_id", name="uq_handoffs_turn_id"),
    )
    where = sa.text("proposal = 'proposed'")
    op.create_index(
        "ix_handoffs_proposed", "handoffs", ["id"], sqlite_where=where, postgresql_where=where
    )
