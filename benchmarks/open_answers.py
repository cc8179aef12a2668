"""Questions of the open sets with what a plain hybrid search over their own corpus finds.

Shared by ``train_reader.py`` and ``bench_refusal.py``: BM25 (k1 1.2, b 0.75) over stems and the
built-in embedder, fused half and half by relative score, six passages a question. The vectors of
a set are kept under ``$WELLSPOKEN_BENCH_CACHE`` (default: the system's temporary folder).
"""

from __future__ import annotations

import hashlib
import math
import os
import pickle
import re
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from benchmarks.open_sets import ROOT, rows
from bot.evidence import Chunk, Passage
from bot.lexical import query_terms, terms

MODEL = ROOT / "knowledge" / "models" / "minilm-l6-v2-int8"


def cache_folder() -> Path:
    path = (
        Path(os.environ.get("WELLSPOKEN_BENCH_CACHE", tempfile.gettempdir())) / "wellspoken-bench"
    )
    path.mkdir(parents=True, exist_ok=True)
    return path


class CachedEmbedder:
    """The built-in embedding model behind the port, one text a call, remembered on disk."""

    model = "minilm-l6-v2-int8"
    dimensions = 384

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
        self._session = onnxruntime.InferenceSession(
            str(MODEL / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._path = cache_folder() / "vectors.pickle"
        self._known: dict[bytes, NDArray[np.float32]] = {}
        if self._path.exists():
            self._known = pickle.loads(self._path.read_bytes())
        self.misses = 0

    def one(self, text: str) -> NDArray[np.float32]:
        key = hashlib.blake2b(text.encode(), digest_size=12).digest()
        if key not in self._known:
            self.misses += 1
            ids = np.array([self._tokenizer.encode(text).ids], np.int64)
            self._known[key] = self._session.run(
                ["sentence_embedding"], {"input_ids": ids, "attention_mask": np.ones_like(ids)}
            )[0][0]
        return self._known[key]

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([self.one(t) for t in texts])

    async def embed_query(self, text: str) -> NDArray[np.float32]:
        return self.one(text)

    def save(self) -> None:
        if self.misses:
            self._path.write_bytes(pickle.dumps(self._known))


@dataclass(frozen=True)
class Case:
    """One question with the passages found for it."""

    set: str
    id: str
    question: str
    answerable: bool
    answers: tuple[str, ...]
    gold: tuple[str, ...]
    gold_sentences: tuple[str, ...]
    passages: tuple[Passage, ...]


def sections(page: str, title: str, text: str, source: str) -> list[Chunk]:
    """A Markdown page cut at its headings, each part with its heading path."""
    found: list[Chunk] = []
    path: list[str] = []
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    for part in re.split(r"(?m)^(?=#{1,6} )", text):
        heading = re.match(r"(#{1,6}) (.*)\n?", part)
        if heading:
            path = [*path[: len(heading[1]) - 1], heading[2].strip()]
        body = part[heading.end() :].strip() if heading else part.strip()
        for at in range(0, len(body), 1_500):
            piece = body[at : at + 1_500]
            name = f"{page}#{len(found)}"
            found.append(
                Chunk(
                    name, page, source, "", len(found), title, tuple(path), piece, 0, len(piece), ""
                )
            )
    return found


def _doc_chunks(name: str) -> list[Chunk]:
    """A documentation set with the headings that are questions blanked, as its README asks."""
    blank: dict[str, list[tuple[int, int]]] = {}
    for row in rows(f"{name}/faq"):
        for span in row["spans"]:
            blank.setdefault(span["page"], []).append(tuple(span["heading"]))
    found = []
    for row in rows(f"{name}/pages"):
        text = row["text"]
        for start, end in blank.get(row["id"], []):
            text = text[:start] + "#" + " " * (end - start - 1) + text[end:]
        found += sections(row["id"], str(row.get("title") or ""), text, name)
    return found


def _set_chunks(name: str) -> list[Chunk]:
    if name.startswith("docs_"):
        return _doc_chunks(name)
    found = []
    for row in rows("mtrag/corpus_pool" if name == "mtrag" else f"{name}/corpus"):
        text = str(row["text"]).strip()
        title = str(row.get("title") or "")
        found.append(Chunk(row["id"], row["id"], name, "", 0, title, (), text, 0, len(text), ""))
    return found


class Corpus:
    """A set's passages, searched by words and by vectors."""

    def __init__(self, chunks: Sequence[Chunk], embedder: CachedEmbedder) -> None:
        self._embedder = embedder
        self.chunks = chunks
        self._counts = [Counter(terms(f"{c.header}\n{c.text}")) for c in self.chunks]
        self._lengths = np.array([sum(c.values()) for c in self._counts], float)
        self._frequency = Counter(t for c in self._counts for t in c)
        self._vectors = np.stack([embedder.one(f"{c.header}\n{c.text}") for c in self.chunks])

    def _lexical(self, query: str) -> NDArray[np.float64]:
        n = len(self.chunks)
        scores = np.zeros(n)
        norm = 1.2 * (0.25 + 0.75 * self._lengths / self._lengths.mean())
        for term in query_terms(query):
            df = self._frequency.get(term, 0)
            if df:
                idf = math.log(1 + (n - df + 0.5) / (df + 0.5))
                tf = np.array([c.get(term, 0) for c in self._counts], float)
                scores += idf * tf * 2.2 / (tf + norm)
        return scores

    def search(self, query: str, k: int = 6) -> tuple[Passage, ...]:
        lexical = self._lexical(query)
        cosine = self._vectors @ self._embedder.one(query)

        def relative(s: NDArray[np.floating]) -> NDArray[np.floating]:
            top = np.sort(s)[-50:]
            low, high = top[0], top[-1]
            return np.clip((s - low) / (high - low), 0, 1) if high > low else np.zeros_like(s)

        fused = 0.5 * relative(lexical) + 0.5 * relative(cosine)
        best = np.argsort(-fused)[:k]
        return tuple(
            Passage(self.chunks[i], float(fused[i]), float(lexical[i]), float(cosine[i]))
            for i in best
        )


def cases(name: str, embedder: CachedEmbedder) -> list[Case]:
    """Every question of a set with its search result."""
    corpus = Corpus(_set_chunks(name), embedder)
    file = "faq" if name.startswith("docs_") else "tasks" if name == "mtrag" else "questions"
    questions = rows(f"{name}/{file}")
    found = []
    for row in questions:
        question = str(row["question"]).strip()
        found.append(
            Case(
                name,
                str(row["id"]),
                question,
                bool(row["answerable"]),
                tuple(row.get("answers") or ()),
                tuple(row.get("gold") or row.get("gold_pages") or ()),
                tuple(row.get("gold_sentences") or ()),
                corpus.search(question),
            )
        )
    embedder.save()
    return found
