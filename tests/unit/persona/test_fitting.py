"""What of the passages fits into a prompt: the least useful goes first."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.evidence import Passage
from persona.fitting import estimate_tokens, fitting_passages

Passages = Callable[..., Passage]
WARRANTY = "The MG-200 has a warranty of 24 months from the day of delivery to your door."
AGAIN = "The MG-200 has a warranty of 24 months from the day of delivery."
LONGER = "The MG-200 has a warranty of 36 months from the day of delivery to your door."
RETURNS = "A warranty claim needs the receipt, which the shop sends by mail on request."
PARKING = "Visitors leave their cars behind the building, next to the bicycle stands there."


def numbers(shown: Sequence[str]) -> list[int]:
    return [int(re.match(r'<passage n="(\d+)"', text)[1]) for text in shown]  # type: ignore[index]  # each is a passage


def room_for(count: int) -> int:
    """About so many passages like the ones above, and not one more."""
    return count * 38 + 12


def test_where_all_fit_all_are_shown(passage: Passages) -> None:
    """Room enough: nothing is dropped, not even what says the same."""
    passages = [passage(WARRANTY), passage(AGAIN), passage(PARKING, cosine=0.1)]
    assert numbers(fitting_passages(passages, "warranty MG-200", 1000)) == [1, 2, 3]


def test_what_repeats_a_better_one_goes_first(passage: Passages) -> None:
    """A near-duplicate tells nothing new; the one behind it does."""
    passages = [passage(WARRANTY), passage(AGAIN), passage(RETURNS)]
    shown = fitting_passages(passages, "warranty of the MG-200", room_for(2))
    assert numbers(shown) == [1, 3]


def test_another_number_is_news(passage: Passages) -> None:
    """Two documents that contradict each other are no duplicates."""
    passages = [passage(WARRANTY), passage(LONGER), passage(RETURNS)]
    shown = fitting_passages(passages, "warranty of the MG-200", room_for(2))
    assert numbers(shown) == [1, 2]


def test_what_is_not_about_the_question_goes_before_what_is(passage: Passages) -> None:
    """Neither a word nor the meaning of the query: it goes before a later one that has them."""
    passages = [
        passage(WARRANTY, "A"),
        passage(PARKING, "B", cosine=0.2),
        passage(RETURNS, "C", cosine=0.3),
    ]
    shown = fitting_passages(passages, "warranty", room_for(2))
    assert numbers(shown) == [1, 3]


def test_what_is_near_in_meaning_stays_whatever_its_words(passage: Passages) -> None:
    """A paraphrase shares no word with the question, and still answers it."""
    passages = [
        passage(WARRANTY, "A"),
        passage(PARKING, "B", cosine=0.58),
        passage(RETURNS, "C", cosine=0.3),
    ]
    shown = fitting_passages(passages, "warranty", room_for(2))
    assert numbers(shown) == [1, 2]


def test_a_long_first_passage_leaves_room_for_the_others(passage: Passages) -> None:
    """It is cut around the sentence nearest to the question; the second stays whole."""
    filler = "Nothing of it matters here at all. " * 100
    long = f"{filler}The valve opens at six. {filler}"
    shown = fitting_passages([passage(long), passage(WARRANTY)], "When does the valve open?", 300)

    assert numbers(shown) == [1, 2]
    assert "The valve opens at six." in shown[0]
    assert shown[0].count("[…]") == 2
    assert WARRANTY in shown[1]
    assert sum(estimate_tokens(text) + 1 for text in shown) <= 300


def test_a_long_passage_in_the_middle_does_not_end_the_list(passage: Passages) -> None:
    """What comes behind a passage that does not fit is looked at too."""
    huge = "x" * 5000
    passages = [passage(WARRANTY, "A"), passage(huge, "B"), passage(RETURNS, "C")]
    shown = fitting_passages(passages, "warranty", room_for(2))
    assert numbers(shown) == [1, 3]


def test_a_cut_passage_takes_what_the_others_leave(passage: Passages) -> None:
    """Room that no other passage needs goes back to the one that was cut."""
    long = "The valve opens at six in the morning. " * 100
    shown = fitting_passages([passage(long), passage("No.")], "valve", 600)
    assert sum(estimate_tokens(text) + 1 for text in shown) > 560


@given(
    st.lists(
        st.text(alphabet=st.sampled_from("ab <>/.\n水|-1"), max_size=400), min_size=1, max_size=8
    ),
    st.text(alphabet=st.sampled_from("ab 1"), max_size=30),
    st.integers(-50, 600),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_room_is_kept(passage: Passages, texts: list[str], query: str, room: int) -> None:
    """Whatever the passages: in order, each at most once, never more than fits."""
    passages = [passage(text, f"T{n}") for n, text in enumerate(texts)]
    shown = fitting_passages(passages, query, room)

    assert numbers(shown) == sorted(set(numbers(shown)))
    assert sum(estimate_tokens(text) + 1 for text in shown) <= max(room, 0)
