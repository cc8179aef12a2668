"""Does the extractive reader know when it does not know? End to end with the product's retrieval.

    python -m benchmarks.bench_refusal [SET…]

Each set's corpus is chunked, stored and searched as in the product; the reader answers or refuses.
``recall`` is the share of unanswerable questions refused when 15% of the answerable ones are (the
threshold moved to that point), ``words`` the same for a threshold on word overlap; ``refused`` and
``caught`` are both shares at the shipped threshold. ``weak`` is what is refused before anybody
speaks, of answerable and of unanswerable questions. The shipped weights saw these questions; the
lines called unseen are of documents that the checker's training left out, though the trees saw
them: figures on what neither saw come from ``python -m benchmarks.train_reader``. ``sample`` was
never fitted on; its ``right`` are answers that hold the gold words.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import statistics
import tempfile
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.open_answers import CachedEmbedder
from benchmarks.open_sets import rows
from benchmarks.reporting import at_least, figure, proportion
from bot.conversation import Principal
from bot.guardrails import evidence_is_weak
from bot.lexical import fold, query_terms, terms
from bot.llm.extractive import ExtractiveReader
from knowledge.checking.answering import EncoderJudge
from knowledge.checking.encoder import CheckerEncoder
from knowledge.chunking import chunk
from knowledge.document import Document
from knowledge.reading import Task, read_task
from knowledge.retrieval import HybridRetriever
from knowledge.sample import sample_folder, sample_suite
from knowledge.sources.folder import FileItem, FolderSource
from knowledge.stores.base import DocumentKey
from knowledge.stores.embedded import EmbeddedStore

REFUSED = 0.15
UNSEEN: dict[str, Callable[[str], bool]] = {
    "squad2": lambda document: document in ("Normans", "Yuan_dynasty"),
    "clapnq": lambda document: zlib.crc32(f"clapnq:{document.split('|')[0]}".encode()) % 4 == 0,
    "northwind": lambda _: True,
}
"""Documents that the checker's training left out (``benchmarks/checker/train.py``)."""


@dataclass
class Asked:
    question: str
    answerable: bool
    answers: tuple[str, ...] = ()
    groups: frozenset[str] = frozenset()
    unseen: bool = False


@dataclass
class Told:
    asked: Asked
    confidence: float
    answered: bool
    overlap: float
    weak: bool
    right: bool
    milliseconds: float


def open_set(name: str) -> tuple[list[Document], list[Asked]]:
    documents = [
        Document(name, str(row["id"]), str(row.get("title") or ""), row["text"], "")
        for row in rows(f"{name}/corpus")
    ]
    questions = rows(f"{name}/questions")
    held = [is_unseen(name, row) for row in questions]
    step = 3 if name == "squad2" else 1
    return documents, [
        Asked(row["question"].strip(), row["answerable"], unseen=unseen)
        for at, (row, unseen) in enumerate(zip(questions, held, strict=True))
        if unseen or at % step == 0
    ]


def is_unseen(name: str, row: dict[str, Any]) -> bool:
    """Whether a question is about a document that the checker's training left out."""
    document = str((row.get("gold") or [row["id"]])[0])
    return name in UNSEEN and UNSEEN[name](document.split("#", maxsplit=1)[0])


async def sample() -> tuple[list[Document], list[Asked]]:
    documents = []
    async for item in FolderSource(sample_folder(), "sample").items():
        raw = await item.load() if isinstance(item, FileItem) else None
        if raw is not None:
            read = read_task(Task(raw), frozenset(), 1_000_000)
            documents += [d.document for d in read.documents]
    asked = []
    for line in sample_suite().read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        asked += [
            Asked(
                question,
                row.get("answerable", True),
                tuple(row["answers"]),
                frozenset(row.get("groups", ())),
            )
            for question in (row["question"], *row.get("paraphrases", ()))
        ]
    return documents, asked


async def fill(store: EmbeddedStore, documents: list[Document], embedder: CachedEmbedder) -> None:
    for document in documents:
        await store.put(DocumentKey(document.source, document.name), chunk(document))
    while waiting := await store.waiting(64):
        vectors = await embedder.embed([w.text for w in waiting])
        await store.set_vectors([w.id for w in waiting], vectors)


def _plain(text: str) -> str:
    return re.sub(r"[^\w.%$]+", " ", re.sub(r"[`*_]", "", fold(text))).strip()


async def tell(asked: Asked, retriever: HybridRetriever, reader: ExtractiveReader) -> Told:
    found = await retriever.retrieve(asked.question, Principal(asked.groups))
    begun = time.perf_counter()
    extract = await reader.read(asked.question, found.passages)
    taken = (time.perf_counter() - begun) * 1_000
    quoted = " ".join(s.text for s in extract.sentences)
    wanted = query_terms(asked.question)
    overlap = max(
        (len(set(wanted) & set(terms(p.chunk.text))) / len(wanted) for p in found.passages),
        default=0.0,
    )
    return Told(
        asked,
        extract.confidence,
        extract.answered,
        overlap,
        evidence_is_weak(asked.question, found) is not None,
        any(_plain(a) in _plain(quoted) for a in asked.answers),
        taken,
    )


def recall(told: list[Told], score: list[float]) -> float:
    values = np.array(score)
    known = np.array([t.asked.answerable for t in told])
    return float((values[~known] < np.quantile(values[known], REFUSED)).mean())


async def run(name: str, embedder: CachedEmbedder, judge: EncoderJudge) -> None:
    documents, asked = await sample() if name == "sample" else open_set(name)
    with tempfile.TemporaryDirectory() as folder:
        store = EmbeddedStore(Path(folder) / "index.db", embedder.model, embedder.dimensions)
        await store.open()
        await fill(store, documents, embedder)
        retriever = HybridRetriever(store, embedder)
        reader = ExtractiveReader(embedder, judge)
        told = [await tell(a, retriever, reader) for a in asked]
        await store.close()
    embedder.save()
    line(name, told)
    told_shares(name, told)
    unseen = [t for t in told if t.asked.unseen]
    if 0 < len(unseen) < len(told):
        line("  unseen", unseen)
        told_shares(f"{name}, unseen documents", unseen)


def told_shares(name: str, told: list[Told]) -> None:
    """What is told of the shipped threshold, and of the one that refuses 15 % of the answerable."""
    unknown = [t for t in told if not t.asked.answerable]
    known = [t for t in told if t.asked.answerable]
    proportion(
        f"{name}: unanswerable ones refused", sum(not t.answered for t in unknown), len(unknown)
    )
    proportion(f"{name}: answerable ones refused", sum(not t.answered for t in known), len(known))
    found = recall(told, [t.confidence for t in told])
    figure(f"{name}: recall at 15 % refused", found, unit="share", bar=at_least(0.7))


def line(name: str, told: list[Told]) -> None:
    """One line of the table."""
    known = [t for t in told if t.asked.answerable]
    unknown = [t for t in told if not t.asked.answerable]
    right = f"{np.mean([t.right and t.answered for t in known]):.2f}" if name == "sample" else ""
    print(
        f"{name:14}{len(told):6}{recall(told, [t.overlap for t in told]):8.2f}"
        f"{recall(told, [t.confidence for t in told]):8.2f}"
        f"{np.mean([not t.answered for t in known]):9.2f}"
        f"{np.mean([not t.answered for t in unknown]):8.2f}"
        f"{np.mean([t.weak for t in known]):7.3f}{np.mean([t.weak for t in unknown]):6.2f}"
        f"{right:>7}{statistics.median(t.milliseconds for t in told):9.1f}",
        flush=True,
    )


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*")
    sets = parser.parse_args().sets or ["squad2", "clapnq", "northwind", "multihop_rag", "sample"]
    embedder, judge = CachedEmbedder(), EncoderJudge(CheckerEncoder())
    print(f"{'set':14}{'n':>6}{'words':>8}{'recall':>8}{'refused':>9}{'caught':>8}"
          f"{'weak: known':>13}{'right':>7}{'ms':>9}")  # fmt: skip
    for name in sets:
        await run(name, embedder, judge)


if __name__ == "__main__":
    asyncio.run(main())
