"""The kinds of jobs of an application, with who does each, and what a schedule puts."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from adapters import uploads
from adapters.evaluation.working import kind_of as evaluation_kind
from adapters.jobs import copying, curating, gathering, gating, reindexing, retaining
from adapters.syncing import kind_of as sync_kind
from adapters.syncing import schedule_of
from adapters.uploaded_files import UploadedFiles
from adapters.web.console.gate_report import report_page
from bot.work.jobs import Jobs
from bot.work.runner import Kind, Runner
from bot.work.timetable import Timetable

if TYPE_CHECKING:
    from adapters.assembly import Application


def kinds_of(app: Application) -> tuple[Kind, ...]:
    """The kinds that a worker takes up."""
    return (
        sync_kind(app),
        evaluation_kind(app),
        retaining.kind_of(app),
        reindexing.kind_of(app.settings),
        copying.kind_of(app.settings, app.database),
        curating.kind_of(lambda: app.datasets),
        gating.kind_of(app.settings, report_page),
        uploads.kind_of(lambda: app.uploads),
        gathering.kind_of(lambda: app.gaps, _jobs(app), app.clock),
    )


def runner_of(app: Application) -> Runner:
    """What works on jobs: run it in the worker."""
    return Runner(app.database, {kind.name: kind for kind in kinds_of(app)})


def _jobs(app: Application) -> Jobs:
    return Jobs(app.database, app.clock)


def timetable_of(app: Application) -> Timetable:
    """What puts the jobs that are due: run it in the worker."""
    return Timetable([retaining.entry()], app.database, app.clock)


def working(app: Application) -> tuple[Coroutine[Any, Any, None], ...]:
    """All that a worker does for jobs: it puts those that are due, and works on them. Uploads that
    came long ago and were never read in are deleted at once.

    Raises ConfigurationError for sources that contradict each other.
    """
    UploadedFiles(app.settings.home).sweep()
    schedule, timetable, runner = schedule_of(app), timetable_of(app), runner_of(app)
    gaps = gathering.put_when_due(app.gaps, _jobs(app))
    return schedule.run(), timetable.run(), gaps, runner.run()
