"""A run of the gate as it is kept, for the pages that show it."""

from __future__ import annotations

from datetime import UTC, datetime

from adapters.release.gate_records import Mark, Row, Said, Source, Story, SuiteLine
from bot.conversation import Usage
from bot.evaluation.scoring import Score
from bot.evaluation.summary import summarise
from persona.gate import Limits, Scores, judge

AT = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
_SOURCE = Source(
    1,
    "warranty.md",
    "Warranty",
    "https://example.org/warranty",
    "The MG-200 pump has a warranty of 24 months. It covers the motor and the hoses.",
)


def _score(number: int, style: float, *, right: bool = True, carried: int = 2) -> Score:
    seconds = 0.9 + 0.01 * (number % 7)
    return Score(
        str(number), True, right, False, 2, carried, style=style, seconds=seconds,
        usage=Usage(320, 40, 0.0011),
    )  # fmt: skip


def _said(text: str, style: float, *, right: bool = True, **more: object) -> Said:
    plain = {"claims": 2, "carried": 2, "seconds": 0.94, "tokens": 360, "cost_usd": 0.0011}
    return Said(text, right, refused=False, style=style, **(plain | more))  # type: ignore[arg-type]  # by name


def _row(number: int, mine: Said, theirs: Said) -> Row:
    question = f"How long is the warranty of the MG-{200 + number}, and what does it cover?"
    return Row(str(number), question, ("24 months", "two years"), True, (_SOURCE,), mine, theirs)


_LOUD = "WOW!!! The MG-200 comes with a warranty of 24 months [1]!!! We leverage it for motors."
_CALM = "The MG-200 has a warranty of 24 months [1]. It covers the motor and the hoses [1]."
_INVENTED = "The MG-200 has a warranty of 36 months [1]. Accidents at sea are covered, too."


def _loud() -> Said:
    marks = (Mark(3, 6, "exclamation"), Mark(_LOUD.index("leverage"), _LOUD.index("leverage") + 8,
                                             "avoided-word"))  # fmt: skip
    return _said(_LOUD, 0.58, findings=marks)


def _invented() -> Said:
    at = _INVENTED.index("Accidents")
    unheld = (Mark(0, at - 1, "the passages say 24 months"), Mark(at, len(_INVENTED), ""))
    return _said(_INVENTED, 0.97, right=False, carried=0, unheld=unheld)


def story(*, passed: bool = True, cases: int = 30, gate: str = "gate0test") -> Story:
    """A run that passed, or one whose candidate invents things in every fifth case."""
    wrong = frozenset() if passed else frozenset(range(0, cases, 5))
    mine = tuple(
        _score(n, 0.95 + 0.001 * (n % 9), right=n not in wrong, carried=0 if n in wrong else 2)
        for n in range(cases)
    )
    theirs = tuple(_score(n, 0.7 + 0.01 * (n % 9)) for n in range(cases))
    verdict = judge(Scores("v2", mine), Scores("v1", theirs), Limits())
    rows = [
        _row(n, _invented() if n in wrong else _said(_CALM, 0.96), _loud()) for n in range(cases)
    ]
    return Story(
        id=gate,
        version="v2",
        model="juniper-7b-0504",
        against="v1",
        persona="Juniper@1f0c2d3e4a",
        verdict=verdict.word,
        reasons=verdict.reasons,
        measures=verdict.measures,
        candidate={"model": "juniper-7b-0504", **summarise(mine).json()},
        live={"model": "juniper-7b-0301", **summarise(theirs).json()},
        suites=(SuiteLine("support", "suites/support.jsonl", "d" * 64, cases),),
        confidence=0.95,
        worse=0.02,
        by="terminal:operator",
        at=AT,
        rows=tuple(rows),
    )
