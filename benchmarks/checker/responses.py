"""Whole responses as the check reads them: each claim with its signals and what is shown of it.

Shared by training on judged sets, by the fit of the scales and by the tables.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.grounded_answers import Answer
from bot.lexical import STOP_WORDS, terms, words
from bot.sentences import Unit, split
from knowledge.checking.evidence import Evidence
from knowledge.checking.showing import Shown, show_claim
from knowledge.grounding import commands, states_nothing, unwrapped
from knowledge.statements import plain, read_passage, read_statement
from knowledge.support import ceiling, quoted, support

Array = NDArray[np.float64]
Scorer = Callable[[Sequence[Shown]], Array]
DEVELOPED = Path(__file__).resolve().parent / "dev_answers.jsonl"
QUOTED, WRONG_COMMAND = 0.99, 0.1


@dataclass(frozen=True)
class ReadClaim:
    """A claim that must be judged, or ``fixed``: its verdict needs no judge."""

    text: str
    shown: Shown | None
    signals: tuple[float, ...] = ()
    limit: float = 1.0
    fixed: float | None = None


def overlap(answer: Answer) -> float:
    """Share of the response's words, stop words apart, that the passages hold."""
    held = {w for p in answer.passages for w in words(p)}
    said = [w for w in words(answer.response) if w not in STOP_WORDS]
    return sum(w in held for w in said) / len(said) if said else 1.0


def read_answer(answer: Answer) -> list[ReadClaim]:
    """The claims of a response, as :class:`knowledge.grounding.BuiltinCheck` meets them."""
    passages = [read_passage(p) for p in answer.passages]
    evidence = Evidence(passages)
    asked = frozenset(terms(answer.question))
    known = asked.union(*(p.found for p in passages))
    found: list[ReadClaim] = []
    for unit in split(answer.response):
        if unit.unit is Unit.HEADING:
            continue
        text = unwrapped(unit.text)
        statement = read_statement(text, asked)
        if quoted(plain(unit.text), passages) or quoted(text, passages):
            found.append(ReadClaim(text, None, fixed=QUOTED))
        elif not all(quoted(c, passages) for c in commands(unit.text)):
            found.append(ReadClaim(text, None, fixed=WRONG_COMMAND))
        elif not states_nothing(unit.text, statement, known):
            held = support(statement, passages)
            shown = show_claim(evidence, statement, answer.question)
            found.append(ReadClaim(text, shown, held.signals, ceiling(held.signals)))
    return found


def read_answers(answers: Sequence[Answer]) -> list[list[ReadClaim]]:
    return [read_answer(a) for a in answers]


def judge(read: Sequence[Sequence[ReadClaim]], scorer: Scorer) -> list[Array]:
    """The logit of each claim of each response; NaN where the verdict is fixed."""
    flat = [c for claims in read for c in claims]
    open_claims = [c.shown for c in flat if c.shown is not None]
    scored = iter(scorer(open_claims)) if open_claims else iter(())
    return [np.array([next(scored) if c.shown else np.nan for c in claims]) for claims in read]


def developed() -> list[Answer]:
    """The hand-written answers of ``dev_answers.jsonl``: one wrong detail, or none."""
    rows = [json.loads(x) for x in DEVELOPED.read_text(encoding="utf-8").splitlines()]
    return [
        Answer(row["kind"], tuple(row["passages"]), row["answer"], not row["wrong"],
               question=row["question"], document=row["id"])
        for row in rows
    ]  # fmt: skip


def balanced_accuracy(score: Array, answers: Sequence[Answer], threshold: float = 0.5) -> float:
    """The mean share right of supported and of unsupported responses; generic ones apart."""
    stated = np.array([not a.generic for a in answers])
    right = np.array([a.supported for a in answers])
    passed = score >= threshold
    return float((passed[stated & right].mean() + (~passed)[stated & ~right].mean()) / 2)


def f1(score: Array, answers: Sequence[Answer], threshold: float = 0.5) -> float:
    """F1 of finding the unsupported responses."""
    wrong = np.array([not a.supported for a in answers])
    flagged = score < threshold
    return float(2 * (flagged & wrong).sum() / max(flagged.sum() + wrong.sum(), 1))


def torch_scorer(model: object) -> Scorer:
    """Scores by a checkpoint's network, in batches."""
    import torch

    from benchmarks.checker.network import Checker
    from benchmarks.checker.prepare import tokenizer
    from benchmarks.checker.train import Prepared, logits
    from knowledge.checking.showing import encoded

    assert isinstance(model, Checker)
    tool = tokenizer()

    def score(shown: Sequence[Shown]) -> Array:
        rows = [encoded(tool, s) for s in shown]
        ids, types = [r[0][0] for r in rows], [r[1][0] for r in rows]
        none = np.full(len(rows), "")
        data = Prepared(
            ids, types, [np.full(len(i), -1) for i in ids],
            np.array([0 if s.said else 1 for s in shown]), np.zeros(len(rows)), none, none, none,
        )  # fmt: skip
        return logits(model, data, torch.device("cpu")).astype(float)

    return score


def onnx_scorer(folder: Path | None = None) -> Scorer:
    """Scores by the exported checker, one pass a call as at run time."""
    from knowledge.checking.encoder import CheckerEncoder

    encoder = CheckerEncoder(folder)
    return lambda shown: np.array([encoder.logits(s)[0 if s.said else 1] for s in shown])
