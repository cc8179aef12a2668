"""Which passages come first."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.ranking import best, fuse, phrases, said, spread, wording
from knowledge.stores.base import Fusion

NAN = float("nan")


def floats(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def test_the_best_come_first() -> None:
    """Places are ordered by score, equal scores by place."""
    assert best(floats(1, 3, 2, 3), 3).tolist() == [1, 3, 2]


def test_only_those_among_the_chosen_count() -> None:
    """Scores outside the mask, infinite or missing are never the best."""
    scores = floats(9, 1, -np.inf, NAN, 2)
    assert best(scores, 5, np.array([False, True, True, True, True])).tolist() == [4, 1]


@given(
    st.lists(st.integers(0, 5), max_size=30),
    st.integers(0, 35),
    st.randoms(use_true_random=False),
)
def test_the_best_are_those_of_a_full_sort(values: list[int], n: int, random: object) -> None:
    """The quick choice is the head of a stable sort."""
    scores = floats(*values)
    assert best(scores, n).tolist() == sorted(range(len(values)), key=lambda i: -values[i])[:n]


@pytest.mark.parametrize("n", [0, 1, 132, 1000, 29_000])
@pytest.mark.parametrize("order", ["any", "rising", "falling", "few above"])
def test_the_best_of_many_are_those_of_a_full_sort(n: int, order: str) -> None:
    """However the scores of a large store lie, equal ones and hidden ones among them."""
    rng = np.random.default_rng(n)
    scores = rng.integers(0, 5000, 30_000).astype(np.float32)
    scores[rng.random(scores.size) < 0.1] = -np.inf
    if order == "rising":
        scores.sort()
    elif order == "falling":
        scores[::-1].sort()
    elif order == "few above":  # where the sample sees nothing of them
        scores[:] = 1
        scores[5:4000:16] = 2
    among = rng.random(scores.size) < 0.8
    fits = np.flatnonzero(among & np.isfinite(scores))
    full = fits[np.argsort(-scores[fits], kind="stable")]
    assert best(scores, n, among).tolist() == full[:n].tolist()


def test_scores_spread_between_floor_and_ceiling() -> None:
    """The floor becomes 0, the ceiling 1, what is below stays at 0."""
    assert spread(floats(1, 2, 3, 0), 1, 3).tolist() == [0, 0.5, 1, 0]
    assert spread(floats(2, 2), 2, 2).tolist() == [1, 1]


def test_alpha_is_the_dense_share() -> None:
    """0 ranks by words, 1 by meaning, one half by both."""
    words, meaning = floats(4, 2, 0), floats(0.1, 0.3, 0.9)
    assert best(fuse(words, meaning, 0), 3).tolist() == [0, 1, 2]
    assert best(fuse(words, meaning, 1), 3).tolist() == [2, 1, 0]
    assert fuse(words, meaning, 0.5).tolist() == pytest.approx([0.5, 0.125, 0.5])


def test_without_vectors_words_decide() -> None:
    """When nothing has a vector the fused score is that of the words."""
    assert fuse(floats(4, 3, 2), floats(NAN, NAN, NAN), 0.5).tolist() == [1, 0.5, 0]


def test_a_chunk_without_vector_is_judged_by_its_words() -> None:
    """The best by words stays first though its vector is still to come."""
    fused = fuse(floats(4, 3, 2), floats(NAN, 0.9, 0.1), 0.5)
    assert fused.tolist() == pytest.approx([1, 0.75, 0])


def test_what_a_leg_did_not_rank_gets_nothing_there() -> None:
    """Below a leg's depth a score counts as not found, as in a server's fusion."""
    words, meaning = floats(5, 4, 3, 2), floats(0.1, 0.2, 0.3, 0.4)
    fused = fuse(words, meaning, 0.5, depth=2)
    assert fused.tolist() == pytest.approx([0.5, 0, 0, 0.5])


def test_by_ranks_only_places_count() -> None:
    """The candidate at place n of a leg gets 61/(60 + n) of the leg's share, however far the scores
    lie apart; what the leg did not find gets nothing there."""
    words, meaning = floats(40, 2, 0), floats(0.1, 0.8, 0.9)
    first, second, third = 1, 61 / 62, 61 / 63
    assert fuse(words, meaning, 0.25, fusion="ranked").tolist() == pytest.approx(
        [
            0.75 * first + 0.25 * third,
            0.75 * second + 0.25 * second,
            0.25 * first,
        ]
    )


def test_by_ranks_equal_scores_share_a_place() -> None:
    """Equal candidates get the same, the one after them its own place, and depth is a place."""
    fused = fuse(floats(5, 5, 3, 1), floats(NAN, NAN, NAN, NAN), 0.5, depth=3, fusion="ranked")
    assert fused.tolist() == pytest.approx([1, 1, 61 / 63, 0])


def test_by_ranks_a_chunk_without_vector_is_judged_by_its_words() -> None:
    """The best by words stays first though its vector is still to come."""
    fused = fuse(floats(4, 3, 2), floats(NAN, 0.9, 0.1), 0.5, fusion="ranked")
    assert best(fused, 3).tolist() == [0, 1, 2]
    assert fused[0] == 1


@given(
    st.lists(
        st.tuples(st.floats(0, 50, width=32), st.one_of(st.just(NAN), st.floats(-1, 1, width=32))),
        max_size=40,
    ),
    st.floats(0, 1),
    st.integers(1, 50),
    st.sampled_from(["relative", "ranked"]),
)
def test_fused_scores_are_shares(
    candidates: list[tuple[float, float]], alpha: float, depth: int, fusion: Fusion
) -> None:
    """Whatever the legs say, fused scores lie between 0 and 1, and better in both is not worse."""
    words = floats(*[w for w, _ in candidates])
    meaning = floats(*[m for _, m in candidates])
    fused = fuse(words, meaning, alpha, depth, fusion)
    assert fused.shape == words.shape
    assert ((fused >= 0) & (fused <= 1 + 1e-6)).all()
    for i in range(len(candidates)):
        for j in range(len(candidates)):
            if words[i] >= words[j] and meaning[i] >= meaning[j]:
                assert fused[i] >= fused[j] - 1e-5


def test_the_wording_is_the_share_of_neighbouring_words() -> None:
    """Phrases count whole words next to each other, whatever the case and punctuation between."""
    wanted = phrases("How do I reset the AX-100 timer?")
    assert wanted == [" i reset ", " reset the ", " the ax-100 ", " ax-100 timer "]
    assert wording(wanted, said("Reset the AX-100: timer first.")) == 0.75
    assert wording(wanted, said("The timer of the ax-1000 has a preset.")) == 0


def test_without_phrases_there_is_no_wording() -> None:
    """One word, or function words alone, favour nothing."""
    assert wording(phrases("timer"), said("the timer")) == 0
    assert wording(phrases("what is it"), said("what is it")) == 0
