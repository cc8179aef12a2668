"""One at a time: what reads a source in, embeds, or builds an index holds a lease meanwhile."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path

from bot.errors import IngestRunningError, LeaseLostError
from bot.work.leases import Leases

EMBEDDING = "embed"
"""The lease of whoever gives chunks their vectors."""

INDEXES = "reindex"
"""The lease of whoever builds indexes, switches between them or deletes one."""

_ALL = "sources"
"""The lease of whoever keeps all sources as they are; nobody begins to read one meanwhile."""

_SOURCE = "source:"
_LEASE_S = 15.0
_ASK_AGAIN_S = 0.25


class TakenError(Exception):
    """Somebody else holds the lease; never shown to anybody."""


class Exclusive:
    """Leases of the knowledge base, held by a process and given back when it dies."""

    def __init__(self, leases: Leases) -> None:
        self._leases = leases

    @asynccontextmanager
    async def source(
        self, source: str, *, wait: bool = True, on_wait: Callable[[], None] | None = None
    ) -> AsyncIterator[None]:
        """Be the only one that changes a source's documents.

        While somebody else is, this waits (calling ``on_wait`` once), or with ``wait=False`` raises
        IngestRunningError; so it does where the lease is lost on the way.
        """
        try:
            async with self._awaited(lambda: self._begun(source), on_wait, wait=wait):
                yield
        except TakenError:
            raise IngestRunningError(source=source) from None
        except LeaseLostError as error:
            raise IngestRunningError(source=source) from error

    @asynccontextmanager
    async def _begun(self, source: str) -> AsyncIterator[None]:
        async with self.lease(f"{_SOURCE}{source}"):
            # After the lease is taken: whoever keeps all sees either this one, or is seen here.
            await self._release_dead(_ALL)
            if await self._leases.holder(_ALL) is not None:
                raise TakenError
            yield

    @asynccontextmanager
    async def everything(
        self, sources: Iterable[str], on_wait: Callable[[], None] | None = None
    ) -> AsyncIterator[None]:
        """Be the only one that changes documents: of these sources, and of any other that is being
        read in for the first time or that somebody begins with."""
        async with AsyncExitStack() as held:
            await held.enter_async_context(self.awaited(_ALL, on_wait))
            others = await self._leases.held(_SOURCE)
            for name in sorted({*others, *(f"{_SOURCE}{source}" for source in sources)}):
                await held.enter_async_context(self.awaited(name, on_wait))
            yield

    @asynccontextmanager
    async def awaited(
        self, name: str, on_wait: Callable[[], None] | None = None
    ) -> AsyncIterator[None]:
        """As :meth:`lease`, once it is free; calls ``on_wait`` once while it is not."""
        async with self._awaited(lambda: self.lease(name), on_wait):
            yield

    @asynccontextmanager
    async def _awaited(
        self,
        lease: Callable[[], AbstractAsyncContextManager[None]],
        on_wait: Callable[[], None] | None,
        *,
        wait: bool = True,
    ) -> AsyncIterator[None]:
        told = False
        async with AsyncExitStack() as held:
            while True:
                try:
                    await held.enter_async_context(lease())
                    break
                except TakenError:
                    if not wait:
                        raise
                if on_wait and not told:
                    on_wait()
                    told = True
                await asyncio.sleep(_ASK_AGAIN_S)
            yield

    @asynccontextmanager
    async def lease(self, name: str) -> AsyncIterator[None]:
        """Hold a lease, renewed meanwhile; raises TakenError where somebody else has it, and
        LeaseLostError where it was lost on the way."""
        owner = f"{_machine()}:{os.getpid()}:{uuid.uuid4().hex}"
        await self._release_dead(name)
        held = False
        try:
            async with self._leases.hold(name, owner, _LEASE_S):
                held = True
                yield
        except LeaseLostError:
            if held:
                raise
            raise TakenError from None

    async def _release_dead(self, name: str) -> None:
        """Give back the lease of a process of this machine that was killed while it held it."""
        holder = await self._leases.holder(name)
        if holder is None or not holder.startswith(f"{_machine()}:"):
            return
        if not _runs(holder.removeprefix(f"{_machine()}:").partition(":")[0]):
            await self._leases.release(name, holder)


def _runs(process: str) -> bool:
    """Whether a process of this machine is alive; where that cannot be told, it is."""
    return not Path("/proc/self").exists() or Path("/proc", process).exists()


def _machine() -> str:
    """Names the machine and, on Linux, its process numbers; another container has other ones."""
    try:
        return f"{socket.gethostname()}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return f"{socket.gethostname()}/{uuid.getnode()}/?"
