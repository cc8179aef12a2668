"""The job that every peer does, and how it is measured. Knows nothing of Wellspoken.

    python PEER.py FOLDER URL [--turns 100]

An answer: the last six messages of the thread, a hybrid search for the best five of the passages
that the asker may see, a streamed answer with numbered sources, the pair kept on disk.

FOLDER holds what all of them are given: ``passages.jsonl`` (``id``, ``title``, ``text``, ``uri``,
``group``: empty for all), ``vectors.npy`` of the passages, ``questions.json``, and the path of the
embedder in ``embedder.txt``. The last line printed is JSON:
``{cpu_ms, wall_ms, first_ms, per_second, memory_mb, cited}``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import statistics
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import aiosqlite

GROUPS = ("", "g1", "g2")
"""What the asker may see: passages for all, and those of two groups of ten."""
BEST = 5
AT_ONCE = 16
SYSTEM = (
    "You are a support assistant. Answer only from the numbered passages, and cite each sentence "
    "with the number of its passage in brackets, like [1]. Say so where they do not answer it."
)
HISTORY = [
    ("user", "Hello, I have a question about the documents."),
    ("assistant", "Gladly. What would you like to know?"),
    ("user", "Where do I find the installation guide?"),
    ("assistant", "It is the first page of the handbook [1]. It takes about ten minutes."),
    ("user", "And is there a list of all settings?"),
    ("assistant", "Yes, the settings are on a page of their own [2]."),
]


@dataclass
class Passage:
    """A passage as it was found."""

    id: str
    title: str
    text: str
    uri: str
    group: str


@dataclass
class Answered:
    """What came of a question, with the moment of the first token (``time.perf_counter``)."""

    text: str
    sources: list[str]
    first: float


class Given:
    """What lies in the folder."""

    def __init__(self, folder: Path) -> None:
        lines = (folder / "passages.jsonl").read_text("utf-8").splitlines()
        self.passages = [Passage(**json.loads(line)) for line in lines]
        self.vectors = np.load(folder / "vectors.npy")
        self.questions: list[str] = json.loads((folder / "questions.json").read_text("utf-8"))
        self.embedder = Embedder(Path((folder / "embedder.txt").read_text("utf-8").strip()))


class Embedder:
    """The same model for all: one text a call, one thread."""

    def __init__(self, folder: Path) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(256)
        self.one = lru_cache(512)(self._one)

    def _one(self, text: str) -> list[float]:
        ids = np.array([self._tokenizer.encode(text).ids], np.int64)
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        return self._session.run(["sentence_embedding"], inputs)[0][0].tolist()


def prompt(question: str, texts: list[str]) -> str:
    """The question under its passages."""
    passages = "\n\n".join(f"[{n}] {text}" for n, text in enumerate(texts, 1))
    return f"{passages}\n\n<question>{question}</question>"


def cited(answer: str, uris: list[str]) -> list[str]:
    """The addresses of the passages that an answer names."""
    numbers = dict.fromkeys(int(n) for n in re.findall(r"\[(\d+)\]", answer))
    return [uris[n - 1] for n in numbers if 0 < n <= len(uris)]


class Chats:
    """Messages of threads in SQLite, for those that keep none themselves."""

    def __init__(self, db: aiosqlite.Connection) -> None:
        self._db = db

    @classmethod
    async def open(cls, path: Path) -> Chats:
        """Make the file with its table."""
        import aiosqlite  # not every peer has it

        db = await aiosqlite.connect(path)
        await db.execute("pragma journal_mode = wal")
        await db.execute("create table messages (id integer primary key, thread, role, text)")
        await db.execute("create index by_thread on messages (thread, id)")
        return cls(db)

    async def last(self, thread: str, count: int = 6) -> list[tuple[str, str]]:
        """Role and text of the last messages, oldest first."""
        rows = await self._db.execute_fetchall(
            "select role, text from messages where thread = ? order by id desc limit ?",
            (thread, count),
        )
        return [(role, text) for role, text in reversed(list(rows))]

    async def keep(self, thread: str, said: list[tuple[str, str]]) -> None:
        """Add messages, safe on disk when this returns."""
        rows = [(thread, role, text) for role, text in said]
        await self._db.executemany(
            "insert into messages (thread, role, text) values (?, ?, ?)", rows
        )
        await self._db.commit()

    async def close(self) -> None:
        """Close the file."""
        await self._db.close()


class Peer(ABC):
    """One way to do the job."""

    name: str

    @abstractmethod
    async def open(self, given: Given, folder: Path, url: str) -> None:
        """Read the passages in, with their vectors; files go into ``folder``."""

    @abstractmethod
    async def answer(self, thread: str, question: str) -> Answered:
        """Answer in a thread whose six messages are kept since :meth:`begin`."""

    @abstractmethod
    async def begin(self, thread: str) -> None:
        """Keep :data:`HISTORY` as what was said in a thread."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of files and connections."""


def memory_mb() -> float:
    """Resident memory of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


async def first_and_rest(pieces: AsyncIterator[str]) -> tuple[str, float]:
    """A whole stream, and when its first text came."""
    text, first = "", 0.0
    async for piece in pieces:
        if piece and not text:
            first = time.perf_counter()
        text += piece
    return text, first


async def _measure(peer: Peer, folder: Path, url: str, turns: int) -> dict[str, float]:
    given = Given(folder)
    work = folder / peer.name
    work.mkdir()
    await peer.open(given, work, url)
    asked = given.questions
    for number in range(2 * turns + 5):
        await peer.begin(f"t{number}")
    for number in range(5):  # what is made at first use
        await peer.answer(f"t{number}", asked[number])
    walls, firsts, sources = [], [], 0
    cpu = time.process_time()
    for number in range(5, 5 + turns):
        begun = time.perf_counter()
        done = await peer.answer(f"t{number}", asked[number])
        walls.append((time.perf_counter() - begun) * 1000)
        firsts.append((done.first - begun) * 1000)
        sources += bool(done.sources)
    cpu = (time.process_time() - cpu) / turns * 1000
    places = asyncio.Semaphore(AT_ONCE)

    async def placed(number: int) -> None:
        async with places:
            await peer.answer(f"t{number}", asked[number])

    begun = time.perf_counter()
    await asyncio.gather(*(placed(5 + turns + number) for number in range(turns)))
    rate = turns / (time.perf_counter() - begun)
    memory = memory_mb()
    await peer.close()
    return {
        "cpu_ms": cpu,
        "wall_ms": statistics.median(walls),
        "first_ms": statistics.median(firsts),
        "per_second": rate,
        "memory_mb": memory,
        "cited": sources / turns,
    }


def run(peer: Peer) -> None:
    """Measure a peer as its arguments say, and print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("url")
    parser.add_argument("--turns", type=int, default=100)
    given = parser.parse_args()
    print(json.dumps(asyncio.run(_measure(peer, given.folder, given.url, given.turns))))
