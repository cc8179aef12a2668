"""Knowledge in Weaviate beyond the contract: faults of a real server, other processes, size."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from itertools import count

import numpy as np
import pytest

from bot.errors import (
    CollectionForeignError,
    CollectionNewerError,
    StoreKeyError,
    StoreReadOnlyError,
    StoreTimeoutError,
    StoreUnavailableError,
)
from knowledge.stores.base import DocumentKey, StoredChunk, StoredDocument, VectorStore
from knowledge.stores.shelf import IndexShelf, IndexSpec
from tests.contracts.vector_store import DIMENSIONS, chunks, embed, found, key, put, search, vector
from tests.platforms.weaviate_server import WeaviateProcess

pytestmark = pytest.mark.weaviate

SPEC = IndexSpec("tests", DIMENSIONS, 1)
_numbers = count(1)


def shelf_at(node: WeaviateProcess, prefix: str, **settings: object) -> IndexShelf:
    """A shelf with a connection of its own, as another process has it."""
    from knowledge.stores.weaviate import WeaviateServer, WeaviateShelf

    made = {"key": node.key, "timeout_s": 5.0, **settings}
    server = WeaviateServer(
        node.url, node.grpc_url, key=str(made["key"]), timeout_s=float(str(made["timeout_s"]))
    )
    return WeaviateShelf(server, prefix)


async def opened(shelf: IndexShelf) -> VectorStore:
    """The store of the live index, which is made where there is none."""
    if await shelf.live() is None:
        await shelf.switch((await shelf.create(SPEC)).name)
    name = await shelf.live()
    store = shelf.store(next(r for r in await shelf.records() if r.name == name))
    await store.open()
    return store


@pytest.fixture
def prefix() -> str:
    """The name that a test's collections begin with."""
    return f"Integration{next(_numbers)}"


@pytest.fixture
async def shelf(weaviate: WeaviateProcess, prefix: str) -> AsyncIterator[IndexShelf]:
    made = shelf_at(weaviate, prefix)
    yield made
    await made.close()


async def test_another_process_sees_every_change_at_once(
    weaviate: WeaviateProcess, shelf: IndexShelf, prefix: str
) -> None:
    """What one puts, closes or removes holds for the next search of the other."""
    mine = await opened(shelf)
    beside = shelf_at(weaviate, prefix)
    theirs = await opened(beside)
    await put(mine, "a", "green lamp")
    assert found(await search(theirs, "lamp")) == ["a"]
    await theirs.set_groups(key("a"), frozenset({"staff"}))
    assert found(await search(mine, "lamp")) == []
    await mine.remove([key("a")])
    assert found(await search(theirs, "lamp", "staff")) == []
    await beside.close()


async def test_a_server_that_is_down_is_named_with_the_way_to_start_it(
    weaviate_node: WeaviateProcess,
) -> None:
    """The first thing that is asked says so in one sentence."""
    weaviate_node.kill()
    shelf = shelf_at(weaviate_node, "Down")
    with pytest.raises(StoreUnavailableError, match="docker compose up weaviate"):
        await shelf.live()
    await shelf.close()


async def test_a_server_that_dies_is_used_again_when_it_is_back(
    weaviate_node: WeaviateProcess,
) -> None:
    """A question in between fails with a sentence, the next one after it is answered."""
    shelf = shelf_at(weaviate_node, "Dies")
    store = await opened(shelf)
    await put(store, "a", "green lamp")
    weaviate_node.kill()
    with pytest.raises(StoreUnavailableError, match="cannot be reached"):
        await search(store, "lamp")
    with pytest.raises(StoreUnavailableError):
        await put(store, "b", "red lamp")
    weaviate_node.start()
    async with asyncio.timeout(90):
        while True:
            try:
                result = await search(store, "lamp")
            except StoreUnavailableError:
                continue
            break
    assert found(result) == ["a"]
    await shelf.close()


async def test_a_server_that_hangs_is_not_waited_for(weaviate_node: WeaviateProcess) -> None:
    """A question ends within its time, with a sentence."""
    shelf = shelf_at(weaviate_node, "Hangs", timeout_s=1.5)
    store = await opened(shelf)
    await put(store, "a", "green lamp")
    assert weaviate_node.process is not None
    os.kill(weaviate_node.process.pid, signal.SIGSTOP)
    try:
        async with asyncio.timeout(10):
            with pytest.raises(StoreUnavailableError) as caught:
                await search(store, "lamp")
    finally:
        os.kill(weaviate_node.process.pid, signal.SIGCONT)
    assert isinstance(caught.value, StoreTimeoutError) or "no answer" in str(caught.value)
    assert found(await search(store, "lamp")) == ["a"]
    await shelf.close()


async def test_a_wrong_key_is_named(weaviate: WeaviateProcess, prefix: str) -> None:
    """The sentence names the setting, and not the key."""
    shelf = shelf_at(weaviate, prefix, key="not-the-key")
    with pytest.raises(StoreKeyError, match="WEAVIATE_API_KEY") as caught:
        await shelf.live()
    assert "not-the-key" not in str(caught.value)
    await shelf.close()


async def test_a_key_that_is_taken_away_is_named(weaviate_node: WeaviateProcess) -> None:
    """Searches and writes say the same as the start does."""
    shelf = shelf_at(weaviate_node, "Keys")
    store = await opened(shelf)
    weaviate_node.key = "another-key"
    weaviate_node.restart()
    with pytest.raises(StoreKeyError):
        await search(store, "lamp")
    with pytest.raises(StoreKeyError):
        await put(store, "a", "green lamp")
    with pytest.raises(StoreKeyError):
        await store.documents()
    await shelf.close()


async def test_a_collection_of_another_program_is_left_alone(
    weaviate: WeaviateProcess, shelf: IndexShelf, prefix: str
) -> None:
    """One of our name is neither used nor replaced."""
    weaviate.ask("POST", "schema", {"class": prefix, "description": "my films"})
    with pytest.raises(CollectionForeignError, match=prefix):
        await opened(shelf)
    weaviate.ask("DELETE", f"schema/{prefix}")
    weaviate.ask("POST", "schema", {"class": f"{prefix}Films"})
    weaviate.ask("POST", "aliases", {"alias": prefix, "class": f"{prefix}Films"})
    with pytest.raises(CollectionForeignError, match=f"{prefix}Films"):
        await shelf.records()


@pytest.mark.parametrize("newer", [{"wellspoken": 99}, {"analysis": 999}])
async def test_a_newer_collection_asks_for_the_newer_program(
    weaviate: WeaviateProcess, shelf: IndexShelf, prefix: str, newer: dict[str, int]
) -> None:
    """What a later version wrote is not guessed at."""
    said = {"wellspoken": 1, "analysis": 1, "model": "m", "dimensions": 8, "chunking": 1, **newer}
    said["built_at"] = "2030-01-01T00:00:00+00:00"
    name = f"{prefix}_index1"
    weaviate.ask("POST", "schema", {"class": name, "description": json.dumps(said)})
    weaviate.ask("POST", "aliases", {"alias": prefix, "class": name})
    with pytest.raises(CollectionNewerError, match="newer version"):
        await shelf.records()


async def test_an_index_of_older_words_works_and_says_so(
    weaviate: WeaviateProcess,
    shelf: IndexShelf,
    prefix: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A warning names the command that builds it anew."""
    store = await opened(shelf)
    name = await shelf.live()
    config = weaviate.ask("GET", f"schema/{name}")
    said = json.loads(config["description"])
    config["description"] = json.dumps({**said, "analysis": said["analysis"] - 1})
    weaviate.ask("PUT", f"schema/{name}", config)
    await store.open()
    assert "wellspoken knowledge reindex" in capsys.readouterr().err
    await put(store, "a", "green lamp")
    assert found(await search(store, "lamp")) == ["a"]


async def test_a_full_disk_stops_changes_and_no_question(
    weaviate: WeaviateProcess, shelf: IndexShelf
) -> None:
    """A shard that the server made read-only is named; nothing stored is lost."""
    store = await opened(shelf)
    await put(store, "a", "green lamp")
    name = await shelf.live()
    [shard] = weaviate.ask("GET", f"schema/{name}/shards")
    weaviate.ask("PUT", f"schema/{name}/shards/{shard['name']}", {"status": "READONLY"})
    for change in (
        put(store, "b", "red lamp"),
        store.remove([key("a")]),
        store.set_groups(key("a"), frozenset({"staff"})),
    ):
        with pytest.raises(StoreReadOnlyError, match="free some space"):
            await change
    assert found(await search(store, "lamp")) == ["a"]
    weaviate.ask("PUT", f"schema/{name}/shards/{shard['name']}", {"status": "READY"})
    await put(store, "b", "red lamp")
    assert sorted(found(await search(store, "lamp"))) == ["a", "b"]


@pytest.mark.timeout(600)  # ten thousand documents on a busy machine
async def test_more_than_ten_thousand_documents_are_listed_and_removed(
    shelf: IndexShelf,
) -> None:
    """The server gives ten thousand objects at once; there may be any number."""
    store = await opened(shelf)
    keys = [DocumentKey("many", f"d{n}") for n in range(10_050)]
    small = np.zeros(DIMENSIONS, np.float32)
    small[0] = 1
    documents = [
        StoredDocument(k, (StoredChunk(chunks(k.document, "x", source="many")[0], small),))
        for k in keys
    ]
    for at in range(0, len(documents), 2000):
        await store.load(documents[at : at + 2000])
    assert await store.documents() == set(keys)
    assert len(await store.outlines("many")) == len(keys)
    assert (await store.stats()).chunks == len(keys)
    await store.remove(keys)
    assert await store.documents() == set()


async def test_a_document_of_many_chunks_comes_back_whole(shelf: IndexShelf) -> None:
    """One document may have more chunks than are read at once."""
    store = await opened(shelf)
    made = chunks("book", *[f"page {n}" for n in range(4500)])
    await store.put(key("book"), made)
    [book] = await store.read([key("book")])
    assert [c.chunk for c in book.chunks] == made
    await store.put(key("book"), made[:10])
    assert (await store.stats()).chunks == 10


async def test_vectors_never_bring_back_what_was_removed(shelf: IndexShelf) -> None:
    """A removal while vectors come in leaves nothing of the document."""
    store = await opened(shelf)
    await store.put(key("a"), chunks("a", *[f"lamp {n}" for n in range(200)]))
    waiting = await store.waiting(200)
    late = np.stack([vector(w.text) for w in waiting])
    await asyncio.gather(store.set_vectors([w.id for w in waiting], late), store.remove([key("a")]))
    assert found(await search(store, "lamp", near="lamp 1")) == []
    assert await store.documents() == set()
    assert (await store.stats()).chunks == 0


async def test_a_put_that_was_cut_off_is_mended_by_the_next(
    weaviate: WeaviateProcess, shelf: IndexShelf
) -> None:
    """What a kill in the middle leaves does not count as a whole document."""
    store = await opened(shelf)
    made = chunks("a", "lamp one", "lamp two", "lamp three")
    await store.put(key("a"), made)
    await embed(store)
    name = await shelf.live()
    objects = weaviate.ask("GET", f"objects?class={name}")["objects"]
    [end] = [o["id"] for o in objects if o["properties"]["last"]]
    weaviate.ask("DELETE", f"objects/{name}/{end}")
    assert await store.documents() == {key("a")}
    assert (await store.outlines())[key("a")].revision != "r1"
    await store.put(key("a"), made)
    assert (await store.outlines())[key("a")].revision == "r1"
    assert await embed(store) == ["\nlamp three"]
