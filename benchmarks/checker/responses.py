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
from knowledge.checking.encoder import CheckerEncoder, Reading, reading
from knowledge.checking.evidence import Evidence
from knowledge.checking.showing import Shown, encoded, show_claim
from knowledge.grounding import commands, states_nothing, unwrapped
from knowledge.statements import plain, read_passage, read_statement
from knowledge.support import quoted, support

Array = NDArray[np.float64]
Reader = Callable[[Sequence[Shown]], list[Reading]]
DEVELOPED = Path(__file__).resolve().parent / "dev_answers.jsonl"
QUOTED, WRONG_COMMAND = 0.99, 0.1


@dataclass(frozen=True)
class ReadClaim:
    """A claim that must be judged, or ``fixed``: its verdict needs no judge."""

    text: str
    shown: Shown | None
    signals: tuple[float, ...] = ()
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
            found.append(ReadClaim(text, shown, held.signals))
    return found


def read_answers(answers: Sequence[Answer]) -> list[list[ReadClaim]]:
    return [read_answer(a) for a in answers]


def read_claims(read: Sequence[Sequence[ReadClaim]], reader: Reader) -> list[list[Array | None]]:
    """Signals and readings of each claim of each response; None where the verdict is fixed."""
    said = iter(reader([c.shown for claims in read for c in claims if c.shown is not None]))
    return [
        [np.array([*c.signals, *next(said).claim]) if c.shown else None for c in claims]
        for claims in read
    ]


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


def torch_reader(checkpoint: Path, size: int = 64) -> Reader:
    """Readings by a checkpoint's network, in batches."""
    import torch

    from benchmarks.checker.network import load
    from benchmarks.checker.prepare import tokenizer
    from benchmarks.checker.train import batch_of, unlabelled

    model, tool = load(checkpoint).eval(), tokenizer()

    def read(shown: Sequence[Shown]) -> list[Reading]:
        rows = [encoded(tool, s) for s in shown]
        data = unlabelled([r[0][0] for r in rows], [r[1][0] for r in rows])
        found: dict[int, Reading] = {}
        order = np.argsort([len(i) for i in data.ids], kind="stable")
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            for start in range(0, len(order), size):
                at = order[start : start + size]
                batch = batch_of(data, at)
                pair, piece = model(batch["ids"], batch["types"], batch["mask"])
                for row, i in enumerate(at):
                    n = len(data.ids[i])
                    found[int(i)] = reading(
                        pair[row].float().numpy(), piece[row, :n].float().numpy(), data.ids[i]
                    )
        return [found[i] for i in range(len(rows))]

    return read


def onnx_reader(folder: Path | None = None) -> Reader:
    """Readings by the exported checker, one pass a call as at run time."""
    encoder = CheckerEncoder(folder)
    return lambda shown: [encoder.read(s) for s in shown]
