"""Intervals hold what they promise, and never NaN."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.evaluation.intervals import (
    bootstrap_mean,
    by_cluster,
    difference,
    needed,
    quantile_of_t,
    ratio,
    wilson,
)

RUNS = 2_000
ONES = np.ones


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (8, 10, 0.4902, 0.9433), (1, 2, 0.0945, 0.9055)],
)
def test_wilson_gives_published_figures(successes: int, n: int, low: float, high: float) -> None:
    """As in Brown, Cai and DasGupta, and in R's prop.test without correction."""
    found = wilson(successes, n)
    assert found is not None
    assert [found.low, found.high] == pytest.approx([low, high], abs=2e-4)
    assert wilson(0, 0) is None


@pytest.mark.parametrize(("rate", "n"), [(0.5, 100), (0.8, 60), (0.9, 200)])
def test_wilson_covers_the_true_rate(rate: float, n: int) -> None:
    """In 93 to 97% of 2,000 simulated suites."""
    hits = np.random.default_rng(5).binomial(n, rate, RUNS)
    ends = {k: wilson(k, n) for k in set(hits.tolist())}
    held = sum(e.low <= rate <= e.high for k in hits.tolist() if (e := ends[k]) is not None)
    assert 0.93 <= held / RUNS <= 0.97


@pytest.mark.parametrize("n", [60, 200])
def test_the_paired_bootstrap_covers_the_true_difference(n: int) -> None:
    """In 93 to 97% of 2,000 simulated suites whose cases are right together or apart."""
    random = np.random.default_rng(11)
    held = 0
    for run in range(RUNS):
        live = random.random(n) < 0.7
        redone = random.random(n) < 0.4
        mine = np.where(redone, random.random(n) < 0.5, live)  # 0.62 in the long run
        found = difference((mine, ONES(n)), (live, ONES(n)), seed=run, resamples=600)
        assert found is not None
        held += found.interval.low - 1e-9 <= -0.08 <= found.interval.high + 1e-9
    assert 0.93 <= held / RUNS <= 0.97


def test_the_bootstrap_covers_a_mean_of_few_skewed_values() -> None:
    """With 20 style scores near 1 in at least 91% of 2,000 runs; a plain percentile gives fewer."""
    random = np.random.default_rng(3)
    held = 0
    for run in range(RUNS):
        found = bootstrap_mean(random.beta(8, 2, 20), seed=run, resamples=600)
        assert found is not None
        held += found.interval.low <= 0.8 <= found.interval.high
    assert 0.91 <= held / RUNS <= 0.97


def test_claims_of_one_case_go_together() -> None:
    """Cases whose claims stand and fall together tell less than as many claims that do not."""
    claims = 10.0 * ONES(40)
    alternating = np.arange(40) % 2
    together = ratio(10 * alternating, claims)
    apart = ratio(5 * ONES(40), claims)
    assert together is not None
    assert apart is not None
    assert together.value == apart.value == 0.5
    assert together.interval.high - together.interval.low > 0.25
    assert apart.interval.high - apart.interval.low == 0
    keys = [str(n // 2) for n in range(80)]
    assert by_cluster(keys, ONES(80))[0].tolist() == [2.0] * 40


floats = st.floats(-1e6, 1e6, allow_nan=False)


@given(st.lists(st.tuples(floats, st.integers(0, 3), floats, st.integers(0, 3)), max_size=30))
def test_nothing_is_ever_nan(rows: list[tuple[float, int, float, int]]) -> None:
    """Whatever was counted, or nothing; the figure lies within its interval."""
    a, b, c, d = (list(column) for column in zip(*rows, strict=True)) if rows else ([],) * 4
    for found in (
        difference((a, b), (c, d), resamples=50),
        ratio(a, b, resamples=50),
        bootstrap_mean(a, resamples=50),
    ):
        if found is not None:
            ends = found.interval
            assert all(map(math.isfinite, (found.value, ends.low, ends.high)))
            assert ends.low <= found.value <= ends.high


def test_the_same_seed_gives_the_same_interval() -> None:
    """A verdict can be repeated."""
    values = np.random.default_rng(1).random(50)
    assert bootstrap_mean(values) == bootstrap_mean(values)
    assert bootstrap_mean(values, seed=2) != bootstrap_mean(values)


def test_sides_with_other_cases_are_not_compared() -> None:
    """Columns of different length, and numbers that are none, are faults of the caller."""
    with pytest.raises(ValueError, match=r"same cases|one number"):
        difference(([1.0], [1.0]), ([1.0, 2.0], [1.0, 1.0]))
    with pytest.raises(ValueError, match="finite"):
        bootstrap_mean([math.nan])


def test_how_many_cases_would_tell() -> None:
    """Four times as many halve the interval; where the figure lies below, no number helps."""
    found = bootstrap_mean([0.0] * 45 + [1.0] * 55)
    assert found is not None
    half = found.value - found.interval.low
    assert needed(found, found.value - half / 2) == pytest.approx(400, rel=0.01)
    assert needed(found, found.value) is None


@pytest.mark.parametrize(("freedom", "value"), [(4, 2.776), (9, 2.262), (30, 2.042), (1000, 1.962)])
def test_students_t_is_as_in_tables(freedom: int, value: float) -> None:
    """To one percent from four degrees of freedom on."""
    assert quantile_of_t(0.975, freedom) == pytest.approx(value, rel=0.01)
