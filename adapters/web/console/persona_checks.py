"""Persona texts that wait to be looked through: each takes a processor for up to half a second."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from adapters.web.limits import TooManyError

if TYPE_CHECKING:
    from adapters.teaching.persona import Checked, Standing
    from adapters.web.console.base import Console

_WAITING = 4
AGAIN_S = 5
"""When whoever found no place is to ask again."""


class ChecksFullError(TooManyError):
    """So many persona texts wait to be checked that there is no place for another one; try again
    in {seconds} s."""


class CheckQueue:
    """Texts are looked through one after the other, and few may wait: each takes a processor."""

    def __init__(self) -> None:
        self._place = asyncio.Semaphore(1)
        self._here = 0

    async def check(self, console: Console, text: str) -> Checked:
        """Look a text through. Raises ChecksFullError."""
        if self._here > _WAITING:
            raise ChecksFullError(AGAIN_S)
        self._here += 1
        try:
            async with self._place:
                return await console.application.persona_room.check(text)
        finally:
            self._here -= 1


async def looked_through(console: Console, queue: CheckQueue, standing: Standing) -> Standing:
    """With the samples of its file looked through, too. Raises ChecksFullError."""
    if standing.checked.whole:
        return standing
    return replace(standing, checked=await queue.check(console, standing.text))
