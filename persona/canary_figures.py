"""The turns of a canary's time, told apart by the model that spoke."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from bot.conversation import TRIED_IN, Outcome, Rating
from bot.store.base import Database
from bot.store.chat_tables import handoffs
from bot.store.tables import feedback, turns
from persona.canary import Side, takes_part
from persona.canary_reading import ERRORS, PERSON, THUMBS, UNKNOWN, UNSUPPORTED, TurnSeen
from persona.registry import Trial
from persona.tables import model_versions

MOST = 20_000
"""Turns of a canary that are looked at, the first ones: more add nothing to the verdict."""

READER = "extractive"
"""The model of the built-in reader, which steps in where a model does not answer."""

_PAGE = 500
Place = tuple[datetime, str]
"""A turn's place in the order: its moment and its id."""
_NO_STAGES = ("total", "first_sentence")


class CanaryTurns:
    """Turns in a database, as a canary sees them. ``general`` is the general model's id (empty:
    none), which speaks where no version is live, and steps in where one fails."""

    def __init__(self, db: Database, general: str = "", *, page: int = _PAGE) -> None:
        self._db = db
        self._general = general
        self._page = page

    async def of(self, trial: Trial) -> list[TurnSeen]:
        """The turns since a canary began, until it ended, in their order.

        A turn belongs to the side whose model spoke. Where another one stepped in, and where the
        house answered without any, it belongs to the side of its thread: a model that fails must
        not get away with it. Repeated answers and other models' turns are left out.
        """
        split = _Split.of(trial, await self._db.read(lambda c: _models(c, trial)), self._general)
        found: list[TurnSeen] = []
        query, after = _turns_of(trial), (trial.at, "")
        for _ in range(MOST // self._page):  # whoever is answered meanwhile goes first
            page, following = await self._db.read(partial(_page, query, split, after, self._page))
            found += page
            if following is None:
                break
            after = following
        return found


@dataclass(frozen=True, slots=True)
class _Split:
    """Whose turns are whose: by model, else by thread and the share that held."""

    trial: str
    canary: str
    live: str
    others: frozenset[str]
    shares: tuple[tuple[datetime, float], ...]

    @classmethod
    def of(cls, trial: Trial, models: tuple[str, str], general: str) -> _Split:
        kept = trial.figures.get("shares") or [[trial.at.isoformat(), trial.share]]
        shares = tuple((datetime.fromisoformat(at), float(share)) for at, share in kept)
        return cls(trial.id, *models, frozenset({READER, general}), shares)

    def side(self, row: Any) -> Side | None:
        if row.model == self.canary:
            return Side.CANARY
        if self.live and row.model == self.live:
            return Side.LIVE
        if row.model not in self.others:
            return None
        held = (share for at, share in reversed(self.shares) if at <= row.at)
        share = next(held, self.shares[0][1])
        return Side.CANARY if takes_part(row.thread_id, self.trial, share) else Side.LIVE


def _page(
    query: sa.Select[Any], split: _Split, after: Place, size: int, connection: sa.Connection
) -> tuple[list[TurnSeen], Place | None]:
    """The turns of a page, and where the next one begins (``None``: this was the last)."""
    begins = sa.tuple_(sa.literal(after[0], turns.c.at.type), sa.literal(after[1]))
    query = query.where(sa.tuple_(turns.c.at, turns.c.id) > begins).limit(size)
    rows = list(connection.execute(query))
    ids = [row.id for row in rows]
    thumbs, persons = _thumbs(connection, ids), _persons(connection, ids)
    found = [
        TurnSeen(
            row.thread_id,
            side,
            _went_wrong(row, thumbs.get(row.id, ()), person=row.id in persons),
            _ms(row),
        )
        for row in rows
        if (side := split.side(row)) is not None
    ]
    return found, (rows[-1].at, rows[-1].id) if len(rows) == size else None


def _models(connection: sa.Connection, trial: Trial) -> tuple[str, str]:
    query = sa.select(model_versions.c.version, model_versions.c.model).where(
        model_versions.c.version.in_((trial.version, trial.against))
    )
    known: dict[str, str] = {row.version: row.model for row in connection.execute(query)}
    return known.get(trial.version, ""), known.get(trial.against, "")


def _turns_of(trial: Trial) -> sa.Select[Any]:
    names = (
        "id", "thread_id", "at", "model", "outcome", "error", "timings", "claims", "rejected",
    )  # fmt: skip
    query = sa.select(*(turns.c[name] for name in names)).where(
        turns.c.cached_from == "", turns.c.channel.is_distinct_from(TRIED_IN)
    )
    if trial.ended_at is not None:
        query = query.where(turns.c.at <= trial.ended_at)
    return query.order_by(turns.c.at, turns.c.id)


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
    query = sa.select(feedback.c.turn_id, feedback.c.rating)
    for row in connection.execute(query.where(feedback.c.turn_id.in_(ids))):
        found[row.turn_id].append(row.rating)
    return found


def _persons(connection: sa.Connection, ids: Sequence[str]) -> frozenset[str]:
    query = sa.select(handoffs.c.turn_id).where(handoffs.c.turn_id.in_(ids))
    return frozenset(connection.scalars(query))
