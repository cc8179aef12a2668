"""Questions of the open sets with what a plain hybrid search over their own corpus finds.

Shared by ``train_reader.py`` and ``bench_refusal.py``: BM25 (k1 1.2, b 0.75) over stems and the
built-in embedder, fused half and half by relative score, six passages a question. The vectors of
a set are kept under ``$WELLSPOKEN_BENCH_CACHE`` (default: the system's temporary folder).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import math
import os
import pickle
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from bot.evidence import Chunk, Passage
from bot.lexical import query_terms, terms

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "knowledge" / "models" / "minilm-l6-v2-int8"


def data_folder() -> Path:
    """Where the open sets lie: ``WELLSPOKEN_OPEN_SETS``, else ``../shared/data``."""
    return Path(os.environ.get("WELLSPOKEN_OPEN_SETS", ROOT.parent / "shared" / "data"))


def cache_folder() -> Path:
    path = (
        Path(os.environ.get("WELLSPOKEN_BENCH_CACHE", tempfile.gettempdir())) / "wellspoken-bench"
    )
    path.mkdir(parents=True, exist_ok=True)
    return path


def rows(name: str) -> list[dict[str, object]]:
    """The lines of one file of the open sets, as ``squad2/questions``."""
    with gzip.open(data_folder() / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


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


class Corpus:
    """A set's pages, searched by words and by vectors."""

    def __init__(self, name: str, embedder: CachedEmbedder) -> None:
        self._embedder = embedder
        file = "mtrag/corpus_pool" if name == "mtrag" else f"{name}/corpus"
        self.chunks = []
        for row in rows(file):
            text = str(row["text"]).strip()
            title = str(row.get("title") or "")
            self.chunks.append(
                Chunk(
                    str(row["id"]), str(row["id"]), name, "", 0, title, (), text, 0, len(text), ""
                )
            )
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
    corpus = Corpus(name, embedder)
    questions = rows("mtrag/tasks" if name == "mtrag" else f"{name}/questions")
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
