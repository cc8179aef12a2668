"""What the stand-ins of chat platforms have in common: the server, waiting, what goes wrong."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from aiohttp import web

T = TypeVar("T")


class Watched(ABC):
    """A stand-in that can be waited for."""

    async def until(self, predicate: Callable[[], object], timeout: float = 90.0) -> None:  # noqa: ASYNC109
        """Wait for something to become true of the server."""
        deadline = time.monotonic() + timeout
        while not predicate():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {timeout:g} s; last calls: {self._last_calls()}")
            await asyncio.sleep(0.01)

    @abstractmethod
    def _last_calls(self) -> list[str]:
        """The latest requests, each in a few words."""


class Served(ABC):
    """A stand-in that listens on loopback: in the test's loop, or in a thread of its own."""

    port: int
    """Where it listens; 0 until then for any port."""

    @property
    def address(self) -> str:
        """Where it listens, like ``http://127.0.0.1:9100``."""
        return f"http://127.0.0.1:{self.port}"

    @property
    @abstractmethod
    def url(self) -> str:
        """The base URL that clients take."""

    @abstractmethod
    async def __aenter__(self) -> Self:
        """Begin to listen."""

    @abstractmethod
    async def __aexit__(self, *_: object) -> None:
        """Cut what is open and listen no more."""

    async def _listen(self, application: web.Application) -> None:
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, backlog=512)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _hear_no_more(self) -> None:
        await self._runner.cleanup()

    # -- in a thread of its own, for tests without a loop ----------------------------------

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        return self.play(self.__aenter__())

    def __exit__(self, *_: object) -> None:
        self.play(self.__aexit__())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()

    def play(self, action: Coroutine[Any, Any, T]) -> T:
        """Carry an action out in the server's thread and wait for it."""
        return asyncio.run_coroutine_threadsafe(action, self._loop).result(60)


def serve(server: Served) -> None:
    """Print the address of a server and serve until interrupted."""

    async def serving() -> None:
        async with server:
            sys.stdout.write(f"{server.url}\n")
            sys.stdout.flush()
            await asyncio.Event().wait()

    with suppress(KeyboardInterrupt):
        asyncio.run(serving())


@dataclass(kw_only=True)
class Mishap:
    """What befalls the next ``times`` calls, after ``after`` were let pass.

    ``cut``: the connection is cut after the request was carried out; ``refuse``: before it was.
    ``hang``: carried out, and never answered. ``delay`` in seconds; ``late`` delays the answer
    alone. With ``done`` a failing request was carried out all the same.
    """

    status: int = 200
    retry_after: float | None = None
    times: int = 1
    after: int = 0
    channel: str | None = None
    delay: float = 0.0
    late: float = 0.0
    cut: bool = False
    refuse: bool = False
    hang: bool = False
    done: bool = False
    struck: int = 0

    def _befalls(self, aim: str, call: str, channels: Container[object]) -> bool:
        """Whether, aimed at ``aim`` (``*``: any), it befalls this call there; counts."""
        if aim not in ("*", call) or self.struck >= self.times:
            return False
        if self.channel and self.channel not in channels:
            return False
        if self.after:
            self.after -= 1
            return False
        self.struck += 1
        return True
