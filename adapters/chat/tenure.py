"""For how long a process may write drafts of an answer."""

from __future__ import annotations

import asyncio


class Tenure:
    """From its beginning in the task that answers, until the answer ends or that task is cancelled.

    Who was cancelled hands the answer to another process, and must not write over what that one
    writes.
    """

    def __init__(self) -> None:
        self._ended = asyncio.Event()
        self._task: asyncio.Task[object] | None = None

    def begin(self) -> None:
        """The running task answers."""
        self._task = asyncio.current_task()

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
        return not (self._ended.is_set() or task is None or task.done() or task.cancelling())

    async def pause(self, seconds: float) -> None:
        """Wait, at most until the end."""
        try:
            async with asyncio.timeout(seconds):
                await self._ended.wait()
        except TimeoutError:
            return
