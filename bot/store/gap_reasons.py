"""Which turns belong to a gap and why, as queries: not known, handed to a person, thumbs down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from bot.conversation import Outcome, Rating, Role, Route
from bot.store.chat_tables import handoffs
from bot.store.gap_tables import gap_turns
from bot.store.tables import feedback, messages, reviews, turns

_LAG_US = 600_000_000
_LAG_MESSAGES = 1_000
"""So far back it is looked again: what has a smaller number, or is earlier by another machine's
clock, may be stored later. Turns are followed by the number of their messages: by time, those that
were brought in from elsewhere would be overlooked."""


class Why(StrEnum):
    """Why a turn counts."""

    ABSTAINED = "abstained"
    HANDOFF = "handoff"
    DOWN = "down"


def _of_each(column: sa.Column[str]) -> sa.ColumnElement[str]:
    """A column as no index has it: what is new is picked by messages, handoffs and ratings, and
    only then is its turn looked at. SQLite, which keeps no statistics, begins at the turns
    wherever it may, and goes through all that are of a route."""
    return sa.func.coalesce(column, sa.literal_column("''"))


_looked_for = sa.and_(
    _of_each(turns.c.route).in_([Route.RAG.value, Route.HYBRID.value, Route.LIVE.value]),
    turns.c.outcome != Outcome.ERROR.value,
    turns.c.error == "",
    turns.c.query != "",  # erased
)
_unplaced = ~sa.exists().where(gap_turns.c.turn_id == turns.c.id)
_settled = sa.exists().where(
    reviews.c.turn_id == feedback.c.turn_id,
    reviews.c.author == feedback.c.author,
    reviews.c.at >= feedback.c.updated_at,
    sa.or_(
        reviews.c.verdict == "rejected",
        sa.and_(reviews.c.verdict == "approved", feedback.c.correction != ""),
    ),
)
found_wanting = sa.and_(feedback.c.rating == Rating.DOWN.value, ~_settled)
_new = sa.select(turns.c.id, turns.c.at, turns.c.query).where(_looked_for, _unplaced)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_unknown = (Outcome.ABSTAINED.value, Outcome.HANDOFF.value)


def abstained(mark: int) -> sa.Select[Any]:
    """Turns that ended with "I do not know", or are for a person, from a message's number on."""
    query = _new.add_columns(messages.c.id.label("mark"))
    query = query.join(messages, messages.c.turn_id == turns.c.id)
    query = query.where(messages.c.id > mark - _LAG_MESSAGES, messages.c.role == Role.USER.value)
    return query.where(_of_each(turns.c.outcome).in_(_unknown)).order_by(messages.c.id)


def handed(mark: int) -> sa.Select[Any]:
    """Turns that were handed over, from a moment on (microseconds since 1970)."""
    query = _new.add_columns(handoffs.c.created_at.label("mark"))
    query = query.join_from(turns, handoffs, _of_each(handoffs.c.turn_id) == turns.c.id)
    since = query.where(handoffs.c.created_at >= _moment(mark - _LAG_US))
    return since.order_by(handoffs.c.created_at, turns.c.id)


def rated(mark: int) -> sa.Select[Any]:
    """Turns with a thumb down that nobody has dealt with, from a moment on."""
    query = _new.add_columns(sa.func.max(feedback.c.updated_at).label("mark"))
    query = query.join(feedback, feedback.c.turn_id == turns.c.id).where(found_wanting)
    since = query.where(feedback.c.updated_at >= _moment(mark - _LAG_US))
    return since.group_by(turns.c.id, turns.c.at, turns.c.query).order_by("mark", turns.c.id)


def _moment(number: int) -> datetime:
    return _EPOCH + timedelta(microseconds=max(number, 0))


def number_of(mark: int | datetime) -> int:
    """A place to look on from: a moment becomes microseconds since 1970."""
    return mark if isinstance(mark, int) else (mark - _EPOCH) // timedelta(microseconds=1)
