"""What tends fine-tuning rounds in the worker, and starts them where a schedule says so."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from bot.errors import TrainingError, WellspokenError
from bot.telemetry import log
from persona.tuning.base import TuningJob
from persona.tuning.rounds import approved_since, due

if TYPE_CHECKING:
    from bot.ports import Clock
    from bot.settings import Settings
    from bot.store.base import Database

Build = Callable[[str], Awaitable[str]]
"""Builds a data set of a format; its id."""

_COMMAND = "from adapters.cli.main import main; main()"
"""With ``-P``: no file of the folder that the server runs in stands in for a module of ours."""

_SCHEDULE = "wellspoken:schedule"


class Desk(Protocol):
    """The rounds of a home: ``adapters.teaching.tuning.TuningDesk``."""

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
        self._not_before: datetime | None = None

    async def run(self) -> None:
        """Until cancelled; what fails is logged and tried again."""
        while True:
            job = None
            try:
                job = await self.once()
            except WellspokenError as error:
                log.warning("tuning will be looked at again", error=str(error))
            except Exception:  # noqa: BLE001 - one fault must not end the server's other work
                log.exception("tuning was not looked at because of a fault in the program")
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
        now, last = self._clock(), await self._desk.last()
        at = last.at if last else None
        if self._not_before is not None and now < self._not_before:
            return None
        if not due(now, at, wanted.every, wanted.fresh, wanted.fresh):
            return None  # before anything is counted: mostly it is not time yet
        fresh = await approved_since(self._database, at)
        if not due(now, at, wanted.every, fresh, wanted.fresh):
            return None
        self._not_before = now + wanted.every  # what fails now would fail in a minute as well
        job = await self._desk.start(by=_SCHEDULE, dataset=await self._build(wanted.method))
        log.info("a round was started by the schedule", job=job.id, fresh=fresh)
        return job


async def built_apart(method: str) -> str:
    """Build a data set in a process of its own, with this one's settings: going through all turns
    would keep those waiting who ask meanwhile. Raises TrainingError."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-c", _COMMAND, "dataset", "build", "--format", method, "--json",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        printed, said = await process.communicate()
    except asyncio.CancelledError:
        if process.returncode is None:
            process.kill()
            await process.communicate()
        raise
    if process.returncode:
        lines = said.decode("utf-8", "replace").strip().splitlines() or ["it gave no reason"]
        reason = f"no data set was built: {lines[-1].removeprefix('wellspoken: ')}"
        raise TrainingError(reason=reason)
    return str(json.loads(printed)["dataset"])
