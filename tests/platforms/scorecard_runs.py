"""Runs of an evaluation as they are kept, made of answers that were thought up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from adapters.evaluation.answers import EvaluationFiles
from bot.conversation import Outcome, Usage
from bot.evaluation.cases import Case, digest_of
from bot.evaluation.refusing import Refusals
from bot.evaluation.scorecard import card, differences
from bot.evaluation.told import Found, Judged, Told, judge
from bot.evidence import Claim
from bot.store.base import Database
from bot.store.evaluation import EvaluationBook, RunLine

AT = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
UNKNOWN = "I could not find that in the documentation."
NASTY = 'Who painted <b>the moon</b> & "why"?'
_TEXT = "The pump is blue. It has a warranty of 24 months. Hoses are covered, too."


def cases_of(many: int) -> list[Case]:
    """Questions about pumps, the last one without an answer."""
    known = [
        Case(
            f"p/{n}", f"How long is the warranty of pump {n}?", ("24 months",), ("warranty.md",),
            paraphrases=(f"For how long does pump {n} have a warranty?",),
        )
        for n in range(many - 1)
    ]  # fmt: skip
    return [*known, Case("moon", NASTY, answerable=False)]


def said(text: str, *, supported: bool = True, model: str = "general") -> Told:
    """An answer from one passage."""
    score, passage, finding = (0.9, 0, "") if supported else (0.1, None, "the passages differ")
    claims = (Claim(0, len(text), text, supported, score, passage, finding),)
    return Told(
        text=f"{text} [1]", outcome=str(Outcome.ANSWERED), route="rag", model=model,
        cited=("warranty.md",),
        found=(Found("warranty.md", "Warranty", "", _TEXT, 1, 0.9),
               Found("moon.md", "The moon", "", "The moon is far away.", None, 0.2)),
        claims=claims, kept_back=(("It floats.", "nothing says so"),), style=0.8, seconds=0.4,
        usage=Usage(300, 40, 0.0012), timings_ms={"retrieve": 9.0, "total": 400.0},
    )  # fmt: skip


def refusal() -> Told:
    """No answer."""
    return replace(said(UNKNOWN), text=UNKNOWN, outcome=str(Outcome.ABSTAINED), claims=())


def judged_of(cases: Sequence[Case], wrong: int, refused: int = 0) -> list[Judged]:
    """The cases with the first ``wrong`` invented, and as many after them ``refused``."""
    refusals, found = Refusals(UNKNOWN), []
    for n, case in enumerate(cases):
        if not case.answerable or wrong <= n < wrong + refused:
            told = refusal()
        elif n < wrong:
            told = said("It has a warranty of 36 months.", supported=False)
        else:
            told = said("It has a warranty of 24 months.")
        others = [(q, told) for q in case.paraphrases]
        found.append(judge(case, told, others, refusals))
    return found


Made = tuple[dict[str, dict[str, Any]], dict[str, list[dict[str, Any]]]]


@cache
def _made(many: int, wrong: int, refused: int) -> Made:
    """Figures and records by mode."""
    cases = cases_of(many)
    modes = {"rag": judged_of(cases, wrong, refused), "hybrid": judged_of(cases, 0)}
    records = {mode: [each.record() for each in found] for mode, found in modes.items()}
    return {mode: card(found) for mode, found in modes.items()}, records


async def keep_run(
    database: Database,
    home: Path,
    run: str,
    *,
    suite: str = "pumps",
    many: int = 30,
    wrong: int = 3,
    refused: int = 2,
    hours: int = 0,
    baseline: str = "",
) -> RunLine:
    """Keep a run in two modes as ``evaluate`` does, its page too."""
    cases = cases_of(many)
    cards, records = _made(many, wrong, refused)
    book, files = EvaluationBook(database), EvaluationFiles(home)
    told = None
    if baseline:
        found = differences(records, await book.cases(baseline))
        told = {
            "run": baseline,
            "differences": {m: {n: p.json() for n, p in d.items()} for m, d in found.items()},
        }
    files.prepare()
    line = RunLine(
        id=run, suite=suite, path=f"{suite}.jsonl", digest=digest_of(cases), persona="Juniper@1",
        modes=cards, baseline=told,
        report=str(files.write(run, f"<!doctype html><title>{run}</title>")),
        by="terminal:operator", at=AT + timedelta(hours=hours),
    )  # fmt: skip
    await book.add(line, records)
    return line
