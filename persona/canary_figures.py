"""The turns of a canary's time, told apart by the model that spoke."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from bot.conversation import Outcome, Rating
from bot.store.base import Database
from bot.store.chat_tables import handoffs
from bot.store.tables import feedback, turns
from persona.canary import Side, takes_part
from persona.canary_reading import ERRORS, PERSON, THUMBS, UNKNOWN, UNSUPPORTED, TurnSeen
from persona.registry import Trial
from persona.tables import model_versions

MOST = 50_000
"""Turns of a canary that are looked at, the first ones: more add nothing to the verdict."""

READER = "extractive"
"""The model of the built-in reader, which steps in where a model does not answer."""

_BATCH = 500
_NO_STAGES = ("total", "first_sentence")


class CanaryTurns:
    """Turns in a database, as a canary sees them. ``general`` is the general model's id (empty:
    none), which speaks where no version is live, and steps in where one fails."""

    def __init__(self, db: Database, general: str = "") -> None:
        self._db = db
        self._general = general

    async def of(self, trial: Trial) -> list[TurnSeen]:
        """The turns since a canary began, until it ended, in their order.

        A turn belongs to the side whose model spoke. Where another one stepped in, and where the
        house answered without any, it belongs to the side of its thread: a model that fails must
        not get away with it. Repeated answers and other models' turns are left out.
        """
        return await self._db.read(lambda connection: list(self._of(connection, trial)))

    def _of(self, connection: sa.Connection, trial: Trial) -> Iterator[TurnSeen]:
        canary, live = _models(connection, trial)
        splits = _splits(trial)
        rows = list(connection.execute(_turns_of(trial)))
        ids = [row.id for row in rows]
        thumbs, persons = _thumbs(connection, ids), _persons(connection, ids)
        for row in rows:
            side = self._side(row, canary, live, trial.id, splits)
            if side is not None:
                bad = _went_wrong(row, thumbs.get(row.id, ()), person=row.id in persons)
                yield TurnSeen(row.thread_id, side, bad, _ms(row))

    def _side(
        self,
        row: Any,
        canary: str,
        live: str,
        trial: str,
        splits: Sequence[tuple[datetime, float]],
    ) -> Side | None:
        if row.model == canary:
            return Side.CANARY
        if live and row.model == live:
            return Side.LIVE
        if row.model not in {READER, self._general}:
            return None
        share = next((share for at, share in reversed(splits) if at <= row.at), splits[0][1])
        return Side.CANARY if takes_part(row.thread_id, trial, share) else Side.LIVE


def _models(connection: sa.Connection, trial: Trial) -> tuple[str, str]:
    query = sa.select(model_versions.c.version, model_versions.c.model).where(
        model_versions.c.version.in_((trial.version, trial.against))
    )
    known: dict[str, str] = {row.version: row.model for row in connection.execute(query)}
    return known.get(trial.version, ""), known.get(trial.against, "")


def _splits(trial: Trial) -> list[tuple[datetime, float]]:
    """The share by the moment from which it held."""
    kept = trial.figures.get("shares") or [[trial.at.isoformat(), trial.share]]
    return [(datetime.fromisoformat(at), float(share)) for at, share in kept]


def _turns_of(trial: Trial) -> sa.Select[Any]:
    names = (
        "id", "thread_id", "at", "model", "outcome", "error", "timings", "claims", "rejected",
    )  # fmt: skip
    query = sa.select(*(turns.c[name] for name in names)).where(
        turns.c.at >= trial.at, turns.c.cached_from == ""
    )
    if trial.ended_at is not None:
        query = query.where(turns.c.at <= trial.ended_at)
    return query.order_by(turns.c.at, turns.c.id).limit(MOST)


def _went_wrong(row: Any, thumbs: Sequence[str], *, person: bool) -> Mapping[str, float]:
    """By measure, 0 to 1."""
    outcome = Outcome(row.outcome)
    bad = {
        UNKNOWN: float(outcome is Outcome.ABSTAINED),
        PERSON: float(person or outcome is Outcome.HANDOFF),
        ERRORS: float(bool(row.error) or outcome is Outcome.ERROR),
    }
    unsupported = _unsupported(row.claims, row.rejected)
    if unsupported is not None:
        bad[UNSUPPORTED] = unsupported
    if thumbs:
        bad[THUMBS] = sum(rating == Rating.DOWN.value for rating in thumbs) / len(thumbs)
    return bad


def _unsupported(claims: Sequence[Any], rejected: Sequence[Any]) -> float | None:
    """The share of what was said first that its passages did not carry, before any repair."""
    repaired = sum(bool(each.get("became")) for each in rejected)
    passed = max(sum(bool(claim.get("supported")) for claim in claims) - repaired, 0)
    said = passed + len(rejected)
    return len(rejected) / said if said else None


def _ms(row: Any) -> float | None:
    """How long the whole turn took; the total itself is known only after it was stored."""
    stages = [ms for name, ms in row.timings.items() if name not in _NO_STAGES]
    return float(sum(ms or 0.0 for ms in stages)) if stages else None


def _thumbs(connection: sa.Connection, ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for batch in _batches(ids):
        query = sa.select(feedback.c.turn_id, feedback.c.rating)
        for row in connection.execute(query.where(feedback.c.turn_id.in_(batch))):
            found[row.turn_id].append(row.rating)
    return found


def _persons(connection: sa.Connection, ids: Sequence[str]) -> frozenset[str]:
    found: set[str] = set()
    for batch in _batches(ids):
        query = sa.select(handoffs.c.turn_id).where(handoffs.c.turn_id.in_(batch))
        found.update(connection.scalars(query))
    return frozenset(found)


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for _, numbered in groupby(enumerate(ids), lambda pair: pair[0] // _BATCH):
        yield [id_ for _, id_ in numbered]
