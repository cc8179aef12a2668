"""``tune serve`` and ``tune practice``: what the training interpreter does besides training."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from contextlib import suppress
from pathlib import Path

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
    options = [part for adapter in adapters for part in ("--adapter", adapter)]
    return await _run(settings, "--serve", base, "--host", host, "--port", str(port), *options)


async def practise(settings: Settings, folder: Path) -> int:
    """Make a tiny model with random weights; the exit code. Raises TrainerMissingError."""
    return await _run(settings, "--practice", str(folder), quiet=True)


async def _run(settings: Settings, *arguments: str, quiet: bool = False) -> int:
    """The trainer's program in its own Python, until it ends or is interrupted. ``quiet``: what it
    says is shown where it failed only."""
    named = settings.tuning.python
    python = str(settings.beside(named)) if named else sys.executable
    try:
        process = await asyncio.create_subprocess_exec(
            python, str(PROGRAM), *arguments, env=trainer_environment({}),
            stdout=DEVNULL if quiet else None, stderr=PIPE if quiet else None,
        )  # fmt: skip
    except OSError as error:
        raise TrainerMissingError(python=python, reason=error.strerror or "no program") from error
    loop = asyncio.get_running_loop()

    def stop() -> None:
        with suppress(ProcessLookupError):
            process.terminate()

    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop)
    _, said = await process.communicate()
    if process.returncode == 1 and quiet:
        last = said.decode(errors="replace").strip().splitlines()[-1:]
        raise TrainerMissingError(python=python, reason=last[0] if last else "it failed")
    if quiet and process.returncode:
        raise UsageError(said.decode(errors="replace").strip())
    return process.returncode or 0
