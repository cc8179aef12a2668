"""The tables of installations into several workspaces."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.base import metadata
from bot.store.columns import Moment, Words

installations = sa.Table(
    "slack_installations",
    metadata,
    sa.Column("client_id", Words, primary_key=True),
    # a workspace's id, or an organisation's
    sa.Column("place", Words, primary_key=True),
    # the organisation whose installation serves this workspace; empty for one of its own
    sa.Column("organisation", Words, nullable=False),
    sa.Column("sealed", Words, nullable=False),
    sa.Column("installed_at", Moment, nullable=False),
)

states = sa.Table(
    "slack_states",
    metadata,
    sa.Column("digest", Words, primary_key=True),
    sa.Column("expires_at", Moment, nullable=False),
)
