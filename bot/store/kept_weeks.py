"""Weeks of live turns that are over, kept as they were counted, so that a year is read at once.

Thumbs are not among them: they come late, and are few. What is kept holds as long as the week has
the turns that were counted: none comes to it any more, and where some were erased it is counted
anew. There are no words in it, and nobody's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.store.base import insert
from bot.store.watch_figures import WEEK, Measure, Ratio, Tally
from bot.store.watch_tables import watched_weeks

SETTLED = timedelta(days=2)
"""After a week's end: until then a turn is stored, or a person called, that belongs to it."""

_FORM = 1
"""Of what is kept; another one is counted anew."""
_table = watched_weeks.c


def is_settled(start: datetime, now: datetime) -> bool:
    """Whether a week may be kept."""
    return now >= start + WEEK + SETTLED


def kept(
    connection: sa.Connection, start: datetime, turns: int, sample: int
) -> dict[str, Tally] | None:
    """A week by scope, where it was kept when it had so many turns, from a sample no smaller than
    this one; ``None``: it is to be counted."""
    query = sa.select(_table.scopes).where(
        _table.start == start,
        _table.form == _FORM,
        _table.turns == turns,
        sa.or_(_table.sample >= sample, _table.sample >= turns),
    )
    scopes = connection.scalar(query)
    return None if scopes is None else {scope: _tally(told) for scope, told in scopes.items()}


def keep(
    connection: sa.Connection,
    start: datetime,
    turns: int,
    sample: int,
    tallies: Mapping[str, Tally],
) -> None:
    """Keep a week; the last one who counted it is believed."""
    told = {scope: _json(tally) for scope, tally in tallies.items()}
    row = {"form": _FORM, "turns": turns, "sample": sample, "scopes": told}
    new = insert(connection, watched_weeks).values(start=start, **row)
    connection.execute(new.on_conflict_do_update(index_elements=["start"], set_=row))


def _json(tally: Tally) -> dict[str, Any]:
    ratios = {measure.value: astuple(ratio) for measure, ratio in tally.ratios.items()}
    return {"turns": tally.turns, "ratios": ratios, "times": tally.times}


def _tally(told: Mapping[str, Any]) -> Tally:
    ratios = {Measure(name): Ratio(*sums) for name, sums in told["ratios"].items()}
    return Tally(told["turns"], ratios, tuple(told["times"]))
