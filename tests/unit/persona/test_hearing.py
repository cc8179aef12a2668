"""What of a model's stream is shown, however it is cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona.hearing import AnswerFilter


def heard(pieces: list[str]) -> str:
    answer = AnswerFilter()
    return "".join([*map(answer.feed, pieces), answer.finish()])


CASES = [
    ("The warranty is 24 months [1].", "The warranty is 24 months [1]."),
    ("NO_ANSWER", ""),
    ("NO_ANSWER.", ""),
    ("  `NO_ANSWER`\n", ""),
    ("**NO_ANSWER**", ""),
    ('"NO_ANSWER"', ""),
    ("NO_ANSWER\n\nThe passages do not say.", ""),
    ("24 months [1]. NO_ANSWER", "24 months [1]."),
    ("24 months [1].\n\n**NO_ANSWER** for the rest", "24 months [1]."),
    ("NO_ENTRY is a sign [1].", "NO_ENTRY is a sign [1]."),
    ("No, it is not [1].", "No, it is not [1]."),
    ("<think>Is it 24?\nNO_ANSWER?</think>\n\n24 months [1].", "24 months [1]."),
    ("<thinking>hm</thinking>NO_ANSWER", ""),
    ("<think>never ends", ""),
    ("<table> is a tag [1].", "<table> is a tag [1]."),
    ("**Bold** first [1].", "**Bold** first [1]."),
    ("", ""),
    ("A list:\n\n- one [1]\n- two [1]\n", "A list:\n\n- one [1]\n- two [1]\n"),
    ("`code` [1] and “quote” NO", "`code` [1] and “quote” NO"),
]


@pytest.mark.parametrize(("said", "shown"), CASES)
def test_thoughts_and_the_sentinel_are_not_shown(said: str, shown: str) -> None:
    """Whole, or letter by letter, the same is shown."""
    assert heard([said]) == shown
    assert heard(list(said)) == shown


@given(st.sampled_from(CASES), st.lists(st.integers(0, 60), max_size=8))
def test_the_cuts_do_not_matter(case: tuple[str, str], cuts: list[int]) -> None:
    """Any way to cut a stream shows the same."""
    said, shown = case
    places = [0, *sorted(min(cut, len(said)) for cut in cuts), len(said)]

    assert heard([said[a:b] for a, b in pairwise(places)]) == shown


def test_text_is_passed_on_as_it_comes() -> None:
    """Only what may be the beginning of the sentinel waits."""
    answer = AnswerFilter()

    assert answer.feed("The warranty is N") == "The warranty is"
    assert answer.feed("ow 24 months.") == " Now 24 months."
