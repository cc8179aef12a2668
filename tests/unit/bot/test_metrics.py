from __future__ import annotations

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
