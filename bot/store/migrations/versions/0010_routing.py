"""Learned routing thresholds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables of labels, of versions, and of the version that is live."""
    op.create_table(
        "route_labels",
        *[sa.Column(name, sa.Text(), nullable=False) for name in ("turn_id", "route", "by")],
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["turn_id"], ["turns.id"], name="fk_route_labels_turn_id_turns", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("turn_id", name="pk_route_labels"),
    )
    op.create_table(
        "routing_versions",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        *[
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("thresholds", "classifier", "figures", "by")
        ],
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("before", sa.Integer()),
        sa.PrimaryKeyConstraint("number", name="pk_routing_versions"),
    )
    op.create_table(
        "routing_live",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_routing_live"),
    )
