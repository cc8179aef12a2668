"""How much of a human rewrite's gain our rewriting recovers.

``recovered`` is ``(ours - raw) / (human - raw)`` of the means over the follow-ups of a set, raw
being the last turn alone, with a 95 % interval by bootstrap over conversations. All searches are
the product's own (embedded store, built-in embedder, ten passages). Measures:

- ``answer``: MRR@10 of what answers the turn in a library of some 2,900 passages: ikat's response,
  canard's section, mtrag's gold passages; trec_cast has none;
- ``prompt``: how often that is among the first six, which is what a prompt gets;
- ``library``: share of the ten passages that the human rewrite finds in that library;
- ``rewrites``: the same among the human rewrites of all sets (its own left out), which is a library
  of every set's own topics;
- ``itself``: MRR@10 of the own human rewrite among them;
- ``cosine``: similarity of the embedder's vector to that of the human rewrite;
- ``terms``: F1 of the content terms against those of the human rewrite.

mtrag is shown as a set of the product's own kind; its distance is too small to tell. Conversations
are halved by a hash of their name: ``--part tune`` to look at, ``report`` to report. ``--model ID``
rewrites with a model, with the rules behind it, instead of the rules alone.

    .venv/bin/python -m benchmarks.bench_rewrite --data ../shared/data
    OPENAI_BASE_URL=http://127.0.0.1:8000/v1 .venv/bin/python -m benchmarks.bench_rewrite --model ID
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from benchmarks.reporting import figure
from benchmarks.rewrite_sets import SETS, Case, part_of, read
from bot.conversation import Principal
from bot.lexical import query_terms
from bot.llm.openai import ModelServer, OpenAIChatModel
from bot.llm.rewriting import ModelRewriter
from bot.ports import Rewriter
from bot.query import RuleRewriter, may_lean, rewrite
from bot.query.checking import strayed
from knowledge.chunking import chunk
from knowledge.document import Document
from knowledge.embedder import BuiltinEmbedder
from knowledge.retrieval import HybridRetriever
from knowledge.stores.base import DocumentKey
from knowledge.stores.embedded import EmbeddedStore

MEASURES = ("answer", "prompt", "library", "rewrites", "itself", "cosine", "terms")
DRAWS = 1_000
"""Of the bootstrap."""

Scores = dict[str, tuple[float, float, float]]
"""Of one case: by measure the last turn alone, ours, the human rewrite."""


class Library:
    """Texts by name in an embedded store; what was searched once is kept beside it."""

    def __init__(self, folder: Path, texts: dict[str, str], embedder: BuiltinEmbedder) -> None:
        state = hashlib.sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()[:12]
        self._texts = texts
        self._embedder = embedder
        self._known_at = folder / f"searched-{state}.json"
        self._known: dict[str, list[list[str]]] = {}
        if self._known_at.exists():
            self._known = json.loads(self._known_at.read_text())
        self._store = EmbeddedStore(folder / f"{state}.db", embedder.model, embedder.dimensions)

    async def open(self) -> None:
        await self._store.open()
        if (await self._store.stats()).documents < len(self._texts):
            documents = [Document("bench", n, "", t, n) for n, t in self._texts.items()]
            await self._store.put_many(
                [(DocumentKey("bench", d.name), chunk(d)) for d in documents]
            )
        while waiting := await self._store.waiting(256):
            vectors = await self._embedder.embed([w.text for w in waiting])
            await self._store.set_vectors([w.id for w in waiting], vectors)
        self._retriever = HybridRetriever(self._store, self._embedder)

    async def search(self, query: str) -> list[list[str]]:
        """Document and chunk of the passages found, best first, one more than ten."""
        if query not in self._known:
            found = await self._retriever.retrieve(query, Principal(), 11)
            self._known[query] = [[p.chunk.document, p.chunk.id] for p in found.passages]
        return self._known[query]

    async def close(self) -> None:
        await self._store.close()
        self._known_at.write_text(json.dumps(self._known))


class Vectors:
    """Vectors of queries, kept in a file."""

    def __init__(self, at: Path, embedder: BuiltinEmbedder) -> None:
        self._at, self._embedder = at, embedder
        self._known: dict[str, np.ndarray] = {}
        if at.exists():
            with np.load(at, allow_pickle=False) as saved:
                self._known = dict(zip(saved["texts"].tolist(), saved["vectors"], strict=True))

    async def of(self, text: str) -> np.ndarray:
        if text not in self._known:
            self._known[text] = await self._embedder.embed_query(text)
        return self._known[text]

    def save(self) -> None:
        np.savez(self._at, texts=list(self._known), vectors=np.stack(list(self._known.values())))


def reciprocal_rank(found: list[list[str]], wanted: tuple[str, ...]) -> float:
    return next((1 / n for n, (name, _) in enumerate(found[:10], 1) if name in wanted), 0.0)


def term_f1(query: str, human: str) -> float:
    """F1 of the distinct content terms."""
    got, want = set(query_terms(query)), set(query_terms(human))
    both = len(got & want)
    return 2 * both / (len(got) + len(want)) if got or want else 1.0


def shared(found: list[list[str]], near: list[list[str]], but: str = "") -> float:
    """The share of the near ten that was found among its own ten; ``but`` counts in neither."""
    ours = [chunk for name, chunk in found if name != but][:10]
    theirs = [chunk for name, chunk in near if name != but][:10]
    return len(set(ours) & set(theirs)) / max(len(theirs), 1)


class Measuring:
    """Scores of queries, by all measures."""

    def __init__(self, folder: Path, library: dict[str, str], rewrites: list[str]) -> None:
        self._embedder = BuiltinEmbedder()
        self._library = Library(folder, library, self._embedder)
        self._names = {text: f"{i:05}" for i, text in enumerate(rewrites)}
        by_name = {name: text for text, name in self._names.items()}
        self._rewrites = Library(folder, by_name, self._embedder)
        self._vectors = Vectors(folder / "queries.npz", self._embedder)

    async def open(self) -> None:
        await self._library.open()
        await self._rewrites.open()

    async def close(self) -> None:
        await self._library.close()
        await self._rewrites.close()
        self._vectors.save()
        self._embedder.close()

    async def _score(self, case: Case, query: str) -> dict[str, float]:
        itself = self._names[case.human]
        found = await self._library.search(query)
        alike = await self._rewrites.search(query)
        cosine = float(await self._vectors.of(query) @ await self._vectors.of(case.human))
        scores = {
            "library": shared(found, await self._library.search(case.human)),
            "rewrites": shared(alike, await self._rewrites.search(case.human), itself),
            "itself": reciprocal_rank(alike, (itself,)),
            "cosine": cosine,
            "terms": term_f1(query, case.human),
        }
        if case.targets:
            scores["answer"] = reciprocal_rank(found, case.targets)
            scores["prompt"] = float(any(name in case.targets for name, _ in found[:6]))
        return scores

    async def of(self, case: Case, ours: str) -> Scores:
        raw, own, human = [
            await self._score(case, query) for query in (case.question, ours, case.human)
        ]
        return {m: (raw[m], own[m], human[m]) for m in MEASURES if m in raw}


def recovered(raw: float, ours: float, human: float) -> float:
    return (ours - raw) / (human - raw) if human > raw else float("nan")


def interval(by_conversation: list[np.ndarray], seed: int = 5) -> tuple[float, float]:
    """95 % of what ``recovered`` is when conversations are drawn anew; each is given by the sums of
    its raw, our and human scores."""
    sums = np.stack(by_conversation)
    drawn = np.random.default_rng(seed).integers(0, len(sums), (DRAWS, len(sums)))
    totals = sums[drawn].sum(axis=1)
    distance = totals[:, 2] - totals[:, 0]
    rates = (totals[:, 1] - totals[:, 0])[distance > 0] / distance[distance > 0]
    return (float(np.quantile(rates, 0.025)), float(np.quantile(rates, 0.975)))


def show(scored: list[tuple[Case, Scores]]) -> None:
    print(f"{'set':10} {'measure':9} {'raw':>6} {'ours':>6} {'human':>6} {'recovered':>9}   95 %")
    for name in SETS:
        own = [(case, scores) for case, scores in scored if case.set == name]
        for measure in MEASURES:
            rows = [(c.conversation, s[measure]) for c, s in own if measure in s]
            if not rows:
                continue
            sums: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(3))
            for conversation, row in rows:
                sums[conversation] += row
            raw, ours, human = (statistics.fmean(row[i] for _, row in rows) for i in range(3))
            low, high = interval(list(sums.values()))
            told = f"{name}, {measure}: recovered of a human rewrite's gain"
            share = recovered(raw, ours, human)
            figure(told, share, unit="share", interval=(low, high), n=len(rows))
            print(
                f"{name:10} {measure:9} {raw:6.3f} {ours:6.3f} {human:6.3f}"
                f" {recovered(raw, ours, human):9.2f}   {low:.2f} to {high:.2f}"
            )


def show_alone(scored: list[tuple[Case, Scores]], ours: dict[int, str]) -> None:
    """What became of the turns that people left as they are."""
    for name in SETS:
        alone = [(c, s) for c, s in scored if c.set == name and c.stands_alone]
        if not alone:
            continue
        kept = sum(ours[id(c)] == c.question for c, _ in alone)
        means = [statistics.fmean(s["library"][i] for _, s in alone) for i in (0, 1)]
        print(
            f"{name:10} {len(alone)} stand alone, {kept} kept as they are;"
            f" of their ten passages in the library {means[1]:.0%} stay"
        )


def sample(cases: list[Case], ours: dict[int, str], each: int) -> None:
    for name in SETS:
        for case in [c for c in cases if c.set == name][:each]:
            before = " | ".join(m.text[:70] for m in case.history[:1] + case.history[-3:])
            query = ours[id(case)]
            print(f"\n[{name}] {before}\n  Q {case.question}\n  > {query}\n  H {case.human}")


async def queries(
    cases: list[Case], rewriter: Rewriter, at_once: int
) -> tuple[dict[int, str], list[float]]:
    """Our query of each case, and the milliseconds that each took."""
    ours: dict[int, str] = {}
    spent: list[float] = []
    places = asyncio.Semaphore(at_once)

    async def one(case: Case) -> None:
        async with places:
            began = time.perf_counter()
            ours[id(case)] = await rewriter.rewrite(case.question, case.history)
            spent.append((time.perf_counter() - began) * 1000)

    await asyncio.gather(*(one(case) for case in cases))
    return ours, sorted(spent)


def model_rewriter(model: str, seconds: float) -> ModelRewriter:
    """The model at OPENAI_BASE_URL."""
    server = ModelServer(os.environ.get("OPENAI_BASE_URL"), os.environ.get("OPENAI_API_KEY"))
    return ModelRewriter(OpenAIChatModel(model, server=server), seconds=seconds)


def ceiling(case: Case) -> str:
    """What comes of a model that writes as people do: its query where it is asked and passes the
    check, else the rules'."""
    asked = may_lean(case.question, case.history)
    human = case.human.strip()
    taken = asked and not strayed(human, case.question, case.history)
    return human if taken else rewrite(case.question, case.history)


def show_model(cases: list[Case], ours: dict[int, str]) -> None:
    """How often the model was asked, and how often its query was taken."""
    asked = [c for c in cases if may_lean(c.question, c.history)]
    taken = sum(ours[id(c)] != rewrite(c.question, c.history) for c in asked)
    print(f"{len(cases)} follow-ups, {len(asked)} asked of the model, {taken} not as the rules")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--part", choices=["tune", "report", "both"], default="report")
    parser.add_argument("--limit", type=int, default=10_000, help="follow-ups a set")
    parser.add_argument(
        "--cache", type=Path, default=Path(tempfile.gettempdir()) / "wellspoken-bench-rewrite"
    )
    parser.add_argument("--show", type=int, default=0, help="print so many rewrites a set")
    parser.add_argument("--model", help="rewrite with this model at OPENAI_BASE_URL")
    parser.add_argument(
        "--ceiling", action="store_true", help="what a model could reach that writes as people do"
    )
    parser.add_argument("--seconds", type=float, default=20.0, help="that the model may take")
    args = parser.parse_args()
    args.cache.mkdir(parents=True, exist_ok=True)
    everything, library = read(args.data)
    cases = [c for c in everything if args.part in ("both", part_of(c.conversation))]
    cases.sort(key=lambda c: hashlib.sha256((c.conversation + c.question).encode()).digest())
    cases = [c for s in SETS for c in [x for x in cases if x.set == s][: args.limit]]
    rewriter = model_rewriter(args.model, args.seconds) if args.model else RuleRewriter()
    ours, spent = await queries(cases, rewriter, 8 if args.model else 1)
    if args.ceiling:
        ours = {id(case): ceiling(case) for case in cases}
    sample(cases, ours, args.show)
    rewrites = list(dict.fromkeys(c.human for c in everything))
    measuring = Measuring(args.cache, library, rewrites)
    await measuring.open()
    scored = [(case, await measuring.of(case, ours[id(case)])) for case in cases]
    await measuring.close()
    show(scored)
    show_alone(scored, ours)
    if args.model:
        show_model(cases, ours)
    print(
        f"rewriting: p50 {spent[len(spent) // 2]:.3f} ms,"
        f" p99 {spent[int(len(spent) * 0.99)]:.3f} ms"
    )


if __name__ == "__main__":
    asyncio.run(main())
