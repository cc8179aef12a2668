from __future__ import annotations

from dataclasses import replace

from bot.budget import Left
from bot.conversation import (
    Outcome,
    Platform,
    Rating,
    Route,
    RouteDecision,
    Turn,
    Usage,
)
from bot.evidence import Claim, Grounding
from bot.metrics import Metrics
from tests.platforms.turns import turn_of


def turn(outcome: Outcome = Outcome.ANSWERED, usage: Usage | None = None) -> Turn:
    return turn_of(
        route=RouteDecision(Route.HYBRID, 1.0, ()),
        outcome=outcome,
        grounding=Grounding((Claim(0, 1, "a", supported=True, score=1.0),)),
        usage=usage or Usage(),
        model="m",
        timings_ms={"retrieve": 12.0, "total": 40.0},
    )


def test_a_turn_is_counted_by_outcome_route_and_platform() -> None:
    """The counter of the contract rises by one."""
    metrics = Metrics()
    metrics.observe_turn(turn())
    metrics.observe_turn(turn(Outcome.ABSTAINED))
    lines = metrics.exposition().decode().splitlines()
    labels = 'platform="slack",route="hybrid"'
    assert f'wellspoken_answers_total{{outcome="answered",{labels}}} 1.0' in lines
    assert f'wellspoken_answers_total{{outcome="abstained",{labels}}} 1.0' in lines


def test_turns_are_counted_by_the_model_that_spoke() -> None:
    """Canary and live are told apart, and after fifty models the others are counted together."""
    metrics = Metrics()
    for number in range(60):
        metrics.observe_turn(replace(turn(), model=f"ft:{number}"))
    metrics.observe_turn(replace(turn(), model="ft:0"))
    lines = metrics.exposition().decode().splitlines()
    counted = [line for line in lines if line.startswith("wellspoken_model_answers_total{")]
    assert len(counted) == 51
    assert 'wellspoken_model_answers_total{model="ft:0",outcome="answered"} 2.0' in counted
    assert 'wellspoken_model_answers_total{model="others",outcome="answered"} 10.0' in counted


def test_stages_are_timed_in_seconds() -> None:
    """Milliseconds of a turn become seconds, as Prometheus wants them."""
    metrics = Metrics()
    metrics.observe_turn(turn())
    text = metrics.exposition().decode()
    assert 'wellspoken_stage_seconds_sum{stage="retrieve"} 0.012' in text
    assert 'wellspoken_stage_seconds_bucket{le="0.01",stage="retrieve"} 0.0' in text


def test_tokens_and_cost_add_up_by_model() -> None:
    """What models charged is summed; a turn without a charge adds no line."""
    metrics = Metrics()
    metrics.observe_turn(turn())
    assert b"wellspoken_tokens_total{" not in metrics.exposition()
    for _ in range(2):
        metrics.observe_turn(turn(usage=Usage(100, 20, 0.5)))
    text = metrics.exposition().decode()
    assert 'wellspoken_tokens_total{kind="prompt",model="m"} 200.0' in text
    assert 'wellspoken_tokens_total{kind="completion",model="m"} 40.0' in text
    assert 'wellspoken_cost_usd_total{model="m"} 1.0' in text


def test_applications_count_apart() -> None:
    """Two sets of metrics in one process do not know each other."""
    one, other = Metrics(), Metrics()
    one.observe_rating(Rating.UP, Platform.DISCORD)
    one.queue_depth(4)
    assert b'wellspoken_feedback_total{platform="discord",rating="up"} 1.0' in one.exposition()
    assert b"wellspoken_queue_depth 4.0" in one.exposition()
    assert b'rating="up"' not in other.exposition()


def test_the_answer_cache_is_counted() -> None:
    """How often it had the answer, and what that saved."""
    metrics = Metrics()
    for found in (True, False, False):
        metrics.observe_cache(found)
    metrics.observe_turn(replace(turn(), cached_from="t0", saved_usd=0.25))
    text = metrics.exposition().decode()
    assert 'wellspoken_answer_cache_total{found="yes"} 1.0' in text
    assert 'wellspoken_answer_cache_total{found="no"} 2.0' in text
    assert "wellspoken_saved_usd_total 0.25" in text


def test_what_is_left_of_the_day_is_shown_where_there_is_a_limit() -> None:
    """In the unit of the limit; without one there is no line that could alarm anybody."""
    metrics = Metrics()
    assert "wellspoken_budget_left{" not in metrics.exposition().decode()
    metrics.observe_budget(Left(0.5, None))
    text = metrics.exposition().decode()
    assert 'wellspoken_budget_left{unit="usd"} 0.5' in text
    assert 'unit="tokens"' not in text
