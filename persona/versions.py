"""Versions of the brand voice, and what of them is released: values, and their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.errors import NotFoundError
from bot.store.base import insert
from persona.tables import canaries, gates, model_versions, promotions, releases

CANDIDATE, GATED, CANARY, LIVE, RETIRED, REJECTED = (
    "candidate",
    "gated",
    "canary",
    "live",
    "retired",
    "rejected",
)
RUNNING, ROLLED_BACK, PROMOTED, ENDED = "running", "rolled back", "promoted", "ended"
PROMOTE, FORCE, ROLLBACK = "promote", "force", "rollback"
PASS = "pass"  # noqa: S105 - a verdict
LEAST_SHARE = 0.01
_ROW = "main"


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A model that may speak as the brand.

    ``model`` is the id that it is asked by, ``adapter`` the folder of its LoRA adapter (``None``:
    the service keeps it), ``dataset`` and ``job`` are where it came from (empty: from elsewhere).
    ``state`` is candidate, gated, canary, live, retired or rejected, ``why`` its last change in
    words, at ``state_at``.
    """

    version: str
    number: int
    model: str
    base: str
    backend: str
    method: str
    dataset: str
    job: str
    adapter: Path | None
    persona: str
    state: str
    scores: Mapping[str, Any]
    why: str
    by: str
    at: datetime
    state_at: datetime


@dataclass(frozen=True, slots=True)
class Trial:
    """A canary, running or over.

    ``against`` is the version that was live meanwhile (empty: the general model). ``state`` is
    running, rolled back, promoted or ended; ``figures`` what was seen last.
    """

    id: str
    version: str
    against: str
    share: float
    state: str
    why: str
    figures: Mapping[str, Any]
    by: str
    at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Release:
    """What is released: the live version (``None``: the general model speaks), and the canary with
    the share of threads that it answers, 0 to 1. ``revision`` grows with every change."""

    live: ModelVersion | None = None
    canary: ModelVersion | None = None
    share: float = 0.0
    revision: int = 0
    trial: Trial | None = None


@dataclass(frozen=True, slots=True)
class Promotion:
    """A change of what is live: ``version`` and ``before`` (empty: none), ``how`` is promote,
    force or rollback."""

    number: int
    version: str
    before: str
    how: str
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """What came of a promotion or a rollback: ``changed`` is false where the version was live
    already; ``ended`` is the canary that ended with it (empty: none)."""

    version: str
    before: str
    changed: bool = True
    ended: str = ""


@dataclass(frozen=True, slots=True)
class GateRun:
    """The latest run of a version through the gate, over all its suites."""

    passed: bool
    against: str
    reasons: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()
    at: datetime | None = None


@dataclass(slots=True)
class Standing:
    """The row of what is released, held until the commit."""

    live: str
    canary: str
    share: float
    revision: int
    ended: str = field(default="")


def version_of(row: Any) -> ModelVersion:
    """A row of ``model_versions``."""
    fields = {name: getattr(row, name) for name in model_versions.c.keys() if name != "adapter"}  # noqa: SIM118
    return ModelVersion(**fields, adapter=Path(row.adapter) if row.adapter else None)


def get_in(connection: sa.Connection, version: str) -> ModelVersion:
    """A version by its name. Raises NotFoundError."""
    query = sa.select(model_versions).where(model_versions.c.version == version)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFoundError(kind="version of the voice", id=version)
    return version_of(row)


def lock(connection: sa.Connection, by: str, at: datetime) -> Standing:
    """What is released, which nobody else changes until the commit; versions come after it."""
    first = {
        "name": _ROW, "live": "", "canary": "", "share": 0.0, "revision": 0, "by": by, "at": at,
    }  # fmt: skip
    connection.execute(insert(connection, releases).on_conflict_do_nothing(), first)
    query = sa.select(releases).where(releases.c.name == _ROW).with_for_update()
    row = connection.execute(query).one()
    return Standing(row.live, row.canary, row.share, row.revision)


def point(connection: sa.Connection, standing: Standing, by: str, at: datetime) -> None:
    """Write what is released now; every process sees the revision grow."""
    standing.revision += 1
    change = sa.update(releases).where(releases.c.name == _ROW)
    connection.execute(
        change.values(
            live=standing.live,
            canary=standing.canary,
            share=standing.share,
            revision=standing.revision,
            by=by,
            at=at,
        )
    )


def put_state(
    connection: sa.Connection,
    version: str,
    state: str,
    why: str,
    at: datetime,
    scores: Mapping[str, Any] | None = None,
) -> None:
    """Change a version's state, with the reason in words."""
    values: dict[str, Any] = {"state": state, "why": why, "state_at": at}
    if scores is not None:
        values["scores"] = dict(scores)
    change = sa.update(model_versions).where(model_versions.c.version == version)
    connection.execute(change.values(**values))


def trial_of(row: Any) -> Trial:
    """A row of ``canaries``."""
    return Trial(**{name: getattr(row, name) for name in canaries.c.keys()})  # noqa: SIM118


def running_in(connection: sa.Connection) -> Trial | None:
    """The canary that runs."""
    query = sa.select(canaries).where(canaries.c.state == RUNNING)
    row = connection.execute(query.order_by(canaries.c.at.desc()).limit(1)).one_or_none()
    return None if row is None else trial_of(row)


def release_in(connection: sa.Connection) -> Release:
    """What is released."""
    query = sa.select(releases).where(releases.c.name == _ROW)
    row = connection.execute(query).one_or_none()
    if row is None:
        return Release()
    known = sa.select(model_versions).where(model_versions.c.version.in_((row.live, row.canary)))
    versions = {found.version: version_of(found) for found in connection.execute(known)}
    return Release(
        live=versions.get(row.live),
        canary=versions.get(row.canary),
        share=row.share,
        revision=row.revision,
        trial=running_in(connection) if row.canary else None,
    )


def gate_in(connection: sa.Connection, version: str) -> GateRun | None:
    """The latest run of a version through the gate; ``None``: it never went.

    The suites of one run share their moment: the version passed where it passed all of them.
    """
    query = sa.select(gates).where(gates.c.version == version).order_by(gates.c.at.desc())
    rows = list(connection.execute(query))
    latest = [row for row in rows if row.at == rows[0].at]
    if not latest:
        return None
    return GateRun(
        passed=all(row.verdict == PASS for row in latest),
        against=latest[0].against,
        reasons=tuple(str(reason) for row in latest for reason in row.reasons),
        reports=tuple(row.report for row in latest if row.report),
        at=latest[0].at,
    )


def promotions_in(connection: sa.Connection) -> list[Promotion]:
    """Every change of what is live, the oldest first."""
    query = sa.select(promotions).order_by(promotions.c.number)
    names = promotions.c.keys()
    return [
        Promotion(**{name: getattr(row, name) for name in names})
        for row in connection.execute(query)
    ]


def were_live(history: Sequence[Promotion]) -> list[str]:
    """What was live one after the other and was not rolled back, the live one last; empty names
    stand for no version."""
    stack = [""]
    for promotion in history:
        if promotion.how != ROLLBACK:
            stack.append(promotion.version)
            continue
        stack.pop()
        while len(stack) > 1 and stack[-1] != promotion.version:
            stack.pop()
        stack = stack or [""]
    return stack
