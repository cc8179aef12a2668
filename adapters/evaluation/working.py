"""The jobs of evaluation: a suite that is asked, in a process of its own, to its end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from adapters.evaluation.desk import Application, RunGoesOnError, begin
from adapters.evaluation.ordering import KIND, order_of
from adapters.evaluation.standing import Standing, StandingFile, State
from bot.errors import StorageError
from bot.work.claims import Patience
from bot.work.runner import Kind, RefusedError, Running

if TYPE_CHECKING:
    from collections.abc import Callable

_PATIENCE = Patience(tries=3, first=5.0, longest=60.0)
_BUSY_S = 10.0
_LOOK_S = 0.4


class RunStoppedError(StorageError):
    """The process of the run ended before it was done; what was answered is kept."""


def kind_of(app: Application) -> Kind:
    """What asks suites. What was answered is kept: a run that was cut off goes on where it
    stood."""

    async def work(job: Running) -> object:
        order = order_of(job.job)
        try:
            await begin(app.settings, Standing(order, app.clock()))
        except RunGoesOnError:  # the watch asks a suite of its own
            raise job.later(_BUSY_S) from None
        file = StandingFile(app.settings.home)
        try:
            there = await _over(job, file, order.id)
        except asyncio.CancelledError:
            await asyncio.shield(asyncio.to_thread(file.cancel, order.id))
            raise
        if there.state is State.CANCELLED and job.cancelled:
            raise asyncio.CancelledError
        if there.state is State.CANCELLED:
            raise RefusedError(why="It was cancelled; go on with it to ask what is left.")
        if there.state is State.FAILED:
            raise RefusedError(why=there.error)
        if there.state is State.STOPPED:
            raise RunStoppedError
        return {"run": there.run}

    return Kind(KIND, work, 1, _PATIENCE)


async def _over(job: Running, file: StandingFile, order: str) -> Standing:
    """Tell how far it is until it is over; a wish for its end is handed on to its process."""
    told = False
    read: Callable[[], Standing | None] = file.read
    while True:
        there = await asyncio.to_thread(read)
        if there is None or there.order.id != order:
            raise RunStoppedError
        job.note(there.done, there.total or None, "answers")
        if not there.running:
            return there
        if job.cancelled and not told:
            await asyncio.to_thread(file.cancel, order)
            told = True
        await asyncio.sleep(_LOOK_S)
