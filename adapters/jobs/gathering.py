"""Gathering gaps as a job: questions that could not be answered are put together by topic."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.errors import WellspokenError
from bot.telemetry import log
from bot.work.claims import Patience
from bot.work.jobs import Jobs, Wanted
from bot.work.runner import Kind, Running

if TYPE_CHECKING:
    from adapters.gaps import GapDesk
    from bot.ports import Clock

KIND = "gaps"
BY = "system:schedule"
PAUSE_S = 60.0
_PATIENCE = Patience(tries=100, first=10.0, longest=300.0)
"""One job waits until an embedder is there again: each that fails is followed within a minute by
another one, and those that failed stay in the list."""
_KEPT = timedelta(days=1)
"""How long one that is done stays in the list: there may be one a minute."""


def gathering(by: str) -> Wanted:
    """The job."""
    return Wanted(KIND, "Group unanswered questions", key=KIND, by=by, alone=KIND)


async def gathered(desk: GapDesk, job: Running) -> int:
    """Do it; how many questions were put into gaps. Raises the errors of store and embedder."""
    total = await desk.waiting()
    return await desk.gather(progress=lambda done: job.note(done, max(done, total), "questions"))


def kind_of(desk: Callable[[], GapDesk], jobs: Jobs, clock: Clock) -> Kind:
    """What does it in a worker."""

    async def work(job: Running) -> object:
        done = await gathered(desk(), job)
        if done:
            log.info("gaps gathered", turns=done)
        await jobs.purge(clock() - _KEPT, kind=KIND)
        return {"questions": done}

    return Kind(KIND, work, 1, _PATIENCE)


async def put_when_due(desk: GapDesk, jobs: Jobs, pause_s: float = PAUSE_S) -> None:
    """Put the job now and again where there is something to gather, until cancelled."""
    while True:
        try:
            if await desk.pending():
                await jobs.put(gathering(BY))
        except WellspokenError as error:
            log.warning("it is not known whether there are gaps to gather", error=str(error))
        except Exception:  # noqa: BLE001 - a fault in here must not end the answering
            log.exception("gaps are not gathered because of a fault in the program")
        await asyncio.sleep(pause_s)
