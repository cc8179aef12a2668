"""One answer's scores: right, refused, carried, cited."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import Usage
from bot.evaluation.cases import Case
from bot.evaluation.refusing import Refusals
from bot.evaluation.scoring import Answer, Score, score
from bot.evaluation.summary import summarise
from bot.evidence import Claim, Grounding

CASE = Case("1", "How long is the warranty?", ("24 months", "two years"), gold=("a.md", "b.md"))
NEVER = Case("2", "Does it swim?", answerable=False)
refused = Refusals()


def claim(supported: bool, passage: int | None = 0) -> Claim:
    return Claim(0, 1, "x", supported, 0.5, passage if supported else None)


@pytest.mark.parametrize(
    ("case", "text", "right", "refuses"),
    [
        (CASE, "It lasts **2 years** [1].", True, False),
        (CASE, "It lasts 3 years.", False, False),
        (CASE, "I don't know whether it is 24 months.", False, True),
        (CASE, "", False, True),
        (NEVER, "I don't know.", True, True),
        (NEVER, "It swims.", False, False),
    ],
)
def test_accuracy_is_the_contracts(case: Case, text: str, right: bool, refuses: bool) -> None:
    """Answerable: answered and contained; unanswerable: refused."""
    found = score(case, Answer(text), refused)
    assert (found.right, found.refused) == (right, refuses)
    assert found.refusal_right is (refuses is not case.answerable)


def test_a_claim_without_a_source_is_a_hallucination() -> None:
    """Greetings are no claims, refusals claim nothing, and one claim too many is enough."""
    said = Grounding((claim(True), claim(True, None), claim(False)))
    found = score(CASE, Answer("Hello! 2 years. Free.", grounding=said), refused)
    assert (found.claims, found.carried, found.grounded, found.hallucinated) == (2, 1, 0.5, True)
    silent = score(CASE, Answer("I don't know.", grounding=said), refused)
    assert (silent.claims, silent.grounded, silent.hallucinated) == (0, None, None)


@pytest.mark.parametrize(
    ("text", "precision", "recall"),
    [
        ("24 months [1].", 1.0, 0.5),
        ("24 months [1][3], 2 years [2].", 2 / 3, 1.0),
        ("24 months [1] [9].", 0.5, 0.5),
        ("24 months.", None, 0.0),
        ("I don't know.", None, None),
    ],
)
def test_citations_are_held_against_the_gold(
    text: str, precision: float | None, recall: float | None
) -> None:
    """By the answer's own markers; one that points nowhere is wrong."""
    found = score(CASE, Answer(text, ("a.md", "b.md", "c.md")), refused)
    assert found.citation_precision == (None if precision is None else pytest.approx(precision))
    assert found.citation_recall == recall
    assert score(NEVER, Answer("So [1].", ("a.md",)), refused).citation_precision is None


def test_an_answer_that_failed_is_wrong_and_counts_nowhere_else() -> None:
    """It has no claims, no style and no refusal."""
    found = score(NEVER, Answer("", error="the server is gone"), refused)
    assert (found.right, found.refused, found.failed, found.hallucinated) == (
        False,
        False,
        True,
        None,
    )
    summary = summarise([found]).json()
    assert (summary["accuracy"], summary["errors"], summary["abstain_recall"]) == (0.0, 1, None)


scores = st.builds(
    Score,
    case=st.text(max_size=3),
    answerable=st.booleans(),
    right=st.booleans(),
    refused=st.booleans(),
    claims=st.integers(2, 5),
    carried=st.integers(0, 2),
    style=st.none() | st.floats(0, 1),
    seconds=st.none() | st.floats(0, 60),
    usage=st.just(Usage(3, 4, 0.1)),
    failed=st.booleans(),
)


@given(st.lists(scores, max_size=12))
def test_figures_are_numbers_or_none(found: list[Score]) -> None:
    """Never NaN; each rate lies within its interval, and between 0 and 1."""
    told = summarise(found).json()
    json.dumps(told, allow_nan=False)
    for name, value in told.items():
        if isinstance(value, float):
            assert math.isfinite(value)
        ends = told.get(f"{name}_ci95")
        if ends is not None:
            assert 0 <= ends[0] <= value + 1e-4
            assert value - 1e-4 <= ends[1] <= 1
