"""A whole turn but the model: one at a time, and sixteen at once.

The model is a stand-in on loopback, in a process of its own, that streams 150 tokens without delay
and quotes the first passage, so that every sentence goes through the check and into the citations.
What is measured includes reading its stream. Documents are synthetic windows of real pages where
``../shared/data`` is there, else of generated words; vectors are random unit vectors around a
thousand centres, because embedding 100,000 chunks takes an hour and changes nothing measured here.

    python -m benchmarks.bench_turn [--chunks 10000 100000] [--turns 200]
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from bot.conversation import Author, Platform, Principal, Question
from bot.evidence import Chunk
from bot.settings import load_settings
from knowledge.stores.base import DocumentKey

ROOT = Path(__file__).parents[1]
PAGES = ROOT.parent / "shared/data/docs_powershell/pages.jsonl.gz"
WORDS_A_CHUNK = 110
PER_DOCUMENT = 10


def texts(count: int, seed: int = 7) -> list[str]:
    """Windows of about 110 words; pages are gone through again with other offsets if need be."""
    rng = random.Random(seed)
    if PAGES.is_file():
        with gzip.open(PAGES, "rt", encoding="utf-8") as file:
            words = [word for line in file for word in json.loads(line)["text"].split()]
    else:
        vocabulary = [f"word{n}" for n in range(20_000)]
        words = [vocabulary[min(int(rng.paretovariate(0.7)), 19_999)] for _ in range(2_000_000)]
    found = []
    for _ in range(count):
        at = rng.randrange(len(words) - WORDS_A_CHUNK)
        found.append(" ".join(words[at : at + WORDS_A_CHUNK]) + ".")
    return found


def documents(count: int) -> list[tuple[DocumentKey, list[Chunk]]]:
    """Documents of ten chunks each; every fifth is for one of ten groups."""
    pieces = texts(count)
    made = []
    for number in range(0, count, PER_DOCUMENT):
        name = f"doc-{number:06}"
        groups = frozenset({f"g{number % 10}"}) if number % 50 == 0 else frozenset[str]()
        chunks, at = [], 0
        for ordinal, text in enumerate(pieces[number : number + PER_DOCUMENT]):
            chunks.append(
                Chunk(
                    id=f"{name}-{ordinal}",
                    document=name,
                    source="bench",
                    revision="r1",
                    ordinal=ordinal,
                    title=f"Document {number}",
                    headings=(),
                    text=text,
                    start=at,
                    end=at + len(text),
                    uri=f"https://docs.example/{name}",
                    groups=groups,
                )
            )
            at += len(text)
        made.append((DocumentKey("bench", name), chunks))
    return made


def vectors(count: int, dimensions: int, rng: np.random.Generator) -> np.ndarray:
    centres = rng.standard_normal((1000, dimensions)).astype(np.float32)
    found = centres[rng.integers(0, 1000, count)]
    found += 0.7 * rng.standard_normal((count, dimensions)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


async def fill(home: Path, count: int, dimensions: int, model: str) -> float:
    """Write the store; returns the seconds until everything was searchable by words."""
    from knowledge.stores.embedded import EmbeddedStore

    store = EmbeddedStore(home / "knowledge.db", model=model, dimensions=dimensions)
    await store.open()
    made = documents(count)
    begun = time.perf_counter()
    for at in range(0, len(made), 50):
        await store.put_many(made[at : at + 50])
    seconds = time.perf_counter() - begun
    rng = np.random.default_rng(7)
    while waiting := await store.waiting(5000):
        await store.set_vectors([w.id for w in waiting], vectors(len(waiting), dimensions, rng))
    await store.close()
    return seconds


def questions(count: int) -> list[str]:
    rng = random.Random(11)
    pieces = texts(2000)
    found = []
    for _ in range(count):
        words = [w for w in rng.choice(pieces).split() if w.isalpha() and len(w) > 4]
        found.append(f"What does {' '.join(rng.sample(words, min(5, len(words))))} mean?")
    return found


def resident_mb() -> float:
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def alone_with_the_model(app: Any) -> float:
    """The median wall time of reading one answer of the stand-in and doing nothing with it, ms."""
    from bot.ports import ChatMessage

    model = app.engine._voice._model
    passages = "\n".join(f"[{n}] " + " ".join(["word"] * WORDS_A_CHUNK) for n in range(1, 7))
    walls = []
    for _ in range(50):
        begun = time.perf_counter()
        async for _spoken in model.stream([ChatMessage("user", passages)]):
            pass
        walls.append((time.perf_counter() - begun) * 1000)
    return statistics.median(walls)


async def measure(count: int, turns: int, url: str) -> None:
    from adapters.assembly import assemble

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = load_settings(
            WELLSPOKEN_HOME=home, OPENAI_BASE_URL=url, WELLSPOKEN_MODEL="stand-in"
        )
        seconds = await fill(home, count, 384, "minilm-l6-v2-int8")
        begun = time.perf_counter()
        async with assemble(settings) as app:
            author = Author(Platform.API, "bench")
            asked = questions(2 * turns + 5)

            async def one(number: int) -> dict[str, float]:
                start = time.perf_counter()
                turn = await app.engine.answer(
                    Question(asked[number], author, Principal(frozenset({"g1", "g2"})))
                )
                wall = (time.perf_counter() - start) * 1000
                return {**turn.timings_ms, "wall": wall, turn.outcome.value: 1}

            await one(0)
            opened = time.perf_counter() - begun
            for number in range(1, 5):
                await one(number)
            cpu = time.process_time()
            alone = [await one(5 + n) for n in range(turns)]
            cpu = (time.process_time() - cpu) / turns * 1000
            walls = sorted(t["wall"] for t in alone)
            answered = sum(t.get("answered", 0) for t in alone) / turns
            print(f"\n{count} chunks, {turns} turns, {answered:.0%} answered from the model")
            print(f"  searchable by words: {count / seconds:.0f} chunks/s")
            print(f"  open and first turn: {opened:.2f} s, resident {resident_mb():.0f} MB")
            print(
                f"  one at a time: p50 {statistics.median(walls):.1f} ms, "
                f"p99 {walls[int(len(walls) * 0.99)]:.1f} ms, CPU {cpu:.1f} ms"
            )
            stages = ("history", "rewrite", "route", "retrieve", "speak", "store")
            relay = await alone_with_the_model(app)
            print(f"  the stand-in's own stream: p50 {relay:.1f} ms")
            medians = [
                f"{s} {statistics.median([t.get(s, 0.0) for t in alone]):.1f}" for s in stages
            ]
            print("  stages, median ms: " + ", ".join(medians))
            places = asyncio.Semaphore(16)

            async def placed(number: int) -> None:
                async with places:
                    await one(number)

            begun = time.perf_counter()
            await asyncio.gather(*(placed(5 + turns + n) for n in range(turns)))
            print(f"  sixteen at once: {turns / (time.perf_counter() - begun):.0f} turns/s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--turns", type=int, default=200)
    parser.add_argument("--first-token-ms", type=float, default=0)
    options = parser.parse_args()
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.platforms.openai_server", "--port", "9377"),
            *("--tokens", "150", "--first-token-ms", str(options.first_token_ms)),
        ],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        time.sleep(1.5)
        for count in options.chunks:
            asyncio.run(measure(count, options.turns, "http://127.0.0.1:9377/v1"))
    finally:
        server.terminate()


if __name__ == "__main__":
    main()
