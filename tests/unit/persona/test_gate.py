"""The gate's verdict: better in style, not worse otherwise, each with its reason."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation import Usage
from bot.evaluation.scoring import Score
from persona.gate import LEAST, Limits, Measure, Scores, Verdict, judge

LIMITS = Limits()
RANDOM = np.random.default_rng(7)
STYLES = RANDOM.beta(9, 2, 200)


def one(number: int, **changed: object) -> Score:
    """A right answer with two claims that are carried; every fifth case cannot be answered."""
    answerable = number % 5 != 0
    plain = Score(
        case=str(number),
        answerable=answerable,
        right=True,
        refused=not answerable,
        claims=2 if answerable else 0,
        carried=2 if answerable else 0,
        style=float(STYLES[number]),
        seconds=1.0,
        usage=Usage(300, 50, 0.002),
    )
    return replace(plain, **changed)  # type: ignore[arg-type]  # fields by name


def side(count: int, model: str = "v1", **changed: object) -> Scores:
    return Scores(model, tuple(one(n, **changed) for n in range(count)))


def better(count: int, model: str = "v2") -> Scores:
    """As the live side, in a better style."""
    styled = (one(n, style=min(1.0, float(STYLES[n]) + 0.1)) for n in range(count))
    return Scores(model, tuple(styled))


def spoilt(scores: Scores, numbers: range, **changed: object) -> Scores:
    """The same with some answers changed."""
    picked = {str(n) for n in numbers}
    return replace(
        scores,
        scores=tuple(
            replace(s, **changed) if s.case in picked else s  # type: ignore[arg-type]  # by name
            for s in scores.scores
        ),
    )


def measure(verdict: Verdict, name: str) -> Measure:
    return next(m for m in verdict.measures if m.name == name)


def test_a_better_style_and_nothing_worse_passes() -> None:
    """Each of six measures says why."""
    verdict = judge(better(40), side(40), LIMITS)
    assert verdict.passed
    assert verdict.word == "pass"
    assert [m.name for m in verdict.measures] == [
        "style",
        "correctness",
        "grounding",
        "refusals",
        "latency",
        "cost",
    ]
    assert "better by" in verdict.reasons[0]
    assert "equal in all 40 cases" in verdict.reasons[1]
    assert "could have been missed" in verdict.reasons[1]


def test_the_same_style_is_not_better() -> None:
    """Unless both are perfect already."""
    verdict = judge(side(40, "v2"), side(40), LIMITS)
    assert not verdict.passed
    assert "not better" in verdict.reasons[0]
    assert judge(side(40, "v2", style=1.0), side(40, style=1.0), LIMITS).passed


def test_a_style_that_may_be_better_says_how_many_cases_would_tell() -> None:
    """An interval around zero fails, with a number."""
    mine = Scores(
        "v2", tuple(one(n, style=float(STYLES[n]) + (0.1 if n % 2 else -0.08)) for n in range(40))
    )
    found = measure(judge(mine, side(40), LIMITS), "style")
    assert not found.passed
    assert "perhaps better" in found.reason
    assert "cases would tell, there are 40" in found.reason


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"carried": 0}, "grounding"),
        ({"right": False}, "correctness"),
        ({"refused": True, "right": False, "claims": 0, "carried": 0}, "refusals"),
    ],
)
def test_what_got_worse_fails_by_name(changed: dict[str, object], name: str) -> None:
    """Claims without a source, wrong answers, refusals of what can be answered."""
    live = side(60)
    verdict = judge(spoilt(better(60), range(21, 60), **changed), live, LIMITS)
    found = measure(verdict, name)
    assert not found.passed
    assert "worse by" in found.reason
    assert found.high is not None
    assert found.high < 0
    assert verdict.reasons[0].split(":")[0] in ("correctness", "grounding", "refusals")


def test_one_answer_lost_in_a_small_suite_cannot_be_told() -> None:
    """It may be chance: the reason says so, or how many cases would tell."""
    lost = measure(judge(spoilt(better(40), range(1, 2), right=False), side(40), LIMITS),
                   "correctness")  # fmt: skip
    assert not lost.passed
    assert "perhaps by chance" in lost.reason
    wide = Limits(worse=0.05)
    more = measure(judge(spoilt(better(40), range(1, 2), right=False), side(40), wide),
                   "correctness")  # fmt: skip
    assert not more.passed
    assert "cases would tell" in more.reason
    assert judge(spoilt(better(40), range(1, 2), right=False), side(40), Limits(worse=0.1)).passed


def test_a_gain_passes_whatever_its_interval() -> None:
    """Right answers more and none lost: not worse for certain."""
    live = spoilt(side(40), range(1, 4), right=False)
    assert judge(better(40), live, LIMITS).passed


@pytest.mark.parametrize(
    ("changed", "name", "told"),
    [
        ({"seconds": 2.0}, "latency", "2.0 times as long where 1.5 are allowed"),
        ({"usage": Usage(300, 50, 0.004)}, "cost", "2.0 times as much where 1.5 are allowed"),
    ],
)
def test_slow_and_dear_fail(changed: dict[str, object], name: str, told: str) -> None:
    """Above the limits, with the factor in words."""
    mine = better(30)
    mine = replace(mine, scores=tuple(replace(s, **changed) for s in mine.scores))  # type: ignore[arg-type]  # by name
    found = measure(judge(mine, side(30), LIMITS), name)
    assert not found.passed
    assert told in found.reason
    assert measure(judge(mine, side(30), Limits(slower=3, dearer=3)), name).passed


def test_what_nobody_notices_is_not_slow() -> None:
    """Ten times 5 ms is still at once; and a price on one side alone is a fault of the settings."""
    quick, live = side(30, "v2", seconds=0.05), side(30, seconds=0.005)
    assert measure(judge(quick, live, LIMITS), "latency").passed
    free = side(30, usage=Usage(300, 50, 0.0))
    found = measure(judge(better(30), free, LIMITS), "cost")
    assert not found.passed
    assert "[models.prices]" in found.reason


def test_with_the_built_in_reader_time_and_cost_are_not_compared() -> None:
    """It asks no server and costs nothing."""
    live = replace(side(30, seconds=0.01, usage=Usage()), is_model=False)
    verdict = judge(better(30), live, LIMITS)
    assert measure(verdict, "latency").passed
    assert "not compared" in measure(verdict, "cost").reason


def test_too_few_cases_fail_with_how_many_are_missing() -> None:
    """Nine are not ten, however good; answers to paraphrases are no cases of their own."""
    verdict = judge(better(9), side(9), LIMITS)
    assert not verdict.passed
    assert verdict.reasons[0] == "too few cases: 9, where 10 are needed at least, 1 more"
    twice = [Scores(s.model, s.scores * 2) for s in (better(9), side(9))]
    assert judge(twice[0], twice[1], LIMITS).cases == 9
    assert not judge(Scores("v2", ()), Scores("v1", ()), LIMITS).passed


def test_answers_that_failed_count_as_wrong() -> None:
    """They are named, and cost the candidate its correctness."""
    failed = spoilt(better(50), range(1, 5), failed=True, right=False, seconds=None, style=None)
    verdict = judge(failed, side(50), LIMITS)
    assert not measure(verdict, "correctness").passed
    assert "errors: 4 answers of v2 failed" in " ".join(verdict.reasons)
    other = spoilt(side(50), range(1), failed=True, right=False, seconds=None, style=None)
    both = measure(judge(failed, other, LIMITS), "errors")
    assert both.reason.startswith("errors: 4 answers of v2 and one answer of v1 failed")
    assert (both.candidate, both.live) == (4, 1)


def test_a_candidate_that_answers_nothing_has_no_grounding() -> None:
    """A side without claims cannot be compared; the candidate's own must hold."""
    silent = replace(better(30), scores=tuple(
        replace(s, refused=True, right=not s.answerable, claims=0, carried=0)
        for s in better(30).scores))  # fmt: skip
    assert not measure(judge(silent, side(30), LIMITS), "grounding").passed
    assert measure(judge(better(30), replace(silent, model="v1"), LIMITS), "grounding").passed
    assert measure(judge(silent, replace(silent, model="v1"), LIMITS), "grounding").passed


def test_sides_with_other_cases_are_a_fault() -> None:
    """Nothing is judged by different questions."""
    with pytest.raises(ValueError, match="same cases"):
        judge(side(10), side(11), LIMITS)


answers = st.builds(
    one,
    st.integers(0, 199),
    right=st.booleans(),
    refused=st.booleans(),
    claims=st.integers(1, 4),
    carried=st.integers(0, 1),
    style=st.none() | st.floats(0, 1),
    failed=st.booleans(),
    seconds=st.none() | st.floats(0, 9),
)


@settings(max_examples=60)
@given(st.lists(st.tuples(answers, answers), max_size=15))
def test_every_verdict_has_reasons_in_words(pairs: list[tuple[Score, Score]]) -> None:
    """Whatever was said: a word for each measure, failed ones first, and never NaN."""
    mine = tuple(replace(a, case=str(n)) for n, (a, _) in enumerate(pairs))
    theirs = tuple(replace(b, case=str(n)) for n, (_, b) in enumerate(pairs))
    verdict = judge(Scores("v2", mine), Scores("v1", theirs), LIMITS)
    assert verdict.passed is all(m.passed for m in verdict.measures)
    assert len(verdict.reasons) == len(verdict.measures) > 0
    assert all(reason and "nan" not in reason for reason in verdict.reasons)
    if not verdict.passed:
        assert verdict.reasons[0] in [m.reason for m in verdict.measures if not m.passed]
    if len(pairs) < LEAST:
        assert not verdict.passed


@settings(max_examples=40)
@given(st.integers(20, 120), st.integers(0, 19))
def test_losing_more_never_helps(cases: int, lost: int) -> None:
    """Each further wrong answer leaves a failed verdict failed."""
    live = side(cases)
    some = judge(spoilt(better(cases), range(lost), right=False), live, LIMITS)
    more = judge(spoilt(better(cases), range(lost + 1), right=False), live, LIMITS)
    assert some.passed or not more.passed
