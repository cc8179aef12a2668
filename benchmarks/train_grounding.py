"""Fits what the check makes of signals and encoder, and says how good it is on sets left out.

    python -m benchmarks.train_grounding [--checkpoint model.pt | --folder EXPORTED] [--write]

Needs scipy. The encoder was trained on made pairs and has seen no answer of the four judged sets
(``benchmarks/checker/train.py``); here a logistic regression joins its readings with the signals of
:mod:`knowledge.support`, fitted on all sets but one and tried on that one. ``words`` is a detector
that only counts overlapping words, with its threshold fitted the same way, ``signals`` is the check
without the encoder. Half of mtrag's rated answers, long ones of models
(``benchmarks/checker/rated.py``), is fitted on in every case: judged sets alone are short answers.
The other half and those written by hand are only tried on. ``--write`` keeps the fit on the others
in ``scales.json``.
"""

from __future__ import annotations

import argparse
import json
import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from benchmarks.checker.rated import kept_back, rated, taught
from benchmarks.checker.responses import (
    Array,
    ReadClaim,
    balanced_accuracy,
    developed,
    f1,
    onnx_reader,
    overlap,
    read_answers,
    read_claims,
    torch_reader,
)
from benchmarks.grounded_answers import JUDGED, Answer, documents, judged
from benchmarks.open_answers import cache_folder
from knowledge.checking.encoder import SIGNALS_READ
from knowledge.support import SIGNALS, ceiling

MODEL = Path(__file__).resolve().parent.parent / "knowledge" / "models" / "checker-minilm-l6-int8"
FITTED = (*JUDGED, "documents", "rated_taught")
RISING = frozenset("covered covered_passage covered_all pairs pairs_all run pair".split())
NAMES = (*SIGNALS, *SIGNALS_READ)
ROUNDS, CALM = 3, 0.3
Values = list[list[Array | None]]


class Joined:
    """A logistic regression on some of the values, each with the sign that it must have."""

    def __init__(self, columns: Sequence[int]) -> None:
        self.columns = list(columns)
        self.weights = np.zeros(len(self.columns))
        self.constant = 0.0

    def logit(self, values: Array) -> float:
        return float(values[self.columns] @ self.weights + self.constant)

    def fit(self, parts: Sequence[tuple[Sequence[Answer], Values]]) -> Joined:
        """One row a response, its weakest claim: by coverage first, then by the last fit."""
        for done in range(ROUNDS):
            rows, right, weight = [], [], []
            for answers, values in parts:
                own: list[float] = []
                for answer, found in zip(answers, values, strict=True):
                    stated = [v for v in found if v is not None]
                    if answer.generic or not stated:
                        continue
                    rows.append(min(stated, key=self.logit if done else lambda v: v[0] + v[6]))
                    own.append(float(answer.supported))
                share = np.where(np.array(own) > 0, np.mean(own), 1 - np.mean(own))
                weight.append(len(own) ** -0.5 / share)
                right += own
            self._fit_rows(np.array(rows)[:, self.columns], np.array(right), np.concatenate(weight))
        return self

    def _fit_rows(self, rows: Array, right: Array, weight: Array) -> None:
        mean, scale = rows.mean(0), rows.std(0) + 1e-9
        scaled = (rows - mean) / scale
        weight = weight / weight.mean()
        sign = np.where(right > 0, 1.0, -1.0)

        def loss(values: Array) -> tuple[float, Array]:
            margin = sign * (scaled @ values[:-1] + values[-1])
            pull = -sign * weight / (1 + np.exp(np.clip(margin, -30, 30)))
            total = (weight * np.logaddexp(0, -margin)).sum() + (values[:-1] ** 2).sum() / 2 / CALM
            slope = np.append(scaled.T @ pull + values[:-1] / CALM, pull.sum())
            return float(total), slope

        names = [NAMES[c] for c in self.columns]
        bounds = [(0.0, None) if n in RISING else (None, 0.0) for n in names]
        found = minimize(
            loss, np.zeros(len(names) + 1), jac=True, method="L-BFGS-B",
            bounds=[*bounds, (None, None)],
        ).x  # fmt: skip
        self.weights = found[:-1] / scale
        self.constant = float(found[-1] - mean @ self.weights)


def scores(read: Sequence[Sequence[ReadClaim]], values: Values, joined: Joined) -> Array:
    """The score of each response: that of its weakest claim, under what must agree exactly."""
    said = []
    for claims, found in zip(read, values, strict=True):
        each = []
        for claim, value in zip(claims, found, strict=True):
            if value is None:
                each.append(1.0 if claim.fixed is None else claim.fixed)
            else:
                judged = float(1 / (1 + np.exp(-joined.logit(value))))
                each.append(min(judged, ceiling(claim.signals, judged)))
        said.append(min(each, default=1.0))
    return np.array(said)


def best_words(parts: Sequence[tuple[Array, Sequence[Answer]]]) -> float:
    """The threshold on the share of known words with the best mean balanced accuracy."""
    tried = np.linspace(0.02, 0.98, 97)
    means = [np.mean([balanced_accuracy(c, a, t) for c, a in parts]) for t in tried]
    return float(tried[int(np.argmax(means))])


def answers_read() -> tuple[dict[str, list[Answer]], dict[str, list[list[ReadClaim]]]]:
    """All sets and their claims; kept in the cache of the benchmarks, reading takes a minute."""
    kept = cache_folder() / "claims_read_3.pickle"
    if kept.exists():
        sets, read = pickle.loads(kept.read_bytes())
        return sets, read
    sets = {name: judged(name) for name in JUDGED}
    long = rated()
    sets |= {"documents": documents(), "rated_taught": taught(long), "rated": kept_back(long)}
    sets["developed"] = developed()
    read = {name: read_answers(answers) for name, answers in sets.items()}
    kept.write_bytes(pickle.dumps((sets, read)))
    return sets, read


def report(sets: dict[str, list[Answer]], read: dict[str, list[list[ReadClaim]]],
           values: dict[str, Values]) -> None:  # fmt: skip
    """The table: each set left out of the fit."""
    counted = {name: np.array([overlap(a) for a in answers]) for name, answers in sets.items()}
    every, signals = range(len(NAMES)), range(len(SIGNALS))
    print(
        f"{'left out':18}{'n':>6}{'words':>8}{'signals':>9}{'joined':>8}{'passed':>8}{'caught':>8}"
    )
    table = []
    for name, answers in sets.items():
        others = [n for n in FITTED if n != name]
        at = best_words([(counted[n], sets[n]) for n in JUDGED if n != name])
        parts = [(sets[n], values[n]) for n in others]
        alone = scores(read[name], values[name], Joined(signals).fit(parts))
        both = scores(read[name], values[name], Joined(every).fit(parts))
        right = np.array([a.supported for a in answers])
        wrong = np.array([not a.supported and not a.generic for a in answers])
        line = [balanced_accuracy(counted[name], answers, at), balanced_accuracy(alone, answers),
                balanced_accuracy(both, answers), float((both[right] >= 0.5).mean()),
                float((both[wrong] < 0.5).mean())]  # fmt: skip
        if name in JUDGED:
            table.append(line)
        print(f"{name:18}{len(answers):6}" + "".join(f"{v:8.3f}" for v in line))
        if name not in FITTED:
            print(f"  F1 of unsupported answers: words {f1(counted[name], answers, at):.3f},"
                  f" signals {f1(alone, answers):.3f}, joined {f1(both, answers):.3f}")  # fmt: skip
    print(f"{'mean of judged':24}" + "".join(f"{v:8.3f}" for v in np.mean(table, axis=0)))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--checkpoint", type=Path, help="a checkpoint in place of the export")
    parser.add_argument("--folder", type=Path, default=MODEL)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    sets, read = answers_read()
    reader = torch_reader(given.checkpoint) if given.checkpoint else onnx_reader(given.folder)
    values = {name: read_claims(claims, reader) for name, claims in read.items()}
    report(sets, read, values)
    if given.write:
        fitted = Joined(range(len(NAMES))).fit([(sets[n], values[n]) for n in FITTED])
        path = given.folder / "scales.json"
        kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        kept["claim"] = {
            "weights": {n: round(float(w), 4) for n, w in zip(NAMES, fitted.weights, strict=True)},
            "constant": round(fitted.constant, 4),
        }
        kept.setdefault("question", {"weight": 1.0, "constant": 0.0})
        path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
