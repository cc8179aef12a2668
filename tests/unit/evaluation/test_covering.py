"""How much of a right answer an answer says."""

from __future__ import annotations

from bot.evaluation.cases import Case
from bot.evaluation.covering import coverage, covered, key_claims, open_claims

BOTH = "The warranty lasts 24 months. Hoses are covered for one year only."
CASE = Case("w", "What does the warranty cover?", (BOTH, "24 months"))


def test_the_answer_that_is_covered_best_counts() -> None:
    """Answers are alternatives: the short one that is said whole is full coverage."""
    found = covered(CASE, "It is 24 months [1].", ())
    assert found is not None
    assert coverage(found) == 1
    assert [each.text for each in found] == ["24 months"]


def test_a_check_may_find_what_is_said_otherwise() -> None:
    """Sentences are open to it, fragments are not: they must be said word for word."""
    case = Case("w", CASE.question, (BOTH,))
    said = "You have two years, but hoses only one."
    assert len(open_claims(CASE, said)) == 2
    found = covered(case, said, {"Hoses are covered for one year only."})
    assert found is not None
    assert coverage(found) == 0.5
    assert coverage(covered(case, said, ()) or ()) == 0


def test_named_claims_are_all_wanted() -> None:
    """They come before the answers, each of them; what cannot be answered has none."""
    case = Case("w", "?", ("24 months",), claims=("24 months", "one year for hoses"))
    assert key_claims(case) == (("24 months", "one year for hoses"),)
    assert coverage(covered(case, "24 months", ()) or ()) == 0.5
    assert covered(Case("x", "?", answerable=False), "24 months", ()) is None
