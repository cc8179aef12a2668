"""For how long a process may write drafts of an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar


def _always() -> bool:
    return True


in_hand: ContextVar[Callable[[], bool]] = ContextVar("in_hand", default=_always)
"""Whether the lease of what the running task works on cannot have run out: its worker sets it."""


class Tenure:
    """From its beginning in the task that answers, until the answer ends, that task is cancelled or
    its lease may have run out.

    Who was cancelled hands the answer to another process, and must not write over what that one
    writes. Nor may one who stood still for so long that another has taken over, and does not know
    it yet.
    """

    def __init__(self) -> None:
        self._ended = asyncio.Event()
        self._task: asyncio.Task[object] | None = None
        self._in_hand: Callable[[], bool] = _always

    def begin(self) -> None:
        """The running task answers."""
        self._task = asyncio.current_task()
        self._in_hand = in_hand.get()

    def end(self) -> None:
        """The answer takes its last form; a pause ends at once."""
        self._ended.set()

    @property
    def begun(self) -> bool:
        """Whether a task answers, or did."""
        return self._task is not None

    @property
    def holds(self) -> bool:
        """Whether drafts may be written."""
        task = self._task
        over = self._ended.is_set() or task is None or task.done() or task.cancelling()
        return not over and self._in_hand()

    async def pause(self, seconds: float) -> None:
        """Wait, at most until the end."""
        try:
            async with asyncio.timeout(seconds):
                await self._ended.wait()
        except TimeoutError:
            return
