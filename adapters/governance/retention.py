"""Retention: once a day what is older than the settings allow goes, or when an operator asks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters import uploads
from bot.errors import StorageError
from bot.store import gone
from bot.store.audit import AuditTrail
from bot.store.retention import TABLES, Removed, Retention
from persona.outliving import mark_outlived

if TYPE_CHECKING:
    from adapters.home import Home
    from bot.ports import Clock
    from bot.settings import Settings
    from bot.store.base import Database

DONE = "retention"
BY = "system:retention"
_LEASE = "retention"

Progress = Callable[[str, int, int], None]
"""Told what is being removed, how much of it is gone, and how much there was."""


class RetentionRunningError(StorageError):
    """Another process removes what is too old just now; wait until it is done."""


@dataclass(frozen=True, slots=True)
class Report:
    """What went, or with ``--dry-run`` would go; ``datasets`` outlive turns they were built from.
    Ratings and handoffs are counted when they go, not before. ``unread``: uploaded files that
    arrived and will not be read in."""

    turns: int = 0
    messages: int = 0
    feedback: int = 0
    handoffs: int = 0
    uploads: int = 0
    audit: int = 0
    exports: int = 0
    evaluations: int = 0
    replies: int = 0
    participation: int = 0
    drafts: int = 0
    unread: int = 0
    datasets: tuple[str, ...] = ()

    def json(self) -> dict[str, Any]:
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        return {**told, "datasets": list(self.datasets)}

    @property
    def nothing(self) -> bool:
        return self == Report()


class RetentionDesk:
    """Removes what is too old in a home."""

    def __init__(
        self, settings: Settings, database: Database, trail: AuditTrail, clock: Clock
    ) -> None:
        self._ages = settings.retention
        self._home = settings.home
        self._database = database
        self._trail = trail
        self._clock = clock
        self._retention = Retention(database, trail)

    async def due(self) -> Report:
        """What would go now."""
        report = await self._due()
        before = self._before("uploads")
        uploads = 0 if before is None else await self._retention.old_uploads(before)
        return replace(report, uploads=uploads)

    async def _due(self) -> Report:
        """But for uploads, which take a look at every old turn."""
        counts: dict[str, Any] = {
            name: await count(before) for name, before, count in self._counted()
        }
        exports = len(await asyncio.to_thread(self._old_exports))
        unread = await uploads.unread(self._home, self._database)
        return Report(**counts, exports=exports, unread=unread)

    async def run(
        self, *, by: str, progress: Progress | None = None, compact: bool = False
    ) -> Report:
        """Remove it, a little at a time, and put on record what went; ``compact``: give back the
        room that it left (:meth:`bot.store.base.Database.compact`). Cut off anywhere, the next run
        goes on. Raises RetentionRunningError, StorageError."""
        from bot.work.leases import Leases
        from knowledge.exclusive import Exclusive, TakenError

        try:
            async with Exclusive(Leases(self._database)).lease(_LEASE):
                cut_off = await gone.begin(self._database, _LEASE)
                report, removed = await self._run(by, progress or (lambda *_: None))
                if compact or cut_off:
                    await self._database.compact(TABLES)
                elif not report.nothing:
                    await gone.scrub(self._database, TABLES, removed.gone, ())
                await gone.finish(self._database, _LEASE)
                return report
        except TakenError as error:
            raise RetentionRunningError from error

    async def _run(self, by: str, progress: Progress) -> tuple[Report, Removed]:
        there = await self._due()
        gone: dict[str, Any] = {}
        removed = Removed()
        for name, before, remove in self._removing():
            step = _steps(progress, name, getattr(there, name))
            found = await remove(before, step)
            if isinstance(found, Removed):
                removed = found
            elif isinstance(found, tuple):
                gone[name], pages = found
                await asyncio.to_thread(_unlink, [Path(p) for p in pages], self._home)
            else:
                gone[name] = found
        old = await asyncio.to_thread(self._old_exports)
        gone["exports"] = await asyncio.to_thread(_unlink, old, self._home)
        gone["unread"] = await uploads.swept(self._home, self._database)
        report = Report(
            turns=removed.turns,
            messages=removed.messages,
            feedback=removed.feedback,
            handoffs=removed.handoffs,
            datasets=await mark_outlived(self._database) if removed.turns else (),
            **gone,
        )
        if not report.nothing:
            await self._trail.operator(DONE, by, **report.json(), ages=self._written())
        return report, removed

    def _written(self) -> dict[str, str]:
        return {name: str(age) for name, age in self._ages.model_dump(mode="json").items()}

    def _before(self, name: str) -> datetime | None:
        age: timedelta | None = getattr(self._ages, name)
        return None if age is None else self._clock() - age

    def _counted(self) -> list[tuple[str, datetime, Callable[[datetime], Awaitable[int]]]]:
        them = self._retention
        found = [
            ("turns", self._before("messages"), them.old_turns),
            ("audit", self._before("audit"), them.old_audit),
            ("evaluations", self._before("evaluations"), them.old_evaluations),
            ("replies", self._before("replies"), them.old_replies),
            ("participation", self._before("participation"), them.old_participation),
            ("drafts", self._before("messages"), them.old_drafts),
        ]
        return [(name, before, count) for name, before, count in found if before is not None]

    def _removing(self) -> list[tuple[str, datetime, Callable[..., Awaitable[Any]]]]:
        them = self._retention
        found: list[tuple[str, datetime | None, Callable[..., Awaitable[Any]]]] = [
            ("turns", self._before("messages"), them.turns),
            ("uploads", self._before("uploads"), them.uploads),
            ("replies", self._before("replies"), them.replies),
            ("participation", self._before("participation"), them.participation),
            ("drafts", self._before("messages"), them.drafts),
            ("evaluations", self._before("evaluations"), them.evaluations),
            ("audit", self._before("audit"), them.audit),
        ]
        return [(name, before, remove) for name, before, remove in found if before is not None]

    def _old_exports(self) -> list[Path]:
        before = self._before("exports")
        folder = self._home / "exports"
        if before is None or not folder.is_dir():
            return []
        files = (path for path in folder.rglob("*") if path.is_file())
        return [path for path in files if path.stat().st_mtime < before.timestamp()]


def _steps(progress: Progress, name: str, total: int) -> Callable[[int], None]:
    done = 0

    def step(more: int) -> None:
        nonlocal done
        done += more
        progress(name, done, max(total, done))

    return step


def _unlink(paths: Sequence[Path], home: Path) -> int:
    """Delete files of the home, and folders that are left empty; how many files."""
    home, gone = home.absolute(), 0
    for path in paths:
        if not path.absolute().is_relative_to(home) or not path.is_file():
            continue
        path.unlink()
        gone += 1
        above = path.parent
        if above.parent.name == "exports" and not any(above.iterdir()):
            above.rmdir()
    return gone


def desk_of(app: Home) -> RetentionDesk:
    """The desk of an application."""
    return RetentionDesk(app.settings, app.database, app.audit, app.clock)
