"""Speed of the embedded store: reading in, opening, searching, following; against FTS5 and float32.

Text is real documentation (the 3,088 pages of ``docs_powershell``, cut into windows), vectors are
synthetic in 1,000 clusters, so that filling 100,000 chunks takes a minute and not half an hour.
Groups: 50 %, 5 % and 0.1 % of the documents.

    python -m benchmarks.bench_search --chunks 10000 --data ../shared/data
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import random
import re
import resource
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numkong
import numpy as np

from benchmarks.reporting import figure
from bot.conversation import Principal
from bot.evidence import Chunk
from bot.lexical import query_terms
from knowledge.stores.base import DocumentKey, SearchRequest
from knowledge.stores.embedded import EmbeddedStore
from knowledge.stores.matrix import quantised

DIMENSIONS = 384
PER_DOCUMENT = 10
WINDOW = 110


def windows(data: Path, n: int) -> Iterator[str]:
    """Windows of documentation text, each only once as far as it goes round."""
    step, given = WINDOW, 0
    while given < n:
        with gzip.open(data / "docs_powershell" / "pages.jsonl.gz", "rt") as file:
            for line in file:
                found = json.loads(line)["text"].split()
                for at in range(step % WINDOW, len(found), WINDOW):
                    if given == n:
                        return
                    yield " ".join(found[at : at + WINDOW])
                    given += 1
        step += WINDOW // 3


def vectors(n: int, rng: np.random.Generator) -> np.ndarray:
    """Unit vectors in 1,000 clusters of a 48-dimensional latent space."""
    centres = rng.standard_normal((1000, 48), dtype=np.float32)
    latent = centres[rng.integers(0, 1000, n)] + 0.35 * rng.standard_normal(
        (n, 48), dtype=np.float32
    )
    rows = latent @ rng.standard_normal((48, DIMENSIONS), dtype=np.float32)
    rows += 0.3 * rng.standard_normal((n, DIMENSIONS), dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def questions(texts: list[str], rng: random.Random, n: int = 100) -> list[str]:
    """Four to nine words of a chunk in a question's clothes."""
    frames = ("How do I {}?", "What is the {}?", "Why does my {} not work with the {}?", "{}")
    made = []
    while len(made) < n:
        found = [w for w in re.findall(r"[A-Za-z]{3,}", rng.choice(texts)) if len(w) < 20]
        if len(found) > 10:
            picked = rng.sample(found, rng.randint(4, 9))
            half = len(picked) // 2
            made.append(rng.choice(frames).format(" ".join(picked[:half]), " ".join(picked[half:])))
    return made


def groups(document: int) -> frozenset[str]:
    held = {"half"} if document % 2 else {"other"}
    if document % 20 == 0:
        held.add("twentieth")
    if document % 1000 == 0:
        held.add("thousandth")
    return frozenset(held)


def line(
    name: str, values: list[float], cpu: float | None = None, *, figured: str | None = None
) -> None:
    """One row: p50, p99 and CPU in milliseconds; its p50 is a figure where it is given a name's
    beginning."""
    ordered = sorted(values)
    p50, p99 = (ordered[int(len(ordered) * q)] * 1e3 for q in (0.5, 0.99))
    used = f"{cpu / len(values) * 1e3:8.2f}" if cpu is not None else ""
    print(f"{name:44}{p50:8.2f}{p99:8.2f}{used}")
    if figured is not None:
        figure(f"{figured}{name}, p50", p50, unit="ms", speed=True)


def rate(name: str, done: int, start: float) -> None:
    print(f"{name:44}{done / (time.perf_counter() - start):8.0f}")


def timed(name: str, calls: list[Callable[[], object]]) -> None:
    calls[0]()
    took, before = [], time.process_time()
    for call in calls:
        start = time.perf_counter()
        call()
        took.append(time.perf_counter() - start)
    line(name, took, time.process_time() - before)


def resident() -> float:
    """Megabytes resident now, on Linux; the peak elsewhere."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * resource.getpagesize() / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


async def fill(store: EmbeddedStore, texts: list[str], rows: np.ndarray) -> None:
    """Read everything in, 20 documents a transaction, then set the vectors."""
    start = time.perf_counter()
    batch: list[tuple[DocumentKey, list[Chunk]]] = []
    for document in range(0, len(texts), PER_DOCUMENT):
        name, number = f"page-{document}", document // PER_DOCUMENT
        batch.append(
            (
                DocumentKey("bench", name),
                [
                    Chunk(
                        f"{name}:{i}",
                        name,
                        "bench",
                        "r",
                        i,
                        f"Page {number}",
                        (),
                        text,
                        0,
                        len(text),
                        name,
                        groups(number),
                    )
                    for i, text in enumerate(texts[document : document + PER_DOCUMENT])
                ],
            )
        )
        if len(batch) == 20 or document + PER_DOCUMENT >= len(texts):
            await store.put_many(batch)
            batch = []
    rate("read in, searchable by words, chunks/s", len(texts), start)
    start, done = time.perf_counter(), 0
    while waiting := await store.waiting(500):
        await store.set_vectors([w.id for w in waiting], rows[done : done + len(waiting)])
        done += len(waiting)
    rate("vectors stored, chunks/s", done, start)


async def searches(
    told: str,
    store: EmbeddedStore,
    name: str,
    asked: list[str],
    near: np.ndarray | None,
    principal: Principal,
) -> None:
    took = []
    before = time.process_time()
    for i, text in enumerate(asked):
        start = time.perf_counter()
        request = SearchRequest(text, principal, None if near is None else near[i])
        await store.search(request)
        took.append(time.perf_counter() - start)
    line(name, took, time.process_time() - before, figured=told)


def fts5(texts: list[str], asked: list[str], path: Path) -> None:
    """SQLite's own BM25 over the same text: Porter stems, query stop words dropped, terms OR-ed."""
    connection = sqlite3.connect(path)
    connection.execute(
        "CREATE VIRTUAL TABLE f USING fts5(text, content='',"
        " tokenize='porter unicode61 remove_diacritics 2')"
    )
    start = time.perf_counter()
    with connection:
        connection.executemany(
            "INSERT INTO f (rowid, text) VALUES (?, ?)", enumerate(texts, start=1)
        )
    rate("FTS5 porter: read in, chunks/s", len(texts), start)
    sql = "SELECT rowid, bm25(f) FROM f WHERE f MATCH ? ORDER BY rank LIMIT 100"
    made = [" OR ".join(f'"{t}"' for t in query_terms(q)) for q in asked]
    timed(
        "FTS5 porter: best 100 by words",
        [lambda m=m: connection.execute(sql, (m,)).fetchall() for m in made],
    )
    connection.close()


def kernels(rows: np.ndarray, near: np.ndarray) -> None:
    """A scan of all rows, and how many of the truly best the codes' best hold."""
    timed("scan, numpy float32", [lambda q=q: rows @ q for q in near])
    codes, scales = quantised(rows)
    query, size = quantised(near)
    timed(
        "scan, numkong int8",
        [lambda i=i: numkong.cdist(query[i : i + 1], codes, "dot") for i in range(len(near))],
    )
    for k, taken in ((10, 132), (100, 132)):
        held = 0
        for i, q in enumerate(near):
            truly = set(np.argsort(-(rows @ q), kind="stable")[:k].tolist())
            dots = np.asarray(numkong.cdist(query[i : i + 1], codes, "dot"))[0]
            nearly = np.argsort(-(dots * scales * size[i]), kind="stable")[:taken]
            held += len(truly & set(nearly.tolist()))
        print(f"{f'recall@{k} of codes, {taken} rescored':44}{held / (k * len(near)):8.4f}")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chunks", type=int, default=10_000)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--folder", type=Path, help="keep the store here, and use one that is here")
    arguments = parser.parse_args()
    rng = np.random.default_rng(7)
    texts = list(windows(arguments.data, arguments.chunks))
    asked = questions(texts, random.Random(7))
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.folder or Path(scratch)
        path = folder / "knowledge.db"
        rows = vectors(len(texts), rng)
        near = rows[rng.integers(0, len(texts), 100)] + 0.03 * rng.standard_normal(
            (100, DIMENSIONS), dtype=np.float32
        )
        near /= np.linalg.norm(near, axis=1, keepdims=True)
        print(f"{len(texts)} chunks{'':32}{'p50 ms':>12}{'p99 ms':>8}{'CPU ms':>8}")
        if not path.exists():
            store = EmbeddedStore(path, "bench", DIMENSIONS)
            await store.open()
            await fill(store, texts, rows)
            await store.close()
        print(f"{'on disk, MB':44}{path.stat().st_size / 1e6:8.0f}")
        await measure(path, texts, asked, near)
        fts5(texts, asked, Path(scratch) / "fts.db")
        kernels(rows, near)


async def measure(path: Path, texts: list[str], asked: list[str], near: np.ndarray) -> None:
    told, before = f"{len(texts):,} chunks: ", resident()
    store = EmbeddedStore(path, "bench", DIMENSIONS)
    start = time.perf_counter()
    await store.open()
    print(f"{'open, ms':44}{(time.perf_counter() - start) * 1e3:8.1f}")
    everything = Principal(frozenset({"half", "other"}))
    start = time.perf_counter()
    await store.search(SearchRequest(asked[0], everything, near[0]))
    print(f"{'first search (loads the index), ms':44}{(time.perf_counter() - start) * 1e3:8.0f}")
    print(f"{'memory the index takes, MB':44}{resident() - before:8.0f}")
    await searches(told, store, "search by words", asked, None, everything)
    await searches(told, store, "hybrid search, all visible", asked, near, everything)
    for group in ("half", "twentieth", "thousandth"):
        await searches(
            told,
            store,
            f"hybrid search, {group} visible",
            asked,
            near,
            Principal(frozenset({group})),
        )
    took = []
    for i, text in enumerate(asked[:50]):
        chunk = Chunk(f"new-{i}", "new", "bench", "r", 0, "New", (), texts[i], 0, 9, "new")
        await store.put(DocumentKey("bench", f"new-{i % 5}"), [chunk])
        start = time.perf_counter()
        await store.search(SearchRequest(text, everything, near[i]))
        took.append(time.perf_counter() - start)
    line("hybrid search right after a change", took)
    await store.remove([DocumentKey("bench", f"new-{i}") for i in range(5)])
    await store.close()


if __name__ == "__main__":
    asyncio.run(main())
