"""Other spellings of a question's words."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.lexical import words
from knowledge.stores.analysis import index_terms
from knowledge.stores.spelling import joined, respelled

TEXT = """The MG-200 and the AX 100 need the user_id. E-205 and the warranty, a valve, an e-mail;
the email goes to Node.js in 18 with --no-prune and 2.5 bar, in black, on the stack."""


def known(terms: Collection[str]) -> set[str]:
    return set(index_terms(TEXT).counts).intersection(terms)


def found(question: str) -> set[str]:
    return set(respelled(words(question), known))


@pytest.mark.parametrize(
    ("question", "term"),
    [
        ("the MG 200", "mg200"),
        ("mg_200", "mg200"),
        ("js18", "18"),
        ("user-id", "userid"),
        ("e-mail", "email"),
        ("node-js", "nodej"),
        ("is it under waranty?", "=warranty"),
        ("warrenty", "=warranty"),
        ("warrantyy", "=warranty"),
        ("the vlave", "=valve"),
    ],
)
def test_other_spellings_are_looked_for(question: str, term: str) -> None:
    """Codes come with and without their marks, and a word with one slip is mended."""
    assert term in found(question)


@pytest.mark.parametrize("compound", ["mg200", "userid", "email", "noprun"])
def test_compounds_are_indexed_without_their_marks(compound: str) -> None:
    """What was written with a dash is found by who writes none."""
    assert known({compound}) == {compound}


@pytest.mark.parametrize(
    "question",
    [
        "MG-200",
        "the warranty of the valve",
        "E-204",
        "E204",
        "25 bar",
        "warty",
        "slack",
        "uarranty",
    ],
)
def test_nothing_is_guessed_at(question: str) -> None:
    """Known words stay, and numbers, codes, short and far words are not taken for others."""
    assert found(question) == set()


@pytest.mark.parametrize(
    "word", ["2.5", "1.39.0", "plain", "c++", "a-b-c-d-e", "x" * 20 + "-y1234"]
)
def test_not_everything_is_joined(word: str) -> None:
    """Numbers, single words and long compounds have no joined form."""
    assert joined(word) == ""


@given(st.text(max_size=80))
def test_any_question_is_respelled(question: str) -> None:
    """Whatever is asked, only known terms come back, with a weight."""
    weighted = respelled(words(question), known)
    assert known(weighted) == set(weighted)
    assert all(weight > 0 for weight in weighted.values())
