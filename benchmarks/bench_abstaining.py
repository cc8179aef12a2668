"""Which kind of not-knowing: are questions about something else told from near ones?

    python -m benchmarks.bench_abstaining [--missing]

``near`` are the unanswerable questions of a set over its own documents, ``outside`` questions of
another set, which has nothing to do with them. Shown are quantiles of the nearness (best cosine
+ half the share of telling words held) and the shares called ``outside`` at the shipped limit. Only
words hang on it: both are declined. ``--missing`` lists the words of ``near`` questions that the
answer would name as not mentioned anywhere, to be judged by eye.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.bench_refusal import fill, open_set, sample
from benchmarks.open_answers import CachedEmbedder
from bot.abstaining import unknown
from bot.conversation import Principal
from bot.evidence import NotKnowing
from bot.nearness import nearness
from knowledge.retrieval import HybridRetriever
from knowledge.stores.embedded import EmbeddedStore

PAIRS = (("sample", "clapnq"), ("northwind", "squad2"), ("clapnq", "northwind"))
MOST = 150


async def run(name: str, other: str, embedder: CachedEmbedder, *, missing: bool) -> None:
    documents, asked = await sample() if name == "sample" else open_set(name)
    near = [(a.question, a.groups) for a in asked if not a.answerable]
    outside = [(a.question, frozenset[str]()) for a in open_set(other)[1]]
    with tempfile.TemporaryDirectory() as folder:
        store = EmbeddedStore(Path(folder) / "index.db", embedder.model, embedder.dimensions)
        await store.open()
        await fill(store, documents, embedder)
        retriever = HybridRetriever(store, embedder)
        for kind, questions in (("near", near), ("outside", outside)):
            values, called = [], []
            for question, groups in questions[:: max(1, len(questions) // MOST)]:
                found = (await retriever.retrieve(question, Principal(groups))).passages
                values.append(nearness(question, found).value)
                why = unknown(question, found)
                called.append(why.kind is NotKnowing.OUTSIDE)
                if missing and why.missing and kind == "near":
                    print(f"   {question[:90]!r}: {', '.join(why.missing)}")
            quantiles = " ".join(
                f"{np.quantile(values, q):.2f}" for q in (0.05, 0.25, 0.5, 0.75, 0.95)
            )
            print(f"{name:12}{kind:9}{len(values):5}  {quantiles}  outside {np.mean(called):.2f}")
        await store.close()
    embedder.save()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--missing", action="store_true")
    arguments = parser.parse_args()
    embedder = CachedEmbedder()
    for name, other in PAIRS:
        await run(name, other, embedder, missing=arguments.missing)


if __name__ == "__main__":
    asyncio.run(main())
