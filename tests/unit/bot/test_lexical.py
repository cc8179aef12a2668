"""Terms: what documents are indexed by and questions searched with."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.lexical import query_terms, terms


def test_a_product_code_is_found_whole_and_by_its_parts() -> None:
    """``AX-100`` gives the code, its letters and its number."""
    assert terms("AX-100") == ["ax-100", "ax", "100"]


def test_inflected_words_meet_in_their_stem() -> None:
    """A question in the plural finds a text in the singular."""
    assert set(terms("controllers watering")) == set(terms("controller watered"))


def test_accents_and_case_do_not_matter() -> None:
    """Crème brûlée is found by creme brulee."""
    assert terms("Crème BRÛLÉE") == terms("creme brulee")


def test_possessives_and_contractions_are_one_word() -> None:
    """The possessive of a code is the code."""
    assert terms("the MG-200's warranty")[1:4] == ["mg-200", "mg", "200"]
    assert terms("don't") == terms("don’t")


def test_the_long_part_of_an_apostrophe_counts() -> None:
    """French articles and Irish names do not hide the word."""
    assert terms("l'abonnement") == terms("abonnement")
    assert terms("O'Reilly") == terms("Reilly")
    assert terms("you'll") == terms("you")


def test_scripts_without_spaces_give_pairs() -> None:
    """Chinese, Japanese, Korean and Thai text is found by pairs of characters."""
    assert terms("防水機能") == ["防水", "水機", "機能"]
    assert terms("보증은") == ["보증", "증은"]


def test_questions_lose_their_stop_words() -> None:
    """Only the telling words of a question are searched for, each once."""
    assert query_terms("How do I reset the pump of the pump?") == ["reset", "pump"]


def test_a_question_of_stop_words_keeps_them() -> None:
    """A question that says nothing else is searched as it is."""
    assert query_terms("What is it?") == ["what", "is", "it"]


@given(st.text(max_size=200))
def test_any_text_has_terms_without_white_space(text: str) -> None:
    """No input breaks the splitter, and terms are never empty."""
    assert all(term and not term.isspace() for term in terms(text))
