"""The advice: the article's use cases in many wordings, and what may never happen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.advisor import FACTORS, Advice, Answers, Changes, Evidence, advise
from bot.advisor.answers import CHOICES, LEVELS
from bot.advisor.evidence import Checked, Traffic
from bot.advisor.tasks import USE_CASES
from bot.advisor.words import FAMILIES, means, stems
from tests.unit.advisor.use_cases import HELD_BACK, SEEN

WORDINGS = [
    pytest.param(text, want, id=f"{name}-{n}")
    for table in (SEEN, HELD_BACK)
    for name, (want, texts) in table.items()
    for n, text in enumerate(texts)
]
anything = st.builds(
    Answers,
    **{name: st.none() | st.sampled_from(values) for name, values in CHOICES.items()},
    task=st.sampled_from(["", *(texts[0] for _, texts in SEEN.values())]),
    monthly_queries=st.none() | st.sampled_from([0.0, 1000.0, 5_000_000.0]),
    sources_required=st.none() | st.booleans(),
)
records = st.builds(
    Evidence,
    changes=st.builds(
        Changes,
        documents=st.integers(0, 500),
        readings=st.integers(0, 500),
        changed=st.integers(0, 500),
        watched=st.integers(0, 300).map(lambda days: timedelta(days=days)),
    ),
    about_style=st.integers(0, 50),
    about_facts=st.integers(0, 50),
    examples=st.integers(0, 5000),
)


def of(**answers: object) -> Advice:
    """The advice on answers, without records."""
    return advise(Answers(**answers), Evidence())  # type: ignore[arg-type] - any answers


@pytest.mark.parametrize(("text", "want"), WORDINGS)
def test_a_use_case_gets_the_articles_answer_in_any_words(text: str, want: str) -> None:
    """By the task alone."""
    assert of(task=text).recommendation == want


@pytest.mark.parametrize("case", USE_CASES, ids=lambda case: f"{case.name}-{len(case.needs)}")
def test_a_use_case_tells_its_reason(case: object) -> None:
    """The reason of the task's fit is the article's, and is among the reasons of the advice."""
    names = {c.name for c in USE_CASES}
    for _, texts in SEEN.values():
        fit = of(task=texts[0]).factors[-1]
        assert fit.factor == "task fit"
        assert fit.reason
        assert fit.reason.partition(":")[0] in names or "named" in fit.reason or "new" in fit.reason
    assert all(family in FAMILIES for group in case.needs for family in group)  # type: ignore[attr-defined] - a UseCase


def test_all_eight_factors_are_told_with_their_share() -> None:
    """In the article's order, shares add up to one."""
    advice = of(task="Legal research")
    assert tuple(f.factor for f in advice.factors) == FACTORS
    assert sum(f.weight for f in advice.factors) == pytest.approx(1)
    assert advice.next_steps


@given(anything, records)
def test_more_style_never_leads_away_from_training(answers: Answers, found: Evidence) -> None:
    """What was fine-tuning or both stays one of them when style matters more."""
    levels = [advise(replace(answers, style_control=v), found).recommendation for v in LEVELS]
    trained = [level != "rag" for level in levels]
    assert trained == sorted(trained)


@given(anything, records)
def test_sources_and_no_tolerance_never_lead_to_a_models_memory(
    answers: Answers, found: Evidence
) -> None:
    """Nor does a start within days."""
    for turned in (
        replace(answers, sources_required=True),
        replace(answers, hallucination_tolerance="none"),
        replace(answers, time_to_deploy="days"),
    ):
        assert advise(turned, found).recommendation != "fine-tuning"
    assert advise(replace(answers, time_to_deploy="days"), found).recommendation == "rag"


@given(anything, records)
def test_whatever_is_said_there_is_an_advice(answers: Answers, found: Evidence) -> None:
    """Scores lie between 0 and 1, and the advice is the best that is not barred."""
    advice = advise(answers, found)
    for factor in advice.factors:
        assert min(factor.rag, factor.fine_tuning, factor.hybrid) >= 0
        assert max(factor.rag, factor.fine_tuning, factor.hybrid) <= 1
    open_ways = {o: t for o, t in advice.totals.items() if o not in advice.barred}
    assert advice.totals[advice.recommendation] == pytest.approx(max(open_ways.values()))


@pytest.mark.parametrize(
    ("answers", "want"),
    [
        ({"new_data": "daily"}, "rag"),
        ({"new_data": "hourly", "sources_required": True}, "rag"),
        ({"governance": "regulated", "sources_required": True}, "rag"),
        ({"hallucination_tolerance": "none"}, "rag"),
        ({"time_to_deploy": "days", "style_control": "high"}, "rag"),
        ({"upfront_cost": "low"}, "rag"),
        ({"upfront_cost": "low", "style_control": "high", "new_data": "daily"}, "rag"),
        ({"style_control": "high", "new_data": "never"}, "fine-tuning"),
        ({"style_control": "high", "new_data": "yearly", "time_to_deploy": "months"},
         "fine-tuning"),
        ({"style_control": "high", "new_data": "never", "upfront_cost": "high",
          "monthly_queries": 10_000_000}, "fine-tuning"),
        ({"style_control": "high", "new_data": "daily", "factual_accuracy": "high"}, "hybrid"),
        ({"style_control": "high", "new_data": "weekly", "factual_accuracy": "high",
          "time_to_deploy": "months", "upfront_cost": "high"}, "hybrid"),
        ({"style_control": "high", "new_data": "daily", "sources_required": True,
          "upfront_cost": "high", "time_to_deploy": "months"}, "hybrid"),
        ({}, "rag"),
    ],
)  # fmt: skip
def test_structured_answers_alone_are_enough(answers: dict[str, object], want: str) -> None:
    """Without a task the factors decide."""
    assert of(**answers).recommendation == want


def test_an_explicit_answer_wins_over_what_a_task_suggests() -> None:
    """Somebody who says that it need not run within days is believed."""
    text = "A company new to AI"
    assert of(task=text).recommendation == "rag"
    held = of(task="It has to be live by Friday", time_to_deploy="months")
    assert "training does not fit into days" not in held.barred.values()


def test_a_negated_word_does_not_count() -> None:
    """No need for a brand voice is no wish for one."""
    found = stems("Customer support from our handbook, with no need for a brand voice")
    assert not means(found, "voice")
    assert means(found, "service")


def test_records_answer_what_nobody_said_and_are_told() -> None:
    """Style complaints make style matter; each figure stands beside its factor."""
    found = Evidence(
        changes=Changes(40, 30, 90, timedelta(days=30)),
        about_style=30,
        about_facts=5,
        checked={"rag": Checked(200, 8)},
        traffic=Traffic(300, 90_000, 1.5, 30.0),
        examples=1200,
        forgotten=1,
        retention=timedelta(days=365),
    )
    advice = advise(Answers(), found)
    assert advice.recommendation == "hybrid"
    told = {f.factor: f.evidence for f in advice.factors}
    assert "at ten times the traffic 900,000 tokens and $15.00" in str(told["upfront cost"])
    assert "1,200 examples approved" in str(told["time to deploy"])
    assert "30 readings found something new" in str(told["handling of new data"])
    assert "86% of 35 unhappy answers were about style" in str(told["style and behaviour control"])
    assert "rag 4.0% of 200" in str(told["hallucination risk"])
    assert "1 erasure" in str(told["data governance"])
    assert "style control: high (by the records)" in advice.assumed


def test_what_would_change_the_advice_changes_it() -> None:
    """Each line names an answer with another outcome."""
    advice = of(new_data="daily")
    assert "style control high: both, retrieval and fine-tuning" in advice.changing


def test_weights_can_be_changed() -> None:
    """Somebody for whom nothing but style counts is told to train."""
    others = {name: 0.0 for name in FACTORS if name != "style and behaviour control"}
    assert advise(Answers(), Evidence(), others).recommendation == "fine-tuning"
