"""The gate as a job: a version is held to suites beside what is live."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from bot.errors import (
    AdaptersNotLoadableError,
    ConfigurationError,
    NotFoundError,
    UsageError,
)
from bot.evaluation.running import TooManyFailedError
from bot.work.claims import Patience
from bot.work.jobs import Wanted
from bot.work.runner import Kind, RefusedError, Running

if TYPE_CHECKING:
    from adapters.release.gate_records import Story
    from adapters.release.gating import Page
    from bot.settings import Settings

KIND = "gate"
_Told = TypeVar("_Told")
_LASTING = (
    AdaptersNotLoadableError,
    ConfigurationError,
    NotFoundError,
    TooManyFailedError,
    UsageError,
)
_PATIENCE = Patience(tries=3, first=10.0, longest=60.0)


def gating(version: str, suites: Sequence[str], by: str) -> Wanted:
    """The job; without ``suites`` those of ``[release] suites``. One of a version at a time."""
    arguments = {"version": version, "suites": list(suites)}
    title = f"Hold {version} to the gate"
    return Wanted(KIND, title, arguments, key=KIND, by=by, alone=f"{KIND}:{version}")


def as_json(story: Story) -> dict[str, Any]:
    """What came of it, for the list of jobs."""
    return {
        "version": story.version,
        "against": story.against,
        "verdict": story.verdict,
        "gate": story.id,
    }


async def _until_wished_away(job: Running, doing: Coroutine[Any, Any, _Told]) -> _Told:
    """Do it; a wish for its end ends it at once: what was answered is kept, and nobody waits for
    a model that hangs."""
    work, wish = asyncio.ensure_future(doing), asyncio.ensure_future(job.wished_away())
    try:
        await asyncio.wait({work, wish}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise asyncio.CancelledError
        return work.result()
    finally:
        for task in (work, wish):
            task.cancel()
        await asyncio.gather(work, wish, return_exceptions=True)


def kind_of(settings: Settings, page: Page) -> Kind:
    """What does it in a worker. What was answered is kept: one that was cut off goes on where it
    stood."""

    async def work(job: Running) -> object:
        from adapters.release.gating import gate

        version, suites = job.arguments["version"], job.arguments["suites"]
        try:
            story, _ = await _until_wished_away(job, gate(
                settings, version, suites, by=job.job.asked_by, page=page,
                progress=lambda done, total: job.note(done, total, "cases"),
            ))  # fmt: skip
        except _LASTING as error:
            raise RefusedError(why=str(error)) from error  # no try changes that
        return as_json(story)

    return Kind(KIND, work, 1, _PATIENCE)
