"""Evaluations that are over: their figures, and what was said to each case in each mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.errors import NotFoundError
from bot.store.base import Database
from bot.store.evaluation_tables import evaluation_cases, evaluations

Record = Mapping[str, Any]
"""A case with what was said to it, as :mod:`bot.evaluation.told` writes it."""


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run: ``modes`` are the figures as printed, ``baseline`` the run that it was compared with
    and the differences, ``report`` the page that stands alone."""

    id: str
    suite: str
    path: str
    digest: str
    persona: str
    modes: Mapping[str, Record]
    baseline: Record | None
    report: str
    by: str
    at: datetime


class EvaluationBook:
    """The runs in a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, run: RunLine, cases: Mapping[str, Sequence[Record]]) -> None:
        """Keep a run with its cases by mode; each record has its ``id``."""
        row = {name: getattr(run, name) for name in RunLine.__slots__}
        rows = [
            {"run": run.id, "mode": mode, "position": n, "case_id": case["id"], "record": case}
            for mode, records in cases.items()
            for n, case in enumerate(records)
        ]

        def op(connection: sa.Connection) -> None:
            connection.execute(sa.insert(evaluations), [row])
            if rows:
                connection.execute(sa.insert(evaluation_cases), rows)

        await self._db.write(op)

    async def get(self, run: str) -> RunLine:
        """One run. Raises NotFoundError."""
        query = sa.select(evaluations).where(evaluations.c.id == run)
        row = await self._db.read(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            raise NotFoundError(kind="run", id=run)
        return _line(row)

    async def cases(self, run: str) -> dict[str, list[Record]]:
        """What was said in a run, by mode, in the order of the suite."""
        query = (
            sa.select(evaluation_cases.c.mode, evaluation_cases.c.record)
            .where(evaluation_cases.c.run == run)
            .order_by(evaluation_cases.c.mode, evaluation_cases.c.position)
        )
        found: dict[str, list[Record]] = {}
        for mode, record in await self._db.read(lambda c: c.execute(query).all()):
            found.setdefault(mode, []).append(record)
        return found

    async def listing(self, suite: str = "") -> Sequence[RunLine]:
        """Every run, or those over a suite, the newest first."""
        query = sa.select(evaluations).order_by(evaluations.c.at.desc(), evaluations.c.id.desc())
        if suite:
            query = query.where(evaluations.c.suite == suite)
        return await self._db.read(lambda c: [_line(row) for row in c.execute(query)])


def _line(row: Any) -> RunLine:
    return RunLine(**{name: getattr(row, name) for name in RunLine.__slots__})
