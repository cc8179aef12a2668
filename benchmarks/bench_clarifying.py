"""Does the bot ask back where a question could mean several things, and only there?

    python -m benchmarks.bench_clarifying [SET…] [--show]

``false`` is the share of answerable questions of a set that get a question back, over the product's
own retrieval. For mtrag the questions come with their threads, rewritten by rules;
``underspecified`` are those of its questions that should be asked back about: 13 of the 27 point
into passages that are not here, and the others' passages have no titles to choose from.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bench_refusal import fill, open_set, sample
from benchmarks.bench_retrieval import load
from benchmarks.open_answers import CachedEmbedder
from benchmarks.open_sets import data_folder, rows
from benchmarks.reporting import proportion
from bot.asking_back import Clarification
from bot.clarifying import clarification
from bot.conversation import Message, Principal, Role
from bot.query import rewrite
from knowledge.document import Document
from knowledge.retrieval import HybridRetriever
from knowledge.selection import evidence
from knowledge.stores.embedded import EmbeddedStore

SETS = ("sample", "northwind", "anthropic_docs_qa", "docs_plausible", "docs_wsl", "clapnq", "mtrag")


@dataclass
class Put:
    kind: str
    question: str
    history: tuple[Message, ...] = ()
    groups: frozenset[str] = frozenset()


def _mtrag() -> tuple[list[Document], list[Put]]:
    documents = [
        Document("mtrag", r["id"], str(r.get("title") or ""), r["text"], "")
        for r in rows("mtrag/corpus_pool")
    ]
    asked = []
    for row in rows("mtrag/tasks"):
        history = tuple(Message(Role(m["role"]), m["text"]) for m in row["messages"][:-1])
        asked.append(Put(row["answerability"].lower(), row["question"], history))
    return documents, asked


async def questions(name: str) -> tuple[list[Document], list[Put]]:
    if name == "mtrag":
        return _mtrag()
    if name == "sample":
        documents, asked = await sample()
    elif name.startswith("docs_"):
        loaded = load(data_folder(), name)
        return loaded.documents, [Put("answerable", q.text) for q in loaded.questions]
    else:
        documents, asked = open_set(name)
    kinds = {True: "answerable", False: "unanswerable"}
    return documents, [Put(kinds[a.answerable], a.question, (), a.groups) for a in asked]


async def run(name: str, embedder: CachedEmbedder, *, show: bool) -> None:
    documents, asked = await questions(name)
    tally: dict[str, list[bool]] = {}
    with tempfile.TemporaryDirectory() as folder:
        store = EmbeddedStore(Path(folder) / "index.db", embedder.model, embedder.dimensions)
        await store.open()
        await fill(store, documents, embedder)
        retriever = HybridRetriever(store, embedder, choice=evidence)
        for put in asked:
            query = rewrite(put.question, put.history)
            found = (await retriever.retrieve(query, Principal(put.groups))).passages
            back: Clarification | None = clarification(put.question, query, found, put.history)
            tally.setdefault(put.kind, []).append(back is not None)
            if show and back:
                print(f"   {put.kind:16}{put.question[:70]!r} -> {back.text}")
        await store.close()
    embedder.save()
    for kind, asked in sorted(tally.items()):
        proportion(f"{name}, {kind}: asked back", sum(asked), len(asked))
    shares = "  ".join(f"{k} {sum(v)}/{len(v)}" for k, v in sorted(tally.items()))
    print(f"{name:20}{shares}", flush=True)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*")
    parser.add_argument("--show", action="store_true")
    arguments = parser.parse_args()
    embedder = CachedEmbedder()
    for name in arguments.sets or SETS:
        await run(name, embedder, show=arguments.show)


if __name__ == "__main__":
    asyncio.run(main())
