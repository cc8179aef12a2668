"""Quality of retrieval on open sets: plain BM25, FTS5, and the legs and the whole of ours.

Everything goes the way of the product: readers, chunker, store, embedder, retriever. Found passages
count by their document; a question's recall is the share of its gold documents among the first 5,
found documents in order of their best passage. The reference is a plain BM25 (k1 1.2, b 0.75, lower
case, no stemming; documentation in windows of 250 words every 200). In the ``docs_*`` sets the
headings that repeat a question are blanked first.

    python -m benchmarks.bench_retrieval --data ../shared/data [--sets docs_plausible docs_wsl]
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import math
import re
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.conversation import Principal
from bot.lexical import query_terms
from knowledge.chunking import chunk
from knowledge.document import Document, RawDocument
from knowledge.embedder import BuiltinEmbedder
from knowledge.readers import read
from knowledge.retrieval import HybridRetriever
from knowledge.stores.base import DocumentKey, SearchRequest
from knowledge.stores.embedded import EmbeddedStore

SETS = (
    "docs_plausible",
    "docs_wsl",
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
    name: str
    documents: list[Document]
    questions: list[Question]


def lines(path: Path) -> list[dict]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def load(data: Path, name: str) -> Set:
    """A set with every answerable question whose gold is in the corpus, at most 300 of them."""
    folder = data / name
    if name.startswith("docs_"):
        return documentation(folder)
    corpus = lines(folder / ("corpus_pool.jsonl.gz" if name == "mtrag" else "corpus.jsonl.gz"))
    documents = [
        Document(name, item["id"], item.get("title", ""), item["text"].strip(), item["id"])
        for item in corpus
    ]
    there = {item["id"] for item in corpus}
    questions = []
    for item in lines(folder / ("rewrites.jsonl.gz" if name == "mtrag" else "questions.jsonl.gz")):
        gold = set(item.get("gold", ()))
        if name == "northwind":
            gold = {page["id"] for page in corpus if page["page"] in item["gold_pages"]}
        if item.get("answerable", True) and gold & there:
            text = item["rewrite"] if name == "mtrag" else item["question"]
            questions.append(Question(text, frozenset(gold & there)))
    step = max(1, -(-len(questions) // MOST_QUESTIONS))
    return Set(name, documents, questions[::step])


def documentation(folder: Path) -> Set:
    """Markdown pages by the reader, the headings that are questions blanked."""
    pages = {page["id"]: page["text"] for page in lines(folder / "pages.jsonl.gz")}
    faq = lines(folder / "faq.jsonl.gz")
    for item in faq:
        for span in item["spans"]:
            start, end = span["heading"]
            text = pages[span["page"]]
            pages[span["page"]] = text[:start] + " " * (end - start) + text[end:]
    documents = [
        found
        for name, text in pages.items()
        for found in read(RawDocument(folder.name, name, ".md", content=text.encode()))
        if isinstance(found, Document)
    ]
    questions = [Question(i["question"], frozenset(i["gold"])) for i in faq if i["answerable"]]
    return Set(folder.name, documents, questions)


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

    @classmethod
    def over(cls, set_: Set) -> PlainBM25:
        items = []
        for document in set_.documents:
            if not set_.name.startswith("docs_"):
                items.append((document.name, f"{document.title} {document.text}"))
                continue
            words = cls.words(document.text)
            starts = range(0, max(1, len(words) - 50), 200)
            items += [(document.name, " ".join(words[at : at + 250])) for at in starts]
        return cls(items)

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


async def measured(set_: Set, search: Search) -> tuple[float, float]:
    scores = [scored(await search(q.text), q.gold) for q in set_.questions]
    recalls, gains = zip(*scores, strict=True)
    return sum(recalls) / len(scores), sum(gains) / len(scores)


def ways(store: EmbeddedStore, embedder: BuiltinEmbedder) -> dict[str, Search]:
    """Our search by words, by meaning, and as the product does it."""

    def by(alpha: float, with_vector: bool = True) -> Search:
        async def search(question: str) -> list[str]:
            vector = await embedder.embed_query(question) if with_vector else None
            request = SearchRequest(question, PUBLIC, vector, PASSAGES, alpha)
            return in_order([p.chunk.document for p in (await store.search(request)).passages])

        return search

    retriever = HybridRetriever(store, embedder)

    async def product(question: str) -> list[str]:
        found = await retriever.retrieve(question, PUBLIC, PASSAGES)
        return in_order([p.chunk.document for p in found.passages])

    async def ten(question: str) -> list[str]:
        found = await retriever.retrieve(question, PUBLIC, 10)
        return in_order([p.chunk.document for p in found.passages])

    return {
        "ours, words": by(0, with_vector=False),
        "ours, meaning": by(1),
        "ours, fused .3": by(0.3),
        "ours, fused .5": by(0.5),
        "ours, fused .7": by(0.7),
        "ours, as asked": product,
        "ours, as asked, 10 passages": ten,
    }


async def run(set_: Set, embedder: BuiltinEmbedder) -> dict[str, tuple[float, float]]:
    with tempfile.TemporaryDirectory() as folder:
        store = EmbeddedStore(Path(folder) / "k.db", embedder.model, embedder.dimensions)
        await store.open()
        chunked = [(DocumentKey(set_.name, d.name), chunk(d)) for d in set_.documents]
        await store.put_many(chunked)
        while waiting := await store.waiting(256):
            vectors = await embedder.embed([w.text for w in waiting])
            await store.set_vectors([w.id for w in waiting], vectors)
        items = [(c.document, f"{c.header}\n{c.text}") for _, chunks in chunked for c in chunks]
        searches: dict[str, Search] = {
            "plain BM25": PlainBM25.over(set_),
            "plain BM25, our chunks": PlainBM25(items),
            "FTS5 porter, our chunks": Fts5(items),
            **ways(store, embedder),
        }
        results = {name: await measured(set_, search) for name, search in searches.items()}
        await store.close()
    print(f"{set_.name}: {len(set_.questions)} questions, {len(items)} chunks", flush=True)
    return results


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--sets", nargs="*", default=SETS)
    arguments = parser.parse_args()
    embedder = BuiltinEmbedder()
    results = {name: await run(load(arguments.data, name), embedder) for name in arguments.sets}
    embedder.close()
    for place, measure in enumerate(("recall@5", "nDCG@10")):
        print(f"\n{measure:27}" + "".join(f"{name[:10]:>11}" for name in results) + f"{'mean':>8}")
        for way in next(iter(results.values())):
            values = [result[way][place] for result in results.values()]
            row = "".join(f"{value:11.3f}" for value in values)
            print(f"{way:27}{row}{sum(values) / len(values):8.3f}")


if __name__ == "__main__":
    asyncio.run(main())
