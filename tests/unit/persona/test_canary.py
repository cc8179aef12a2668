"""The canary: a sticky split, and a test that may be looked at as often as one likes."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona.canary import (
    BATCH,
    Seen,
    Side,
    blocks,
    compared,
    e_value,
    median,
    place_of,
    share,
    slower,
    takes_part,
)

ALPHA = 0.05


def played(
    rng: random.Random, n: int, *, canary: float, live: float, at: float, noisy: bool = False
) -> list[Seen]:
    """Threads as they come: each side goes wrong as often as given; ``noisy``: by halves too."""
    seen = []
    for _ in range(n):
        side = Side.CANARY if rng.random() < at else Side.LIVE
        chance = canary if side is Side.CANARY else live
        bad = rng.betavariate(2 * chance, 2 - 2 * chance) if noisy else rng.random() < chance
        seen.append(Seen(side, float(bad)))
    return seen


@given(st.text(min_size=1), st.text(min_size=1), st.floats(0, 1), st.floats(0, 1))
def test_share_that_grows_keeps_its_threads(
    thread: str, trial: str, one: float, other: float
) -> None:
    """Who is in at a share is in at every larger one; the same thread always goes the same way."""
    small, large = sorted((one, other))
    assert takes_part(thread, trial, large) or not takes_part(thread, trial, small)
    assert place_of(thread, trial) == place_of(thread, trial)
    assert takes_part(thread, trial, 1.0)
    assert not takes_part(thread, trial, 0.0)


def test_split_is_even_and_new_for_each_canary() -> None:
    """A fifth of threads is a fifth, and two canaries have different threads."""
    threads = [f"thread{n}" for n in range(20_000)]
    one = {t for t in threads if takes_part(t, "canary1", 0.2)}
    two = {t for t in threads if takes_part(t, "canary2", 0.2)}
    assert len(one) / len(threads) == pytest.approx(0.2, abs=0.01)
    assert len(one & two) / len(one) == pytest.approx(0.2, abs=0.03)


@pytest.mark.parametrize(
    ("chance", "at", "noisy"),
    [
        (0.02, 0.1, False),
        (0.1, 0.2, False),
        (0.4, 0.5, False),
        (0.5, 0.5, True),
        (0.9, 0.05, False),
    ],
)
def test_sameness_is_seldom_called_worse_at_any_look(chance: float, at: float, noisy: bool) -> None:
    """Looked at after every thread, canaries that are no worse are called worse in at most 5%:
    the evidence keeps its largest value, so the last look tells of all of them."""
    rng = random.Random(7)
    wrong = sum(
        e_value(played(rng, 600, canary=chance, live=chance, at=at, noisy=noisy), 25) >= 1 / ALPHA
        for _ in range(100)
    )
    assert wrong <= 10  # 5 of 100 are allowed; 11 would come with a probability of 1%


def test_evidence_stays_at_its_largest_value() -> None:
    """What is enough at one look is enough at each later one."""
    rng = random.Random(3)
    seen = played(rng, 300, canary=0.4, live=0.1, at=0.5)
    looks = [e_value(seen[:n], 10) for n in range(0, 301, 10)]
    assert looks == sorted(looks)


@pytest.mark.parametrize(
    ("live", "canary", "at", "threads"),
    [(0.05, 0.3, 0.5, 300), (0.0, 0.3, 0.5, 200), (0.05, 0.3, 0.2, 500), (0.3, 0.6, 0.2, 500)],
)
def test_plain_harm_is_found(live: float, canary: float, at: float, threads: int) -> None:
    """A canary that is plainly worse is found out within a few hundred threads, at the strictness
    of six measures."""
    rng = random.Random(11)
    found = sum(
        e_value(played(rng, threads, canary=canary, live=live, at=at), 25) >= 6 / ALPHA
        for _ in range(30)
    )
    assert found >= 27


def test_better_canary_is_never_called_worse() -> None:
    """Going wrong less often is no evidence against it."""
    rng = random.Random(5)
    values = [e_value(played(rng, 400, canary=0.05, live=0.3, at=0.5), 25) for _ in range(30)]
    assert max(values) < 1 / ALPHA


def test_difference_that_is_allowed_is_no_harm() -> None:
    """However sure, a difference within the margin does not end a canary."""
    seen = [Seen(side, float(n % 100 < (4 if side is Side.CANARY else 3)))
            for n in range(200_00) for side in Side]  # fmt: skip
    found = compared("x", seen, alpha=ALPHA, least=25, margin=0.02)
    assert not found.worse
    assert found.canary.value == pytest.approx(0.04)


@given(st.lists(st.tuples(st.sampled_from(Side), st.floats(0, 1)), max_size=120))
def test_blocks_hold_both_sides_and_nothing_twice(drawn: list[tuple[Side, float]]) -> None:
    """Each block has both sides; all together hold no more than what was seen, in its order."""
    seen = [Seen(side, bad) for side, bad in drawn]
    made = list(blocks(seen, BATCH))
    assert all(canary and live for canary, live in made)
    for at, side in enumerate((Side.CANARY, Side.LIVE)):
        used = [bad for block in made for bad in block[at]]
        assert used == [s.bad for s in seen if s.side is side][: len(used)]
    assert e_value(seen, BATCH) >= 1.0


def test_sides_that_came_one_after_the_other_are_compared() -> None:
    """All of one side before all of the other still make blocks of both."""
    seen = [Seen(Side.LIVE, 0.0)] * 60 + [Seen(Side.CANARY, 1.0)] * 60
    assert e_value(seen, 25) > 1000


@given(st.lists(st.floats(0, 1), min_size=1, max_size=200), st.floats(0.001, 0.5))
def test_interval_of_a_share_holds_its_mean(values: list[float], alpha: float) -> None:
    """Low, mean and high are in order and in [0, 1]; nothing is ever no number."""
    found = share(values, alpha)
    assert found.value is not None
    assert 0 <= found.low <= found.value + 1e-9
    assert found.value - 1e-9 <= found.high <= 1
    assert not math.isnan(found.low + found.high)
    assert share(values * 50, alpha).high - share(values * 50, alpha).low <= (
        found.high - found.low + 1e-9
    )


def test_interval_holds_the_true_share_at_every_look() -> None:
    """Over 300 threads and 60 runs the true share is hardly ever outside."""
    rng, missed = random.Random(2), 0
    for _ in range(60):
        values = [float(rng.random() < 0.2) for _ in range(300)]
        looks = (share(values[:n], ALPHA) for n in range(10, 301, 10))
        missed += any(not found.low <= 0.2 <= found.high for found in looks)
    assert missed <= 7


def test_median_is_held_at_every_look_and_slowness_is_found() -> None:
    """The true median is hardly ever outside; three times as slow is found, as slow is not."""
    rng, missed, wrong, found = random.Random(4), 0, 0, 0
    for _ in range(60):
        live = [rng.lognormvariate(7, 0.5) for _ in range(300)]
        same = [rng.lognormvariate(7, 0.5) for _ in range(100)]
        slow = [3 * ms for ms in same]
        looks = (median(live[:n], ALPHA) for n in range(10, 301, 10))
        missed += any(not x.low <= math.exp(7) <= x.high for x in looks)
        wrong += slower("t", (same, live), alpha=ALPHA / 6, least=50, factor=1.5).worse
        found += slower("t", (slow, live), alpha=ALPHA / 6, least=50, factor=1.5).worse
    assert missed <= 7
    assert wrong == 0
    assert found >= 55


def test_nothing_seen_is_said_so() -> None:
    """No turns: no estimate, no evidence, no harm."""
    found = compared("x", [], alpha=ALPHA, least=5, margin=0.0)
    assert (found.canary.value, found.evidence, found.worse) == (None, 1.0, False)
    assert slower("t", ([], []), alpha=ALPHA, least=5, factor=1.5).canary.value is None
    assert Counter(place_of(f"t{n}", "c") < 0.5 for n in range(1000))[True] > 400
