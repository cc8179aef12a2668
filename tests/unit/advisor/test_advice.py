"""The advice: the article's use cases in many wordings, and what may never happen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.advisor import FACTORS, Advice, Answers, Changes, Evidence, advise
from bot.advisor.answers import CHOICES, LEVELS
from bot.advisor.evidence import Duties, Gain, ModeRun, Rate, SuiteRun, Traffic
from bot.advisor.spelling import mended
from bot.advisor.tasks import USE_CASES
from bot.advisor.words import FAMILIES, means, stems
from tests.unit.advisor.use_cases import HELD_BACK, SEEN
from tests.unit.advisor.wordings import AFTERWARDS, BEFORE

WORDINGS = [
    pytest.param(text, want, id=f"{name}-{text[:20]}-{n}")
    for table in (SEEN, HELD_BACK, BEFORE, AFTERWARDS)
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


AGREEING: dict[str, tuple[dict[str, object], ...]] = {
    "fine-tuning": (
        {"new_data": "yearly"},
        {"style_control": "high", "time_to_deploy": "months"},
        {"upfront_cost": "high", "governance": "none", "monthly_queries": 2_000_000},
        {"hallucination_tolerance": "high", "sources_required": False, "new_data": "never"},
    ),
    "rag": (
        {"new_data": "daily"},
        {"upfront_cost": "low", "time_to_deploy": "days"},
        {"sources_required": True, "governance": "regulated"},
        {"hallucination_tolerance": "none", "style_control": "low", "monthly_queries": 3000},
    ),
    "hybrid": (
        {"style_control": "high"},
        {"new_data": "daily", "factual_accuracy": "high"},
        {"upfront_cost": "high", "time_to_deploy": "months", "style_control": "high"},
        {"sources_required": True, "style_control": "high", "new_data": "weekly"},
    ),
}
"""Answers that fit the way that a use case asks for."""


@pytest.mark.parametrize("want", AGREEING)
def test_answers_that_agree_with_the_task_leave_the_advice(want: str) -> None:
    """Every wording with every set of answers that fit."""
    wrong = [
        (text, answers, found)
        for table in (SEEN, HELD_BACK, BEFORE, AFTERWARDS)
        for wanted, texts in table.values()
        if wanted == want
        for text in texts
        for answers in AGREEING[want]
        if (found := of(task=text, **answers).recommendation) != want
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("trasnlation", "translation"),
        ("diagnotic", "diagnostic"),
        ("on-brnad", "on-brand"),
        ("patent", "patent"),
        ("contact", "contact"),
        ("conversation", "conversation"),
    ],
)
def test_slips_are_mended_and_other_words_left_alone(slip: str, meant: str) -> None:
    """Two letters that changed places, or one of many; never one word for another."""
    assert mended(slip) == meant


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
        rejected={"rag": Rate(0.04, 0.02, 0.077, 200)},
        traffic=Traffic(300, 90_000, 1.5, 30.0),
        examples=1200,
        duties=Duties(timedelta(days=365), forgotten=1, opted_out=2, withheld=3, answers=300),
    )
    advice = advise(Answers(), found)
    assert advice.recommendation == "hybrid"
    told = {f.factor: f.evidence for f in advice.factors}
    assert "at ten times the traffic 900,000 tokens and $15.00" in str(told["upfront cost"])
    assert "1,200 answers approved as examples: enough" in str(told["time to deploy"])
    assert "30 readings of the sources found something new" in str(told["handling of new data"])
    assert "86% of 35 unhappy answers" in str(told["style and behaviour control"])
    assert "retrieval 4% (of 200, 95% interval 2% to 8%)" in str(told["hallucination risk"])
    for part in ("365 days", "1 person asked", "2 people opted out", "3 of the latest 300"):
        assert part in str(told["data governance"])
    assert "how much voice and behaviour matter: high (from this bot's records)" in advice.assumed


def test_figures_of_the_latest_ratings_alone_say_so() -> None:
    """Where there are older ratings each figure names what it was counted over, else none does."""
    found = Evidence(about_style=30, about_facts=5, satisfied={"rag": Rate(0.8, 0.7, 0.9, 90)})
    bound = " of the latest 5,000 ratings"
    assert bound not in str(advise(Answers(), found))
    advice = advise(Answers(style_control="low"), replace(found, latest_ratings=5000))
    told = {f.factor: str(f.evidence) for f in advice.factors}
    assert f"30 about style,{bound}" in told["factual accuracy"]
    style = told["style and behaviour control"]
    assert f"the others about facts,{bound}" in style
    assert f"thumbs up from readers,{bound}: retrieval 80%" in style
    assert any(f"were about style,{bound}" in line for line in advice.contradictions)


def test_what_would_change_the_advice_changes_it() -> None:
    """Each line names an answer with another outcome."""
    advice = of(new_data="daily")
    assert (
        "how much voice and behaviour matter: high instead of medium, then both, retrieval and "
        "fine-tuning"
    ) in advice.changing


def test_weights_can_be_changed() -> None:
    """Somebody for whom nothing but style counts is told to train."""
    others = {name: 0.0 for name in FACTORS if name != "style and behaviour control"}
    assert advise(Answers(), Evidence(), others).recommendation == "fine-tuning"


PACES_SLOWEST_FIRST = ("never", "yearly", "monthly", "weekly", "daily", "hourly")
shares = st.builds(lambda hits, n: Rate(hits / 1000, 0.0, 1.0, n), st.integers(0, 1000),
                   st.integers(1, 5000))  # fmt: skip
runs = st.lists(
    st.builds(
        SuiteRun,
        run=st.just("run1"),
        suite=st.just("sample"),
        at=st.just(datetime(2026, 1, 2, tzinfo=UTC)),
        modes=st.fixed_dictionaries(
            {"rag": st.builds(ModeRun, accuracy=shares, hallucination=shares)},
            optional={
                "voice": st.builds(ModeRun, accuracy=shares),
                "hybrid": st.builds(ModeRun, accuracy=shares),
            },
        ),
        tuned=st.booleans(),
    ),
    max_size=2,
).map(tuple)
heavier = st.dictionaries(st.sampled_from(FACTORS), st.sampled_from([0.0, 0.1, 1.0, 3.0, 100.0]))


@given(anything, records, runs, heavier)
def test_faster_changes_never_lead_towards_training_alone(
    answers: Answers, found: Evidence, measured: tuple[SuiteRun, ...], weights: dict[str, float]
) -> None:
    """Whatever was measured, and whatever counts how much."""
    found = replace(found, runs=measured)
    alone = [
        advise(replace(answers, new_data=pace), found, weights).recommendation == "fine-tuning"
        for pace in PACES_SLOWEST_FIRST
    ]
    assert alone == sorted(alone, reverse=True)


@given(anything, records, runs, heavier)
def test_more_style_never_leads_to_retrieval_alone(
    answers: Answers, found: Evidence, measured: tuple[SuiteRun, ...], weights: dict[str, float]
) -> None:
    """Whatever was measured, and whatever counts how much."""
    found = replace(found, runs=measured)
    plain = [
        advise(replace(answers, style_control=level), found, weights).recommendation == "rag"
        for level in LEVELS
    ]
    assert plain == sorted(plain, reverse=True)


@given(anything, records)
def test_a_larger_budget_and_more_time_never_lead_to_retrieval_alone(
    answers: Answers, found: Evidence
) -> None:
    """What may cost more, or last longer, opens ways."""
    for name, values in (("upfront_cost", LEVELS), ("time_to_deploy", CHOICES["time_to_deploy"])):
        turned = [replace(answers, **{name: value}) for value in values]  # type: ignore[arg-type]
        plain = [advise(each, found).recommendation == "rag" for each in turned]
        assert plain == sorted(plain, reverse=True)


@given(anything, records, st.lists(st.sampled_from(FACTORS), max_size=8))
def test_any_weights_give_an_advice(answers: Answers, found: Evidence, left: list[str]) -> None:
    """None, all, and factors left out."""
    for weight in (0.0, 1e-9, 100.0):
        advice = advise(answers, found, dict.fromkeys(left, weight))
        assert advice.recommendation not in advice.barred
        assert advice.sentence
        assert advice.lead
        assert all(total == total for total in advice.totals.values())


def test_no_weight_at_all_is_said() -> None:
    """Nothing counts, so nothing is claimed."""
    advice = advise(Answers(), Evidence(), dict.fromkeys(FACTORS, 0.0))
    assert advice.recommendation == "rag"
    assert "every weight is 0" in advice.lead


def test_everything_wanted_at_once_is_told_to_be_so() -> None:
    """All answers at their highest are an advice, with what does not fit together."""
    advice = of(
        **{name: values[-1] for name, values in CHOICES.items() if name != "new_data"},
        new_data="hourly", sources_required=True, monthly_queries=1e9,
    )  # fmt: skip
    assert advice.recommendation in {"rag", "hybrid"}
    assert any("right facts matter much" in line for line in advice.contradictions)
    hurried = of(style_control="high", time_to_deploy="days", upfront_cost="low")
    assert hurried.recommendation == "rag"
    assert len(hurried.contradictions) == 2


def a_run(n: int, *, tuned: bool = True, hybrid: float = 0.97, verdict: str = "better") -> SuiteRun:
    """Retrieval at 70%, both at ``hybrid``, over ``n`` cases."""
    return SuiteRun(
        "run7", "handbook", datetime(2026, 1, 2, tzinfo=UTC),
        {
            "rag": ModeRun(Rate(0.7, 0.6, 0.8, n), Rate(0.1, 0.05, 0.2, n), None, 1200.0, 0.002),
            "hybrid": ModeRun(Rate(hybrid, 0.9, 0.99, n)),
        },
        tuned,
        Gain(hybrid - 0.7, 0.1, 0.4, n, verdict, 40 if verdict == "cannot tell" else None),
    )  # fmt: skip


def test_a_run_is_told_with_its_numbers_and_counts_as_far_as_they_carry() -> None:
    """The suite, the day, how many cases, the interval; few cases weigh little."""
    plain = advise(Answers(), Evidence()).factors[2]
    few = advise(Answers(), Evidence(runs=(a_run(10),))).factors[2]
    many = advise(Answers(), Evidence(runs=(a_run(900),))).factors[2]
    assert plain.rag > few.rag > many.rag
    assert plain.rag - few.rag < 0.05
    told = str(few.evidence)
    for part in ('suite "handbook" on 2026-01-02 (run7)', "70% (of 10, few,", "+27 points",
                 "10 cases count 9% here"):  # fmt: skip
        assert part in told


def test_an_untrained_voice_says_nothing_of_training() -> None:
    """It is told so, and no score moves."""
    run = a_run(500, tuned=False)
    advice = advise(Answers(), Evidence(runs=(run,)))
    assert advice.factors[2].rag == advise(Answers(), Evidence()).factors[2].rag
    assert "no trained voice spoke" in str(advice.factors[2].evidence)


def test_a_comparison_that_cannot_tell_says_how_many_more() -> None:
    """The number of questions that would."""
    run = a_run(20, hybrid=0.75, verdict="cannot tell")
    told = str(advise(Answers(), Evidence(runs=(run,))).factors[2].evidence)
    assert "cannot tell yet, about 40 more questions would tell" in told


def test_records_that_contradict_are_told_and_do_not_decide() -> None:
    """What was said decides; what would come of the records is said."""
    found = Evidence(
        changes=Changes(40, 30, 90, timedelta(days=30)),
        about_style=1, about_facts=20,
        traffic=Traffic(300, 90_000, 1.5, 30.0),
    )  # fmt: skip
    said = Answers(new_data="never", style_control="high", monthly_queries=100_000.0)
    advice = advise(said, found)
    assert advice.recommendation == "fine-tuning"
    told = " ".join(advice.contradictions)
    for part in (
        "changes never; the records say daily",
        "1 were about style",
        "You expect 100,000",
        "By the records the advice would be retrieval.",
    ):
        assert part in told


def test_assumed_prices_are_said() -> None:
    """With the price, and where to set it."""
    traffic = Traffic(30, 3000, 0.01, 30.0, 'no price is set for "m" under [models] prices')
    told = str(advise(Answers(), Evidence(traffic=traffic)).factors[0].evidence)
    assert "no price is set" in told
    assert "at ten times the traffic 30,000 tokens" in told


def test_the_four_questions_are_told_with_where_the_answers_come_from() -> None:
    """Given, from the task, from the records, assumed."""
    asked = of(task="Auditors check every answer", new_data="daily").questions
    assert [q.origin for q in asked] == [
        "you said so",
        "your task suggests it",
        "assumed, nobody said",
        "from this bot's records",
    ]
    assert asked[0].speaks_for == asked[1].speaks_for == "retrieval"


def test_few_complaints_about_style_decide_little() -> None:
    """Nine of fourteen may be chance, ninety of 140 are not."""
    few = advise(Answers(), Evidence(about_style=9, about_facts=5))
    assert few.recommendation == "rag"
    assert "too few to be sure" in str(few.factors[4].evidence)
    assert advise(Answers(), Evidence(about_style=90, about_facts=50)).recommendation == "hybrid"
