"""Documents of any number for measuring speed: real text, and vectors that behave like real ones.

Passages of documentation (``docs_*``) are embedded once by the built-in embedder (23,000 different
ones, minutes; kept in a file). Every chunk made here is the end of one such passage and the
beginning of another, its vector the mix of both by their shares with a little noise: what the
embedder would nearly say of it, so that neighbourhoods are as close as those of real text, where
synthetic clusters are too easy. Groups: every second, twentieth and thousandth document.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.bench_retrieval import documentation
from bot.evidence import Chunk
from bot.ports import Vectors
from knowledge.chunking import chunk
from knowledge.embedder import BuiltinEmbedder
from knowledge.stores.base import DocumentKey, StoredChunk, StoredDocument

SETS = ("docs_plausible", "docs_wsl", "docs_powershell")
PER_DOCUMENT = 10
NOISE = 0.25
AUDIENCES = {"everything": "", "50 %": "half", "5 %": "twentieth", "0.1 %": "thousandth"}


class Corpus:
    """``count`` chunks, the same in every run, in documents of ten.

    ``texts`` are passages with their headers, ``vectors`` theirs, shape ``[passages, 384]``.
    """

    def __init__(self, texts: list[str], vectors: Vectors, count: int) -> None:
        self.texts = texts
        self.count = count
        self._vectors = vectors
        rng = np.random.default_rng(7)
        self._first = rng.integers(0, len(texts), count)
        near = (self._first + rng.integers(1, 4, count)) % len(texts)
        far = rng.integers(0, len(texts), count)
        self._second = np.where(rng.random(count) < 0.4, near, far)
        self._share = rng.uniform(0.5, 1.0, count)

    def rows(self, start: int, end: int) -> Vectors:
        """Unit vectors of chunks ``start`` to ``end``, shape ``[end - start, dimensions]``."""
        at = slice(start, end)
        share = self._share[at, None].astype(np.float32)
        mixed = share * self._vectors[self._first[at]]
        mixed += (1 - share) * self._vectors[self._second[at]]
        noise = np.random.default_rng(start).standard_normal(mixed.shape, dtype=np.float32)
        mixed += NOISE / np.sqrt(mixed.shape[1]) * noise
        rows: Vectors = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
        return rows

    def text(self, number: int) -> str:
        """The end of one passage and the beginning of another."""
        one = self.texts[self._first[number]].split()
        other = self.texts[self._second[number]].split()
        share = self._share[number]
        words = one[int(len(one) * (1 - share)) :] + other[: int(len(other) * (1 - share))]
        return " ".join(words) or "."

    def documents(self) -> Iterator[StoredDocument]:
        """All of them, in order."""
        for start in range(0, self.count, PER_DOCUMENT):
            end = min(start + PER_DOCUMENT, self.count)
            name, rows = f"page-{start // PER_DOCUMENT}", self.rows(start, end)
            held = groups(start // PER_DOCUMENT)
            chunks = []
            for i, number in enumerate(range(start, end)):
                text = self.text(number)
                made = Chunk(
                    *(f"c{number}", name, "bench", "r", i, f"Page {name}", (), text),
                    *(0, len(text), name, held),
                )
                chunks.append(StoredChunk(made, rows[i]))
            yield StoredDocument(DocumentKey("bench", name), tuple(chunks))

    def nearest(self, queries: Vectors, group: str, k: int) -> list[list[str]]:
        """The chunk ids with the ``k`` highest cosines of those that a group may see, exactly."""
        best = [(np.zeros(0, np.float32), np.zeros(0, np.int64)) for _ in queries]
        for start in range(0, self.count, 10_000):
            end = min(start + 10_000, self.count)
            numbers = np.arange(start, end)
            seen = visible(numbers // PER_DOCUMENT, group)
            scores = self._block(start, end)[seen] @ queries.T
            for i in range(len(queries)):
                values = np.concatenate([best[i][0], scores[:, i]])
                names = np.concatenate([best[i][1], numbers[seen]])
                top = np.argsort(-values, kind="stable")[:k]
                best[i] = values[top], names[top]
        return [[f"c{n}" for n in names] for _, names in best]

    def _block(self, start: int, end: int) -> Vectors:
        """As :meth:`rows`, in the documents' own pieces: noise is drawn for each."""
        pieces = range(start, end, PER_DOCUMENT)
        return np.concatenate([self.rows(at, min(at + PER_DOCUMENT, end)) for at in pieces])


def groups(document: int) -> frozenset[str]:
    """Who may see a document."""
    held = {"half"} if document % 2 else {"other"}
    if document % 20 == 0:
        held.add("twentieth")
    if document % 1000 == 0:
        held.add("thousandth")
    return frozenset(held)


def visible(documents: np.ndarray, group: str) -> np.ndarray:
    """The same for many documents at once."""
    steps = {"half": (2, 1), "twentieth": (20, 0), "thousandth": (1000, 0)}
    if group not in steps:
        return np.ones(documents.size, np.bool_)
    step, rest = steps[group]
    return documents % step == rest


def readers(group: str) -> frozenset[str]:
    """The groups of somebody who asks."""
    return frozenset({group}) if group else frozenset({"half", "other"})


def passages(data: Path, kept: Path, embedder: BuiltinEmbedder) -> tuple[list[str], Vectors]:
    """Different passages of all documentation with their vectors, from ``kept`` (``.npz``) where
    they were embedded before."""
    found = [chunk(document) for name in SETS for document in documentation(data / name).documents]
    texts = list(dict.fromkeys(f"{c.header}\n{c.text}" for chunks in found for c in chunks))
    if kept.exists():
        rows = np.load(kept)["rows"]
        if len(rows) == len(texts):
            return texts, rows
    rows = asyncio.run(embedder.embed(texts))
    kept.parent.mkdir(parents=True, exist_ok=True)
    np.savez(kept, rows=rows)
    return texts, rows


def asked(data: Path, texts: list[str], count: int) -> list[str]:
    """Questions of the documentation, and some made of a passage's words."""
    found = [q.text for name in SETS for q in documentation(data / name).questions]
    rng = random.Random(7)
    frames = ("How do I {}?", "What is the {}?", "Why does {} fail?", "{}")
    while len(found) < count:
        words = [w for w in rng.choice(texts).split() if w.isalpha() and len(w) > 2]
        if len(words) > 10:
            start = rng.randrange(len(words) - 8)
            found.append(
                rng.choice(frames).format(" ".join(words[start : start + rng.randint(3, 8)]))
            )
    return found[:count]
