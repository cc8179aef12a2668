"""Fits the extractive reader: which sentence answers, and whether anything does.

Run: ``python -m benchmarks.train_reader`` (about a minute once the vectors are cached); it prints
each set's figures when that set was left out and writes ``bot/llm/reader.json``.

Data (licences in the open sets' README): squad2, clapnq, northwind, multihop_rag and mtrag with
their own unanswerable questions, and for squad2, clapnq, mtrag and anthropic_docs_qa the same
answerable questions with their gold passages withheld, which makes them unanswerable.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.open_answers import CachedEmbedder, Case, cases
from bot.lexical import fold
from bot.llm.asking import Asked, read_question
from bot.llm.signals import (
    CANDIDATE_SIGNALS,
    QUESTION_SIGNALS,
    Scored,
    candidate_rows,
    question_row,
)

Array = NDArray[np.float64]
TARGET = Path(__file__).resolve().parent.parent / "bot" / "llm" / "reader.json"
NATIVE = ("squad2", "clapnq", "northwind", "multihop_rag", "mtrag")
WITHHELD = {"squad2": 400, "clapnq": 136, "mtrag": 150, "anthropic_docs_qa": 35}
JUDGED = ("squad2", "clapnq", "northwind")
EMBEDDED = 6
REFUSED_AT_MOST = 0.15


@dataclass
class Read:
    """A case with its candidates, their signals and which of them are right."""

    case: Case
    asked: Asked
    scored: list[Scored]
    right: NDArray[np.bool_]

    @property
    def rows(self) -> Array:
        return np.stack([s.row for s in self.scored])


def _plain(text: str) -> str:
    return re.sub(r"\W+", " ", fold(text)).strip()


def _is_right(case: Case, scored: Scored) -> bool:
    text = _plain(scored.candidate.text)
    if case.gold_sentences:
        gold = [_plain(g) for g in case.gold_sentences]
        return any(g in text or text in g for g in gold if g)
    if case.passages[scored.index].chunk.id not in case.gold or case.set != "squad2":
        return False
    return any(f" {_plain(a)} " in f" {text} " for a in case.answers)


def read(case: Case) -> Read:
    asked = read_question(case.question)
    scored = candidate_rows(asked, case.passages)
    right = [case.answerable and _is_right(case, s) for s in scored]
    return Read(case, asked, scored, np.array(right, bool))


def fit_ranker(reads: Sequence[Read], *, l2: float = 1e-3, steps: int = 400) -> Array:
    """Softmax over the candidates of each question, by Adam; weights of the raw signals."""
    groups = [(r.rows, r.right.astype(float)) for r in reads if r.right.any()]
    rows = np.concatenate([g[0] for g in groups])
    mean, scale = rows.mean(0), rows.std(0) + 1e-9
    rows = (rows - mean) / scale
    right = np.concatenate([g[1] for g in groups])
    group = np.repeat(np.arange(len(groups)), [len(g[1]) for g in groups])
    starts = np.searchsorted(group, np.arange(len(groups)))
    weights = np.zeros(rows.shape[1])
    momentum, square = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, steps + 1):
        z = rows @ weights
        e = np.exp(z - np.maximum.reduceat(z, starts)[group])
        share = e / np.add.reduceat(e, starts)[group]
        hit = np.add.reduceat(share * right, starts)
        wanted = share * right / np.maximum(hit[group], 1e-12)
        gradient = rows.T @ (share - wanted) / len(groups) + l2 * weights
        momentum = 0.9 * momentum + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        rate = 0.05 / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
        weights -= rate * momentum / (1 - 0.9**step)
    return weights / scale


def fit_logistic(rows: Array, right: Array, weight: Array, *, l2: float = 20.0) -> Array:
    """Weights of the raw signals, then the intercept; Newton's method, classes balanced."""
    mean, scale = rows.mean(0), rows.std(0) + 1e-9
    x = np.column_stack([(rows - mean) / scale, np.ones(len(rows))])
    share = (weight * right).sum() / weight.sum()
    weight = weight * np.where(right > 0, 0.5 / share, 0.5 / (1 - share))
    penalty = np.full(x.shape[1], l2)
    penalty[-1] = 1e-6
    w = np.zeros(x.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-x @ w))
        gradient = x.T @ (weight * (p - right)) + penalty * w
        curvature = (x * (weight * p * (1 - p))[:, None]).T @ x + np.diag(penalty)
        w -= np.linalg.solve(curvature, gradient)
    out = w.copy()
    out[:-1] /= scale
    out[-1] -= (w[:-1] * mean / scale).sum()
    return out


def add_sentence_cosines(reads: Sequence[Read], ranker: Array, embedder: CachedEmbedder) -> None:
    """As the reader does: the best few are embedded, the others get the worst of them."""
    for r in reads:
        if not r.scored:
            continue
        query = embedder.one(r.case.question)
        best = np.argsort(-(r.rows @ ranker))[:EMBEDDED]
        found = {
            int(i): float(embedder.one(r.scored[i].candidate.text[:600]) @ query) for i in best
        }
        worst = min(found.values())
        for i, scored in enumerate(r.scored):
            scored.row[-1] = found.get(i, worst)


def withhold(case: Case) -> Case:
    """The same question without its gold passages: nothing answers it any more."""
    kept = tuple(p for p in case.passages if p.chunk.id not in case.gold)
    return replace(case, id=f"{case.id}:withheld", answerable=False, passages=kept)


def answer_rows(reads: Sequence[Read], ranker: Array) -> tuple[Array, Array]:
    """Question signals and whether the question is answerable."""
    rows, right = [], []
    for r in reads:
        if not r.scored:
            continue
        scores = r.rows @ ranker
        best = np.argsort(-scores)[:EMBEDDED]
        ranked = [r.scored[i] for i in best]
        rows.append(
            question_row(r.asked, r.case.passages, ranked, [float(scores[i]) for i in best])
        )
        right.append(float(r.case.answerable))
    return np.array(rows), np.array(right)


def recall_at(score: Array, answerable: Array, refused: float = REFUSED_AT_MOST) -> float:
    """Share of the unanswerable below the threshold that refuses this share of the answerable."""
    known = answerable > 0
    return float((score[~known] < np.quantile(score[known], refused)).mean())


def fit_answering(parts: dict[str, tuple[Array, Array]]) -> Array:
    rows = np.concatenate([p[0] for p in parts.values()])
    right = np.concatenate([p[1] for p in parts.values()])
    # A set counts by the root of its size: the large one must not drown the others.
    weight = np.concatenate([np.full(len(p[1]), len(p[1]) ** -0.5) for p in parts.values()])
    return fit_logistic(rows, right, weight / weight.mean())


def confidence(rows: Array, weights: Array) -> Array:
    return 1 / (1 + np.exp(-(rows @ weights[:-1] + weights[-1])))


def load(embedder: CachedEmbedder) -> dict[str, list[Read]]:
    random.seed(7)
    found: dict[str, list[Read]] = {}
    for name in dict.fromkeys([*NATIVE, *WITHHELD]):
        questions = cases(name, embedder)
        if name == "mtrag":  # later turns need their thread
            questions = [c for c in questions if len(c.question.split()) > 3]
        known = [c for c in questions if c.answerable and c.gold]
        near = [withhold(c) for c in random.sample(known, min(WITHHELD.get(name, 0), len(known)))]
        found[name] = [read(c) for c in questions if c.passages]
        if near:
            found[f"{name}-withheld"] = [read(c) for c in near if c.passages]
    return found


def main() -> None:
    embedder = CachedEmbedder()
    sets = load(embedder)
    taught = [*sets["squad2"], *sets["clapnq"]]
    first = fit_ranker(taught)
    first[-1] = 0.0
    for reads in sets.values():
        add_sentence_cosines(reads, first, embedder)
    embedder.save()
    ranker = fit_ranker(taught)
    for name in ("squad2", "clapnq"):
        known = [r for r in sets[name] if r.right.any()]
        top = [r.right[np.argsort(-(r.rows @ ranker))] for r in known]
        print(f"{name}: right sentence first {np.mean([t[0] for t in top]):.3f},"
              f" in the first three {np.mean([t[:3].any() for t in top]):.3f}")  # fmt: skip
    parts = {name: answer_rows(reads, ranker) for name, reads in sets.items()}
    left_out: dict[str, float] = {}
    for name in JUDGED:
        others = {k: v for k, v in parts.items() if k.removesuffix("-withheld") != name}
        left_out[name] = recall_at(
            confidence(parts[name][0], fit_answering(others)), parts[name][1]
        )
    weights = fit_answering(parts)
    scores = {n: confidence(parts[n][0], weights) for n in parts}
    print(f"{'set':24} {'n':>5} {'left out':>9} {'fitted':>7}")
    for name, (_, right) in parts.items():
        inside = recall_at(scores[name], right) if 0 < right.mean() < 1 else float("nan")
        print(f"{name:24} {len(right):5} {left_out.get(name, float('nan')):9.2f} {inside:7.2f}")
    threshold = float(
        np.mean([np.quantile(scores[n][parts[n][1] > 0], REFUSED_AT_MOST) for n in JUDGED])
    )
    for name in parts:
        known = parts[name][1] > 0
        refused = scores[name] < threshold
        print(f"at {threshold:.3f} {name:24} refused of answerable {refused[known].mean():.2f}"
              f" of unanswerable {refused[~known].mean():.2f}")  # fmt: skip
    written = {
        "source": (
            "fitted by benchmarks/train_reader.py on squad2 (CC BY-SA 4.0), clapnq (Apache-2.0),"
            " northwind (MIT), multihop_rag (ODC-BY 1.0), mtrag (Apache-2.0) and"
            " anthropic_docs_qa (MIT), with the built-in embedder minilm-l6-v2-int8"
        ),
        "first": dict(zip(CANDIDATE_SIGNALS, first.round(4).tolist(), strict=True)),
        "ranker": dict(zip(CANDIDATE_SIGNALS, ranker.round(4).tolist(), strict=True)),
        "answered": dict(
            zip([*QUESTION_SIGNALS, "intercept"], weights.round(4).tolist(), strict=True)
        ),
        "threshold": round(threshold, 4),
    }
    TARGET.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
