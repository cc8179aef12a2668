"""What is known of the routes that turns took: operators' labels, ratings, what followed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.budget import day_of
from bot.conversation import Outcome, Rating, Route
from bot.errors import NotFoundError
from bot.routing.signs import Happened, Kind, kind_of, same_question
from bot.store import route_thumbs, turn_days
from bot.store.audit import OPERATOR, AuditTrail
from bot.store.base import Database, insert
from bot.store.chat_tables import handoffs
from bot.store.remembered import Remembered
from bot.store.routing_tables import route_labels
from bot.store.tables import feedback, messages, turns
from bot.store.timing import utc_now
from bot.store.turn_days import DAY, Day, Sums
from bot.store.turns import texts_in

MOST = 20_000
"""Turns that are learned from, the latest ones."""

_BATCH = 500
_LOOKED_THROUGH = 1000
_CLEAR = 0.8  # so far apart, nobody need look
_light = sa.select(
    turns.c.id,
    turns.c.thread_id,
    turns.c.author,
    turns.c.route,
    turns.c.outcome,
    turns.c.odds,
    route_labels.c.route.label("label"),
    handoffs.c.id.label("person"),
).select_from(
    turns.outerjoin(route_labels, route_labels.c.turn_id == turns.c.id).outerjoin(
        handoffs, handoffs.c.turn_id == turns.c.id
    )
)
_newest_first = (turns.c.at.desc(), turns.c.id.desc())
_MOMENT = timedelta(microseconds=1)
_EVER = datetime(9999, 1, 1, tzinfo=UTC)


def _no_thumbs() -> dict[datetime, route_thumbs.Known]:
    return {}


_memories = Remembered(_no_thumbs)
_PERIODS = 4
"""Periods whose thumbs are remembered, by their first day."""


@dataclass(frozen=True, slots=True)
class RouteShare:
    """How turns of one route went: ``share`` of all turns, mean ``confidence`` (0 to 1), how many
    ended how, and the thumbs they got."""

    route: Route
    turns: int
    share: float
    confidence: float
    outcomes: dict[Outcome, int] = field(default_factory=dict)
    up: int = 0
    down: int = 0


@dataclass(frozen=True, slots=True)
class DoubtfulTurn:
    """A turn without a label whose route was close: ``margin`` is how far the likeliest kind is
    from the next one, 0 to 1."""

    turn: str
    at: datetime
    question: str
    route: Route
    confidence: float
    reasons: tuple[str, ...]
    outcome: Outcome
    margin: float


class RouteBook:
    """Routes, labels and figures in a database."""

    def __init__(
        self, db: Database, audit: AuditTrail | None = None, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._db = db
        self._audit = audit or AuditTrail(db)
        self._clock = clock
        self._thumbs = _memories.of(db)

    async def label(self, turn: str, route: Route, by: str) -> None:
        """Keep which route a turn should have taken; the last word counts. Raises NotFoundError.

        ``by`` is the operator's key; the deed is an entry of the audit trail.
        """
        row = {"turn_id": turn, "route": route.value, "by": by, "at": self._clock()}

        def op(connection: sa.Connection) -> None:
            known = sa.select(turns.c.route).where(turns.c.id == turn)
            decided = connection.scalar(known)
            if decided is None:
                raise NotFoundError(kind="turn", id=turn)
            new = insert(connection, route_labels)
            connection.execute(
                new.on_conflict_do_update(
                    index_elements=["turn_id"],
                    set_={name: new.excluded[name] for name in ("route", "by", "at")},
                ),
                row,
            )
            content = {"action": "route labelled", "actor": by, "subject": turn}
            details = {"route": route.value, "decided": decided}
            self._audit.append_in(connection, OPERATOR, content | details)

        await self._db.write(op)

    async def confusion(self) -> dict[tuple[str, str], int]:
        """How many labelled turns there are of each right and decided route."""
        query = (
            sa.select(route_labels.c.route, turns.c.route, sa.func.count())
            .join(turns, turns.c.id == route_labels.c.turn_id)
            .group_by(route_labels.c.route, turns.c.route)
        )
        return await self._db.read(
            lambda connection: {(a, b): n for a, b, n in connection.execute(query)}
        )

    async def shares(self, since: datetime) -> list[RouteShare]:
        """How turns went since a moment, by route, the most frequent first."""
        now, days = self._clock(), turn_days.remembered(self._db)
        first, today = day_of(since + DAY - _MOMENT), day_of(now)
        known = self._thumbs.pop(day_of(since), None)

        def op(
            connection: sa.Connection,
        ) -> tuple[list[Day], list[Sums], route_thumbs.Sums, route_thumbs.Known]:
            whole = turn_days.days_in(connection, first, max(first, today), days)
            ended = [sums for day in whole for sums in day.sums]
            ended += turn_days.sums_in(connection, since, first)
            ended += turn_days.sums_in(connection, max(first, today), _EVER)
            return whole, ended, *route_thumbs.look(connection, since, now, known)

        whole, ended, thumbs, found = await self._db.read(op)
        turn_days.remember(self._db, whole, now)
        self._thumbs[found.start] = found
        for oldest in list(self._thumbs)[:-_PERIODS]:
            del self._thumbs[oldest]
        return _shares(ended, thumbs)

    async def doubtful(self, since: datetime, limit: int = 20) -> list[DoubtfulTurn]:
        """The closest decisions since a moment that nobody has labelled, the closest first; of
        those on the same words the latest."""
        query = (
            sa.select(
                *(turns.c[name] for name in ("id", "at", "route", "confidence", "reasons")),
                turns.c.outcome,
                turns.c.odds,
            )
            .where(turns.c.at >= since, turns.c.author.notlike("%:forgotten"))
            .where(~sa.exists().where(route_labels.c.turn_id == turns.c.id))
            .order_by(*_newest_first)
            .limit(_LOOKED_THROUGH)
        )

        def op(connection: sa.Connection) -> list[DoubtfulTurn]:
            weighed = [
                (margin, row)
                for row in connection.execute(query)
                if (margin := _margin(row.odds)) is not None and margin < _CLEAR
            ]
            weighed.sort(key=lambda pair: pair[0])
            said = texts_in(connection, [row.id for _, row in weighed])
            first: dict[str, tuple[float, Any]] = {}
            for margin, row in weighed:
                first.setdefault(said[row.id][0].casefold(), (margin, row))
            closest = list(first.values())[:limit]
            return [
                DoubtfulTurn(
                    turn=row.id,
                    at=row.at,
                    question=said[row.id][0],
                    route=Route(row.route),
                    confidence=row.confidence,
                    reasons=tuple(row.reasons),
                    outcome=Outcome(row.outcome),
                    margin=margin,
                )
                for margin, row in closest
            ]

        return await self._db.read(op)

    async def happened(self, most: int = MOST) -> list[Happened]:
        """The latest turns with what became of them, the newest first."""

        def op(connection: sa.Connection) -> list[Happened]:
            rows = list(connection.execute(_light.order_by(*_newest_first).limit(most)))
            again = _asked_again(connection, rows)
            thumbs = _thumbs(connection)
            return [
                Happened(
                    turn=row.id,
                    thread=row.thread_id,
                    route=Route(row.route),
                    outcome=Outcome(row.outcome),
                    odds=dict(row.odds),
                    label=None if row.label is None else Route(row.label),
                    thumbs=tuple(thumbs.get(row.id, ())),
                    person_asked=row.person is not None,
                    asked_again=row.id in again,
                )
                for row in rows
            ]

        return await self._db.read(op)


def _margin(odds: Sequence[tuple[str, float]]) -> float | None:
    """How far the likeliest kind is from the next; ``None`` where a rule decided."""
    found = dict(odds)
    likely = sorted((found[kind] for kind in Kind if kind in found), reverse=True)
    return likely[0] - likely[1] if len(likely) > 1 else None


def _shares(ended: Sequence[Sums], thumbs: route_thumbs.Sums) -> list[RouteShare]:
    whole = sum(sums.turns for sums in ended) or 1
    found = []
    for route in Route:
        here = [sums for sums in ended if sums.route == route.value]
        n = sum(sums.turns for sums in here)
        if not n:
            continue
        outcomes: Counter[Outcome] = Counter()
        for sums in here:
            outcomes[Outcome(sums.outcome)] += sums.turns
        found.append(
            RouteShare(
                route=route,
                turns=n,
                share=n / whole,
                confidence=sum(sums.confidence for sums in here) / n,
                outcomes=dict(outcomes),
                up=thumbs[route.value, Rating.UP.value],
                down=thumbs[route.value, Rating.DOWN.value],
            )
        )
    return sorted(found, key=lambda share: -share.turns)


def _thumbs(connection: sa.Connection) -> dict[str, list[tuple[Rating, str]]]:
    found: dict[str, list[tuple[Rating, str]]] = {}
    columns = feedback.c.turn_id, feedback.c.rating, feedback.c.reason
    for row in connection.execute(sa.select(*columns)):
        found.setdefault(row.turn_id, []).append((Rating(row.rating), row.reason))
    return found


def _asked_again(connection: sa.Connection, rows: Sequence[Any]) -> set[str]:
    """Turns taken for small talk whose asker then asked the same again and was looked up."""
    later: dict[str, Any] = {}
    pairs: dict[str, str] = {}
    for row in rows:  # the newest first, so what is known of a thread came afterwards
        after = later.get(row.thread_id)
        later[row.thread_id] = row
        if after is None or after.author != row.author:
            continue
        if Route(row.route) is Route.VOICE and kind_of(Route(after.route)) is Kind.QUESTION:
            pairs[row.id] = after.id
    said: dict[str, str] = {}
    for batch in _batches([*pairs, *pairs.values()]):
        query = sa.select(messages.c.turn_id, messages.c.text).where(
            messages.c.turn_id.in_(batch), messages.c.role == "user"
        )
        said |= {row.turn_id: row.text for row in connection.execute(query)}
    return {a for a, b in pairs.items() if same_question(said.get(a, ""), said.get(b, ""))}


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _BATCH):
        yield ids[start : start + _BATCH]
