"""Manners towards a web server: few requests at once, pauses between them, waiting when asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.errors import SourceUnavailableError

_AT_ONCE = 2
_SILENCES = 5
"""Requests in a row without an answer, after which a host is left alone: of thousands of pages each
would be waited for."""

_REST_S = 600.0


class Manners:
    """The requests to one host. ``pause`` is the time between two of them, in seconds."""

    def __init__(self, host: str, pause: float) -> None:
        self.pause = pause
        self._host = host
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._line = asyncio.Lock()
        self._next = 0.0
        self._closed: tuple[float, str] = (0.0, "")
        self._silent = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """One request. Raises SourceUnavailableError while the host wants none."""
        async with self._places:
            async with self._line:
                while (wait := self._next - time.monotonic()) > 0:  # noqa: ASYNC110 - it may grow
                    await asyncio.sleep(wait)
                self._next = time.monotonic() + self.pause
            until, reason = self._closed
            if time.monotonic() < until:
                raise SourceUnavailableError(source=self._host, reason=reason)
            try:
                yield
            except SourceUnavailableError:
                raise
            except Exception:
                self._silent += 1
                if self._silent >= _SILENCES:
                    self.close(_REST_S, "its server does not answer.")
                raise
            self._silent = 0

    def wait(self, seconds: float) -> None:
        """Ask nothing of the host for so long."""
        self._next = max(self._next, time.monotonic() + seconds)

    def close(self, seconds: float, reason: str) -> None:
        """Ask nothing of the host for so long, and fail at once instead of waiting."""
        self._closed = (time.monotonic() + seconds, reason)
