"""What the first search tells of a route: how near small talk and questions come, and what the
second decision makes of it.

    python -m benchmarks.bench_routing_search --data ../shared/data

Each corpus is stored and searched as in the product. Its own answerable questions ask for what is
there; small talk is what is held out of clinc150 and our own (``routing_cases``). ``near`` is the
best cosine and half the share of telling words that passages hold. ``plain``: of squad2's questions
that become plain lookups, the share whose sentence holds the answer.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks import routing_data
from benchmarks.bench_refusal import Asked, fill, open_set, sample
from benchmarks.open_answers import CachedEmbedder
from benchmarks.open_sets import rows
from benchmarks.routing_cases import cases
from benchmarks.routing_data import VOICE
from bot.conversation import Principal, Route
from bot.evidence import Retrieval
from bot.lexical import fold
from bot.nearness import nearness
from bot.routing import SHIPPED, decide, reconsider, worth_a_look
from knowledge.document import Document
from knowledge.retrieval import HybridRetriever
from knowledge.stores.embedded import EmbeddedStore

SEED = 1


def small_talk(data: Path) -> list[str]:
    """Held-out small talk of clinc150, and of our own."""
    spoken = [e.text for e in routing_data.clinc150(data) if e.held_out and e.route == VOICE]
    return random.Random(SEED).sample(spoken, 250) + [
        e.text for e, _ in cases() if e.route == VOICE
    ]


def line(title: str, values: list[float]) -> None:
    """Quantiles of some nearnesses."""
    found = np.quantile(values, (0.01, 0.05, 0.1, 0.5, 0.9, 0.95, 0.99))
    print(f"{title:28} {len(values):5}  " + "  ".join(f"{v:.2f}" for v in found))


async def measure(
    name: str, documents: list[Document], asked: list[Asked], talk: list[str]
) -> None:
    embedder = CachedEmbedder()
    with tempfile.TemporaryDirectory() as folder:
        store = EmbeddedStore(Path(folder) / "k.db", embedder.model, embedder.dimensions)
        await store.open()
        await fill(store, documents, embedder)
        retriever = HybridRetriever(store, embedder)
        questions = [a for a in asked if a.answerable]
        found = {t: await retriever.retrieve(t, Principal()) for t in talk}
        for a in questions:
            found[a.question] = await retriever.retrieve(a.question, Principal(a.groups))
        await store.close()
    print(f"\n{name}: nearness at 1, 5, 10, 50, 90, 95, 99%")
    line(
        "answerable questions",
        [
            nearness(q.question, found[q.question].passages, across_languages=False).value
            for q in questions
        ],
    )
    line("small talk", [nearness(t, found[t].passages, across_languages=False).value for t in talk])
    second("small talk", talk, found, Route.VOICE)
    second("questions", [q.question for q in questions], found, None)


def second(title: str, texts: list[str], found: dict[str, Retrieval], right: Route | None) -> None:
    """How many are right before and after the second decision, and what it costs."""
    count: Counter[str] = Counter()
    spent = []
    for text in texts:
        first = decide(text)
        look = first.route not in (Route.VOICE, Route.HANDOFF) or worth_a_look(first)
        began = time.process_time()
        then = reconsider(first, text, found[text]) if look else first
        spent.append((time.process_time() - began) * 1000)
        count["searched"] += look
        for when, decision in (("before", first), ("after", then)):
            is_voice = decision.route in (Route.VOICE, Route.HANDOFF)
            count[when] += is_voice == (right is Route.VOICE)
        count[f"{first.route} -> {then.route}"] += first.route is not then.route
    n = len(texts)
    changes = {k: v for k, v in count.items() if "->" in k and v}
    print(
        f"{title:12} right {count['before'] / n:.3f} -> {count['after'] / n:.3f}, searched "
        f"{count['searched'] / n:.3f}, {changes}, {np.quantile(spent, 0.99):.2f} ms p99"
    )


async def plainly() -> None:
    """Whether the sentence that makes a question plain holds its answer."""
    embedder = CachedEmbedder()
    documents, _ = open_set("squad2")
    questions = rows("squad2/questions")[::5]
    with tempfile.TemporaryDirectory() as folder:
        store = EmbeddedStore(Path(folder) / "k.db", embedder.model, embedder.dimensions)
        await store.open()
        await fill(store, documents, embedder)
        retriever = HybridRetriever(store, embedder)
        plain: Counter[str] = Counter()
        for row in questions:
            found = await retriever.retrieve(row["question"], Principal())
            first = decide(row["question"])
            if first.route is not Route.HYBRID:
                continue
            plain["hybrid"] += 1
            if reconsider(first, row["question"], found).route is not Route.RAG:
                continue
            plain["plain"] += 1
            plain["answerable"] += row["answerable"]
            text = fold(found.passages[0].chunk.text)
            plain["held"] += any(fold(a) in text for a in row.get("answers") or ())
        await store.close()
    print(f"\nsquad2, hybrid questions that become plain: {dict(plain)}; {SHIPPED.plain} wanted")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    args = parser.parse_args()
    talk = small_talk(args.data)
    await measure("northwind", *open_set("northwind"), talk)
    await measure("sample", *await sample(), talk)
    await measure("clapnq", *open_set("clapnq"), talk)
    await plainly()


if __name__ == "__main__":
    asyncio.run(main())
