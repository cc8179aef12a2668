"""Answers on their way: the engine runs in a task of its own, readers follow along.

A reader that goes away does not stop the turn: it is finished, stored, and waited for at shutdown.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

from adapters.web.ports import Engine
from bot.conversation import Question, Turn
from bot.errors import UsageError

_log = logging.getLogger(__name__)


class RunningAnswer:
    """One answer being made; any number of readers may follow it from its beginning."""

    def __init__(self, engine: Engine, question: Question) -> None:
        self._pieces: list[str] = []
        self._changed = asyncio.Event()
        self.task = asyncio.create_task(engine.answer(question, self._show))
        self.task.add_done_callback(lambda _task: self._wake())

    async def _show(self, text: str) -> None:
        if text:
            self._pieces.append(text)
            self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def pieces(self) -> AsyncIterator[str]:
        """The checked pieces as they come, until the answer is complete or failed."""
        at = 0
        while True:
            changed = self._changed
            while at < len(self._pieces):
                yield self._pieces[at]
                at += 1
            if self.task.done():
                return
            await changed.wait()

    async def turn(self) -> Turn:
        """The finished turn; raises what the engine raised."""
        return await asyncio.shield(self.task)


class Answers:
    """Starts answers and keeps hold of them until they are done."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._running: set[RunningAnswer] = set()

    def start(self, question: Question) -> RunningAnswer:
        """Begin an answer."""
        answer = RunningAnswer(self._engine, question)
        self._running.add(answer)
        answer.task.add_done_callback(lambda task: self._finished(answer, task))
        return answer

    def _finished(self, answer: RunningAnswer, task: asyncio.Task[Turn]) -> None:
        self._running.discard(answer)
        if task.cancelled():
            return
        error = task.exception()  # looked at here, since its reader may be gone
        if error is not None and not isinstance(error, UsageError):
            _log.error("an answer failed", exc_info=error)

    async def drain(self, seconds: float = 30.0) -> None:
        """Wait for what is in flight; what is not done then is cancelled."""
        tasks = [answer.task for answer in self._running]
        if not tasks:
            return
        _done, late = await asyncio.wait(tasks, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
