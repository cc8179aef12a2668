"""Suites that are asked by themselves: the same run as ``evaluate``, in a process of its own, held
to the one before."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from adapters.evaluation.finding import found_suite
from adapters.evaluation.ordering import run_wanted, standing_of
from adapters.watch.desk import SUITE
from adapters.watch.tending import Benchmark, suite_alert
from bot.errors import StorageError
from bot.evaluation.pairing import WORSE
from bot.store.evaluation import EvaluationBook
from bot.store.schedules import ScheduleBook
from bot.telemetry import log
from bot.watching.chance import holm
from bot.work.jobs import Jobs, Status

if TYPE_CHECKING:
    from datetime import datetime

    from adapters.watch.desk import Application
    from bot.evaluation.cases import Suite
    from bot.settings import Settings
    from bot.store.alerts import Alert
    from bot.store.base import Database

BY = "wellspoken:watch"
_SURE = 0.05
_LOOK_S = 1.0


class SuiteNotAskedError(StorageError):
    """The suite {suite} was not asked to its end: {why}"""


def benchmark_of(app: Application) -> Benchmark:
    """What runs the suites of an application's settings."""

    async def run(name: str) -> Sequence[Alert]:
        schedules = await ScheduleBook(app.database, app.clock).listing()
        due = next((row.due_at for row in schedules if row.name == f"{SUITE}{name}"), None)
        return await asked(app.settings, app.database, name, app.clock(), due)

    return run


async def asked(
    settings: Settings,
    database: Database,
    name: str,
    at: datetime,
    due: datetime | None = None,
    *,
    look_s: float = _LOOK_S,
) -> Sequence[Alert]:
    """Ask a suite in the modes of the settings, after whatever run goes on here; what got worse
    since the last run of the same questions. A run that an operator cancelled tells nothing.

    It is a job, which outlives this process: who asks again for the same due time finds the same
    one, and what came of it. Raises SuiteNotAskedError, and what reading a suite raises.
    """
    suite = await found_suite(settings, name)
    modes = settings.watch.modes
    before = await _last(database, suite, modes)
    jobs = Jobs(database)
    schedule = f"{SUITE}{name}"
    once = f"{schedule}@{due.isoformat()}" if due else None
    wanted = replace(run_wanted(name, modes, before, BY), alone=schedule, once=once)
    job, _ = await jobs.put(wanted)
    run = await _over(jobs, job.id, name, look_s)
    if not run:
        return []
    line = await EvaluationBook(database).get(run)
    log.info("a suite was asked", suite=suite.name, run=run, report=line.report)
    return worse(suite.name, line.baseline["differences"], at) if line.baseline else []


async def _over(jobs: Jobs, id_: str, suite: str, look_s: float) -> str:
    """Wait for the end of a job; its run, empty where it was cancelled by somebody."""
    while not (job := await jobs.get(id_)).status.over:  # noqa: ASYNC110 - another process ends it
        await asyncio.sleep(look_s)
    if job.status is Status.FAILED:
        raise SuiteNotAskedError(suite=suite, why=job.error)
    return standing_of(job).run


async def _last(database: Database, suite: Suite, modes: Sequence[str]) -> str:
    """The last run of the same questions that has one of the modes; empty: there is none."""
    runs = await EvaluationBook(database).listing(suite.name)
    same = (r.id for r in runs if r.digest == suite.digest and not set(modes).isdisjoint(r.modes))
    return next(same, "")


def worse(
    suite: str, differences: Mapping[str, Mapping[str, Mapping[str, Any]]], at: datetime
) -> list[Alert]:
    """The figures that got worse by more than chance, corrected for how many there are."""
    found = {
        (mode, name): each for mode, named in differences.items() for name, each in named.items()
    }
    told = holm({key: float(each["p"]) for key, each in found.items()}, _SURE)
    return [
        suite_alert(at, suite, name, mode, each, _why(suite, name, mode, each))
        for (mode, name), each in found.items()
        if (mode, name) in told and each["verdict"] == WORSE
    ]


def _why(suite: str, name: str, mode: str, each: Mapping[str, Any]) -> str:
    words = name.replace("_", " ").capitalize()
    return (
        f"{words} of the suite {suite} in mode {mode} changed by {100 * each['difference']:+.1f} "
        f"points over {each['n']} cases since its last run"
    )
