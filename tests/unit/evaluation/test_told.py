"""What was said to a case, scored and summed up."""

from __future__ import annotations

import math
from dataclasses import asdict, replace

import orjson
import pytest

from bot.evaluation.cases import Case
from bot.evaluation.ranking import rank
from bot.evaluation.refusing import Refusals
from bot.evaluation.scorecard import RATES, card, differences, printed
from bot.evaluation.told import Found, Told, failed, judge, same, told_of
from bot.evidence import Claim

REFUSED = Refusals()
CASE = Case("w", "How long is the warranty?", ("24 months",), ("warranty.md",))
SAID = "The warranty lasts 24 months [1]."
TOLD = Told(
    SAID, "answered", cited=("warranty.md",),
    found=(Found("other.md", "", "", ""), Found("warranty.md", "", "", "")),
    claims=(Claim(0, len(SAID), SAID, True, 0.9, 0),), style=0.8, seconds=0.2,
)  # fmt: skip
UNKNOWN = Told("I don't know that.", "abstained")


def test_a_right_answer_counts_everywhere() -> None:
    """Right, carried, cited, found at the second place, and the paraphrase the same."""
    found = judge(CASE, TOLD, [("And for how long?", TOLD)], REFUSED).values()
    assert found["accuracy"] == found["citation_recall"] == found["consistency"] == 1
    assert found["hallucination_rate"] == 0
    assert found["mrr"] == 0.5
    assert found["abstain_precision"] is None


def test_a_question_back_is_no_answer() -> None:
    """It is wrong where there is an answer, and right where there is none."""
    back = replace(TOLD, text="Which pump do you mean?", outcome="clarify", claims=())
    assert not judge(CASE, back, [], REFUSED).score.right
    assert judge(replace(CASE, answerable=False, answers=()), back, [], REFUSED).score.right


def test_what_cannot_be_checked_is_no_proof_of_honesty() -> None:
    """Without a document to hold it to, an answer counts in no hallucination rate."""
    loose = replace(TOLD, checked=False, claims=())
    assert judge(CASE, loose, [], REFUSED).values()["hallucination_rate"] is None
    assert card([judge(CASE, loose, [], REFUSED)])["hallucination_rate"] is None


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (replace(TOLD, text="It is 24 months. It covers frost [1]."), True),
        (replace(TOLD, text="It is 36 months [1]."), False),
        (replace(TOLD, text="24 months, and 3 years for the valve 4 [1]."), True),
        (UNKNOWN, False),
        (failed("the server is gone"), False),
    ],
)
def test_the_same_facts(other: Told, expected: bool) -> None:
    """A sentence more is the same; another number, a refusal and a failure are not."""
    assert same(CASE, TOLD, other, REFUSED) is expected


def test_two_refusals_are_the_same() -> None:
    """In whatever words."""
    assert same(CASE, UNKNOWN, replace(UNKNOWN, text="No idea, sorry."), REFUSED)


def test_a_told_answer_comes_back_as_it_was_kept() -> None:
    """Through JSON and back nothing is lost."""
    assert told_of(orjson.loads(orjson.dumps(asdict(TOLD)))) == TOLD


def test_a_card_has_an_interval_beside_each_rate_and_never_nan() -> None:
    """What was not counted is null; a perfect rate of one case is no certainty."""
    told = printed(card([judge(CASE, TOLD, [("Again?", TOLD)], REFUSED)]))
    ends = {f"{name}_ci95" for name in RATES}
    assert set(told) > {"n", *RATES, *ends, "cost_usd", "p50_ms", "p95_ms"}
    assert list(told)[1 : 1 + 2 * len(RATES) : 2] == list(RATES)
    assert told["abstain_recall"] is told["abstain_recall_ci95"] is None
    assert told["consistency"] == 1
    assert told["consistency_ci95"][0] < 0.5
    empty = printed(card([judge(CASE, failed("gone"), [], REFUSED)]))
    assert empty["accuracy"] == 0
    numbers = [v for v in (*told.values(), *empty.values()) if isinstance(v, float)]
    assert all(math.isfinite(value) for value in numbers)


def test_runs_are_compared_over_the_cases_that_both_have() -> None:
    """The same id with another question is another case."""
    cases = [replace(CASE, id=str(n)) for n in range(8)]
    now = [judge(c, TOLD, [], REFUSED).record() for c in cases]
    before = [judge(c, UNKNOWN, [], REFUSED).record() for c in cases[:7]]
    before.append(judge(replace(cases[7], question="Else?"), UNKNOWN, [], REFUSED).record())
    found = differences({"rag": now, "voice": now}, {"rag": before})
    assert set(found) == {"rag"}
    accuracy = found["rag"]["accuracy"]
    assert (accuracy.n, accuracy.difference, accuracy.verdict) == (7, 1, "better")


def test_a_document_found_twice_counts_once() -> None:
    """Recall and nDCG are of documents, precision of passages."""
    found = rank(["a", "a", "b", "c", "d", "z"], ["a", "z"])
    assert (found.recall, found.precision, found.reciprocal) == (0.5, 0.4, 1)
    assert found.ndcg is not None
    assert found.ndcg < 1
    assert rank(["a"], []).recall is None
    assert rank([], ["a"]).recall == 0
