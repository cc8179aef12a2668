"""The indexes in Weaviate: made, switched, dropped, and kept apart for each tenant."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import count

import pytest

from bot.errors import NotFoundError, UsageError
from knowledge.stores.base import VectorStore
from knowledge.stores.shelf import IndexShelf, IndexSpec
from tests.contracts.vector_store import DIMENSIONS, found, put, search
from tests.platforms.weaviate_server import WeaviateProcess

pytestmark = pytest.mark.weaviate

SPEC = IndexSpec("tests", DIMENSIONS, 1)
OTHER = IndexSpec("others", DIMENSIONS, 2)
_numbers = count(1)

MakeShelf = Callable[..., IndexShelf]


@pytest.fixture
async def make_shelf(weaviate: WeaviateProcess) -> AsyncIterator[MakeShelf]:
    """Shelves of one knowledge base, each with a connection of its own."""
    from knowledge.stores.weaviate import WeaviateServer, WeaviateShelf

    prefix = f"Racing{next(_numbers)}"
    shelves: list[IndexShelf] = []

    def make(tenant: str | None = None) -> IndexShelf:
        server = WeaviateServer(weaviate.url, weaviate.grpc_url, weaviate.key)
        shelves.append(WeaviateShelf(server, prefix, tenant))
        return shelves[-1]

    yield make
    for shelf in shelves:
        await shelf.close()


async def store_of(shelf: IndexShelf, name: str | None) -> VectorStore:
    """The open store of an index."""
    store = shelf.store(next(r for r in await shelf.records() if r.name == name))
    await store.open()
    return store


async def states(shelf: IndexShelf) -> list[tuple[str, str]]:
    return [(record.spec.model, record.state) for record in await shelf.records()]


async def test_a_switch_holds_for_every_process(make_shelf: MakeShelf) -> None:
    """The one that was live becomes the previous one, and a switch back is one step too."""
    mine, theirs = make_shelf(), make_shelf()
    assert await mine.live() is None
    first = await mine.create(SPEC)
    assert first.state == "building"
    await mine.switch(first.name)
    second = await theirs.create(OTHER)
    assert await states(mine) == [("tests", "live"), ("others", "building")]
    await theirs.switch(second.name)
    assert await mine.live() == second.name
    assert await states(mine) == [("tests", "previous"), ("others", "live")]
    await mine.switch(first.name)
    assert await states(theirs) == [("tests", "live"), ("others", "previous")]


async def test_an_index_is_dropped_unless_it_is_live(make_shelf: MakeShelf) -> None:
    """What answers cannot be deleted; what is not there is named."""
    shelf = make_shelf()
    first, second = await shelf.create(SPEC), await shelf.create(OTHER)
    await shelf.switch(first.name)
    await shelf.switch(second.name)
    with pytest.raises(UsageError, match="live"):
        await shelf.drop(second.name)
    await shelf.drop(first.name)
    assert await states(shelf) == [("others", "live")]
    for call in (shelf.drop(first.name), shelf.switch(first.name)):
        with pytest.raises(NotFoundError, match=first.name):
            await call


async def test_processes_that_begin_at_once_end_with_one_live_index(
    make_shelf: MakeShelf,
) -> None:
    """All that start on an empty server use the same first index."""

    async def begin(shelf: IndexShelf) -> str:
        record = await shelf.create(SPEC)
        await shelf.switch(record.name)
        return record.name

    shelves = [make_shelf() for _ in range(4)]
    made = await asyncio.gather(*(begin(shelf) for shelf in shelves))
    assert set(made) == {await shelves[0].live()}
    assert await states(shelves[0]) == [("tests", "live")]


@pytest.mark.parametrize(
    ("one", "other"), [("acme", "northwind"), ("a-b", "a-2db"), ("ACME", "acme"), ("1", "01")]
)
async def test_tenants_do_not_see_each_other(make_shelf: MakeShelf, one: str, other: str) -> None:
    """Each has its own documents and its own live index in collections that they share."""
    shelves = {tenant: make_shelf(tenant) for tenant in (one, other)}
    for tenant, shelf in shelves.items():
        await shelf.switch((await shelf.create(SPEC)).name)
        store = await store_of(shelf, await shelf.live())
        await put(store, f"of {tenant}", "green lamp")
    assert await shelves[one].live() == await shelves[other].live()
    for tenant, shelf in shelves.items():
        store = await store_of(shelf, await shelf.live())
        assert found(await search(store, "lamp")) == [f"of {tenant}"]
        assert (await store.stats()).documents == 1


async def test_a_tenant_moves_and_leaves_alone(make_shelf: MakeShelf) -> None:
    """A switch or a drop of one is none for another."""
    acme, other = make_shelf("acme"), make_shelf("other")
    for shelf in (acme, other):
        await shelf.switch((await shelf.create(SPEC)).name)
    shared = await other.live()
    await acme.switch((await acme.create(OTHER)).name)
    assert await states(acme) == [("tests", "previous"), ("others", "live")]
    assert await states(other) == [("tests", "live")]
    assert shared is not None
    await acme.drop(shared)
    assert await states(acme) == [("others", "live")]
    assert await states(other) == [("tests", "live")]
