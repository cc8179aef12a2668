"""Answers on their way: the engine runs in a task of its own, readers follow along.

A reader that goes away does not stop the turn: it is finished, stored, and waited for at shutdown.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

from adapters.web.limits import FullError
from adapters.web.ports.application import Engine, History
from bot.conversation import Question, Turn
from bot.errors import UsageError, WellspokenError
from bot.guardrails import clean_question

PLACES = 1_000
_AGAIN_S = 5.0

_log = logging.getLogger(__name__)


class KeyReusedError(UsageError):
    """This Idempotency-Key belongs to another question; send a new key with a new question."""


class RunningAnswer:
    """One answer being made; any number of readers may follow it from its beginning."""

    def __init__(self, engine: Engine, question: Question) -> None:
        self.question = question
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
    """Starts answers and keeps hold of them until they are done, ``places`` at once."""

    def __init__(self, engine: Engine, history: History, places: int = PLACES) -> None:
        self._places = places
        self._engine = engine
        self._history = history
        self._running: set[RunningAnswer] = set()

    async def start(self, question: Question) -> RunningAnswer:
        """Begin an answer, or join the one that is on its way under the same key.

        Raises KeyReusedError where the key stands for another question or another audience: an
        answer for staff must not come back to whoever repeats its key. Raises FullError where all
        places are taken: another one would only make all of them later. What is stored under the
        key is given again all the same.
        """
        stored = None
        if question.key is not None:
            stored = await self._history.turn_for_key(question.key)
            if stored is not None and not _repeats(question, stored):
                raise KeyReusedError
            for running in self._running:
                if running.question.key == question.key:
                    if running.question != question:
                        raise KeyReusedError
                    return running
        if stored is None and len(self._running) >= self._places:
            raise FullError(_AGAIN_S)
        return self._begin(question)

    def _begin(self, question: Question) -> RunningAnswer:
        answer = RunningAnswer(self._engine, question)
        self._running.add(answer)
        answer.task.add_done_callback(lambda task: self._finished(answer, task))
        return answer

    def _finished(self, answer: RunningAnswer, task: asyncio.Task[Turn]) -> None:
        self._running.discard(answer)
        if task.cancelled():
            return
        error = task.exception()  # looked at here, since its reader may be gone
        if isinstance(error, WellspokenError):
            if not isinstance(error, UsageError):
                _log.error("an answer failed: %s", error)
        elif error is not None:
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


def _repeats(question: Question, stored: Turn) -> bool:
    """Whether a turn answers this very question for this very audience, in the same thread."""
    named = question.thread or ""
    thread = stored.thread if stored.thread.startswith(("api:", "web:")) else ""
    return (clean_question(question.text), question.principal.groups, named) == (
        stored.question,
        stored.audience,
        thread,
    )
