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


def _one(value: sa.ColumnElement[Any], of: sa.Table, *where: sa.ColumnElement[bool]) -> Any:
    return sa.select(value).select_from(of).where(*where).scalar_subquery()


_standing = sa.select(
    _one(sa.func.count(), feedback).label("thumbs"),
    _one(sa.func.max(feedback.c.updated_at), feedback).label("last_thumb"),
    _one(sa.func.count(), reviews).label("verdicts"),
    _one(sa.func.max(reviews.c.at), reviews).label("last_verdict"),
    _one(sa.func.count(), gap_turns).label("turns"),
    _one(
        sa.cast(sa.func.coalesce(sa.func.sum(gaps.c.turns), 0), sa.BigInteger),
        gaps,
        gaps.c.state != MERGED,
    ).label("told"),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How many thumbs, verdicts and turns of gaps there were, the latest of them, and how many
    turns the gaps' figures tell of, when no thumb down of a gap was taken back."""

    thumbs: int
    last_thumb: datetime | None
    verdicts: int
    last_verdict: datetime | None
    turns: int
    told: int


def unsettled(connection: sa.Connection) -> tuple[Sequence[Any], list[str], Sequence[Any]]:
    """Thumbs down that count no more, gaps whose turns are not those of their figures any more,
    replies that became documents."""
    withdrawn = connection.execute(_withdrawn).all()
    changed = list(connection.scalars(_changed))
    return withdrawn, changed, connection.execute(_approved).all()


def settled(connection: sa.Connection, before: Standing | None) -> Standing | None:
    """How it stands where nothing is unsettled, else ``None``; ``before``: how it stood when
    nothing was."""
    now = Standing(*connection.execute(_standing).one())
    if now.turns != now.told or connection.execute(_approved).first() is not None:
        return None
    if now == before or connection.execute(_withdrawn.limit(1)).first() is None:
        return now
    return None
