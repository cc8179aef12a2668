"""Vectors for the chunks that wait for them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import numpy as np

from bot.ports import Embedder, Vectors
from knowledge.remote import Portable, RemoteExecutor, WorkerLostError, WorkersEndError
from knowledge.stores.base import VectorStore, WaitingChunk

_SLICE = 32
"""Small, so that the embedder is free for a question between two slices."""

_TRIES = 3
"""Workers that may end under a slice before it is taken for its doing: they end for other reasons,
and with a slice that is not theirs."""

Current = Callable[[], Awaitable[tuple[VectorStore, Embedder]]]
"""A store and the embedder whose vectors it holds; another pair once another index is live."""

Embed = Callable[[Sequence[str]], Awaitable[Vectors]]


async def embed_waiting(
    current: Current,
    progress: Callable[[int, int | None], None] | None = None,
    *,
    remote: RemoteExecutor | None = None,
) -> int:
    """Give their vectors to all chunks that wait; how many got one. Raises the errors of embedder
    and store; what was embedded until then is kept.

    Over ``remote``, the workers embed where the model is one that they have: several slices are
    under way then. A model at a server is asked from here all the same: it does the work itself,
    and its key stays on this machine.
    """
    done, total = 0, 0
    while True:
        store, embedder = await current()
        spread = remote if isinstance(embedder, Portable) else None
        window = _Window(store, *_ways(embedder, spread))
        try:
            while (await current())[0] is store and await window.fill():
                if not total:
                    total = (await store.stats()).waiting
                done += await window.take()
                total = max(total, done)
                if progress:
                    progress(done, total)
        finally:
            await window.drop()
        if (await current())[0] is store:
            return done


def _ways(embedder: Embedder, remote: RemoteExecutor | None) -> tuple[Embed, int]:
    """How to embed, and how many slices at once."""
    if remote is None or not isinstance(embedder, Portable):
        return embedder.embed, 1
    call = embedder.elsewhere()

    async def embed(texts: Sequence[str]) -> Vectors:
        for _ in range(_TRIES):
            with suppress(WorkerLostError):  # said where it is heard of; another worker is there
                return await asyncio.wrap_future(remote.submit(call, list(texts)))
        raise WorkersEndError

    return embed, 2 * remote.places + 1


class _Window:
    """The slices of one store that are under way, ``most`` at once, the oldest chunks first."""

    def __init__(self, store: VectorStore, embed: Embed, most: int) -> None:
        self._store = store
        self._embed = embed
        self._most = most
        self._flying: dict[asyncio.Task[Vectors], list[WaitingChunk]] = {}
        self._written: set[str] = set()

    async def fill(self) -> bool:
        """Begin what there is room for, once half is done; whether anything is under way."""
        if len(self._flying) > self._most // 2:
            return True
        under_way = {chunk.id for slice_ in self._flying.values() for chunk in slice_}
        room = (self._most - len(self._flying)) * _SLICE
        found = await self._store.waiting(len(under_way) + room)
        # A store that does not take its vectors shows the same chunks again: once is enough.
        self._written &= {chunk.id for chunk in found}
        fresh = [c for c in found if c.id not in under_way and c.id not in self._written]
        for at in range(0, len(fresh), _SLICE):
            slice_ = fresh[at : at + _SLICE]
            task = asyncio.ensure_future(self._embed([chunk.text for chunk in slice_]))
            self._flying[task] = slice_
        return bool(self._flying)

    async def take(self) -> int:
        """Wait for a slice and write what is there; how many chunks. Raises what it met."""
        if not self._flying:
            return 0
        finished, _ = await asyncio.wait(self._flying, return_when=asyncio.FIRST_COMPLETED)
        error: BaseException | None = None
        ids: list[str] = []
        parts: list[Vectors] = []
        for task in finished:
            slice_ = self._flying.pop(task)
            if failure := task.exception():
                error = failure
                continue
            ids += [chunk.id for chunk in slice_]
            parts.append(task.result())
        if ids:
            await self._store.set_vectors(ids, np.concatenate(parts))
            self._written.update(ids)
        if error is not None:
            raise error
        return len(ids)

    async def drop(self) -> None:
        """Let go of what is under way."""
        tasks, self._flying = list(self._flying), {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
