"""Whether one run is better than another."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from bot.evaluation.pairing import BETTER, UNCLEAR, WORSE, pair

_VALUES = st.lists(st.tuples(st.none() | st.floats(0, 1), st.none() | st.floats(0, 1)), max_size=40)


def test_three_of_three_are_no_proof() -> None:
    """A gain in three cases cannot be told from luck; three more of the kind would tell."""
    found = pair([1, 1, 1], [0, 0, 0])
    assert found is not None
    assert (found.verdict, found.p, found.more) == (UNCLEAR, 0.25, 3)


def test_a_clear_gain_is_better_and_a_clear_loss_worse() -> None:
    """Ten of ten, either way; for a rate of errors the other way round."""
    up, down = [1.0] * 10, [0.0] * 10
    verdicts = [pair(up, down), pair(down, up), pair(down, up, less_is_better=True)]
    assert [each.verdict for each in verdicts if each] == [BETTER, WORSE, BETTER]


def test_equal_runs_leave_nothing_to_tell() -> None:
    """No difference: cannot tell, and no number of questions is promised."""
    found = pair([1, 0, 1], [1, 0, 1])
    assert found is not None
    assert (found.difference, found.p, found.verdict, found.more) == (0, 1, UNCLEAR, None)


def test_nothing_in_common_is_none() -> None:
    """A figure that one side never counted is not compared."""
    assert pair([None, 1], [1, None]) is None
    assert pair([], []) is None


def test_many_differences_are_drawn() -> None:
    """Three hundred cases, of which two thirds gain: better, with a small p."""
    draw = random.Random(1)
    now = [float(draw.random() < 0.9) for _ in range(300)]
    before = [float(draw.random() < 0.5) for _ in range(300)]
    found = pair(now, before)
    assert found is not None
    assert found.verdict == BETTER
    assert found.interval.low > 0.2


def test_chance_alone_is_seldom_called_a_difference() -> None:
    """Of 400 pairs of runs with the same rate, at most 7% are told apart."""
    draw = random.Random(2)
    told = 0
    for _ in range(400):
        now = [float(draw.random() < 0.7) for _ in range(30)]
        before = [float(draw.random() < 0.7) for _ in range(30)]
        found = pair(now, before)
        told += found is not None and found.verdict != UNCLEAR
    assert told <= 28


@given(_VALUES)
def test_every_figure_is_finite(values: list[tuple[float | None, float | None]]) -> None:
    """Whatever is counted: p between 0 and 1, the difference inside its interval."""
    found = pair([a for a, _ in values], [b for _, b in values])
    if found is not None:
        assert 0 <= found.p <= 1
        assert found.interval.low <= found.difference <= found.interval.high
        assert found.more is None or found.more > 0
