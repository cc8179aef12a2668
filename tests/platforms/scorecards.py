"""A run that is over, as pages show it, without asking anybody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from adapters.evaluation.running import Scorecard
from bot.conversation import Outcome, Route, Usage
from bot.evaluation.cases import Case, Suite
from bot.evaluation.refusing import Refusals
from bot.evaluation.scorecard import card
from bot.evaluation.told import Found, Judged, Told, judge
from bot.evidence import Claim
from bot.store.evaluation import RunLine

AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
UNKNOWN = "I do not know."
_COSTS = {"rag": 0.0004, "voice": 0.00001, "hybrid": 0.001, "auto": 0.0008}


def told(mode: str, n: int, text: str, passage: str) -> Told:
    """What a mode says to the case ``n``: the voice makes every other thing up, and the router is
    as sure as it is right."""
    if n % 5 == 4:
        return Told(UNKNOWN, Outcome.ABSTAINED, Route.RAG, "general", seconds=0.1)
    held = mode != "voice" or n % 2 == 0
    found = (Found("w.md", "Warranty", "", passage, 1, 0.8), Found("x.md", "Other", "", passage))
    claim = Claim(0, len(text), text, supported=held, score=0.9 if held else 0.2, passage=0)
    return Told(
        text if held else "It holds for 99 months.",
        Outcome.ANSWERED,
        Route.VOICE if n % 3 == 0 else Route.RAG,
        "general",
        cited=("w.md",),
        found=found,
        claims=(claim,),
        style=0.8,
        seconds=0.2 + 0.01 * n,
        usage=Usage(100, 20, _COSTS[mode]),
        notes=(f"a note on {text}",),
        confidence=(0.5 + 0.04 * (n % 10)) if mode == "auto" else None,
    )


def scorecard(
    count: int = 12,
    *,
    modes: Sequence[str] = ("rag", "voice", "hybrid", "auto"),
    question: str = "How long is the warranty",
    text: str = "It holds for 24 months.",
    passage: str = "The warranty holds for 24 months.",
    earlier: int = 2,
) -> Scorecard:
    """A run over ``count`` cases; every fifth cannot be answered, and is refused."""
    refused = Refusals(UNKNOWN)
    judged: dict[str, list[Judged]] = {mode: [] for mode in modes}
    cases = []
    for n in range(count):
        known = n % 5 != 4
        case = Case(
            id=f"case {n}",
            question=f"{question}, {n}?",
            answers=("24 months",) if known else (),
            gold=("w.md",) if known else (),
            answerable=known,
            paraphrases=("And how long?",) if n % 4 == 0 else (),
            route="rag",
        )
        cases.append(case)
        for mode, found in judged.items():
            said = told(mode, n, text, passage)
            found.append(judge(case, said, [(q, said) for q in case.paraphrases], refused))
    cards = {mode: card(found) for mode, found in judged.items()}
    suite = Suite("pumps", Path("pumps.jsonl"), "digest", tuple(cases))
    return Scorecard(
        run="run_1",
        suite=suite,
        persona="Acme@1",
        at=AT,
        cards=cards,
        models={mode: ["general"] for mode in modes},
        notes={mode: [] for mode in modes},
        judged=judged,
        earlier=[
            RunLine(
                f"run_0{n}", suite.name, str(suite.path), "digest" if n == 0 else "other", "Acme@1",
                cards, None, "", "test", AT - timedelta(days=n + 1),
            )
            for n in range(earlier)
        ],
    )  # fmt: skip
