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


@asynccontextmanager
async def stores(
    kind: str, request: pytest.FixtureRequest, folder: Path, embedder: Model
) -> AsyncIterator[MakeStore]:
    """Makes stores for an embedder's vectors, and takes them away again."""
    if kind == "weaviate":
        async with _in_weaviate(request.getfixturevalue("weaviate"), embedder) as make:
            yield make
        return
    opened: list[VectorStore] = []

    async def make() -> VectorStore:
        path = folder / f"knowledge-{next(_numbers)}.db"
        store = EmbeddedStore(path, embedder.model, embedder.dimensions)
        await store.open()
        opened.append(store)
        return store

    yield make
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
