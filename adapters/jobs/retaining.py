"""Retention as a job: what is too old goes, once a day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from adapters.governance.retention import BY, DONE, RetentionRunningError, desk_of
from bot.telemetry import log
from bot.work.claims import Patience
from bot.work.jobs import Jobs, Wanted
from bot.work.runner import Kind, Running
from bot.work.timetable import Entry

if TYPE_CHECKING:
    from adapters.home import Home

KIND = "retention"
_EVERY = timedelta(days=1)
_PATIENCE = Patience(tries=24, first=3600.0, longest=3600.0)
_BUSY_S = 60.0
_KEPT = timedelta(days=90)
"""How long a job that is over stays in the list."""


def retention_wanted(_due: datetime) -> Wanted:
    """The daily job."""
    return Wanted(KIND, "Remove what is too old", key=KIND, by=BY)


def entry() -> Entry:
    """Once a day."""
    return Entry(DONE, _EVERY, retention_wanted)


def kind_of(app: Home) -> Kind:
    """What does it, with the parts of an application."""

    async def work(job: Running) -> object:
        try:
            report = await desk_of(app).run(
                by=BY, progress=lambda what, done, total: job.note(done, total, what)
            )
        except RetentionRunningError:  # an operator does it by hand just now
            raise job.later(_BUSY_S) from None
        gone = {name: value for name, value in report.json().items() if value}
        if gone:
            log.info("what was too old is gone", **gone)
        forgotten = await Jobs(app.database, app.clock).purge(app.clock() - _KEPT)
        return {**gone, "jobs": forgotten} if forgotten else gone

    return Kind(KIND, work, 1, _PATIENCE)
