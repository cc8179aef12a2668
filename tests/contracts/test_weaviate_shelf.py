"""The shelf in Weaviate passes the contract of shelves, against a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count

import pytest

from knowledge.stores.shelf import IndexShelf
from tests.contracts.index_shelf import IndexShelfContract, MakeShelf
from tests.platforms.weaviate_server import WeaviateProcess

pytestmark = pytest.mark.weaviate

_numbers = count(1)


class TestWeaviateShelf(IndexShelfContract):
    """Collections behind an alias, each shelf with a connection of its own."""

    @pytest.fixture
    async def make_shelf(self, weaviate: WeaviateProcess) -> AsyncIterator[MakeShelf]:
        from knowledge.stores.weaviate import WeaviateServer
        from knowledge.stores.weaviate_shelf import WeaviateShelf

        name = f"Shelf{next(_numbers)}"
        servers: list[WeaviateServer] = []

        async def make() -> IndexShelf:
            server = WeaviateServer(weaviate.url, weaviate.grpc_url, weaviate.key, timeout_s=20)
            servers.append(server)
            return WeaviateShelf(server, name)

        yield make
        for server in servers:
            await server.close()
