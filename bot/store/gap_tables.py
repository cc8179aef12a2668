"""The tables of gaps: questions of one topic that could not be answered, as references to turns.

No words of anybody are kept here. A gap's name is made anew from its turns whenever it is shown,
so that what is erased there is gone here as well.
"""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.base import metadata
from bot.store.columns import Json, Moment, Words, text_column


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _later(name: str) -> sa.Column[str]:
    """A text that programs of an earlier version do not write."""
    return sa.Column(name, Words, nullable=False, server_default=sa.text("''"))


gaps = sa.Table(
    "gaps",
    metadata,
    sa.Column("id", Words, primary_key=True),
    text_column("state"),
    text_column("merged_into"),  # the gap that took this one in; empty: it stands for itself
    text_column("leader"),  # a turn whose words stand for the topic; empty once that is gone
    text_column("model"),  # who made the vector
    _number("weighed"),  # of how many turns the vector is the mean
    _number("turns"),
    _number("askers"),
    _number("again"),  # turns since it was answered
    sa.Column("first_at", Moment),
    sa.Column("last_at", Moment),
    sa.Column("heat", sa.Double, nullable=False),
    sa.Column("audiences", Json, nullable=False),
    text_column("document"),
    sa.Column("answered_at", Moment),
    text_column("judged_by"),
    sa.Column("vector", sa.LargeBinary),  # float16; none: it has to be made anew
    _later("owner"),  # the key of the operator who has it; empty: nobody
    _later("owner_name"),  # what people call the owner
    sa.Column("taken_at", Moment),
    sa.Index(None, "state", "heat", "id"),
    sa.Index(None, "owner", "state", "heat", "id"),
)

gap_turns = sa.Table(
    "gap_turns",
    metadata,
    sa.Column("turn_id", sa.ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("gap_id", sa.ForeignKey("gaps.id", ondelete="CASCADE"), nullable=False),
    sa.Column("at", Moment, nullable=False),
    text_column("why"),
    sa.Index(None, "gap_id", "at", "turn_id"),
    sa.Index(None, "why", "turn_id"),
)

gap_marks = sa.Table(
    "gap_marks",
    metadata,
    sa.Column("name", Words, primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
)
"""How far messages (by number), ratings and handoffs (by microseconds since 1970) were looked
through."""
