"""The gate as a job: a version is held to suites beside what is live."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bot.errors import ConfigurationError, NotFoundError, UsageError
from bot.evaluation.running import TooManyFailedError
from bot.work.claims import Patience
from bot.work.jobs import Wanted
from bot.work.runner import Kind, RefusedError, Running

if TYPE_CHECKING:
    from adapters.release.gate_records import Story
    from adapters.release.gating import Page
    from bot.settings import Settings

KIND = "gate"
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


def kind_of(settings: Settings, page: Page) -> Kind:
    """What does it in a worker. What was answered is kept: one that was cut off goes on where it
    stood."""

    async def work(job: Running) -> object:
        from adapters.release.gating import gate

        version, suites = job.arguments["version"], job.arguments["suites"]
        try:
            story, _ = await gate(
                settings, version, suites, by=job.job.asked_by, page=page,
                progress=lambda done, total: job.note(done, total, "cases"),
            )  # fmt: skip
        except (UsageError, NotFoundError, ConfigurationError, TooManyFailedError) as error:
            raise RefusedError(why=str(error)) from error  # no try changes that
        return as_json(story)

    return Kind(KIND, work, 1, _PATIENCE)
