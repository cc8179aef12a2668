"""Showing an answer while it is written: one draft after the other, as the pace allows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from adapters.chat.tenure import Tenure
from adapters.discord.pacing import EDIT_GAP_S, Pacer
from bot.errors import WellspokenError
from bot.telemetry import log

Draw = Callable[[str], Awaitable[bool]]
"""Shows the text so far; whether it is all to be seen then."""


class Pen:
    """Draws what has come so far in one channel. Nobody waits for a draft, and its failure is no
    error: the end of the answer delivers all of it."""

    def __init__(self, draw: Draw, pacer: Pacer, channel: Callable[[], str]) -> None:
        """``channel`` is where the pace is kept, known once the answer has a place."""
        self._draw, self._pacer, self._channel = draw, pacer, channel
        self.text = ""
        """All that has come."""
        self._shown = ""
        self._tenure = Tenure()
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """The task that calls is the one that answers."""
        self._tenure.begin()

    def write(self, text: str) -> None:
        """Take a piece."""
        self.text += text
        if self._tenure.begun and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._write())

    async def settle(self) -> None:
        """No more drafts; what is under way arrives first, lest it overwrite the end."""
        self._tenure.end()
        if self._task is not None:
            await self._task

    async def _write(self) -> None:
        while self.text != self._shown and self._tenure.holds:
            channel = self._channel()
            if not self._pacer.free(channel):
                await self._tenure.pause(EDIT_GAP_S / 4)
                continue
            self._pacer.drawn(channel)
            text = self.text
            try:
                if await self._draw(text):
                    self._shown = text
            except WellspokenError as error:
                log.info("Discord: a draft is not shown", error=str(error))
                return
