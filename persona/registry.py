"""The registry of the brand voice's versions: where each came from, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.errors import UsageError
from bot.store.audit import OPERATOR, AuditTrail
from bot.store.base import Database
from bot.store.timing import utc_now
from persona.promotions import Also, Promotions
from persona.tables import canaries, dataset_examples, model_versions
from persona.versions import (
    CANARY,
    CANDIDATE,
    GATED,
    LIVE,
    REJECTED,
    RETIRED,
    Change,
    GateRun,
    ModelVersion,
    Promotion,
    Release,
    Trial,
    gate_in,
    get_in,
    lock,
    promotions_in,
    put_state,
    release_in,
    trial_of,
    version_of,
)

__all__ = ["Change", "GateRun", "ModelVersion", "Promotion", "Registry", "Release", "Trial"]

_MOST_MODEL = 500


class Registry:
    """The versions in a database; each change is an entry of the audit trail, in one transaction.

    ``by`` is everywhere the key of who did it.
    """

    def __init__(
        self,
        db: Database,
        audit: AuditTrail | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._db = db
        self._audit = audit or AuditTrail(db)
        self._clock = clock
        self._promotions = Promotions(db, self._audit, clock)

    # -- versions -------------------------------------------------------------------------------

    async def register(
        self,
        *,
        model: str,
        by: str,
        base: str = "",
        backend: str = "",
        method: str = "",
        dataset: str = "",
        job: str = "",
        adapter: str | Path | None = None,
        persona: str = "",
    ) -> ModelVersion:
        """Keep a new version, as a candidate; the same job again gets the same version.

        Raises UsageError for a model that is another version already: turns are told apart by it.
        """
        if not model.strip() or len(model) > _MOST_MODEL:
            raise UsageError("A version needs the id that its model is asked by.")
        at = self._clock()
        row: dict[str, Any] = {
            "model": model.strip(), "base": base, "backend": backend, "method": method,
            "dataset": dataset, "job": job, "adapter": str(adapter) if adapter else "",
            "persona": persona, "state": CANDIDATE, "scores": {}, "why": "registered", "by": by,
            "at": at, "state_at": at,
        }  # fmt: skip

        def op(connection: sa.Connection) -> ModelVersion:
            lock(connection, by, at)
            known = _of_job(connection, job) or _of_model(connection, row["model"])
            if known is not None:
                if job and known.job == job:
                    return known
                raise UsageError(f"{known.model} is registered already, as {known.version}.")
            last = connection.scalar(sa.select(sa.func.max(model_versions.c.number))) or 0
            named = {**row, "number": last + 1, "version": f"v{last + 1}"}
            connection.execute(sa.insert(model_versions), [named])
            self._append(connection, "model registered", by, named["version"], model=row["model"])
            return get_in(connection, named["version"])

        return await self._db.write(op)

    async def get(self, version: str) -> ModelVersion:
        """A version by its name. Raises NotFoundError."""
        return await self._db.read(lambda connection: get_in(connection, version))

    async def listing(self) -> list[ModelVersion]:
        """Every version, the newest first."""
        query = sa.select(model_versions).order_by(model_versions.c.number.desc())
        return await self._db.read(lambda c: [version_of(row) for row in c.execute(query)])

    async def set_state(
        self,
        version: str,
        state: str,
        *,
        why: str,
        by: str,
        scores: Mapping[str, Any] | None = None,
    ) -> ModelVersion:
        """Say what a version is worth: candidate, gated, rejected or retired, and its scores.

        What answers users stays live or canary until it is rolled back; its scores are kept.
        Raises NotFoundError, UsageError.
        """
        if state not in {CANDIDATE, GATED, REJECTED, RETIRED}:
            raise UsageError(f'A version is not made "{state}" here; promote it or make it canary.')
        at = self._clock()

        def op(connection: sa.Connection) -> ModelVersion:
            lock(connection, by, at)
            known = get_in(connection, version)
            speaks = known.state in {LIVE, CANARY}
            becomes = known.state if speaks else state
            put_state(connection, version, becomes, known.why if speaks else why, at, scores)
            action = "model judged" if speaks else f"model {state}"  # the trail tells what became
            self._append(connection, action, by, version, state=becomes, why=why)
            return get_in(connection, version)

        return await self._db.write(op)

    async def gate(self, version: str) -> GateRun | None:
        """The latest run of a version through the gate; ``None``: it never went."""
        return await self._db.read(lambda connection: gate_in(connection, version))

    async def trained_on(self, author: str) -> list[ModelVersion]:
        """The versions that were trained on an author's words or questions, by the author's key:
        directly, or on top of one that was. The newest first."""
        if not author:  # the bot's own words have no author
            return []
        query = _trained_on(author)
        return await self._db.read(lambda c: [version_of(row) for row in c.execute(query)])

    # -- what is released -----------------------------------------------------------------------

    async def release(self) -> Release:
        """What is released now."""
        return await self._db.read(release_in)

    async def live(self) -> ModelVersion | None:
        """The live version; ``None``: the general model speaks."""
        return (await self.release()).live

    async def check(self, version: str, *, force: bool, reason: str, canary: bool) -> ModelVersion:
        """Whether a version may be released. See :meth:`persona.promotions.Promotions.check`."""
        return await self._promotions.check(version, force=force, reason=reason, canary=canary)

    async def promote(
        self, version: str, *, by: str, force: bool = False, reason: str = ""
    ) -> Change:
        """Make a version live. See :meth:`persona.promotions.Promotions.promote`."""
        return await self._promotions.promote(version, by=by, force=force, reason=reason)

    async def roll_back(self, *, by: str, reason: str = "") -> Change:
        """Take the last step back. See :meth:`persona.promotions.Promotions.roll_back`."""
        return await self._promotions.roll_back(by=by, reason=reason)

    async def start_canary(
        self, version: str, share: float, *, by: str, force: bool = False, reason: str = ""
    ) -> Trial:
        """Let a version answer a share of threads. See
        :meth:`persona.promotions.Promotions.start_canary`."""
        return await self._promotions.start_canary(
            version, share, by=by, force=force, reason=reason
        )

    async def end_canary(
        self,
        *,
        by: str,
        why: str = "",
        trial: str = "",
        reject: bool = False,
        figures: Mapping[str, Any] | None = None,
        also: Also | None = None,
    ) -> Trial | None:
        """End the canary. See :meth:`persona.promotions.Promotions.end_canary`."""
        return await self._promotions.end_canary(
            by=by, why=why, trial=trial, reject=reject, figures=figures, also=also
        )

    async def note_canary(
        self, trial: str, figures: Mapping[str, Any], said: str = "", also: Also | None = None
    ) -> bool:
        """Keep what was seen of a canary. See :meth:`persona.promotions.Promotions.note`."""
        return await self._promotions.note(trial, figures, said, also)

    async def promotions(self) -> list[Promotion]:
        """Every change of what is live, the newest first."""
        return await self._db.read(lambda connection: promotions_in(connection)[::-1])

    async def canaries(self, version: str = "") -> list[Trial]:
        """Every canary, or those of a version, the newest first."""
        query = sa.select(canaries).order_by(canaries.c.at.desc(), canaries.c.id.desc())
        if version:
            query = query.where(canaries.c.version == version)
        return await self._db.read(lambda c: [trial_of(row) for row in c.execute(query)])

    def _append(
        self, connection: sa.Connection, action: str, by: str, version: str, **details: object
    ) -> None:
        content = {"action": action, "actor": by, "subject": version, **details}
        self._audit.append_in(connection, OPERATOR, content)


def _of_job(connection: sa.Connection, job: str) -> ModelVersion | None:
    if not job:
        return None
    query = sa.select(model_versions).where(model_versions.c.job == job)
    row = connection.execute(query).first()
    return None if row is None else version_of(row)


def _of_model(connection: sa.Connection, model: str) -> ModelVersion | None:
    query = sa.select(model_versions).where(model_versions.c.model == model)
    row = connection.execute(query).first()
    return None if row is None else version_of(row)


def _trained_on(author: str) -> sa.Select[Any]:
    """The versions of an author's words: over their data sets, and over what they started from."""
    theirs = sa.select(dataset_examples.c.dataset_id).where(
        sa.or_(dataset_examples.c.author == author, dataset_examples.c.asker == author)
    )
    columns = model_versions.c.version, model_versions.c.model, model_versions.c.adapter
    taught = sa.select(*columns).where(model_versions.c.dataset.in_(theirs)).cte(recursive=True)
    on_top = sa.select(*columns).where(
        model_versions.c.base != "",
        sa.or_(model_versions.c.base == taught.c.model, model_versions.c.base == taught.c.adapter),
    )
    taught = taught.union(on_top)
    return (
        sa.select(model_versions)
        .where(model_versions.c.version.in_(sa.select(taught.c.version)))
        .order_by(model_versions.c.number.desc())
    )
