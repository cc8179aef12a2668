"""What people thought of the turns of weeks, remembered as sums while no thumb comes or goes.

Thumbs come late and may be taken back, so nothing of them is kept in the database. A look asks how
many there were from its first week up to the last look, and how many of them up: as many as then,
and only the weeks of newer ones are counted anew. There are no words in what is remembered, and
nobody's name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.conversation import Rating
from bot.store.tables import feedback, turns
from bot.store.watch_figures import ALL, Ratio, monday

MODEL = "model:"

_LAG = timedelta(minutes=1)
"""A thumb is stored by then; younger ones are looked at again."""

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_LOOKS = 16
"""First weeks of looks that are remembered: of as many lengths, or as many weeks long."""

_number = (
    sa.select(sa.func.count(), sa.func.count(sa.case((feedback.c.rating == Rating.UP.value, 1))))
    .select_from(feedback)
    .where(
        feedback.c.updated_at >= sa.bindparam("start"), feedback.c.updated_at < sa.bindparam("mark")
    )
)
# Nothing is asked of the turns' own time here: SQLite would then begin with the turns.
_joined = feedback.join(turns, turns.c.id == feedback.c.turn_id)
_young = (
    sa.select(turns.c.at)
    .select_from(_joined)
    .where(feedback.c.updated_at >= sa.bindparam("mark"))
)  # fmt: skip
_rated = (
    sa.select(
        turns.c.at, turns.c.route, turns.c.model, feedback.c.turn_id, feedback.c.author,
        feedback.c.rating,
    )
    .select_from(_joined)
    .where(feedback.c.updated_at >= sa.bindparam("start"))
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Thumbs:
    """Of a week's turns in one scope those with a thumb, and thumbs up of all, by person."""

    answers: int = 0
    people: Ratio = field(default_factory=Ratio)


Week = Mapping[str, Thumbs]
"""By scope; a scope without a thumb is missing."""


@dataclass(frozen=True, slots=True)
class Known:
    """Weeks by their Monday without a thumb from ``mark`` on. They are true from one of the
    Mondays in ``numbers`` on while as many thumbs were given between it and the mark, and as many
    of them up: a thumb on a turn of a week is no older than that."""

    mark: datetime
    numbers: Mapping[datetime, tuple[int, int]]
    weeks: Mapping[datetime, Week]


def look(
    connection: sa.Connection, starts: Sequence[datetime], now: datetime, before: Known | None
) -> tuple[Mapping[datetime, Week], Known]:
    """The thumbs of these weeks, ascending Mondays, and what the next look may know; of what was
    known ``before`` only what changed is counted again."""
    known = _still_true(connection, starts[0], now, before)
    mark = max(now - _LAG, known.mark)
    weeks = dict(known.weeks)
    more, up = _number_in(connection, known.mark, mark) if known.numbers else (0, 0)
    numbers = {start: (n + more, of_them + up) for start, (n, of_them) in known.numbers.items()}
    if starts[0] not in numbers:
        numbers[starts[0]] = _number_in(connection, starts[0], mark)
    missing = [start for start in starts if start not in weeks]
    if missing:
        found: dict[datetime, list[Any]] = {start: [] for start in missing}
        for row in connection.execute(_rated, {"start": missing[0]}):
            rows = found.get(monday(row.at))
            if rows is not None:
                rows.append(row)
        weeks.update({start: _summed(rows) for start, rows in found.items()})
    for oldest in sorted(numbers)[:-_LOOKS]:
        del numbers[oldest]
    return weeks, Known(mark, numbers, _but_for_young(connection, weeks, mark))


def _number_in(connection: sa.Connection, start: datetime, mark: datetime) -> tuple[int, int]:
    number, up = connection.execute(_number, {"start": start, "mark": mark}).one()
    return number, up


def scopes(route: str, model: str) -> tuple[str, ...]:
    """What a turn counts for: everything, its route, and its model where one answered."""
    return (ALL, f"route:{route}", f"{MODEL}{model}") if model else (ALL, f"route:{route}")


def _still_true(
    connection: sa.Connection, first: datetime, now: datetime, before: Known | None
) -> Known:
    """What is known that is true from a Monday on, or from the next one of which that can be
    said."""
    nothing = Known(_NEVER, {}, {})
    # A mark that lies ahead is that of a clock that was set back: what came since is before it.
    if before is None or not before.numbers or before.mark > now:
        return nothing
    earlier = [start for start in before.numbers if start <= first]
    base = max(earlier) if earlier else min(before.numbers)
    if _number_in(connection, base, before.mark) != before.numbers[base]:
        return nothing  # one was taken back, erased or given anew: whose week, nobody knows
    weeks = _but_for_young(connection, before.weeks, before.mark)
    if not earlier:
        weeks = {start: week for start, week in weeks.items() if start >= base}
    return Known(before.mark, before.numbers, weeks)


def _but_for_young(
    connection: sa.Connection, weeks: Mapping[datetime, Week], mark: datetime
) -> Mapping[datetime, Week]:
    touched = {monday(at) for at in connection.scalars(_young, {"mark": mark})}
    return {start: week for start, week in weeks.items() if start not in touched}


def _summed(rated: Iterable[Any]) -> Week:
    answers: dict[str, set[str]] = defaultdict(set)
    people: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(lambda: [0.0, 0.0]))
    for row in rated:
        for scope in scopes(row.route, row.model):
            answers[scope].add(row.turn_id)
            thumbs = people[scope][row.author]
            thumbs[0] += row.rating == Rating.UP.value
            thumbs[1] += 1
    return {
        scope: Thumbs(len(ids), Ratio.of((up, n) for up, n in people[scope].values()))
        for scope, ids in answers.items()
    }
