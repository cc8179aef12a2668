"""The tables of learned routing: what operators say of routes, and versions of the thresholds."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.base import metadata
from bot.store.columns import Json, Moment, Words, text_column

route_labels = sa.Table(
    "route_labels",
    metadata,
    sa.Column("turn_id", sa.ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True),
    text_column("route"),
    text_column("by"),
    sa.Column("at", Moment, nullable=False),
)

routing_versions = sa.Table(
    "routing_versions",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("thresholds", Json, nullable=False),
    text_column("classifier"),
    sa.Column("figures", Json, nullable=False),
    text_column("by"),
    sa.Column("at", Moment, nullable=False),
    sa.Column("before", sa.Integer),  # what was live before it; null: it never was itself
)

routing_live = sa.Table(
    "routing_live",
    metadata,
    sa.Column("name", Words, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),  # 0: the shipped thresholds
    text_column("by"),
    sa.Column("at", Moment, nullable=False),
)
