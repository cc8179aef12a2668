"""Reading in with Weaviate when server or reader is killed: it ends as a clean run would."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from bot.conversation import Principal
from bot.errors import StoreReadOnlyError, StoreUnavailableError
from bot.ports import Vectors
from bot.store.base import Database
from bot.work.leases import Leases
from knowledge.ingest import Ingestor, IngestReport
from knowledge.ledger import Ledger
from knowledge.sources.folder import FolderSource
from knowledge.stores.base import SearchRequest, VectorStore
from knowledge.stores.shelf import IndexSpec
from tests.contracts.vector_store import DIMENSIONS, chunks, key, vector
from tests.platforms.weaviate_server import WeaviateProcess

pytestmark = [pytest.mark.weaviate, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
STAFF = Principal(frozenset({"staff"}))
PAGES = 120


class Embedder:
    """Vectors that stand for their texts, without a model."""

    model = "stand-in"
    dimensions = DIMENSIONS

    async def embed(self, texts: Sequence[str]) -> Vectors:
        return np.stack([vector(text) for text in texts])

    async def embed_query(self, text: str) -> Vectors:
        return vector(text)


@asynccontextmanager
async def opened(url: str, grpc_url: str, key: str, collection: str) -> AsyncIterator[VectorStore]:
    """The live index of a collection's name, made where there is none."""
    from knowledge.stores.weaviate import WeaviateServer
    from knowledge.stores.weaviate_shelf import WeaviateShelf

    shelf = WeaviateShelf(WeaviateServer(url, grpc_url, key), collection)
    try:
        if await shelf.live() is None:
            made = await shelf.create(IndexSpec("stand-in", DIMENSIONS, 1))
            await shelf.switch(made.name)
        name = await shelf.live()
        (record,) = [found for found in await shelf.records() if found.name == name]
        store = shelf.store(record)
        await store.open()
        yield store
    finally:
        await shelf.close()


async def ingest(
    store: VectorStore, home: Path, docs: Path, *, ready: bool = False
) -> IngestReport:
    """Read the folder in and make its vectors."""
    database = await Database.open(f"sqlite:///{home / 'wellspoken.db'}")
    try:
        ingestor = Ingestor(Ledger(database), store, Leases(database), Embedder())
        if ready:
            print("ready", flush=True)  # noqa: T201 - the parent waits for it
        report = await ingestor.ingest(FolderSource(docs))
        await ingestor.embed_waiting()
        return report
    finally:
        await database.close()


async def main(url: str, grpc_url: str, key: str, home: str) -> None:
    """The reader as a process of its own."""
    async with opened(url, grpc_url, key, "Killed") as store:
        await ingest(store, Path(home), Path(home) / "docs", ready=True)


def tree(docs: Path, chance: random.Random) -> None:
    """Pages with several sections each, some of them for staff only."""
    docs.mkdir(exist_ok=True)
    for n in range(PAGES):
        front = "---\ngroups: [staff]\n---\n" if n % 7 == 0 else ""
        sections = "\n\n".join(
            f"## Part {p}\n\n" + " ".join(f"Word {chance.random()} of page{n}." for _ in range(40))
            for p in range(6)
        )
        (docs / f"{n:03}.md").write_text(f"{front}# Page {n}\n\n{sections}\n")


def change(docs: Path, chance: random.Random) -> None:
    """Some pages change, some in who may see them, one goes."""
    chance.choice(sorted(docs.iterdir())).unlink()
    for path in chance.sample(sorted(docs.iterdir()), 15):
        text = path.read_text()
        closed = text.startswith("---")
        path.write_text(
            text.replace("[staff]", "[]")
            if closed and chance.random() < 0.5
            else text + "\nMore.\n"
        )


async def state(store: VectorStore) -> list[object]:
    """All that can be seen of a store: outlines, counts, and what questions find."""
    found = []
    for n in range(0, PAGES, 9):
        for who in (Principal(), STAFF):
            text = f"page{n} Part"
            result = await store.search(SearchRequest(text, who, vector(text), k=5))
            found.append([(p.chunk, round(p.score, 3)) for p in result.passages])
    return [await store.outlines(), await store.stats(), found]


async def check_as_after_a_clean_run(
    node: WeaviateProcess, store: VectorStore, docs: Path, home: Path
) -> None:
    """The store shows what one shows that read the folder in once, undisturbed."""
    home.mkdir()  # noqa: ASYNC240 - nothing else runs in this loop
    async with opened(node.url, node.grpc_url, node.key, "Clean") as clean:
        await ingest(clean, home, docs)
        wanted, there = await state(clean), await state(store)
    assert there[:2] == wanted[:2]
    assert there[2] == wanted[2]


def reader(node: WeaviateProcess, home: Path) -> subprocess.Popen[str]:
    """The reader's process, reading."""
    code = "import asyncio, sys; from tests.integration.test_weaviate_kills import main;"
    child = subprocess.Popen(
        [
            *(sys.executable, "-c", f"{code} asyncio.run(main(*sys.argv[1:]))"),
            *(node.url, node.grpc_url, node.key, str(home)),
        ],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert child.stdout
    assert child.stdout.readline() == "ready\n"
    return child


async def test_reader_is_killed_at_any_moment(
    weaviate_node: WeaviateProcess, tmp_path: Path
) -> None:
    """Readers killed one after the other while pages change, then one that ends: as if new."""
    chance = random.Random(11)
    docs = tmp_path / "docs"
    tree(docs, chance)
    for _ in range(4):
        child = await asyncio.to_thread(reader, weaviate_node, tmp_path)
        await asyncio.sleep(chance.random() * 1.5)
        child.send_signal(signal.SIGKILL)
        child.communicate()
        change(docs, chance)
    node = weaviate_node
    async with opened(node.url, node.grpc_url, node.key, "Killed") as store:
        await ingest(store, tmp_path, docs)
        await check_as_after_a_clean_run(node, store, docs, tmp_path / "clean")


async def test_server_is_killed_while_documents_are_read_in(
    weaviate_node: WeaviateProcess, tmp_path: Path
) -> None:
    """The reading ends well or with one sentence; the next one completes the state."""
    chance = random.Random(12)
    docs, node = tmp_path / "docs", weaviate_node
    tree(docs, chance)
    ends = []
    async with opened(node.url, node.grpc_url, node.key, "Killed") as store:
        for _ in range(3):
            reading = asyncio.create_task(ingest(store, tmp_path, docs))
            await asyncio.sleep(chance.random() * 1.5)
            node.kill()
            await asyncio.sleep(chance.random())
            node.start(wait=False)
            await node.until_ready()
            try:
                await reading
                ends.append("")
            except StoreUnavailableError as error:
                ends.append(str(error))
            change(docs, chance)
        assert all("\n" not in end and len(end) < 500 for end in ends), ends
        await ingest(store, tmp_path, docs)
        await check_as_after_a_clean_run(node, store, docs, tmp_path / "clean")


def allow_changes(node: WeaviateProcess, *, so: bool) -> None:
    """Let the server take changes or not, as it does by itself when its disk fills up."""
    for collection in node.ask("GET", "schema")["classes"]:
        path = f"schema/{collection['class']}/shards"
        for shard in node.ask("GET", path):
            status = {"status": "READY" if so else "READONLY"}
            node.ask("PUT", f"{path}/{shard['name']}", status)


async def test_server_that_takes_no_changes_says_so_until_it_does(
    weaviate_node: WeaviateProcess,
) -> None:
    """Questions are answered, changes refused with one sentence; afterwards they are taken."""
    node = weaviate_node
    async with opened(node.url, node.grpc_url, node.key, "Full") as store:
        await store.put(key("lamp"), chunks("lamp", "A lamp."))
        allow_changes(node, so=False)
        with pytest.raises(StoreReadOnlyError, match="free some space"):
            await store.put(key("vase"), chunks("vase", "A vase."))
        with pytest.raises(StoreReadOnlyError, match="free some space"):
            await store.set_groups(key("lamp"), frozenset({"staff"}))
        with pytest.raises(StoreReadOnlyError, match="free some space"):
            await store.remove([key("lamp")])
        found = await store.search(SearchRequest("lamp", Principal()))
        assert [p.chunk.document for p in found.passages] == ["lamp"]
        allow_changes(node, so=True)
        await store.put(key("vase"), chunks("vase", "A vase."))
        assert len(await store.outlines()) == 2
