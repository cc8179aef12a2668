"""What has changed since gaps were gathered: thumbs taken back, turns erased, replies approved.

Whether there is any of it is asked whenever somebody looks at gaps. Turns of gaps are counted
against the gaps' figures, and thumbs down are gone through only where a thumb, a verdict or a
turn of a gap came or went since that was done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.store.chat_tables import handoffs
from bot.store.gap_figures import MERGED, OPEN
from bot.store.gap_reasons import Why, found_wanting
from bot.store.gap_tables import gap_turns, gaps
from bot.store.standing import Standing, standing, stands
from bot.store.tables import feedback, reviews

_approved = (
    sa.select(gap_turns.c.gap_id, handoffs.c.id, handoffs.c.judged_by)
    .join(handoffs, handoffs.c.turn_id == gap_turns.c.turn_id)
    .join(gaps, gaps.c.id == gap_turns.c.gap_id)
    .where(
        # As no index has it: begun with the handoffs, which are fewer than turns of open gaps.
        sa.func.coalesce(gaps.c.state, sa.literal_column("''")) == OPEN,
        handoffs.c.proposal == "approved",
        sa.or_(gaps.c.document == "", handoffs.c.answered_at > gaps.c.answered_at),
    )
    .order_by(handoffs.c.id)
)
_withdrawn = sa.select(gap_turns.c.turn_id, gap_turns.c.gap_id).where(
    gap_turns.c.why == Why.DOWN.value,
    ~sa.exists().where(feedback.c.turn_id == gap_turns.c.turn_id, found_wanting),
)
_counted = (
    sa.select(gap_turns.c.gap_id, sa.func.count().label("n"))
    .group_by(gap_turns.c.gap_id)
    .subquery()
)
_changed = (
    sa.select(gaps.c.id)
    .join(_counted, _counted.c.gap_id == gaps.c.id, isouter=True)
    .where(gaps.c.state != MERGED, sa.func.coalesce(_counted.c.n, 0) != gaps.c.turns)
)


_turns = sa.select(sa.func.count()).select_from(gap_turns).scalar_subquery()
_told = (
    sa.select(sa.cast(sa.func.coalesce(sa.func.sum(gaps.c.turns), 0), sa.BigInteger))
    .where(gaps.c.state != MERGED)
    .scalar_subquery()
)
_SAID = (feedback.c.updated_at, reviews.c.at)


@dataclass(frozen=True, slots=True)
class Settled:
    """How thumbs and verdicts stood, and how many turns of gaps there were, when no thumb down of a
    gap was taken back."""

    said: Standing
    turns: int


def unsettled(connection: sa.Connection) -> tuple[Sequence[Any], list[str], Sequence[Any]]:
    """Thumbs down that count no more, gaps whose turns are not those of their figures any more,
    replies that became documents."""
    withdrawn = connection.execute(_withdrawn).all()
    changed = list(connection.scalars(_changed))
    return withdrawn, changed, connection.execute(_approved).all()


def settled(connection: sa.Connection, now: datetime, before: Settled | None) -> Settled | None:
    """How it stands where nothing is unsettled, else ``None``; ``before``: how it stood when
    nothing was."""
    turns, told = connection.execute(sa.select(_turns, _told)).one()
    if turns != told or connection.execute(_approved).first() is not None:
        return None
    if before and before.turns == turns and stands(connection, _SAID, now, before.said):
        return before
    found = Settled(standing(connection, _SAID, now), turns)
    return found if connection.execute(_withdrawn.limit(1)).first() is None else None
