"""What filtering by rights costs in recall: against an exact search over what may be seen.

    python -m benchmarks.bench_rights [--chunks 20000] [--queries 100] [--shares 0.001,0.05,0.5]

The embedded store is measured always, Weaviate where WEAVIATE_URL is set. Each share of the chunks
is visible to a group of its own. The exact search ranks all chunks that are visible, by BM25 and by
cosine. Words and meaning are asked alone, so that each leg shows what it loses; recall is the share
of the best ten places that the store fills as well as an exact search does (of chunks with the same
score any will do). ``all`` takes the statistics of words from all chunks,
``own`` from the visible ones, as if there were no others: the store does the one or the other.
``full`` is the share of searches that bring as many hits as there are.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.reporting import figure
from bot.conversation import Principal
from bot.evidence import Chunk, Passage
from bot.ports import Vectors
from knowledge.stores.analysis import index_terms, lexical_query
from knowledge.stores.base import (
    DocumentKey,
    SearchRequest,
    StoredChunk,
    StoredDocument,
    VectorStore,
)
from knowledge.stores.embedded import EmbeddedStore
from knowledge.stores.postings import Census, Floats, Postings
from knowledge.stores.shelf import IndexSpec

DIMENSIONS = 384
BEST = 10
_WORDS = 20_000
_LENGTH = 40
_TOPICS = 200
_SAME = 1e-4
"""Scores that differ by less are the same: both stores compute in single precision."""


@dataclass(frozen=True)
class Corpus:
    """Chunks with their vectors, and who sees each; ``share:0.05`` is the group of 5 %."""

    texts: Sequence[str]
    vectors: Vectors
    groups: Sequence[frozenset[str]]
    questions: Sequence[tuple[str, Vectors]]


def make_corpus(chunks: int, queries: int, shares: Sequence[float], seed: int = 7) -> Corpus:
    """Texts of Zipfian words and vectors around topics, as those of real documents lie."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, _WORDS + 1) ** 0.9
    words = rng.choice(_WORDS, (chunks, _LENGTH), p=share / share.sum())
    texts = [" ".join(f"w{n}" for n in row) for row in words]
    topics = rng.standard_normal((_TOPICS, DIMENSIONS)).astype(np.float32)
    vectors = _unit(topics[rng.integers(_TOPICS, size=chunks)] + _noise(rng, chunks, 0.9))
    drawn = rng.random((len(shares), chunks))
    groups = [
        frozenset({"nobody", *(group(s) for s, row in zip(shares, column, strict=True) if row < s)})
        for column in drawn.T
    ]
    asked = rng.integers(chunks, size=queries)
    near = _unit(vectors[asked] + _noise(rng, queries, 0.6) / 20)
    told = [" ".join(f"w{n}" for n in rng.choice(words[i], 4, replace=False)) for i in asked]
    return Corpus(texts, vectors, groups, list(zip(told, near, strict=True)))


def _noise(rng: np.random.Generator, rows: int, size: float) -> Vectors:
    drawn: Vectors = (size * rng.standard_normal((rows, DIMENSIONS))).astype(np.float32)
    return drawn


def _unit(rows: NDArray[np.floating[Any]]) -> Vectors:
    scaled: Vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def group(share: float) -> str:
    """The group that sees this share."""
    return f"share:{share:g}"


def documents(corpus: Corpus) -> Iterator[StoredDocument]:
    """One document a chunk, with its vector."""
    for number, text in enumerate(corpus.texts):
        name = f"d{number}"
        chunk = Chunk(
            id=name,
            document=name,
            source="bench",
            revision="r",
            ordinal=0,
            title="",
            headings=(),
            text=text,
            start=0,
            end=len(text),
            uri=name,
            groups=corpus.groups[number],
        )
        stored = StoredChunk(chunk, corpus.vectors[number])
        yield StoredDocument(DocumentKey("bench", name), (stored,))


async def fill(store: VectorStore, corpus: Corpus, batch: int = 2000) -> None:
    """Put everything in."""
    held: list[StoredDocument] = []
    for document in documents(corpus):
        held.append(document)
        if len(held) == batch:
            await store.load(held)
            held = []
    await store.load(held)


class Exact:
    """BM25 of all chunks, without an index between."""

    def __init__(self, corpus: Corpus) -> None:
        self._numbers: dict[str, int] = {}
        self._postings = Postings()
        terms, slots, counts, lengths = [], [], [], []
        for slot, text in enumerate(corpus.texts):
            held = index_terms(text)
            lengths.append(held.length)
            for term, count in held.counts.items():
                terms.append(self._numbers.setdefault(term, len(self._numbers)))
                slots.append(slot)
                counts.append(min(count, 255))
        self._lengths = np.array(lengths, np.float32)
        self._postings.add(
            np.array(terms, np.uint32), np.array(slots, np.uint32), np.array(counts, np.uint8)
        )

    def scores(self, text: str, counted: NDArray[np.bool_]) -> Floats:
        """BM25 of all chunks, shape ``[chunks]``, with the statistics of the ``counted`` ones."""
        query = lexical_query(text).telling
        wanted = {self._numbers[t]: w for t, w in query.items() if t in self._numbers}
        census = Census.of(self._lengths, counted)
        everything = Census.of(self._lengths, np.ones_like(counted))
        scores = np.zeros(counted.size, np.float32)
        for term, weight in wanted.items():
            raw = self._postings.scores({term: 1.0}, replace(everything, slope=census.slope))
            held = raw > 0
            holding, of = int(np.count_nonzero(held & counted)), int(np.count_nonzero(counted))
            before = int(np.count_nonzero(held))
            own = np.log(1 + (of - holding + 0.5) / (holding + 0.5))
            scores += weight * raw * (own / np.log(1 + (held.size - before + 0.5) / (before + 0.5)))
        return scores


@dataclass(frozen=True)
class Measured:
    """Recall (0 to 1) of words by both statistics and of meaning, the share of full answers, and
    the median time in ms."""

    visible: int
    by_all: float
    by_own: float
    meaning: float
    full: float
    p50_ms: float


async def measure(store: VectorStore, exact: Exact, corpus: Corpus, share: float) -> Measured:
    """Ask the store what the group of a share may see."""
    who = Principal(frozenset({group(share)}))
    seen = np.array([group(share) in g for g in corpus.groups])
    everything = np.ones_like(seen)
    found: dict[str, list[float]] = {"all": [], "own": [], "meaning": []}
    full: list[bool] = []
    walls: list[float] = []
    for text, vector in corpus.questions:
        began = time.perf_counter()
        near = (await store.search(SearchRequest(text, who, vector, k=BEST, alpha=1.0))).passages
        walls.append((time.perf_counter() - began) * 1000)
        said = (await store.search(SearchRequest(text, who, None, k=BEST))).passages
        assert all(group(share) in p.chunk.groups for p in (*near, *said)), "that is a leak"
        found["meaning"].append(_recall(near, corpus.vectors @ vector, seen))
        for name, counted in (("all", everything), ("own", seen)):
            scores = exact.scores(text, counted)
            found[name].append(_recall(said, scores, seen & (scores > 0)))
        full.append(len(near) == min(BEST, int(seen.sum())))
    by_all, by_own, meaning = (statistics.fmean(found[leg]) for leg in ("all", "own", "meaning"))
    return Measured(
        int(seen.sum()), by_all, by_own, meaning, statistics.fmean(full), statistics.median(walls)
    )


def _recall(found: Sequence[Passage], scores: Floats, among: NDArray[np.bool_]) -> float:
    places = min(BEST, int(among.sum()))
    if not places:
        return 1.0
    least = np.sort(scores[among])[-places]
    held = {int(p.chunk.id[1:]) for p in found}
    return sum(bool(scores[n] >= least - _SAME * abs(least)) for n in held) / places


@asynccontextmanager
async def embedded(folder: Path, name: str) -> AsyncIterator[VectorStore]:
    """An empty embedded store."""
    store = EmbeddedStore(folder / f"{name}.db", "bench", DIMENSIONS)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def in_weaviate(url: str) -> AsyncIterator[VectorStore]:
    """An empty collection in the server at ``url``, deleted afterwards."""
    from knowledge.stores.weaviate import WeaviateServer, WeaviateShelf

    key, spoken = os.environ.get("WEAVIATE_API_KEY"), os.environ.get("WEAVIATE_GRPC_URL")
    server = WeaviateServer(url, spoken, key, timeout_s=30)
    shelf = WeaviateShelf(server, "BenchRights")
    record = await shelf.create(IndexSpec("bench", DIMENSIONS, 1))
    try:
        store = shelf.store(record)
        await store.open()
        yield store
    finally:
        await shelf.drop(record.name)
        await shelf.close()


async def compare(
    name: str, store: VectorStore, exact: Exact, corpus: Corpus, shares: Sequence[float]
) -> None:
    """Print one line for each share."""
    await fill(store, corpus)
    for share in shares:
        m = await measure(store, exact, corpus, share)
        told = f"{name}, {share:.1%} visible: recall by"
        figure(f"{told} words", m.by_own, unit="share")
        figure(f"{told} meaning", m.meaning, unit="share")
        print(
            f"{name:<9} {share:>7.1%} {m.visible:>8} {m.by_all:>7.3f} {m.by_own:>7.3f}"
            f" {m.meaning:>8.3f} {m.full:>6.0%} {m.p50_ms:>7.2f}"
        )


async def main() -> None:
    """Measure what is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=20_000)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--shares", default="0.001,0.05,0.5")
    given = parser.parse_args()
    shares = [float(s) for s in given.shares.split(",")]
    corpus = make_corpus(given.chunks, given.queries, shares)
    print(f"{given.chunks:,} chunks, {given.queries} questions")
    print("store       share  visible     all     own  meaning   full  p50 ms")
    exact = Exact(corpus)
    with tempfile.TemporaryDirectory() as folder:
        async with embedded(Path(folder), "embedded") as store:
            await compare("embedded", store, exact, corpus, shares)
        if url := os.environ.get("WEAVIATE_URL"):
            async with in_weaviate(url) as remote:
                await compare("weaviate", remote, exact, corpus, shares)


if __name__ == "__main__":
    asyncio.run(main())
