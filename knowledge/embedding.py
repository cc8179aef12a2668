"""Vectors for the chunks that wait for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.ports import Embedder
from knowledge.stores.base import VectorStore

_SLICE = 32
"""Small, so that the embedder is free for a question between two slices."""


Current = Callable[[], Awaitable[tuple[VectorStore, Embedder]]]
"""A store and the embedder whose vectors it holds; another pair once another index is live."""


async def embed_waiting(
    current: Current, progress: Callable[[int, int | None], None] | None = None
) -> int:
    """Give their vectors to all chunks that wait; how many got one. Raises the errors of embedder
    and store; what was embedded until then is kept."""
    store, embedder = await current()
    done = 0
    slice_ = await store.waiting(_SLICE)
    total = (await store.stats()).waiting if slice_ else 0
    while slice_:
        vectors = await embedder.embed([chunk.text for chunk in slice_])
        await store.set_vectors([chunk.id for chunk in slice_], vectors)
        done += len(slice_)
        total = max(total, done)
        if progress:
            progress(done, total)
        store, embedder = await current()
        before, slice_ = slice_, await store.waiting(_SLICE)
        if slice_ == before:  # the store does not take them: better late than for ever
            break
    return done
