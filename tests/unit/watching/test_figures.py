"""Measures have intervals that hold what they are intervals of, and are nothing of nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.store.watch_figures import Measure, Ratio, Tally, Week
from bot.watching import figure, figures
from bot.watching.chance import (
    holm,
    mean_difference,
    mean_is_greater,
    share_difference,
    share_is_greater,
)

groups = st.lists(
    st.integers(1, 8).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), max_size=60
)


def test_nothing_is_nothing() -> None:
    """No NaN, no zero that was never counted."""
    for found in figures(Tally()).values():
        assert (found.value, found.interval, found.n) == (None, None, 0)
        assert found.json() == {"value": None, "ci95": None, "n": 0}
    assert Week(datetime(2026, 3, 2, tzinfo=UTC), {}).tally("route:rag") == Tally()


@given(groups)
def test_an_interval_holds_its_share(found: list[tuple[int, int]]) -> None:
    """Inside 0 to 1, and never surer than independent observations would be."""
    ratio = Ratio.of(found)
    assert ratio.effective <= ratio.whole + 1e-9
    made = figure(Tally(9, {Measure.GROUNDED: ratio}), Measure.GROUNDED)
    if not found:
        assert made.value is None
        return
    assert made.interval is not None
    assert made.value is not None
    assert 0 <= made.interval.low <= made.value + 1e-9
    assert made.value - 1e-9 <= made.interval.high <= 1
    assert made.n == ratio.whole


@given(groups, groups)
def test_sums_of_weeks_are_those_of_their_groups(
    first: list[tuple[int, int]], second: list[tuple[int, int]]
) -> None:
    """Adding up loses nothing."""
    assert Ratio.of(first) + Ratio.of(second) == Ratio.of([*first, *second])


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=400))
def test_a_time_lies_in_its_interval(times: list[float]) -> None:
    """Both quantiles, where there are enough for one."""
    tally = Tally(len(times), {}, tuple(sorted(times)))
    for measure in (Measure.P50, Measure.P95):
        found = figure(tally, measure)
        assert found.value is not None
        if found.interval is not None:
            assert found.interval.low <= found.value <= found.interval.high


def test_few_have_no_interval() -> None:
    """One cost says nothing of their spread; the largest of few times is no bound of 19 in 20."""
    for groups in ([(0.2, 1)], [(0.2, 1), (0.3, 1)]):
        cost = figure(Tally(len(groups), {Measure.COST: Ratio.of(groups)}), Measure.COST)
        assert cost.value is not None
        assert (cost.interval is not None) is (len(groups) > 1)
    for n, half, most in ((1, False, False), (5, False, False), (6, True, False), (59, True, True)):
        tally = Tally(n, {}, tuple(float(x) for x in range(n)))
        assert (figure(tally, Measure.P50).interval is not None) is half
        assert (figure(tally, Measure.P95).interval is not None) is most


def test_the_interval_of_clustered_thumbs_is_right() -> None:
    """People who give several thumbs and have opinions: the truth is inside in 93 to 97.5%."""
    random = np.random.default_rng(3)
    inside = 0
    for _ in range(1_000):
        people = 80
        thumbs = random.integers(1, 7, people)
        leaning = random.beta(0.8 * 3, 0.2 * 3, people)
        found = Ratio.of(
            (float(random.binomial(n, p)), float(n)) for n, p in zip(thumbs, leaning, strict=True)
        )
        interval = figure(Tally(1, {Measure.SATISFACTION: found}), Measure.SATISFACTION).interval
        assert interval is not None
        inside += interval.low <= 0.8 <= interval.high
    assert 0.93 <= inside / 1_000 <= 0.975


def singles(hits: int, n: int) -> Ratio:
    return Ratio(hits, n, hits, hits, n, n)


def test_fishers_test_is_the_textbooks() -> None:
    """The lady tasting tea: 3 of 4 against 1 of 4 is 0.243 one-sided, 0.129 with mid-P."""
    assert share_is_greater(singles(3, 4), singles(1, 4)) == pytest.approx(9 / 70)
    assert share_is_greater(singles(4, 4), singles(0, 4)) == pytest.approx(0.5 / 70)


@given(st.integers(0, 60), st.integers(0, 60))
def test_more_hits_are_less_by_chance(hits: int, more: int) -> None:
    """Of 60 against 20 of 60."""
    low, high = sorted((hits, more))
    before = singles(20, 60)
    assert (
        share_is_greater(singles(high, 60), before)
        <= share_is_greater(singles(low, 60), before) + 1e-9
    )


@pytest.mark.parametrize("hits", [0, 10, 900])
def test_a_share_that_fell_far_did_not_rise(hits: int) -> None:
    """Against a half of 8,000, where the single probabilities are too small for a float."""
    assert share_is_greater(singles(hits, 2_000), singles(4_000, 8_000)) > 0.999


def test_newcombes_interval_is_the_papers() -> None:
    """56/70 less 48/80, method 10: 0.0524 to 0.3339."""
    found = share_difference(singles(56, 70), singles(48, 80))
    assert found is not None
    assert found.low == pytest.approx(0.0524, abs=5e-4)
    assert found.high == pytest.approx(0.3339, abs=5e-4)
    assert share_difference(Ratio(), singles(1, 2)) is None
    assert mean_difference(Ratio(), singles(1, 2)) is None


def test_students_tail_is_the_tables() -> None:
    """t = 2.086 at 20 degrees is 2.5%."""
    random = np.random.default_rng(4)
    values = random.normal(0, 1, 11)
    values = (values - values.mean()) / values.std(ddof=1)
    shift = 2.086 * (2 / 11) ** 0.5
    now = Ratio.of((float(v + shift), 1.0) for v in values)
    before = Ratio.of((float(v), 1.0) for v in values)
    assert mean_is_greater(now, before) == pytest.approx(0.025, abs=5e-4)
    assert mean_is_greater(before, now) == pytest.approx(0.975, abs=5e-4)
    assert mean_is_greater(Ratio(), before) == 1.0


def test_holm_stops_at_the_first_that_may_be_chance() -> None:
    """Each further one has less to prove, as long as none failed."""
    assert holm({"a": 0.01, "b": 0.02, "c": 0.04}, 0.05) == {"a", "b", "c"}
    assert holm({"a": 0.01, "b": 0.03, "c": 0.04}, 0.05) == {"a"}
    assert holm({}, 0.05) == set()
