"""Fits the built-in grounding check and says how good it is on sets it was not fitted on.

Needs scikit-learn. Run: ``python -m benchmarks.train_grounding`` (under a minute); it writes
``knowledge/models/grounding.json``. The comparison is a detector that only counts overlapping
words, with its threshold fitted the same way.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from benchmarks.grounded_answers import JUDGED, Answer, every_set
from benchmarks.train_reader import exported
from bot.lexical import STOP_WORDS, terms, words
from bot.sentences import split
from knowledge.grounding import states_nothing, unwrapped
from knowledge.statements import plain, read_passage, read_statement
from knowledge.support import SIGNALS, ceiling, quoted, support

Array = NDArray[np.float64]
TARGET = Path(__file__).resolve().parent.parent / "knowledge" / "models" / "grounding.json"
RISING = frozenset("covered covered_passage covered_all pairs pairs_all run".split())
FALLING = frozenset(
    """missing_heaviest missing_count numbers_missing numbers_missing_all names_missing
    names_missing_all negation_differs personal""".split()
)


def overlap(answer: Answer) -> float:
    """Share of the response's words, stop words apart, that the passages hold."""
    held = {w for p in answer.passages for w in words(p)}
    said = [w for w in words(answer.response) if w not in STOP_WORDS]
    return sum(w in held for w in said) / len(said) if said else 1.0


def claims(answer: Answer) -> list[tuple[float, ...] | None]:
    """The signals of each claim; ``None`` for one that is quoted."""
    passages = [read_passage(p) for p in answer.passages]
    asked = frozenset(terms(answer.question))
    known = asked.union(*(p.found for p in passages))
    found: list[tuple[float, ...] | None] = []
    for unit in split(answer.response):
        text = unwrapped(unit.text)
        statement = read_statement(text, asked)
        if quoted(plain(unit.text), passages) or quoted(text, passages):
            found.append(None)
        elif not states_nothing(unit.text, statement, known):
            found.append(support(statement, passages).signals)
    return found


Claims = list[list[tuple[float, ...] | None]]


def rows_of(answers: list[Answer], read: Claims) -> tuple[Array, Array]:
    """One row an answer: its weakest claim. Generic ones and mere quotes teach nothing."""
    rows, right = [], []
    for answer, found in zip(answers, read, strict=True):
        stated = [f for f in found if f is not None]
        if stated and not answer.generic:
            rows.append(min(stated, key=lambda f: f[0] + f[6]))
            right.append(float(answer.supported))
    return np.array(rows), np.array(right)


def _balance(right: Array) -> Array:
    """Both verdicts of a set weigh the same; a set counts by the root of its size."""
    share = np.where(right > 0, right.mean(), 1 - right.mean())
    return len(right) ** -0.5 / share


def fit(parts: list[tuple[Array, Array]]) -> HistGradientBoostingClassifier:
    rows = np.concatenate([p[0] for p in parts])
    right = np.concatenate([p[1] for p in parts])
    weight = np.concatenate([_balance(y) for _, y in parts])
    directions = [1 if n in RISING else -1 if n in FALLING else 0 for n in SIGNALS]
    model = HistGradientBoostingClassifier(
        max_depth=3,
        learning_rate=0.06,
        max_iter=120,
        l2_regularization=5,
        min_samples_leaf=30,
        monotonic_cst=directions,
        random_state=7,
    )
    return model.fit(rows, right, sample_weight=weight / weight.mean())


def scores(model: HistGradientBoostingClassifier, read: Claims) -> Array:
    """The score of each answer: that of its weakest claim."""
    flat = [f for found in read for f in found if f is not None]
    limits = np.array([ceiling(f) for f in flat])
    estimated = iter(np.minimum(model.predict_proba(np.array(flat))[:, 1], limits))
    return np.array(
        [
            min((0.99 if f is None else next(estimated) for f in found), default=1.0)
            for found in read
        ]
    )


def balanced_accuracy(score: Array, answers: list[Answer], threshold: float) -> float:
    stated = np.array([not a.generic for a in answers])
    right = np.array([a.supported for a in answers])
    passed = score >= threshold
    return float((passed[stated & right].mean() + (~passed)[stated & ~right].mean()) / 2)


def best_threshold(found: list[tuple[Array, list[Answer]]]) -> float:
    tried = np.linspace(0.02, 0.98, 97)
    means = [np.mean([balanced_accuracy(s, a, t) for s, a in found]) for t in tried]
    return float(tried[int(np.argmax(means))])


def rates(score: Array, answers: list[Answer]) -> tuple[float, float]:
    """Share of the supported that pass, and of the unsupported that are caught."""
    right = np.array([a.supported for a in answers])
    wrong = np.array([not a.supported and not a.generic for a in answers])
    return float((score[right] >= 0.5).mean()), float((score[wrong] < 0.5).mean())


def main() -> None:
    sets = every_set()
    read = {name: [claims(a) for a in answers] for name, answers in sets.items()}
    parts = {name: rows_of(sets[name], read[name]) for name in sets}
    counted = {name: np.array([overlap(a) for a in sets[name]]) for name in sets}
    print("balanced accuracy on the set left out of fitting (ours: threshold 0.5, not tuned)")
    print(f"{'left out':18}{'n':>6}{'words':>8}{'ours':>8}{'passed':>8}{'caught':>8}{'generic':>9}")
    table: dict[str, tuple[float, float]] = {}
    for name, answers in sets.items():
        score = scores(fit([part for n, part in parts.items() if n != name]), read[name])
        at = best_threshold([(counted[n], sets[n]) for n in JUDGED if n != name])
        table[name] = (
            balanced_accuracy(counted[name], answers, at),
            balanced_accuracy(score, answers, 0.5),
        )
        generic = [s >= 0.5 for s, a in zip(score, answers, strict=True) if a.generic]
        passed, caught = rates(score, answers)
        print(f"{name:18}{len(answers):6}{table[name][0]:8.3f}{table[name][1]:8.3f}{passed:8.2f}"
              f"{caught:8.2f}{np.mean(generic) if generic else float('nan'):9.2f}")  # fmt: skip
    means = np.mean([table[n] for n in JUDGED], axis=0)
    print(f"{'mean of judged':18}{'':6}{means[0]:8.3f}{means[1]:8.3f}")
    model = fit(list(parts.values()))
    written = {
        "source": (
            "fitted by benchmarks/train_grounding.py on faithdial_audit (MIT), begin (CC BY 4.0,"
            " CDLA-Sharing 1.0), halueval_qa (MIT), q2_wow (Apache-2.0, MIT) and on sentences of"
            " clapnq, northwind, anthropic_docs_qa and mtrag answers, whole and damaged"
        ),
        "signals": list(SIGNALS),
        **exported(model),
        "threshold": 0.5,
    }
    TARGET.write_text(json.dumps(written, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
