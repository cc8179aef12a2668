"""The tables of the standing watch: work that is due by itself, drops that were noticed, and weeks
that were counted."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.base import metadata
from bot.store.columns import Json, Moment, Words, text_column

schedules = sa.Table(
    "schedules",
    metadata,
    sa.Column("name", Words, primary_key=True),
    sa.Column("due_at", Moment, nullable=False),
    text_column("holder"),  # the process that runs it now; empty: none
    sa.Column("held_until", Moment),
    sa.Column("ran_at", Moment),
    text_column("outcome"),  # done, or why it failed, in a sentence
)

alerts = sa.Table(
    "alerts",
    metadata,
    sa.Column("id", Words, primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("week", Moment, nullable=False),  # its Monday, midnight UTC
    text_column("measure"),
    text_column("scope"),  # all, route:hybrid, model:…
    sa.Column("figures", Json, nullable=False),  # now and before, with their intervals
    text_column("why"),
    text_column("seen_by"),  # empty: nobody yet
    sa.Column("seen_at", Moment),
    sa.UniqueConstraint("week", "measure", "scope"),
    sa.Index(None, "at"),
)

watched_weeks = sa.Table(
    "watched_weeks",
    metadata,
    sa.Column("start", Moment, primary_key=True),  # its Monday, midnight UTC
    sa.Column("form", sa.Integer, nullable=False),  # of what is kept
    sa.Column("turns", sa.BigInteger, nullable=False),
    sa.Column("sample", sa.Integer, nullable=False),  # turns whose rows were asked for
    sa.Column("scopes", Json, nullable=False),  # sums and times by scope, without thumbs
)
