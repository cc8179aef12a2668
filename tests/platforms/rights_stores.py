"""Open, empty stores of every kind, for tests of what lies above them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from knowledge.stores.base import VectorStore
from knowledge.stores.embedded import EmbeddedStore
from knowledge.stores.shelf import IndexSpec

if TYPE_CHECKING:
    from tests.platforms.weaviate_server import WeaviateProcess

MakeStore = Callable[[], Awaitable[VectorStore]]

KINDS = ["embedded", pytest.param("weaviate", marks=pytest.mark.weaviate)]

_numbers = count(1)


class Model(Protocol):
    """What a store is made for."""

    @property
    def model(self) -> str: ...
    @property
    def dimensions(self) -> int: ...


class Stores:
    """Makes stores; those that are :meth:`released` are emptied and used again."""

    def __init__(self, make: MakeStore) -> None:
        self._make = make
        self._used: list[VectorStore] = []
        self._free: list[VectorStore] = []

    async def __call__(self) -> VectorStore:
        """An open, empty store."""
        store = self._free.pop() if self._free else await self._make()
        self._used.append(store)
        return store

    async def released(self) -> None:
        """Nobody uses what was made so far any more."""
        for store in self._used:
            await store.remove(list(await store.documents()))
        self._free += self._used
        self._used = []


@asynccontextmanager
async def stores(
    kind: str, request: pytest.FixtureRequest, folder: Path, embedder: Model
) -> AsyncIterator[Stores]:
    """Makes stores for an embedder's vectors, and takes them away again."""
    if kind == "weaviate":
        async with _in_weaviate(request.getfixturevalue("weaviate"), embedder) as make:
            yield Stores(make)
        return
    opened: list[VectorStore] = []

    async def open_file() -> VectorStore:
        path = folder / f"knowledge-{next(_numbers)}.db"
        store = EmbeddedStore(path, embedder.model, embedder.dimensions)
        await store.open()
        opened.append(store)
        return store

    yield Stores(open_file)
    for store in opened:
        await store.close()


@asynccontextmanager
async def _in_weaviate(node: WeaviateProcess, embedder: Model) -> AsyncIterator[MakeStore]:
    from knowledge.stores.weaviate import WeaviateServer, WeaviateShelf

    server = WeaviateServer(node.url, node.grpc_url, node.key)
    shelves: list[WeaviateShelf] = []

    async def make() -> VectorStore:
        shelf = WeaviateShelf(server, f"Rights{next(_numbers)}")
        shelves.append(shelf)
        spec = IndexSpec(embedder.model, embedder.dimensions, 1)
        store = shelf.store(await shelf.create(spec))
        await store.open()
        return store

    try:
        yield make
        for shelf in shelves:
            for record in await shelf.records():
                await shelf.drop(record.name)
    finally:
        await server.close()
