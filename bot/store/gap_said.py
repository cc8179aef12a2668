"""What people said to the questions of a gap, as it is found: bounded however often it was asked.
Whether any of it was said in private is found without a bound, for it decides who may read.

A colleague's reply to a handoff belongs to the question that was handed over, or, where somebody
only wished for a person, to the question right before that; a reader's better answer to its turn.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from bot.conversation import Route
from bot.store.chat_tables import handoffs
from bot.store.gap_tables import gap_turns
from bot.store.tables import feedback, turns

FAR = 10_000
"""Questions of a gap that are gone through at most, the newest."""

WISHES = 5_000
"""Handoffs among which the bare wishes for a person are looked for at most, the newest."""

BETTER = 30
"""Better answers that are read at most, the newest; an operator's newest is always among them."""

_PRIVATE = ("direct", "group")
"""Kinds of places, as chats name them, in which not everybody reads."""

_wish, _before = turns.alias("wish"), turns.alias("before")
_question = (
    sa.select(_before.c.id)
    .where(_before.c.thread_id == _wish.c.thread_id, _before.c.at < _wish.c.at)
    .where(_before.c.route.not_in([Route.HANDOFF.value, Route.VOICE.value]))
    .order_by(_before.c.at.desc(), _before.c.id.desc())
    .limit(1)
    .correlate(_wish)
    .scalar_subquery()
)
"""The question right before a bare wish for a person."""
# As no index has it: SQLite would begin with all wishes of all time, and not with the handoffs.
_is_wish = sa.func.coalesce(_wish.c.route, sa.literal_column("''")) == Route.HANDOFF.value
_in_private = sa.and_(
    sa.type_coerce(handoffs.c.replies, sa.Text) != sa.literal_column("'[]'"),
    sa.or_(
        *(
            sa.type_coerce(handoffs.c.place, sa.Text).contains(f'"kind":"{kind}"', autoescape=True)
            for kind in _PRIVATE
        )
    ),
)


def _newest(gap: str) -> sa.Subquery:
    """The newest questions of a gap."""
    query = sa.select(gap_turns.c.turn_id).where(gap_turns.c.gap_id == gap)
    query = query.order_by(gap_turns.c.at.desc(), gap_turns.c.turn_id.desc())
    return query.limit(FAR).subquery("newest")


def replies_in(connection: sa.Connection, gap: str) -> list[sa.Row[Any]]:
    """The handoffs of a gap's questions that a colleague replied to, the last reply first."""
    newest = _newest(gap)
    asked = sa.select(handoffs).join(newest, newest.c.turn_id == handoffs.c.turn_id)
    found = [*connection.execute(asked), *connection.execute(_wished(gap))]
    replied = [row for row in found if row.replies]
    return sorted(replied, key=lambda r: (r.answered_at or r.created_at, r.id), reverse=True)


def private_in(connection: sa.Connection, gap: str) -> bool:
    """Whether a colleague replied in private to any question of a gap, however long ago: each such
    reply is looked at, which are few beside the questions of a large gap."""
    replied = sa.select(handoffs.c.id).where(_in_private)
    wished = replied.join(_wish, _wish.c.id == handoffs.c.turn_id).where(_is_wish)
    found = (
        replied.where(_gap_of(handoffs.c.turn_id) == gap),
        wished.where(_gap_of(_question) == gap),
    )
    return any(connection.scalar(sa.select(sa.exists(query))) for query in found)


def _gap_of(turn: sa.ColumnElement[str]) -> sa.ScalarSelect[str]:
    """The gap of a question; not joined, else SQLite would begin with all questions of the gap."""
    query = sa.select(gap_turns.c.gap_id).where(gap_turns.c.turn_id == turn)
    return query.correlate_except(gap_turns).scalar_subquery()


def better_in(connection: sa.Connection, gap: str) -> list[sa.Row[Any]]:
    """The better answers to a gap's questions, the newest first; their words are read of those that
    are wanted alone."""
    newest = _newest(gap)
    every = connection.execute(
        sa.select(feedback.c.turn_id, feedback.c.author, feedback.c.expert)
        .join(newest, newest.c.turn_id == feedback.c.turn_id)
        .where(feedback.c.correction != "")
        .order_by(feedback.c.updated_at.desc(), feedback.c.turn_id)
    ).all()
    chosen = list(every[:BETTER])
    if not any(row.expert for row in chosen):
        chosen += [row for row in every[BETTER:] if row.expert][:1]
    words = sa.select(feedback).where(feedback.c.turn_id.in_({row.turn_id for row in chosen}))
    still = connection.execute(words.where(feedback.c.correction != ""))
    found = {(row.turn_id, row.author): row for row in still}
    # One may have been taken back or erased since it was chosen.
    there = (found.get((row.turn_id, row.author)) for row in chosen)
    return [row for row in there if row is not None]


def _wished(gap: str) -> sa.Select[Any]:
    """Handoffs of a bare wish for a person, where a question of the gap came right before it."""
    recent = sa.select(handoffs).order_by(handoffs.c.id.desc()).limit(WISHES).subquery("recent")
    return (
        sa.select(recent)
        .join(_wish, _wish.c.id == recent.c.turn_id)
        .join(gap_turns, gap_turns.c.turn_id == _question)
        .where(_is_wish, gap_turns.c.gap_id == gap)
    )
