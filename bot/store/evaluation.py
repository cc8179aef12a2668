"""Evaluations that are over: their figures, and what was said to each case in each mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.errors import NotFoundError
from bot.store.audit import OPERATOR, AuditTrail
from bot.store.base import Database
from bot.store.evaluation_tables import evaluation_cases, evaluations

Record = Mapping[str, Any]
"""A case with what was said to it, as :mod:`bot.evaluation.told` writes it."""


Cases = dict[str, list[Record]]
"""By mode, in the order of the suite."""


def _whole(record: Record) -> Record:
    return record


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


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of runs ends: the last run on it."""

    at: datetime
    id: str


class NoRunError(NotFoundError):
    """There is no {kind} "{id}"; `wellspoken evaluate --list` names what there is."""


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
            raise NoRunError(kind="run", id=run)
        return _line(row)

    async def cases(self, run: str, of: Callable[[Record], Record] = _whole) -> Cases:
        """What was said in a run, by mode, in the order of the suite; ``of`` takes what is wanted
        of each as it is read, so that the whole of a large run is never in memory."""
        query = (
            sa.select(evaluation_cases.c.mode, evaluation_cases.c.record)
            .where(evaluation_cases.c.run == run)
            .order_by(evaluation_cases.c.mode, evaluation_cases.c.position)
        )

        def op(connection: sa.Connection) -> Cases:
            found: Cases = {}
            for mode, record in connection.execute(query):
                found.setdefault(mode, []).append(of(record))
            return found

        return await self._db.read(op)

    async def case(self, run: str, case: str) -> dict[str, Record]:
        """What each mode said to a case. Raises NotFoundError."""
        mine = evaluation_cases
        query = (
            sa.select(mine.c.mode, mine.c.record)
            .where(mine.c.run == run, mine.c.case_id == case)
            .order_by(mine.c.mode)
        )
        rows = await self._db.read(lambda connection: connection.execute(query).all())
        if not rows:
            raise NotFoundError(kind="case", id=case)
        return {row.mode: row.record for row in rows}

    async def page(
        self, limit: int, after: Place | None = None, suite: str = ""
    ) -> Sequence[RunLine]:
        """Runs, the newest first, those behind the place ``after``."""
        query = sa.select(evaluations).order_by(evaluations.c.at.desc(), evaluations.c.id.desc())
        if suite:
            query = query.where(evaluations.c.suite == suite)
        if after is not None:
            query = query.where(
                sa.or_(
                    evaluations.c.at < after.at,
                    sa.and_(evaluations.c.at == after.at, evaluations.c.id < after.id),
                )
            )
        query = query.limit(limit)
        return await self._db.read(lambda c: [_line(row) for row in c.execute(query)])

    async def suites(self) -> Sequence[tuple[str, int]]:
        """The suites that were asked, with how many runs each has; the one last asked first."""
        query = (
            sa.select(evaluations.c.suite, sa.func.count())
            .group_by(evaluations.c.suite)
            .order_by(sa.func.max(evaluations.c.at).desc())
        )
        return await self._db.read(lambda c: [(name, n) for name, n in c.execute(query)])

    async def remove(self, run: str, *, by: str, audit: AuditTrail) -> RunLine:
        """Delete a run with its cases, which the audit trail notes. Raises NotFoundError."""

        def op(connection: sa.Connection) -> RunLine:
            row = connection.execute(
                sa.select(evaluations).where(evaluations.c.id == run)
            ).one_or_none()
            if row is None:
                raise NoRunError(kind="run", id=run)
            connection.execute(sa.delete(evaluation_cases).where(evaluation_cases.c.run == run))
            connection.execute(sa.delete(evaluations).where(evaluations.c.id == run))
            told = {"action": "evaluation deleted", "actor": by, "subject": run, "suite": row.suite}
            audit.append_in(connection, OPERATOR, told)
            return _line(row)

        return await self._db.write(op)

    async def listing(self, suite: str = "") -> Sequence[RunLine]:
        """Every run, or those over a suite, the newest first."""
        query = sa.select(evaluations).order_by(evaluations.c.at.desc(), evaluations.c.id.desc())
        if suite:
            query = query.where(evaluations.c.suite == suite)
        return await self._db.read(lambda c: [_line(row) for row in c.execute(query)])


def _line(row: Any) -> RunLine:
    return RunLine(**{name: getattr(row, name) for name in RunLine.__slots__})
