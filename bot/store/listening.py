"""LISTEN and NOTIFY of PostgreSQL: who waits hears at once of what another process committed.

One connection for all channels of a process, beside the pool. It is a hint and no promise: whoever
waits polls as well, so a connection that is lost costs a moment, and is replaced.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from bot.store.faults import first_line

log = logging.getLogger("wellspoken.store")

_AGAIN_S = 1.0
_CLOSE_S = 2.0
_ALIVE_S = 20.0
"""How often it is asked whether the connection still lives: a silent one looks the same."""

Wake = Callable[[], None]
Connect = Callable[[], Awaitable[Any]]
"""Opens a connection of asyncpg's that nobody else uses."""


class Listener:
    """What a process listens to."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._wakes: dict[str, list[Wake]] = {}
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._heard: dict[str, asyncio.Event] = {}

    async def listen(self, channel: str, wake: Wake) -> None:
        """Have ``wake`` called for what is committed with a NOTIFY on a channel, and whenever
        something may have been missed; returns once it listens, or could not at first."""
        self._wakes.setdefault(channel, []).append(wake)
        listening = self._heard.setdefault(channel, asyncio.Event())
        self._changed.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        await listening.wait()

    def unlisten(self, channel: str, wake: Wake) -> None:
        """Call ``wake`` no more."""
        if wake in self._wakes.get(channel, ()):
            self._wakes[channel].remove(wake)

    async def close(self) -> None:
        """Listen no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                connection = await self._connect()
                try:
                    await self._hear(connection)
                finally:
                    await connection.close(timeout=_CLOSE_S)
            except Exception as error:  # noqa: BLE001 - the poll goes on without it
                log.warning("not listening to %s: %s", ", ".join(self._wakes), first_line(error))
            for listening in self._heard.values():
                listening.set()
            await asyncio.sleep(_AGAIN_S)

    async def _hear(self, connection: Any) -> None:
        """Until the connection is lost."""
        lost, heard = asyncio.Event(), set[str]()

        def ended(_connection: object) -> None:
            lost.set()
            self._changed.set()

        connection.add_termination_listener(ended)
        while not lost.is_set():
            self._changed.clear()
            for channel in [name for name in self._wakes if name not in heard]:
                await connection.add_listener(channel, self._notified)
                heard.add(channel)
                self._heard[channel].set()
                self._wake(channel)  # what was committed before is not told again
            try:
                async with asyncio.timeout(_ALIVE_S):
                    await self._changed.wait()
            except TimeoutError:
                await connection.execute("SELECT 1", timeout=_ALIVE_S)

    def _notified(self, _connection: object, _pid: int, channel: str, _payload: str) -> None:
        self._wake(channel)

    def _wake(self, channel: str) -> None:
        for wake in tuple(self._wakes.get(channel, ())):
            wake()
