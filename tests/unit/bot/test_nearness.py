"""How near passages are to a question."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.evidence import Chunk, Passage
from bot.nearness import nearness

ENGLISH = "The warranty of the MG200 is 36 months. It begins with the delivery."


def page(text: str, cosine: float | None = 0.4) -> Passage:
    chunk = Chunk("c", "d", "docs", "r1", 0, "Warranty", (), text, 0, len(text), "")
    return Passage(chunk, 1.0, 5.0, cosine)


def test_no_passage_is_as_far_as_can_be() -> None:
    """Nothing is near."""
    assert nearness("How long is the warranty?", ()).value == 0.0


def test_words_that_any_passage_holds_count_by_their_rarity() -> None:
    """And the nearest vector, whichever passage has it."""
    found = nearness("warranty months", (page(ENGLISH), page("Tomatoes.", 0.7)))
    assert (found.cosine, found.covered) == (0.7, 1.0)
    assert found.value == pytest.approx(1.2)


def test_a_code_is_found_however_it_is_written() -> None:
    """MG-200 and MG200 are the same."""
    assert nearness("mg200", (page("The MG-200."),)).covered == 1.0


def test_words_of_another_language_are_no_evidence_unless_it_is_asked_for() -> None:
    """Of a German question English pages can hold the code alone."""
    german = "Wie lange ist die Garantie des MG200 und wann beginnt sie?"
    assert nearness(german, (page(ENGLISH),)).covered == 1.0
    assert nearness(german, (page(ENGLISH),), across_languages=False).covered < 0.5


@given(st.text(max_size=60), st.lists(st.builds(page, st.text(max_size=60)), max_size=3))
def test_it_stays_within_its_bounds(query: str, found: list[Passage]) -> None:
    """Whatever is asked, over whatever was found."""
    near = nearness(query, found)
    assert 0 <= near.covered <= 1.000001 and 0 <= near.value <= 1.5
