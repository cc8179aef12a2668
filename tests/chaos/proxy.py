"""A network that misbehaves: a proxy on loopback between two programs."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import Self

_AT_ONCE = 16_384


class Proxy:
    """Passes bytes on to a port of this machine, between ``async with`` and its end.

    ``delay``: seconds that every piece takes; ``trickle``: at most so many bytes a piece;
    ``frozen``: nothing passes and nobody is told; ``shut``: connections are closed at once;
    ``cuts``: the chance with which a piece is cut off in its middle, and the connection with it.
    """

    def __init__(self, target: int, seed: int = 0) -> None:
        self._target = target
        self._chance = random.Random(seed)
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thawed = asyncio.Event()
        self.port = 0
        self.cut = 0
        self.heal()

    def heal(self) -> None:
        """Pass everything on at once."""
        self.delay, self.trickle, self.cuts, self.shut = 0.0, 0, 0.0, False
        self._thawed.set()

    def freeze(self) -> None:
        """Hold everything back until healed."""
        self._thawed.clear()

    def hang_up(self) -> None:
        """Cut every connection hard."""
        for writer in list(self._open):
            writer.transport.abort()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, backlog=512)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.hang_up()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._open.add(writer)
        there: asyncio.StreamWriter | None = None
        try:
            if self.shut:
                return
            back, there = await asyncio.open_connection("127.0.0.1", self._target)
            self._open.add(there)
            await self._both(self._pump(reader, there), self._pump(back, writer))
        except (OSError, asyncio.CancelledError):
            return  # a connection that ends is what this is about
        finally:
            for end in (writer, there):
                if end is not None:
                    self._open.discard(end)
                    end.transport.abort() if self.shut else end.close()
            self._tasks.discard(task)

    @staticmethod
    async def _both(*ways: object) -> None:
        """Until one way ends; the other gets a moment for what is still under way."""
        tasks = [asyncio.ensure_future(way) for way in ways]  # type: ignore[call-overload]  # coroutines
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait(tasks, timeout=0.2)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(self.trickle or _AT_ONCE):
                if not self._thawed.is_set():
                    await self._thawed.wait()
                if self.delay:
                    await asyncio.sleep(self.delay * self._chance.uniform(0.2, 1.8))
                if self.cuts and self._chance.random() < self.cuts:
                    self.cut += 1
                    writer.write(data[: len(data) // 2])
                    writer.transport.abort() if self._chance.random() < 0.5 else writer.close()
                    return
                writer.write(data)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()
