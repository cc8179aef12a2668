"""The next of what waits for a reviewer, from a queue of any length.

Experts' better answers come first, then thumbs down, then better answers that came with a thumb up.
Each kind is walked from its latest word on, along the time of the words, until the page is full:
nothing has to be put in order.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from bot.conversation import Rating
from bot.store.tables import feedback, is_judged

latest_first = (feedback.c.updated_at.desc(), feedback.c.turn_id.desc(), feedback.c.author)

_ever = feedback.c.updated_at > datetime(1970, 1, 1, tzinfo=UTC)
"""All of it, said so that SQLite begins with the time: else it may well read the whole table, and
put that in order, for the few that are wanted."""
_down = feedback.c.rating == Rating.DOWN.value
_better = feedback.c.correction != ""
_expert = sa.and_(feedback.c.expert, _better)
_KINDS = (_expert, sa.and_(_down, ~_expert), sa.and_(~_down, _better, ~feedback.c.expert))


def next_in(
    connection: sa.Connection,
    limit: int | None,
    offset: int = 0,
    turn: str = "",
    without: Collection[str] = (),
) -> Sequence[sa.Row[Any]]:
    """The feedback that waits, at most ``limit`` behind the first ``offset``, in the order of a
    review; with ``turn`` that of one turn, never that of those in ``without``.

    What is said between two kinds may be missing until the next look; nothing comes twice.
    """
    found: dict[tuple[str, str], sa.Row[Any]] = {}
    for kind in _KINDS:
        waits = [kind, ~is_judged, feedback.c.turn_id == turn if turn else _ever]
        if without:
            waits.append(feedback.c.turn_id.not_in(sorted(without)))
        left = None if limit is None else limit - len(found)
        query = sa.select(feedback).where(*waits).order_by(*latest_first)
        rows = connection.execute(query.limit(left).offset(offset)).all()
        for row in rows:  # one that became another kind meanwhile stays where it was
            found.setdefault((row.turn_id, row.author), row)
        if limit is not None and len(found) >= limit:
            break
        if rows:
            offset = 0
        elif offset:
            passed = sa.select(sa.func.count()).select_from(feedback).where(*waits)
            # Where some came between the page and this count, there are more than were passed.
            offset = max(offset - (connection.scalar(passed) or 0), 0)
    return list(found.values())
