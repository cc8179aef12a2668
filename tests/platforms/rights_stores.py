"""Open, empty stores of every kind, for tests of what lies above them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import pytest

from knowledge.stores.base import VectorStore
from knowledge.stores.embedded import EmbeddedStore
from tests.platforms.rights_world import RememberingEmbedder

MakeStore = Callable[[], Awaitable[VectorStore]]

KINDS = ["embedded"]


@asynccontextmanager
async def stores(
    request: pytest.FixtureRequest, folder: Path, embedder: RememberingEmbedder
) -> AsyncIterator[MakeStore]:
    """Makes stores of the kind that the fixture's parameter names, and closes them."""
    opened: list[VectorStore] = []
    numbers = count()

    async def make() -> VectorStore:
        path = folder / f"knowledge-{next(numbers)}.db"
        store = EmbeddedStore(path, embedder.model, embedder.dimensions)
        await store.open()
        opened.append(store)
        return store

    yield make
    for store in opened:
        await store.close()
