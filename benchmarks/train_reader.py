"""Fits the extractive reader: which sentence answers, and whether anything does.

Needs scikit-learn. Run: ``python -m benchmarks.train_reader`` (about a minute once the vectors are
cached); it prints each set's figures and writes ``bot/llm/reader.json``.

Data (licences in the open sets' README): squad2, clapnq, northwind, multihop_rag and mtrag with
their own unanswerable questions, and for squad2, clapnq, mtrag and anthropic_docs_qa the same
answerable questions with their gold passages withheld, which makes them unanswerable.

The trained checker reads passages and question as one; the threshold of both together is fitted on
questions that neither has seen: articles of squad2 and clapnq that the checker's training left
out, and northwind, each with trees that were fitted without that set.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from benchmarks.bench_refusal import UNSEEN
from benchmarks.open_answers import CachedEmbedder, Case, cases
from bot.lexical import fold
from bot.llm.asking import Asked, read_question
from bot.llm.extractive import JUDGED_PASSAGES, logit
from bot.llm.signals import (
    CANDIDATE_SIGNALS,
    QUESTION_SIGNALS,
    Scored,
    candidate_rows,
    in_context,
    question_row,
)
from bot.llm.wording import Wording
from knowledge.checking.answering import EncoderJudge
from knowledge.checking.encoder import CheckerEncoder

Array = NDArray[np.float64]
TARGET = Path(__file__).resolve().parent.parent / "bot" / "llm" / "reader.json"
NATIVE = ("squad2", "clapnq", "northwind", "multihop_rag", "mtrag")
WITHHELD = {
    "squad2": 400, "clapnq": 136, "mtrag": 150, "anthropic_docs_qa": 35, "docs_plausible": 62,
    "docs_wsl": 8,
}  # fmt: skip
JUDGED = ("squad2", "clapnq", "northwind")
EMBEDDED = 6
REFUSED_AT_MOST = 0.15
FOLDS = 7
RISING = frozenset(
    """covered covered_with_heading covered_nearby covered_by_passage covered_by_all full_sentence
    full_nearby full_passage pairs type cosine cosine_top lexical_top sentence_cosine
    sentence_cosine_top score""".split()
)
FALLING = frozenset(
    """missing_sentence missing_nearby missing_passage missing_all type_wanted_missing
    strict_missing names_missing names_missing_passage opposed negation_differs
    count_missing_nearby count_missing_passage""".split()
)


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
    if case.passages[scored.index].chunk.document not in case.gold or case.set != "squad2":
        return False
    return any(f" {_plain(a)} " in f" {text} " for a in case.answers)


def read(case: Case) -> Read:
    question = Wording(case.passages).respelled(case.question)
    asked = in_context(read_question(question), case.passages)
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
    kept = tuple(p for p in case.passages if p.chunk.document not in case.gold)
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


Parts = dict[str, tuple[Array, Array]]


def fit_answering(parts: Parts) -> HistGradientBoostingClassifier:
    """Small boosted trees, monotone in every signal whose direction is known."""
    rows = np.concatenate([p[0] for p in parts.values()])
    right = np.concatenate([p[1] for p in parts.values()])
    # The large set must not drown the others; the fourth root was best in cross-validation.
    weight = np.concatenate([np.full(len(p[1]), len(p[1]) ** -0.25) for p in parts.values()])
    for value in (0, 1):
        weight[right == value] /= weight[right == value].sum()
    directions = [1 if n in RISING else -1 if n in FALLING else 0 for n in QUESTION_SIGNALS]
    model = HistGradientBoostingClassifier(
        max_depth=4,
        learning_rate=0.05,
        max_iter=200,
        l2_regularization=5,
        min_samples_leaf=30,
        monotonic_cst=directions,
        random_state=7,
    )
    return model.fit(rows, right, sample_weight=weight * len(right) / 2)


def confidence(rows: Array, model: HistGradientBoostingClassifier) -> Array:
    return model.predict_proba(rows)[:, 1]


def exported(model: HistGradientBoostingClassifier) -> dict[str, object]:
    """Trees as lists of ``[signal, threshold, left, right]`` or ``[value]``, root first."""
    trees = []
    for (predictor,) in model._predictors:
        nodes = [
            [round(float(n["value"]), 5)]
            if n["is_leaf"]
            else [
                int(n["feature_idx"]),
                round(float(n["num_threshold"]), 5),
                int(n["left"]),
                int(n["right"]),
            ]
            for n in predictor.nodes
        ]
        trees.append(nodes)
    return {"start": round(float(model._baseline_prediction[0, 0]), 5), "trees": trees}


def cross_validated(parts: Parts, groups: dict[str, list[str]]) -> dict[str, Array]:
    """Scores of each question by a model that saw neither it nor any other of its document."""
    scores = {name: np.zeros(len(part[1])) for name, part in parts.items()}
    folds = {n: np.array([zlib.crc32(g.encode()) % FOLDS for g in gs]) for n, gs in groups.items()}
    for part in range(FOLDS):
        kept = {n: (r[folds[n] != part], y[folds[n] != part]) for n, (r, y) in parts.items()}
        model = fit_answering({n: p for n, p in kept.items() if len(p[1])})
        for name, (rows, _) in parts.items():
            held = folds[name] == part
            if held.any():
                scores[name][held] = confidence(rows[held], model)
    return scores


def threshold_for(scores: dict[str, Array], parts: Parts) -> float:
    """Where the judged sets refuse the wanted share of what they can answer, on average."""
    tried = np.linspace(0.05, 0.95, 181)
    refused = [np.mean([(scores[n][parts[n][1] > 0] < t).mean() for n in JUDGED]) for t in tried]
    return float(tried[np.searchsorted(refused, REFUSED_AT_MOST, side="right") - 1])


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
    return {name: [r for r in reads if r.scored] for name, reads in found.items()}


def fit_rankers(sets: dict[str, list[Read]], embedder: CachedEmbedder) -> tuple[Array, Array]:
    """The ranker that chooses what is embedded, and the one that ranks with the vectors."""
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
        first_share = np.mean([t[0] for t in top])
        print(f"{name}: right sentence first {first_share:.3f}, in the first three"
              f" {np.mean([t[:3].any() for t in top]):.3f}")  # fmt: skip
    return first, ranker


def document_of(read: Read) -> str:
    return read.case.gold[0].split("#")[0] if read.case.gold else read.case.id


def report(parts: Parts, scores: dict[str, Array], threshold: float) -> None:
    print(f"recall of the unanswerable at {REFUSED_AT_MOST:.0%} refused of the answerable;"
          f" then both shares at the shipped threshold {threshold:.3f}")  # fmt: skip
    print(f"{'set':26}{'n':>6}{'left out':>10}{'folds':>7}{'refused':>9}{'recall':>8}")
    for name, (rows, right) in parts.items():
        known = right > 0
        others = {k: v for k, v in parts.items() if k.removesuffix("-withheld") != name}
        cells = ["", "", "", ""]
        if known.any():
            cells[2] = f"{(scores[name][known] < threshold).mean():.2f}"
        if (~known).any():
            cells[3] = f"{(scores[name][~known] < threshold).mean():.2f}"
        if known.any() and (~known).any():
            cells[0] = f"{recall_at(confidence(rows, fit_answering(others)), right):.2f}"
            cells[1] = f"{recall_at(scores[name], right):.2f}"
        print(f"{name:26}{len(right):6}{cells[0]:>10}{cells[1]:>7}{cells[2]:>9}{cells[3]:>8}")


def is_unseen(read: Read) -> bool:
    name = read.case.set
    if name not in UNSEEN or "withheld" in read.case.id:
        return False
    document = read.case.gold[0] if read.case.gold else read.case.id
    return UNSEEN[name](document.split("#")[0])


async def judged_rows(reads: Sequence[Read], ranker: Array, judge: EncoderJudge) -> Array:
    """What the judge says of each question, as the reader asks it: best passage, all of them."""
    rows = []
    for r in reads:
        best = np.argsort(-(r.rows @ ranker), kind="stable")[:EMBEDDED]
        single = list(dict.fromkeys(r.scored[i].index for i in best))[:JUDGED_PASSAGES]
        groups = [*([r.case.passages[i]] for i in single), list(r.case.passages)]
        question = Wording(r.case.passages).respelled(r.case.question)
        said = [
            await judge.answers(question, [p.chunk.text for p in g], [p.chunk.header for p in g])
            for g in groups
        ]
        rows.append([logit(max(said[:-1])), logit(said[-1])])
    return np.array(rows)


def fit_judged(sets: dict[str, list[Read]], parts: Parts, ranker: Array) -> list[float]:
    """The weights of the reader's, the best passage's and all passages' logits, and a constant.

    The three count alike: weights fitted on two sets lose a tenth of the recall on the third. Only
    the threshold is fitted, a little below the share that may be refused.
    """
    judge = EncoderJudge(CheckerEncoder())
    held: dict[str, tuple[Array, Array]] = {}
    for name in UNSEEN:
        at = np.array([is_unseen(r) for r in sets[name]])
        rows, right = parts[name]
        others = {k: v for k, v in parts.items() if k.removesuffix("-withheld") != name}
        read = confidence(rows[at], fit_answering(others))
        said = asyncio.run(
            judged_rows([r for r, k in zip(sets[name], at, strict=True) if k], ranker, judge)
        )
        held[name] = (np.column_stack([[logit(v) for v in read], said]), right[at])

    print(f"recall of the unanswerable at {REFUSED_AT_MOST:.0%} refused, on unseen questions")
    print(f"{'set':14}{'n':>6}{'trees':>8}{'passage':>9}{'all':>8}{'joined':>8}")
    for name, (rows, right) in held.items():
        cells = [recall_at(rows @ w, right) for w in (*np.eye(3), np.ones(3))]
        print(f"{name:14}{len(right):6}" + "".join(f"{c:8.2f} " for c in cells), flush=True)
    total = {n: rows.mean(1) for n, (rows, _) in held.items()}
    tried = np.linspace(-4, 4, 161)
    refused = [np.mean([(total[n][held[n][1] > 0] < t).mean() for n in held]) for t in tried]
    shift = float(tried[max(np.searchsorted(refused, 0.9 * REFUSED_AT_MOST, side="right") - 1, 0)])
    for name, (_, right) in held.items():
        print(f"{name}: refused {(total[name][right > 0] < shift).mean():.2f}, recall"
              f" {(total[name][right == 0] < shift).mean():.2f} at the threshold")  # fmt: skip
    return [0.3333, 0.3333, 0.3333, round(-shift, 4)]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--judged-only", action="store_true", help="fit the judge's weights alone")
    given = parser.parse_args()
    embedder = CachedEmbedder()
    sets = load(embedder)
    first, ranker = fit_rankers(sets, embedder)
    parts = {name: answer_rows(reads, ranker) for name, reads in sets.items()}
    judged = fit_judged(sets, parts, ranker)
    if given.judged_only:
        kept = json.loads(TARGET.read_text(encoding="utf-8"))
        TARGET.write_text(
            json.dumps({**kept, "judged": judged}, separators=(",", ":")) + "\n", encoding="utf-8"
        )
        return
    groups = {name: [document_of(r) for r in reads] for name, reads in sets.items()}
    scores = cross_validated(parts, groups)
    threshold = threshold_for(scores, parts)
    report(parts, scores, threshold)
    written = {
        "source": (
            "fitted by benchmarks/train_reader.py on squad2 (CC BY-SA 4.0), clapnq (Apache-2.0),"
            " northwind (MIT), multihop_rag (ODC-BY 1.0), mtrag (Apache-2.0), anthropic_docs_qa"
            " (MIT), docs_plausible (CC BY-SA 4.0) and docs_wsl (CC BY 4.0), with the built-in"
            " embedder minilm-l6-v2-int8"
        ),
        "first": dict(zip(CANDIDATE_SIGNALS, first.round(4).tolist(), strict=True)),
        "ranker": dict(zip(CANDIDATE_SIGNALS, ranker.round(4).tolist(), strict=True)),
        "signals": list(QUESTION_SIGNALS),
        "answered": exported(fit_answering(parts)),
        "threshold": round(threshold, 4),
        "judged": judged,
    }
    TARGET.write_text(json.dumps(written, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
