"""``tune serve``: the training interpreter serves the base model with what was trained on it."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import suppress

from adapters.home import open_database
from bot.errors import TrainerMissingError, UsageError
from bot.settings import Settings
from persona.tuning.base import Backend, Status
from persona.tuning.jobs import JobBook
from persona.tuning.local import PROGRAM, served_as, trainer_environment, whole_path


async def serve(settings: Settings, base: str | None, host: str, port: int) -> int:
    """Serve until interrupted; the server's exit code. Raises UsageError, TrainerMissingError."""
    base = base or settings.tuning.base
    async with open_database(settings) as database:
        jobs = [
            job
            for job in await JobBook(database).listing()
            if job.backend is Backend.LOCAL and job.status is Status.SUCCEEDED
        ]
    if not base and jobs:
        base = jobs[0].base
    if not base:
        raise UsageError("No base model is named; give one with --base, or set [tuning] base.")
    base = whole_path(base)
    adapters = [f"{served_as(job.id)}={job.model}" for job in jobs if job.base == base]
    named = settings.tuning.python
    python = str(settings.beside(named)) if named else sys.executable
    options = [part for adapter in adapters for part in ("--adapter", adapter)]
    try:
        process = await asyncio.create_subprocess_exec(
            python, str(PROGRAM), "--serve", base, "--host", host, "--port", str(port), *options,
            env=trainer_environment({}),
        )  # fmt: skip
    except OSError as error:
        raise TrainerMissingError(python=python, reason=error.strerror or "no program") from error
    loop = asyncio.get_running_loop()

    def stop() -> None:
        with suppress(ProcessLookupError):
            process.terminate()

    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop)
    return await process.wait()
