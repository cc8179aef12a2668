"""What the Weaviate store does where a server changes under its hands; no server is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

import pytest

from bot.errors import StoreUnavailableError
from bot.evidence import Chunk
from knowledge.stores import objects
from knowledge.stores.base import DocumentKey
from knowledge.stores.collection import PAGE, Collection, Where
from knowledge.stores.objects import StoredObject
from knowledge.stores.weaviate_store import WeaviateStore

BOOK = DocumentKey("docs", "book")


def page(place: int, of: int) -> StoredObject:
    chunk = Chunk(
        f"docs/book#{place}", "book", "docs", "1", place, "Book", (), f"p {place}", 0, 3, ""
    )
    (identity,) = objects.object_ids(BOOK, [chunk])
    made = objects.properties(BOOK, chunk, place=place, of=of, turn=place, embedded=False)
    return StoredObject(identity, made)


class Shrinking:
    """A collection with one large document, half of which goes while it is read."""

    def __init__(self, pages: int) -> None:
        self.there = [page(n, pages) for n in range(pages)]
        self._shrunk = False

    async def fetch(self, where: Where, limit: int = PAGE, **_: Any) -> list[StoredObject]:
        return self._of(where)[:limit]

    async def count(self, where: Where) -> int:
        counted = len(self._of(where))
        if not self._shrunk:
            self.there, self._shrunk = self.there[: len(self.there) // 2], True
        return counted

    def _of(self, where: Where) -> list[StoredObject]:
        found = self.there
        for condition in where:
            if condition.holds == "between":
                low, high = condition.values
                found = [o for o in found if low <= o.properties[condition.name] < high]
        return found


async def test_a_document_that_shrinks_while_it_is_read_is_read_to_its_end() -> None:
    """Another process removes what is about to be read: what is left comes back, and soon."""
    store = WeaviateStore(cast("Collection", Shrinking(2 * PAGE)), 3)
    async with asyncio.timeout(90):
        [book] = await store.read([BOOK])
    assert [c.chunk.ordinal for c in book.chunks] == list(range(PAGE))


async def test_a_change_that_fails_leaves_nothing_under_way() -> None:
    """Whoever mends it writes after all of it, not beside the rest of it."""
    from knowledge.stores.weaviate import WeaviateCollection, WeaviateServer

    class Failing(WeaviateServer):
        under_way = 0
        asked = 0

        async def write(self, operation: Callable[[], Awaitable[Any]]) -> Any:
            del operation
            self.asked += 1
            if self.asked == 3:
                raise StoreUnavailableError(url=self.url, reason="no answer")
            self.under_way += 1
            await asyncio.sleep(0.05)
            self.under_way -= 1

    server = Failing("http://127.0.0.1:9")
    collection = WeaviateCollection(server, "Any", None, "one")
    changes: Sequence[tuple[str, dict[str, Any], None]] = [(str(n), {}, None) for n in range(200)]
    with pytest.raises(StoreUnavailableError):
        await collection.change(changes)
    assert server.under_way == 0
    assert server.asked < 50
