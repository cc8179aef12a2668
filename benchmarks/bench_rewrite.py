"""How much of a human rewrite's gain our rewriting recovers, without a model.

Sets: trec_cast (user turns only), ikat (turns with answers), canard (topic, section, then question
and answer in turn). ``recovered`` is ``(ours - raw) / (human - raw)``, raw being the last turn
alone. Measures, each a mean over the follow-ups of a set:

- ``terms``: F1 of the content terms of the query against those of the human rewrite;
- ``cosine``: similarity of the built-in embedder's vectors to that of the human rewrite;
- ``overlap``: share of the ten texts that the human rewrite finds among the human rewrites of all
  sets (itself left out), by hybrid search (BM25 and cosine, min-max, half each), as the product's;
- ``response``: MRR@10 by the same search of what answers the turn: ikat's response; the section of
  canard's article, as its collected answers; mtrag's gold passages as far as they are in its pool.

trec_cast carries no texts that answer, so ``overlap`` stands for its retrieval. mtrag is shown as a
set of the product's own kind (documentation, handbooks, finance); its distance is small.

Conversations are halved by a hash of their name: ``--part tune`` to look at, ``report`` to report.

    .venv/bin/python -m benchmarks.bench_rewrite --data ../shared/data
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import re
import statistics
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.conversation import Message, Role
from bot.lexical import query_terms, terms
from bot.query import rewrite

SETS = ("trec_cast", "ikat", "canard", "mtrag")
FILES = {
    "trec_cast": ["trec_cast/cast2019.jsonl.gz", "trec_cast/cast2020.jsonl.gz"],
    "ikat": ["ikat/ikat2023.jsonl.gz"],
    "canard": ["canard/rewrites.jsonl.gz"],
    "mtrag": ["mtrag/rewrites.jsonl.gz"],
}


@dataclass
class Case:
    """A follow-up of a set; ``targets`` name the documents that answer it."""

    set: str
    conversation: str
    history: tuple[Message, ...]
    question: str
    human: str
    targets: tuple[str, ...] = ()
    ours: str = ""


def _lines(path: Path) -> list[dict]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _messages(texts: list[str], answered: bool) -> tuple[Message, ...]:
    roles = (Role.USER, Role.ASSISTANT) if answered else (Role.USER, Role.USER)
    return tuple(Message(roles[i % 2], t) for i, t in enumerate(texts))


def read(data: Path) -> tuple[list[Case], dict[str, dict[str, str]]]:
    """Every follow-up, and by set the documents that answer, by name."""
    cases: list[Case] = []
    documents: dict[str, dict[str, str]] = {s: {} for s in SETS}
    for name in SETS:
        rows = [row for file in FILES[name] for row in _lines(data / file)]
        found = documents[name]
        if name == "mtrag":
            found |= {r["id"]: r["text"] for r in _lines(data / "mtrag/corpus_pool.jsonl.gz")}
        for row in rows:
            conversation = re.split(r"#|<::>|_\d+$", str(row["id"]))[0]
            targets: list[str] = []
            if name == "ikat":
                targets = [str(row["id"])]
                found[targets[0]] = row["response"]
            elif name == "canard":
                targets = [conversation]
                text = " ".join(row["history"][:2] + row["history"][3::2])
                found[conversation] = max(text, found.get(conversation, ""), key=len)
            elif name == "mtrag":
                targets = [g for g in row["gold"] if g in found]
            history = _messages(row["history"], name in {"ikat", "canard"})
            if history:
                cases.append(
                    Case(name, conversation, history, row["question"], row["rewrite"], (*targets,))
                )
    return cases, documents


def part_of(conversation: str) -> str:
    """``tune`` or ``report``, by a hash of the conversation's name."""
    return "tune" if hashlib.sha256(conversation.encode()).digest()[0] % 2 else "report"


class Embedding:
    """The built-in embedder with a cache in memory and, where asked for, in a file."""

    def __init__(self, cache: Path | None) -> None:
        import onnxruntime as ort
        from tokenizers import Tokenizer

        folder = Path(__file__).parent.parent / "knowledge/models/minilm-l6-v2-int8"
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = ort.InferenceSession(
            folder / "model.onnx", options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._cache = cache
        self._known: dict[str, np.ndarray] = {}
        if cache and cache.exists():
            with np.load(cache, allow_pickle=False) as saved:
                self._known = dict(zip(saved["texts"].tolist(), saved["vectors"], strict=True))

    def _vector(self, text: str) -> np.ndarray:
        ids = np.array([self._tokenizer.encode(text).ids], np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        return self._session.run(["sentence_embedding"], feed)[0][0]

    def __call__(self, texts: list[str]) -> np.ndarray:
        for text in texts:
            if text not in self._known:
                self._known[text] = self._vector(text)
        return np.stack([self._known[t] for t in texts])

    def save(self) -> None:
        if self._cache:
            vectors = np.stack(list(self._known.values()))
            np.savez(self._cache, texts=np.array(list(self._known)), vectors=vectors)


class Bm25:
    """Plain BM25 (k1 1.2, b 0.75) over the product's terms."""

    def __init__(self, texts: list[str]) -> None:
        counts = [Counter(terms(t)) for t in texts]
        lengths = np.array([sum(c.values()) or 1 for c in counts], float)
        norm = 1.2 * (0.25 + 0.75 * lengths / lengths.mean())
        postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for i, count in enumerate(counts):
            for term, n in count.items():
                postings[term].append((i, n))
        self._n = len(texts)
        self._weights: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        for term, found in postings.items():
            ids = np.array([i for i, _ in found])
            tf = np.array([n for _, n in found], float)
            idf = np.log(1 + (self._n - len(ids) + 0.5) / (len(ids) + 0.5))
            self._weights[term] = (ids, idf * tf * 2.2 / (tf + norm[ids]))

    def scores(self, query: str) -> np.ndarray:
        out = np.zeros(self._n)
        for term in query_terms(query):
            if term in self._weights:
                ids, weights = self._weights[term]
                out[ids] += weights
        return out


def _unit(scores: np.ndarray) -> np.ndarray:
    low, high = scores.min(), scores.max()
    return (scores - low) / (high - low) if high > low else np.zeros_like(scores)


class Search:
    """Hybrid search over a list of texts, as the product fuses it."""

    def __init__(self, texts: list[str], vectors: np.ndarray) -> None:
        self._bm25 = Bm25(texts)
        self._vectors = vectors

    def ranked(self, query: str, vector: np.ndarray) -> list[int]:
        """Places of the texts, best first."""
        fused = _unit(self._bm25.scores(query)) + _unit(self._vectors @ vector)
        return np.argsort(-fused, kind="stable").tolist()


def reciprocal_rank(ranked: list[int], wanted: set[int]) -> float:
    return next((1 / n for n, i in enumerate(ranked[:10], 1) if i in wanted), 0.0)


def term_f1(query: str, human: str) -> float:
    """F1 of the distinct content terms."""
    got, want = set(query_terms(query)), set(query_terms(human))
    both = len(got & want)
    return 2 * both / (len(got) + len(want)) if got or want else 1.0


def measure(
    cases: list[Case], documents: dict[str, dict[str, str]], embed: Embedding
) -> dict[str, dict[str, tuple[float, ...]]]:
    """Mean of each measure by set: ``{set: {measure: (raw, ours, human)}}``."""
    pool = list(dict.fromkeys(c.human for c in cases))
    search = Search(pool, embed(pool))
    place = {t: i for i, t in enumerate(pool)}
    answers = {
        s: (list(found), Search(list(found.values()), embed(list(found.values()))))
        for s, found in documents.items()
        if found
    }
    sums: dict[str, dict[str, list[list[float]]]] = {
        s: defaultdict(lambda: [[], [], []]) for s in SETS
    }
    for case in cases:
        row = sums[case.set]
        human = embed([case.human])[0]
        itself = place[case.human]
        near = [i for i in search.ranked(case.human, human) if i != itself][:10]
        for i, query in enumerate((case.question, case.ours, case.human)):
            vector = embed([query])[0]
            row["terms"][i].append(term_f1(query, case.human))
            row["cosine"][i].append(float(vector @ human))
            got = [j for j in search.ranked(query, vector) if j != itself][:10]
            row["overlap"][i].append(len(set(got) & set(near)) / 10)
            if case.targets:
                names, found = answers[case.set]
                wanted = {names.index(t) for t in case.targets}
                row["response"][i].append(reciprocal_rank(found.ranked(query, vector), wanted))
    return {
        s: {m: tuple(map(statistics.fmean, v)) for m, v in row.items()} for s, row in sums.items()
    }


def show(table: dict) -> None:
    print(f"{'set':10} {'measure':9} {'raw':>6} {'ours':>6} {'human':>6} {'recovered':>9}")
    for name, row in table.items():
        for label, (raw, ours, human) in row.items():
            gain = (ours - raw) / (human - raw) if human > raw else float("nan")
            print(f"{name:10} {label:9} {raw:6.3f} {ours:6.3f} {human:6.3f} {gain:9.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--part", choices=["tune", "report"], default="report")
    parser.add_argument("--limit", type=int, default=200, help="follow-ups a set")
    parser.add_argument("--cache", type=Path, help="keep vectors in this .npz file")
    parser.add_argument("--show", type=int, default=0, help="print so many rewrites a set")
    args = parser.parse_args()
    cases, documents = read(args.data)
    cases = [c for c in cases if part_of(c.conversation) == args.part]
    cases.sort(key=lambda c: hashlib.sha256((c.conversation + c.question).encode()).digest())
    cases = [c for s in SETS for c in [x for x in cases if x.set == s][: args.limit]]
    spent = []
    for case in cases:
        began = time.perf_counter()
        case.ours = rewrite(case.question, case.history)
        spent.append((time.perf_counter() - began) * 1000)
    for name in SETS:
        for case in [c for c in cases if c.set == name][: args.show]:
            before = " | ".join(m.text[:70] for m in case.history[:1] + case.history[-3:])
            print(f"\n[{name}] {before}\n  Q {case.question}\n  > {case.ours}\n  H {case.human}")
    embed = Embedding(args.cache)
    table = measure(cases, documents, embed)
    embed.save()
    show(table)
    changed = sum(c.ours != c.question for c in cases)
    same = [c for c in cases if c.human.strip() == c.question.strip()]
    kept = sum(c.ours == c.question for c in same)
    print(
        f"{len(cases)} follow-ups, {changed} changed; of {len(same)} that stand alone {kept} kept"
    )
    spent.sort()
    print(
        f"rewrite: p50 {spent[len(spent) // 2]:.3f} ms, p99 {spent[int(len(spent) * 0.99)]:.3f} ms"
    )


if __name__ == "__main__":
    main()
