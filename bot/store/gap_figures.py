"""The figures of a gap, made anew from its turns: how often, by how many, how lately, for whom."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.store.columns import Json
from bot.store.gap_tables import gap_turns, gaps
from bot.store.tables import turns

OPEN, ANSWERED, DISMISSED, MERGED = "open", "answered", "dismissed", "merged"

HALF_LIFE = timedelta(days=30)
"""After so long a question weighs half: what nobody asks any more sinks by itself."""

_REPEAT = 0.1
_MOST_REPEATS = 5
_BATCH = 400

_since = sa.case((gap_turns.c.at > gaps.c.answered_at, 1), else_=0)
_asked = (
    sa.select(
        gap_turns.c.gap_id,
        turns.c.author,
        sa.type_coerce(turns.c.audience, sa.Text).label("audience"),
        sa.func.count().label("turns"),
        sa.func.sum(_since).label("since"),
        sa.func.min(gap_turns.c.at).label("first_at"),
        sa.func.max(gap_turns.c.at).label("last_at"),
    )
    .select_from(gap_turns)
    .join(gaps, gaps.c.id == gap_turns.c.gap_id)
    .join(turns, turns.c.id == gap_turns.c.turn_id)
    .where(gap_turns.c.gap_id.in_(sa.bindparam("ids", expanding=True)))
    .group_by(gap_turns.c.gap_id, turns.c.author, turns.c.audience)
)


def heat(askers: Sequence[tuple[int, datetime]]) -> float:
    """How much a gap is asked for: of each asker how many questions, and when the last one was.

    Each person counts once, each further question of the same person a tenth (up to five), and all
    of it half as much for every 30 days since that person's last one. The logarithm (base 2) of
    the sum, in half-lives since 1970: it ranks the same whenever it is looked at, so that it is
    worked out only when somebody asks again (forward decay: Cormode and others, ICDE 2009).
    """
    if not askers:
        return 0.0
    ages = [last.timestamp() / HALF_LIFE.total_seconds() for _, last in askers]
    newest = max(ages)
    total = sum(
        (1 + _REPEAT * min(asked - 1, _MOST_REPEATS)) * 2.0 ** (age - newest)
        for (asked, _), age in zip(askers, ages, strict=True)
    )
    return newest + math.log2(total)


def refresh_in(connection: sa.Connection, ids: Sequence[str]) -> None:
    """Work the figures of gaps out anew; an answered one that is asked again is open again, and
    one that has neither turns nor an answer left is gone."""
    for batch in batches(sorted(set(ids))):
        found: dict[str, list[Any]] = {id_: [] for id_ in batch}
        for row in connection.execute(_asked, {"ids": batch}):
            found[row.gap_id].append(row)
        states = sa.select(gaps.c.id, gaps.c.state, gaps.c.answered_at, gaps.c.document)
        for gap in connection.execute(states.where(gaps.c.id.in_(batch))).all():
            here = gaps.c.id == gap.id
            rows = found[gap.id]
            if not rows and gap.state != MERGED and not gap.document:
                connection.execute(sa.delete(gaps).where(gaps.c.merged_into == gap.id))
                connection.execute(sa.delete(gaps).where(here))
                continue
            values = _figures(rows, answered=gap.answered_at is not None)
            if gap.state == ANSWERED and values["again"]:
                values["state"] = OPEN
            connection.execute(sa.update(gaps).where(here).values(**values))


def _figures(rows: Sequence[Any], *, answered: bool) -> dict[str, Any]:
    """Of an answered gap the questions since then say how much it is asked for."""
    askers: dict[str, tuple[int, datetime]] = {}
    for row in rows:
        asked, last = askers.get(row.author, (0, row.last_at))
        more = int(row.since) if answered else row.turns
        if more:
            askers[row.author] = asked + more, max(last, row.last_at)
    return {
        "turns": sum(row.turns for row in rows),
        "askers": len({row.author for row in rows}),
        "again": sum(int(row.since) for row in rows) if answered else 0,
        "first_at": min((row.first_at for row in rows), default=None),
        "last_at": max((row.last_at for row in rows), default=None),
        "heat": heat(list(askers.values())),
        "audiences": _audiences(rows),
    }


def _audiences(rows: Sequence[Any]) -> list[list[str]]:
    """Each audience once, those of most questions first."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.audience] = counts.get(row.audience, 0) + row.turns
    read = Json().process_result_value
    ordered = sorted(counts, key=lambda text: (-counts[text], text))
    return [read(text, None) for text in ordered]  # type: ignore[arg-type]  # no dialect is asked


def batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Some ids at a time: databases bound the number of values in a query."""
    for start in range(0, len(ids), _BATCH):
        yield ids[start : start + _BATCH]
