"""The store in Weaviate passes the contract of knowledge stores, against a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count

import pytest

from knowledge.stores.base import VectorStore
from knowledge.stores.shelf import IndexSpec
from tests.contracts.vector_store import DIMENSIONS, MakeStore, VectorStoreContract
from tests.platforms.weaviate_server import WeaviateProcess

pytestmark = pytest.mark.weaviate

_numbers = count(1)


class TestWeaviateStore(VectorStoreContract):
    """Knowledge in Weaviate."""

    @pytest.fixture
    async def make_store(self, weaviate: WeaviateProcess) -> AsyncIterator[MakeStore]:
        from knowledge.stores.weaviate import WeaviateServer, WeaviateShelf

        server = WeaviateServer(weaviate.url, weaviate.grpc_url, weaviate.key)
        shelves: list[WeaviateShelf] = []

        async def make() -> VectorStore:
            shelf = WeaviateShelf(server, f"Contract{next(_numbers)}")
            shelves.append(shelf)
            store = shelf.store(await shelf.create(IndexSpec("tests", DIMENSIONS, 1)))
            await store.open()
            return store

        yield make
        for shelf in shelves:
            for record in await shelf.records():
                await shelf.drop(record.name)
        await server.close()
