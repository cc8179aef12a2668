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
import contextlib
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

from benchmarks.open_sets import data_folder, lines
from benchmarks.reporting import at_least, at_most, figure
from bot.conversation import Author, Platform, Principal, Question
from bot.evidence import Chunk
from bot.settings import load_settings
from knowledge.stores.base import DocumentKey

ROOT = Path(__file__).parents[1]
PAGES = data_folder() / "docs_powershell/pages.jsonl.gz"
WORDS_A_CHUNK = 110
PER_DOCUMENT = 10


def texts(count: int, seed: int = 7) -> list[str]:
    """Windows of about 110 words; pages are gone through again with other offsets if need be."""
    rng = random.Random(seed)
    if PAGES.is_file():
        words = [word for page in lines(PAGES) for word in page["text"].split()]
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


async def fill(home: Path, count: int, asked: int) -> dict[str, Any]:
    """Write the store; the questions, and the seconds until all was searchable by words.

    A question quotes eight words of its chunk, and the chunk's vector lies at a cosine of 0.7 to
    the question's, so that the evidence is there as in earnest.
    """
    from knowledge.embedder import BuiltinEmbedder
    from knowledge.stores.embedded import EmbeddedStore

    with contextlib.closing(BuiltinEmbedder()) as embedder:
        size = embedder.dimensions
        store = EmbeddedStore(home / "knowledge.db", model=embedder.model, dimensions=size)
        await store.open()
        made = documents(count)
        begun = time.perf_counter()
        for at in range(0, len(made), 50):
            await store.put_many(made[at : at + 50])
        seconds = time.perf_counter() - begun
        rng, random_vectors = random.Random(11), np.random.default_rng(7)
        open_to_all = [c.text for _, chunks in made for c in chunks if not c.groups]
        chosen = rng.sample(open_to_all, asked)
        questions = {text: question(text, rng) for text in chosen}
        near = {text: await embedder.embed_query(q) for text, q in questions.items()}
        while waiting := await store.waiting(5000):
            found = vectors(len(waiting), size, random_vectors)
            for row, chunk in enumerate(waiting):
                text = chunk.text.partition("\n")[2]
                if text in near:
                    aside = found[row] - (found[row] @ near[text]) * near[text]
                    found[row] = 0.7 * near[text] + 0.714 * aside / np.linalg.norm(aside)
            await store.set_vectors([w.id for w in waiting], found)
        await store.close()
    return {"seconds": seconds, "questions": list(questions.values())}


def question(text: str, rng: random.Random) -> str:
    """Eight words in a row of a chunk, asked about."""
    words = [w for w in text.split() if w.isalpha()]
    at = rng.randrange(max(len(words) - 8, 1))
    return f"What about {' '.join(words[at : at + 8])}?"


def prepare(home: Path, count: int, asked: int) -> None:
    """Store and questions, made in a process of their own: what is measured is not their memory."""
    made = asyncio.run(fill(home, count, asked))
    (home / "bench.json").write_text(json.dumps(made), "utf-8")


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

    model = app.engine._answering.ladder.voice._model
    passages = "\n".join(f"[{n}] " + " ".join(["word"] * WORDS_A_CHUNK) for n in range(1, 7))
    walls = []
    for _ in range(50):
        begun = time.perf_counter()
        async for _spoken in model.stream([ChatMessage("user", passages)]):
            pass
        walls.append((time.perf_counter() - begun) * 1000)
    return statistics.median(walls)


async def measure(home: Path, count: int, turns: int, url: str) -> None:
    from adapters.assembly import assemble
    from adapters.server import settle_memory

    settings = load_settings(WELLSPOKEN_HOME=home, OPENAI_BASE_URL=url, WELLSPOKEN_MODEL="stand-in")
    made = json.loads((home / "bench.json").read_text("utf-8"))
    seconds, asked = made["seconds"], made["questions"]
    begun = time.perf_counter()
    async with assemble(settings) as app:
        author = Author(Platform.API, "bench")

        async def one(number: int) -> dict[str, float]:
            start = time.perf_counter()
            turn = await app.engine.answer(
                Question(asked[number], author, Principal(frozenset({"g1", "g2"})))
            )
            wall = (time.perf_counter() - start) * 1000
            return {**turn.timings_ms, "wall": wall, turn.outcome.value: 1}

        await one(0)
        settle_memory()
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
        told, p50 = f"{count:,} chunks", statistics.median(walls)
        bar = at_most(15 if count <= 10_000 else 25)
        figure(f"{told}: besides the model, p50", p50 - relay, unit="ms", bar=bar, speed=True)
        figure(f"{told}: CPU a turn", cpu, unit="ms", bar=at_most(25), speed=True)
        figure(f"{told}: memory", resident_mb(), unit="MB", bar=at_most(700))
        medians = [f"{s} {statistics.median([t.get(s, 0.0) for t in alone]):.1f}" for s in stages]
        print("  stages, median ms: " + ", ".join(medians))
        places = asyncio.Semaphore(16)

        async def placed(number: int) -> None:
            async with places:
                await one(number)

        begun = time.perf_counter()
        await asyncio.gather(*(placed(5 + turns + n) for n in range(turns)))
        rate = turns / (time.perf_counter() - begun)
        print(f"  sixteen at once: {rate:.0f} turns/s")
        figure(f"{told}: sixteen at once, turns/s", rate, bar=at_least(40), speed=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--turns", type=int, default=200)
    parser.add_argument("--first-token-ms", type=float, default=0)
    parser.add_argument("--prepare", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.prepare:
        prepare(options.prepare, options.chunks[0], 2 * options.turns + 5)
        return
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
            with tempfile.TemporaryDirectory() as folder:
                home = ["--prepare", folder, "--chunks", str(count), "--turns", str(options.turns)]
                subprocess.run([sys.executable, "-m", "benchmarks.bench_turn", *home], check=True)
                url = "http://127.0.0.1:9377/v1"
                asyncio.run(measure(Path(folder), count, options.turns, url))
    finally:
        server.terminate()


if __name__ == "__main__":
    main()
