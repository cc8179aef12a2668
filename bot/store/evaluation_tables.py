"""The tables of evaluations: runs over a suite, and what was said to each case in each mode."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.base import metadata
from bot.store.columns import Json, Moment, Words, text_column

evaluations = sa.Table(
    "evaluations",
    metadata,
    sa.Column("id", Words, primary_key=True),
    text_column("suite"),
    text_column("path"),
    text_column("digest"),
    text_column("persona"),
    sa.Column("modes", Json, nullable=False),  # the figures, by mode
    sa.Column("baseline", Json),  # the run that it was compared with, and the differences
    text_column("report"),
    text_column("by"),
    sa.Column("at", Moment, nullable=False),
    sa.Index(None, "at"),
    sa.Index(None, "suite", "at"),
)

evaluation_cases = sa.Table(
    "evaluation_cases",
    metadata,
    sa.Column("run", Words, primary_key=True),
    sa.Column("mode", Words, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    text_column("case_id"),
    sa.Column("record", Json, nullable=False),
)
