"""Speed of a search in Weaviate, and in the embedded store, besides the question's embedding.

A real server is started (``WEAVIATE_SERVER``, else as in ``tests/platforms/weaviate_server.py``)
and filled through the product's own store with real text and vectors that behave like real ones
(``benchmarks/search_corpus.py``). Questions go through :class:`knowledge.retrieval.HybridRetriever`
with vectors made before: words, meaning, rights and the wording of six passages of sixteen, and
what was withheld. Recall is that of ten by meaning alone against an exact search of all vectors.

    python -m benchmarks.bench_weaviate --chunks 100000
    nice -n 19 python -m benchmarks.bench_weaviate --chunks 1000000 --no-embedded
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.bench_search import line, resident
from benchmarks.reporting import figure, not_run
from benchmarks.search_corpus import AUDIENCES, Corpus, asked, passages, readers
from bot.conversation import Principal
from bot.ports import Vectors
from knowledge.chunking import VERSION
from knowledge.embedder import DIMENSIONS, MODEL, BuiltinEmbedder
from knowledge.retrieval import HybridRetriever
from knowledge.selection import evidence
from knowledge.stores.base import SearchRequest, StoredDocument, VectorStore
from knowledge.stores.embedded import EmbeddedStore
from knowledge.stores.shelf import IndexSpec
from knowledge.stores.weaviate import WeaviateServer
from knowledge.stores.weaviate_shelf import WeaviateShelf
from tests.platforms.weaviate_server import WeaviateProcess, server_binary

TOGETHER = 100
"""Documents that are loaded at once, ten chunks each."""


class Known:
    """An embedder that knows the questions' vectors already."""

    model, dimensions = MODEL, DIMENSIONS

    def __init__(self, questions: Sequence[str], vectors: Vectors) -> None:
        self.vectors = dict(zip(questions, vectors, strict=True))

    async def embed(self, texts: Sequence[str]) -> Vectors:
        raise NotImplementedError

    async def embed_query(self, text: str) -> Vectors:
        return self.vectors[text]


async def fill(store: VectorStore, corpus: Corpus) -> None:
    """Load everything; says how far it is every 50,000 chunks."""
    start = time.perf_counter()
    batch: list[StoredDocument] = []
    done = 0
    for document in corpus.documents():
        batch.append(document)
        done += len(document.chunks)
        if len(batch) == TOGETHER or done == corpus.count:
            await store.load(batch)
            batch = []
            if done % 50_000 < 10 * TOGETHER:
                print(f"  {done} chunks, {done / (time.perf_counter() - start):.0f}/s", flush=True)
    print(f"{'loaded with vectors, chunks/s':44}{done / (time.perf_counter() - start):8.0f}")


async def searches(store: VectorStore, embedder: Known, corpus: Corpus, exact: bool) -> None:
    """Each audience: the whole way of a question, then recall of the dense leg."""
    retriever = HybridRetriever(store, embedder, choice=evidence)
    questions = list(embedder.vectors)
    for name, group in AUDIENCES.items():
        principal = Principal(readers(group))
        for question in questions[:20]:
            await retriever.retrieve(question, principal)
        took, before = [], time.process_time()
        for question in questions:
            start = time.perf_counter()
            await retriever.retrieve(question, principal)
            took.append(time.perf_counter() - start)
        where = f"{type(store).__name__.removesuffix('Store')}, {corpus.count:,} chunks, "
        line(f"hybrid, {name} visible", took, time.process_time() - before, figured=where)
        if exact:
            print(f"{f'recall@10 by meaning, {name} visible':44}", end="", flush=True)
            held = await recall(store, embedder, corpus, group)
            figure(f"{where}{name} visible: recall@10 by meaning", held, unit="share")
            print(f"{held:8.4f}", flush=True)


async def recall(store: VectorStore, embedder: Known, corpus: Corpus, group: str) -> float:
    """The share of the truly nearest ten that a search by meaning alone finds."""
    truly = corpus.nearest(np.stack(list(embedder.vectors.values())), group, 10)
    held = 0
    for vector, ids in zip(embedder.vectors.values(), truly, strict=True):
        request = SearchRequest("", Principal(readers(group)), vector, 10, alpha=1.0)
        found = {p.chunk.id for p in (await store.search(request)).passages}
        held += len(found & set(ids))
    return held / sum(map(len, truly))


def folder_mb(folder: Path) -> float:
    """Megabytes that a folder's files take on the disk."""
    return sum(f.stat().st_blocks * 512 for f in folder.rglob("*") if f.is_file()) / 1e6


def process_mb(pid: int) -> tuple[float, float]:
    """Megabytes that a process holds: all of it, and without the files it has mapped."""
    status = Path(f"/proc/{pid}/status").read_text()
    held = {row.split(":")[0]: row.split()[1] for row in status.splitlines() if "kB" in row}
    return int(held["VmRSS"]) / 1e3, int(held["RssAnon"]) / 1e3


async def weaviate(node: WeaviateProcess, embedder: Known, corpus: Corpus, exact: bool) -> None:
    shelf = WeaviateShelf(WeaviateServer(node.url, node.grpc_url, node.key, timeout_s=60))
    try:
        spec = IndexSpec(MODEL, DIMENSIONS, VERSION)
        record = next(iter(await shelf.records()), None) or await shelf.create(spec)
        store = shelf.store(record)
        await store.open()
        if (await store.stats()).chunks < corpus.count:
            await fill(store, corpus)
            footprint(node, "after loading")
        await settled(node)
        await searches(store, embedder, corpus, exact)
        footprint(node, "after the questions")
    finally:
        await shelf.close()


async def settled(node: WeaviateProcess) -> None:
    """Wait until the server is done with what it does behind an import."""
    assert node.process is not None
    for _ in range(120):
        before = cpu_s(node.process.pid)
        await asyncio.sleep(5)
        if cpu_s(node.process.pid) - before < 0.5:
            return


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def footprint(node: WeaviateProcess, when: str) -> None:
    assert node.process is not None
    held, own = process_mb(node.process.pid)
    print(f"{f'memory {when}, MB (without mapped files)':44}{held:8.0f}{own:8.0f}")
    print(f"{f'on disk {when}, MB':44}{folder_mb(node.folder):8.0f}", flush=True)


async def embedded(folder: Path, embedder: Known, corpus: Corpus, exact: bool) -> None:
    path = folder / "knowledge.db"
    store = EmbeddedStore(path, MODEL, DIMENSIONS)
    await store.open()
    await fill(store, corpus)
    await store.close()
    print(f"{'on disk, MB':44}{folder_mb(folder):8.0f}")
    before, start = resident(), time.perf_counter()
    await store.open()
    question, vector = next(iter(embedder.vectors.items()))
    await store.search(SearchRequest(question, Principal(readers("")), vector))
    print(f"{'open and first search, ms':44}{(time.perf_counter() - start) * 1e3:8.0f}")
    print(f"{'memory the index takes, MB':44}{resident() - before:8.0f}")
    await searches(store, embedder, corpus, exact)
    await store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chunks", type=int, default=10_000)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--vectors", type=Path, help="where embedded passages are kept (.npz)")
    parser.add_argument("--keep", type=Path, help="the server's folder, filled once, kept")
    parser.add_argument("--no-embedded", action="store_true", help="Weaviate alone")
    parser.add_argument("--no-recall", action="store_true", help="speed alone")
    arguments = parser.parse_args()
    binary = server_binary()
    if binary is None:
        not_run("no Weaviate server on this machine")
        raise SystemExit("No Weaviate server on this machine; .ci/weaviate builds one.")
    with tempfile.TemporaryDirectory() as scratch:
        real = BuiltinEmbedder()
        kept = arguments.vectors or Path(scratch) / "vectors.npz"
        texts, rows = passages(arguments.data, kept, real)
        corpus = Corpus(texts, rows, arguments.chunks)
        questions = list(dict.fromkeys(asked(arguments.data, texts, arguments.questions)))
        known = Known(questions, asyncio.run(real.embed(questions)))
        real.close()
        exact = not arguments.no_recall
        print(f"{corpus.count} chunks of {len(texts)} passages, {len(questions)} questions")
        if not arguments.no_embedded:
            print(f"embedded{'':36}{'p50 ms':>8}{'p99 ms':>8}{'CPU ms':>8}")
            folder = Path(scratch) / "embedded"
            folder.mkdir()
            asyncio.run(embedded(folder, known, corpus, exact))
        node = WeaviateProcess(binary, settings={"GOMEMLIMIT": "10GiB"})
        if arguments.keep:
            arguments.keep.mkdir(parents=True, exist_ok=True)
            node.folder = arguments.keep
        try:
            node.start(600)
            print(f"Weaviate{'':36}{'p50 ms':>8}{'p99 ms':>8}{'CPU ms':>8}  (CPU: ours)")
            asyncio.run(weaviate(node, known, corpus, exact))
        finally:
            node.stop(120) if arguments.keep else node.remove()


if __name__ == "__main__":
    main()
