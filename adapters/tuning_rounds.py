"""What tends fine-tuning rounds in the worker, and starts them where a schedule says so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

from bot.errors import WellspokenError
from bot.telemetry import log
from persona.datasets import Dataset
from persona.tuning.base import TuningJob
from persona.tuning.rounds import approved_since, due

if TYPE_CHECKING:
    from bot.ports import Clock
    from bot.settings import Settings
    from bot.store.base import Database

Build = Callable[[str], Awaitable[Dataset]]
"""Builds a data set of a format."""

_SCHEDULE = "wellspoken:schedule"


class Desk(Protocol):
    """The rounds of a home: ``adapters.tuning.TuningDesk``."""

    async def active(self) -> TuningJob | None: ...
    async def last(self) -> TuningJob | None: ...
    async def tend(self, id: str) -> TuningJob: ...  # noqa: A002 - the store's own word
    async def start(self, *, by: str, dataset: str | None = None) -> TuningJob: ...


class Watcher:
    """Tends the round that is under way, and starts one where ``[tuning] every`` says so: run it in
    the worker. ``build`` ``None``: no round starts by itself."""

    def __init__(
        self,
        desk: Desk,
        database: Database,
        settings: Settings,
        clock: Clock,
        build: Build | None = None,
        *,
        busy_s: float = 5.0,
        idle_s: float = 30.0,
    ) -> None:
        self._desk = desk
        self._database = database
        self._settings = settings
        self._clock = clock
        self._build = build
        self._busy_s = busy_s
        self._idle_s = idle_s

    async def run(self) -> None:
        """Until cancelled; what fails is logged and tried again."""
        while True:
            job = None
            try:
                job = await self.once()
            except WellspokenError as error:
                log.warning("tuning will be looked at again", error=str(error))
            await asyncio.sleep(self._busy_s if job is not None else self._idle_s)

    async def once(self) -> TuningJob | None:
        """The round under way after a look at it; ``None`` where there is none."""
        job = await self._desk.active()
        if job is None:
            return await self._started()
        job = await self._desk.tend(job.id)
        if job.status.over:
            log.info("tuning is over", job=job.id, status=job.status, version=job.version)
        return job

    async def _started(self) -> TuningJob | None:
        wanted = self._settings.tuning
        if wanted.every is None or self._build is None:
            return None
        last = await self._desk.last()
        at = last.at if last else None
        fresh = await approved_since(self._database, at)
        if not due(self._clock(), at, wanted.every, fresh, wanted.fresh):
            return None
        built = await self._build(wanted.method)
        job = await self._desk.start(by=_SCHEDULE, dataset=built.id)
        log.info("a round was started by the schedule", job=job.id, fresh=fresh)
        return job
