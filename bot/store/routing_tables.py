"""The tables of learned routing: what operators say of routes, and versions of the thresholds."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.base import metadata
from bot.store.columns import Json, Moment, Words


def _text(name: str) -> sa.Column[str]:
    """A text that is always there."""
    return sa.Column(name, Words, nullable=False)


route_labels = sa.Table(
    "route_labels",
    metadata,
    sa.Column("turn_id", sa.ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True),
    _text("route"),
    _text("by"),
    sa.Column("at", Moment, nullable=False),
)

routing_versions = sa.Table(
    "routing_versions",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("thresholds", Json, nullable=False),
    _text("classifier"),
    sa.Column("figures", Json, nullable=False),
    _text("by"),
    sa.Column("at", Moment, nullable=False),
    sa.Column("before", sa.Integer),  # what was live before it; null: it never was itself
)

routing_live = sa.Table(
    "routing_live",
    metadata,
    sa.Column("name", Words, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),  # 0: the shipped thresholds
    _text("by"),
    sa.Column("at", Moment, nullable=False),
)
