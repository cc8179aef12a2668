"""What is released: promotions, rollbacks and canaries, each one transaction with its audit entry.

The one row of ``releases`` is locked first, so that two processes that promote at once come one
after the other, and a kill in the middle leaves what was before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.errors import CanaryRejectedError, GateNotPassedError, UsageError
from bot.store.audit import OPERATOR, AuditTrail
from bot.store.base import Database
from bot.store.ids import new_id
from bot.store.timing import utc_now
from persona.tables import canaries, promotions
from persona.versions import (
    CANARY,
    CANDIDATE,
    ENDED,
    FORCE,
    GATED,
    LEAST_SHARE,
    LIVE,
    PROMOTE,
    PROMOTED,
    REJECTED,
    RETIRED,
    ROLLBACK,
    ROLLED_BACK,
    RUNNING,
    Change,
    ModelVersion,
    Standing,
    Trial,
    gate_in,
    get_in,
    lock,
    point,
    promotions_in,
    put_state,
    running_in,
    were_live,
)

Also = Callable[[sa.Connection], None]
"""What is done in the same transaction, like putting down what is to be said."""


class Promotions:
    """Promotions, rollbacks and canaries in a database."""

    def __init__(
        self, db: Database, audit: AuditTrail, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._db = db
        self._audit = audit
        self._clock = clock

    async def check(self, version: str, *, force: bool, reason: str, canary: bool) -> ModelVersion:
        """Whether a version may be made live, or the canary, as far as its own record goes. Raises
        what :meth:`promote` and :meth:`start_canary` raise."""
        _check_reason(force, reason)

        def op(connection: sa.Connection) -> ModelVersion:
            wanted = get_in(connection, version)
            if not force and wanted.state != LIVE:
                (_check_not_failed if canary else _check_passed)(connection, wanted)
            return wanted

        return await self._db.read(op)

    async def promote(
        self, version: str, *, by: str, force: bool = False, reason: str = ""
    ) -> Change:
        """Make a version live; the one before is retired, and a canary that runs ends.

        Without ``force`` it must have passed its latest run through the gate, and not be rejected.
        Raises NotFoundError, GateNotPassedError, ReleaseError, UsageError where ``force`` comes
        without a reason.
        """
        _check_reason(force, reason)
        at = self._clock()

        def op(connection: sa.Connection) -> Change:
            standing = lock(connection, by, at)
            wanted = get_in(connection, version)
            if standing.live == version:
                return Change(version, version, changed=False)
            if not force:
                _check_passed(connection, wanted)
            before = standing.live
            ended = _end_for(connection, standing, version, at)
            if before:
                put_state(connection, before, RETIRED, f"{version} was promoted", at)
            put_state(connection, version, LIVE, reason or "promoted", at)
            standing.live = version
            how = FORCE if force else PROMOTE
            self._changed(connection, standing, (before, how, reason), by, at)
            return Change(version, before, ended=ended)

        return await self._db.write(op)

    async def roll_back(self, *, by: str, reason: str = "") -> Change:
        """Take the last step back: end the canary where one runs, else make live again what was
        live before the live version (down to none at all). Raises UsageError where nothing is
        released."""
        at = self._clock()

        def op(connection: sa.Connection) -> Change:
            standing = lock(connection, by, at)
            if standing.canary:
                ended = standing.canary
                why = reason or "rolled back by an operator"
                self._end(connection, standing, (ENDED, _unreleased), why, by, at)
                return Change(standing.live, standing.live, changed=False, ended=ended)
            before = standing.live
            if not before:
                raise UsageError("No version is live and none is a canary; nothing to roll back.")
            target = were_live(promotions_in(connection))[-2]
            put_state(connection, before, RETIRED, reason or "rolled back by an operator", at)
            if target:
                put_state(connection, target, LIVE, f"{before} was rolled back", at)
            standing.live = target
            self._changed(connection, standing, (before, ROLLBACK, reason), by, at)
            return Change(target, before)

        return await self._db.write(op)

    async def start_canary(
        self, version: str, share: float, *, by: str, force: bool = False, reason: str = ""
    ) -> Trial:
        """Let a version answer a share of threads, 0.01 to 1; the same version again: another
        share, and threads that it answers stay with it where the share grows.

        Without ``force`` it must not have failed its latest run through the gate. Raises
        NotFoundError, GateNotPassedError, ReleaseError, UsageError where another canary runs, the
        version is live, or the share is no share.
        """
        _check_reason(force, reason)
        check_share(share)
        at = self._clock()

        def op(connection: sa.Connection) -> Trial:
            standing = lock(connection, by, at)
            wanted = get_in(connection, version)
            _check_free(standing, version)
            if not force:
                _check_not_failed(connection, wanted)
            running = running_in(connection)
            if standing.canary and running is not None:
                shares = [*running.figures.get("shares", ()), [at.isoformat(), share]]
                kept = {**running.figures, "shares": shares}
                change = sa.update(canaries).where(canaries.c.id == running.id)
                connection.execute(change.values(share=share, figures=kept))
            else:
                row = {
                    "id": new_id("canary"), "version": version, "against": standing.live,
                    "share": share, "state": RUNNING, "why": reason, "by": by, "at": at,
                    "ended_at": None, "figures": {"shares": [[at.isoformat(), share]]},
                }  # fmt: skip
                connection.execute(sa.insert(canaries), [row])
            put_state(connection, version, CANARY, reason or f"canary of {share:.0%}", at)
            standing.canary, standing.share = version, share
            point(connection, standing, by, at)
            details = {"share": share, "forced": force, "reason": reason}
            self._append(connection, "canary started", by, version, **details)
            started = running_in(connection)
            assert started is not None  # written above
            return started

        return await self._db.write(op)

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
        """End the canary; ``trial``: only where it is the one that runs. ``reject``: the version
        is rejected for ``why``. ``None`` where none runs, so two watchers end it once. ``also`` is
        done in the same transaction."""
        at = self._clock()

        def op(connection: sa.Connection) -> Trial | None:
            standing = lock(connection, by, at)
            running = running_in(connection)
            if running is None or not standing.canary or (trial and running.id != trial):
                return None
            if figures is not None:
                change = sa.update(canaries).where(canaries.c.id == running.id)
                connection.execute(change.values(figures={**running.figures, **figures}))
            becomes = _rejected if reject else _unreleased
            state = ROLLED_BACK if reject else ENDED
            if also is not None:
                also(connection)
            self._end(connection, standing, (state, becomes), why or "ended", by, at)
            return running

        return await self._db.write(op)

    async def note(
        self,
        trial: str,
        figures: Mapping[str, Any],
        said: str = "",
        also: Also | None = None,
    ) -> bool:
        """Keep what was seen of a running canary; whether ``said`` is news about it. Of two
        processes that say the same one does: ``also`` is done with it."""

        def op(connection: sa.Connection) -> bool:
            here = canaries.c.id == trial, canaries.c.state == RUNNING
            query = sa.select(canaries).where(*here).with_for_update()
            row = connection.execute(query).one_or_none()
            if row is None:
                return False
            kept = {**row.figures, **figures}
            news = bool(said) and row.figures.get("said") != said
            if news:
                kept["said"] = said
            connection.execute(sa.update(canaries).where(*here).values(figures=kept))
            if news and also is not None:
                also(connection)
            return news

        return await self._db.write(op)

    def _end(
        self,
        connection: sa.Connection,
        standing: Standing,
        ways: tuple[str, Callable[[sa.Connection, str], str]],
        why: str,
        by: str,
        at: datetime,
    ) -> None:
        """End the canary: what its trial and its version become, on the record."""
        state, becomes = ways
        version = standing.canary
        _close(connection, version, state, why, at)
        put_state(connection, version, becomes(connection, version), why, at)
        standing.canary, standing.share = "", 0.0
        point(connection, standing, by, at)
        self._append(connection, f"canary {state}", by, version, why=why)

    def _changed(
        self,
        connection: sa.Connection,
        standing: Standing,
        what: tuple[str, str, str],
        by: str,
        at: datetime,
    ) -> None:
        """Write the promotion, the row and the audit entry."""
        before, how, reason = what
        last = connection.scalar(sa.select(sa.func.max(promotions.c.number))) or 0
        row = {
            "number": last + 1, "version": standing.live, "before": before, "how": how,
            "reason": reason, "by": by, "at": at,
        }  # fmt: skip
        connection.execute(sa.insert(promotions), [row])
        point(connection, standing, by, at)
        action = "model rolled back" if how == ROLLBACK else "model promoted"
        subject = before if how == ROLLBACK else standing.live
        details = {"before": before, "live": standing.live or "no version", "forced": how == FORCE}
        self._append(connection, action, by, subject, **details, reason=reason)

    def _append(
        self, connection: sa.Connection, action: str, by: str, version: str, **details: object
    ) -> None:
        content = {"action": action, "actor": by, "subject": version, **details}
        self._audit.append_in(connection, OPERATOR, content)


def check_share(share: float) -> None:
    """Raises UsageError for what is no share of threads."""
    if not LEAST_SHARE <= share <= 1:
        raise UsageError(f"A canary's share is from {LEAST_SHARE} to 1; {share:g} is not.")


def _check_reason(force: bool, reason: str) -> None:
    if force and not reason.strip():
        raise UsageError("Forcing needs a reason; give one with --reason TEXT.")


def _check_passed(connection: sa.Connection, wanted: ModelVersion) -> None:
    run = gate_in(connection, wanted.version)
    if run is None or not run.passed:
        raise GateNotPassedError(version=wanted.version)
    _check_harmless(connection, wanted)


def _check_not_failed(connection: sa.Connection, wanted: ModelVersion) -> None:
    run = gate_in(connection, wanted.version)
    if run is not None and not run.passed:
        raise GateNotPassedError(version=wanted.version)
    _check_harmless(connection, wanted)


def _check_harmless(connection: sa.Connection, wanted: ModelVersion) -> None:
    """What did worse as a canary, no later pass makes good."""
    query = sa.select(canaries.c.why).where(
        canaries.c.version == wanted.version, canaries.c.state == ROLLED_BACK
    )
    why = connection.scalar(query.order_by(canaries.c.at.desc()).limit(1))
    if why is not None:
        raise CanaryRejectedError(version=wanted.version, why=why)


def _check_free(standing: Standing, version: str) -> None:
    if standing.live == version:
        raise UsageError(f"{version} is live already; it answers every thread.")
    if standing.canary and standing.canary != version:
        raise UsageError(
            f"{standing.canary} is the canary already; end it with `wellspoken models rollback`, "
            "or promote it."
        )


def _end_for(connection: sa.Connection, standing: Standing, version: str, at: datetime) -> str:
    """End the canary for a promotion: its comparison is over. The canary's version, where it is
    another one."""
    canary = standing.canary
    standing.canary, standing.share = "", 0.0
    if not canary:
        return ""
    if canary == version:
        _close(connection, canary, PROMOTED, "promoted", at)
        return ""
    why = f"{version} was promoted"
    _close(connection, canary, ENDED, why, at)
    put_state(connection, canary, _unreleased(connection, canary), why, at)
    return canary


def _close(connection: sa.Connection, version: str, state: str, why: str, at: datetime) -> None:
    change = sa.update(canaries).where(canaries.c.version == version, canaries.c.state == RUNNING)
    connection.execute(change.values(state=state, why=why, ended_at=at))


def _unreleased(connection: sa.Connection, version: str) -> str:
    """What a version is that speaks no more, and has done no wrong."""
    run = gate_in(connection, version)
    return GATED if run is not None and run.passed else CANDIDATE


def _rejected(connection: sa.Connection, version: str) -> str:
    del connection, version
    return REJECTED
