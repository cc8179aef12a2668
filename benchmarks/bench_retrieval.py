"""Quality of retrieval on open sets: plain BM25, FTS5, and the legs and the whole of ours.

Everything goes the way of the product: readers, chunker, store, embedder, retriever. Found passages
count by their document; a question's recall is the share of its gold documents among the first 5,
found documents in order of their best passage. The reference is a plain BM25 (k1 1.2, b 0.75, lower
case, no stemming; documentation in windows of 250 words every 200, each under its page's title).
In the ``docs_*`` sets the headings that repeat a question are blanked first. The last table is the
bar: questions of all documentation sets together, how far ours is ahead of plain BM25, and the
interval in which 95 % of resampled sets of questions lie.

    python -m benchmarks.bench_retrieval --data ../shared/data [--sets docs_plausible] [--weaviate]
"""

from __future__ import annotations

import argparse
import asyncio
import math
import re
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.kept_embedder import KeptEmbedder
from benchmarks.open_sets import blanked_pages, gold_passages, rows
from benchmarks.reporting import at_least, figure
from bot.conversation import Principal
from bot.lexical import query_terms
from knowledge.chunking import VERSION, chunk
from knowledge.document import Document, RawDocument
from knowledge.embedder import BuiltinEmbedder
from knowledge.readers import read
from knowledge.retrieval import ALPHA, HybridRetriever
from knowledge.selection import Choice, evidence, listed
from knowledge.stores.base import (
    DocumentKey,
    SearchRequest,
    StoredChunk,
    StoredDocument,
    VectorStore,
)
from knowledge.stores.embedded import EmbeddedStore
from knowledge.stores.shelf import IndexSpec
from tests.platforms.weaviate_server import WeaviateProcess, server_binary

SETS = (
    "docs_plausible",
    "docs_wsl",
    "docs_powershell",
    "anthropic_docs_qa",
    "northwind",
    "clapnq",
    "multihop_rag",
    "squad2",
    "mtrag",
)
MOST_QUESTIONS = 300
PASSAGES = 60
PUBLIC = Principal()
Search = Callable[[str], Awaitable[list[str]]]


@dataclass(frozen=True)
class Question:
    text: str
    gold: frozenset[str]


@dataclass(frozen=True)
class Set:
    """``plain`` is what the reference searches: a document's name and text, or those of its
    windows."""

    name: str
    documents: list[Document]
    questions: list[Question]
    plain: list[tuple[str, str]]


def load(data: Path, name: str) -> Set:
    """A set with every answerable question whose gold is in the corpus, at most 300 of them."""
    if name.startswith("docs_"):
        return documentation(data / name)
    corpus = rows(f"{name}/{'corpus_pool' if name == 'mtrag' else 'corpus'}", data)
    documents = [
        Document(name, item["id"], item.get("title", ""), item["text"].strip(), item["id"])
        for item in corpus
    ]
    questions = []
    for item in rows(f"{name}/{'rewrites' if name == 'mtrag' else 'questions'}", data):
        gold = gold_passages(item, corpus)
        if item.get("answerable", True) and gold:
            text = item["rewrite"] if name == "mtrag" else item["question"]
            questions.append(Question(text, frozenset(gold)))
    step = max(1, -(-len(questions) // MOST_QUESTIONS))
    plain = [(d.name, f"{d.title} {d.text}") for d in documents]
    return Set(name, documents, questions[::step], plain)


def documentation(folder: Path) -> Set:
    """Markdown pages by the reader, the headings that are questions blanked."""
    found = blanked_pages(folder.name, folder.parent)
    pages = {name: page["text"] for name, page in found.items()}
    faq = rows(f"{folder.name}/faq", folder.parent)
    documents = [
        document
        for name, text in pages.items()
        for document in read(RawDocument(folder.name, name, ".md", content=text.encode()))
        if isinstance(document, Document)
    ]
    questions = [Question(i["question"], frozenset(i["gold"])) for i in faq if i["answerable"]]
    titles = {name: page["title"] for name, page in found.items()}
    plain = [cut for name, text in pages.items() for cut in windows(name, titles[name], text)]
    return Set(folder.name, documents, questions, plain)


def windows(name: str, title: str, text: str) -> list[tuple[str, str]]:
    """250 words every 200, each with the title, by the page's name."""
    found = text.split()
    starts = range(0, max(1, len(found)), 200)
    return [(name, f"{title} {' '.join(found[at : at + 250])}") for at in starts]


def in_order(documents: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(documents))


class PlainBM25:
    """The reference."""

    def __init__(self, items: list[tuple[str, str]]) -> None:
        self.names = [name for name, _ in items]
        counted = [Counter(self.words(text)) for _, text in items]
        self.lengths = [c.total() for c in counted]
        self.mean = sum(self.lengths) / len(self.lengths)
        self.postings: dict[str, list[tuple[int, int]]] = {}
        for at, counts in enumerate(counted):
            for word, often in counts.items():
                self.postings.setdefault(word, []).append((at, often))

    @staticmethod
    def words(text: str) -> list[str]:
        return re.findall(r"[^\W_]+", text.lower())

    async def __call__(self, question: str) -> list[str]:
        scores: Counter[int] = Counter()
        for word in set(self.words(question)):
            held = self.postings.get(word, [])
            idf = math.log(1 + (len(self.names) - len(held) + 0.5) / (len(held) + 0.5))
            for at, often in held:
                norm = 1.2 * (0.25 + 0.75 * self.lengths[at] / self.mean)
                scores[at] += idf * often * 2.2 / (often + norm)
        ranked = sorted(scores, key=lambda at: (-scores[at], at))
        return in_order([self.names[at] for at in ranked])


class Fts5:
    """SQLite's BM25 over our chunks with their headers, Porter stems, stop words dropped."""

    def __init__(self, items: list[tuple[str, str]]) -> None:
        self.names = [name for name, _ in items]
        self.file = sqlite3.connect(":memory:")
        self.file.execute(
            "CREATE VIRTUAL TABLE f USING fts5(text,"
            " tokenize='porter unicode61 remove_diacritics 2')"
        )
        self.file.executemany("INSERT INTO f VALUES (?)", [(text,) for _, text in items])

    async def __call__(self, question: str) -> list[str]:
        match = " OR ".join(f'"{term}"' for term in query_terms(question))
        sql = "SELECT rowid FROM f WHERE f MATCH ? ORDER BY rank LIMIT 200"
        return in_order([self.names[row - 1] for (row,) in self.file.execute(sql, (match,))])


def scored(found: list[str], gold: frozenset[str]) -> tuple[float, float]:
    """Recall@5 and nDCG@10, by document."""
    recall = len(gold & set(found[:5])) / len(gold)
    gain = sum(1 / math.log2(i + 2) for i, name in enumerate(found[:10]) if name in gold)
    return recall, gain / sum(1 / math.log2(i + 2) for i in range(min(len(gold), 10)))


@dataclass(frozen=True)
class Scores:
    """One number a question: recall@5, nDCG@10, and whether a gold page is among the first 5."""

    recall: list[float]
    gain: list[float]
    hit: list[bool]


async def measured(set_: Set, search: Search) -> Scores:
    found = [await search(q.text) for q in set_.questions]
    both = [scored(f, q.gold) for f, q in zip(found, set_.questions, strict=True)]
    hit = [bool(q.gold & set(f[:5])) for f, q in zip(found, set_.questions, strict=True)]
    return Scores([recall for recall, _ in both], [gain for _, gain in both], hit)


def ways(store: VectorStore, embedder: BuiltinEmbedder) -> dict[str, Search]:
    """Our search by words, by meaning, and as the product does it."""

    def by(alpha: float, with_vector: bool = True) -> Search:
        async def search(question: str) -> list[str]:
            vector = await embedder.embed_query(question) if with_vector else None
            request = SearchRequest(question, PUBLIC, vector, PASSAGES, alpha)
            return in_order([p.chunk.document for p in (await store.search(request)).passages])

        return search

    return {
        "ours, words": by(0, with_vector=False),
        "ours, meaning": by(1),
        f"ours, fused {ALPHA}": by(ALPHA),
        **asked(store, embedder),
    }


def asked(store: VectorStore, embedder: BuiltinEmbedder, where: str = "") -> dict[str, Search]:
    """As a person asks the command, and as the engine asks for an answer."""

    def through(choice: Choice, k: int) -> Search:
        retriever = HybridRetriever(store, embedder, choice=choice)

        async def search(question: str) -> list[str]:
            found = await retriever.retrieve(question, PUBLIC, k)
            return in_order([p.chunk.document for p in found.passages])

        return search

    return {
        f"search -k 5{where}": through(listed, 5),
        f"search -k 10{where}": through(listed, 10),
        f"evidence, 6 passages{where}": through(evidence, 6),
    }


async def filled(path: Path, set_: Set, embedder: BuiltinEmbedder) -> EmbeddedStore:
    """The set's documents in an embedded store, vectors and all."""
    store = EmbeddedStore(path, embedder.model, embedder.dimensions)
    await store.open()
    await fill(store, set_, embedder)
    return store


async def fill(store: VectorStore, set_: Set, embedder: BuiltinEmbedder) -> None:
    batch: list[StoredDocument] = []
    for document in set_.documents:
        chunks = chunk(document)
        vectors = await embedder.embed([f"{c.header}\n{c.text}" for c in chunks])
        stored = [StoredChunk(c, v) for c, v in zip(chunks, vectors, strict=True)]
        batch.append(StoredDocument(DocumentKey(set_.name, document.name), tuple(stored)))
        if len(batch) == 50 or document is set_.documents[-1]:
            await store.load(batch)
            batch = []


async def run(
    set_: Set, embedder: BuiltinEmbedder, node: WeaviateProcess | None
) -> dict[str, Scores]:
    items = [(c.document, f"{c.header}\n{c.text}") for d in set_.documents for c in chunk(d)]
    results = {
        "plain BM25": await measured(set_, PlainBM25(set_.plain)),
        "FTS5 porter, our chunks": await measured(set_, Fts5(items)),
    }
    with tempfile.TemporaryDirectory() as folder:
        store = await filled(Path(folder) / "k.db", set_, embedder)
        for name, search in ways(store, embedder).items():
            results[name] = await measured(set_, search)
        await store.close()
    if node is not None:
        results.update(await in_weaviate(set_, embedder, node))
    print(f"{set_.name}: {len(set_.questions)} questions, {len(items)} chunks", flush=True)
    return results


async def in_weaviate(
    set_: Set, embedder: BuiltinEmbedder, node: WeaviateProcess
) -> dict[str, Scores]:
    from knowledge.stores.weaviate import WeaviateServer
    from knowledge.stores.weaviate_shelf import WeaviateShelf

    name = "".join(part.capitalize() for part in set_.name.split("_"))
    server = WeaviateServer(node.url, node.grpc_url, node.key, timeout_s=60)
    shelf = WeaviateShelf(server, f"Bench{name}")
    try:
        spec = IndexSpec(embedder.model, embedder.dimensions, VERSION)
        store = shelf.store(await shelf.create(spec))
        await store.open()
        await fill(store, set_, embedder)
        searches = asked(store, embedder, ", Weaviate")
        return {name: await measured(set_, search) for name, search in searches.items()}
    finally:
        await shelf.close()


def table(
    title: str, results: dict[str, dict[str, Scores]], values: Callable[[Scores], list]
) -> None:
    print(f"\n{title:32}" + "".join(f"{name[:10]:>11}" for name in results) + f"{'mean':>8}")
    for way in next(iter(results.values())):
        means = [float(np.mean(values(result[way]))) for result in results.values()]
        row = "".join(f"{mean:11.3f}" for mean in means)
        print(f"{way:32}{row}{np.mean(means):8.3f}")
        if way.startswith(("plain BM25", "search -k 5")) and len(means) == len(SETS):
            figure(f"{way}: {title}, mean of nine sets", float(np.mean(means)), unit="share")


def bar(results: dict[str, dict[str, Scores]]) -> None:
    """All questions on documentation together, and how far each way is ahead of plain BM25."""
    sets = [result for name, result in results.items() if name.startswith("docs_")]
    if not sets:
        return
    rng = np.random.default_rng(7)
    print(
        f"\n{'documentation, all questions':32}{'recall@5':>10}{'ahead':>8}{'95 %':>16}{'a hit':>8}"
    )
    plain = np.concatenate([result["plain BM25"].recall for result in sets])
    drawn = rng.integers(0, plain.size, (10_000, plain.size))
    for way in sets[0]:
        recall = np.concatenate([result[way].recall for result in sets])
        hit = np.mean(np.concatenate([result[way].hit for result in sets]))
        ahead = recall - plain
        low, high = np.quantile(ahead[drawn].mean(axis=1), (0.025, 0.975))
        between = f"{low:+.3f} to {high:+.3f}"
        if way.startswith("search -k 5"):
            told = f"{way}: documentation, recall@5 ahead of plain BM25"
            figure(
                told,
                ahead.mean(),
                unit="difference",
                interval=(low, high),
                n=ahead.size,
                bar=at_least(0.03),
            )
        print(f"{way:32}{recall.mean():10.3f}{ahead.mean():+8.3f}{between:>18}{hit:8.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--sets", nargs="*", default=SETS)
    parser.add_argument("--weaviate", action="store_true", help="in a real server too")
    arguments = parser.parse_args()
    binary = server_binary() if arguments.weaviate else None
    node = WeaviateProcess(binary) if binary else None
    embedder = KeptEmbedder()
    try:
        if node is not None:
            node.start()
        results = {
            name: asyncio.run(run(load(arguments.data, name), embedder, node))
            for name in arguments.sets
        }
    finally:
        if node is not None:
            node.remove()
        embedder.close()
    table("recall@5", results, lambda scores: scores.recall)
    table("nDCG@10", results, lambda scores: scores.gain)
    table("a gold page among the first 5", results, lambda scores: scores.hit)
    bar(results)


if __name__ == "__main__":
    main()
