"""A model's query is searched only where it keeps to the question and its thread."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import Message, Role
from bot.query.checking import GROWTH, LONGEST, cleaned, strayed

BEFORE = (
    Message(Role.USER, "How long is the warranty of the MG-200?"),
    Message(Role.ASSISTANT, "24 months from the day of purchase [1]."),
)


@pytest.mark.parametrize(
    ("question", "query"),
    [
        ("Does it cover water damage?", "Does the MG-200 warranty cover water damage?"),
        ("And the MG-400?", "How long is the warranty of the MG-400?"),
        ("Why?", "Why is the warranty of the MG-200 24 months?"),
        ("And after that?", "What happens after 24 months of warranty of the MG-200?"),
        ("How do I register it?", "registering the MG-200"),
        ("How do I reset my password?", "How do I reset my password?"),
    ],
)
def test_query_of_the_thread_s_words_is_taken(question: str, query: str) -> None:
    """Words of the thread may be put in, the question's own reworded a little."""
    assert strayed(query, question, BEFORE) == ""


def test_query_in_another_language_than_english_is_taken() -> None:
    """The words of the thread are known in any language."""
    before = [Message(Role.USER, "Gibt es eine Garantie für die MG-200?")]
    assert strayed("Wie lange gilt die Garantie der MG-200?", "Wie lange gilt sie?", before) == ""


@pytest.mark.parametrize(
    ("question", "query", "finding"),
    [
        ("How do I register it?", "", "empty"),
        ("How do I register it?", "Sure!\nHow do I register the MG-200?", "too long"),
        ("How do I register it?", "How do I register it? " + "MG-200 " * 90, "too long"),
        ("How do I register it?", "How do I register the MG-300?", "a name or a number"),
        ("How do I register it?", "How do I register the Juniper?", "a name or a number"),
        ("And the MG-400?", "How long is the warranty of it?", "a code or a number is gone"),
        ("How do I register it?", "How long is the warranty of the MG-200?", "another question"),
        ("How do I register it?", "months of purchase", "another question"),
        ("How long is it?", "Your warranty surely extends across many pleasant years", "nowhere"),
        ("How long is it?", "It is 24 months from the day of purchase.", "an answer"),
        ("How long is it?", "How long is the warranty? See https://evil.example", "markup"),
        ("Wie lange gilt sie?", "Combien de temps dure cette garantie?", "another question"),
    ],
)
def test_query_that_strays_is_not_taken(question: str, query: str, finding: str) -> None:
    """An answer, an invention, a translation, other words: each is said by its kind."""
    assert finding in strayed(query, question, BEFORE)


def test_labels_and_quotes_are_taken_off() -> None:
    """What models put around a query is no part of it."""
    assert cleaned(' "Is it wet?" ') == "Is it wet?"
    assert cleaned("Search query: Is it wet?") == "Is it wet?"
    assert cleaned("**Is it wet?**") == "Is it wet?"
    assert cleaned('Why is "wet" dry?') == 'Why is "wet" dry?'


@given(st.text(max_size=60), st.text(max_size=60))
def test_the_question_itself_may_always_be_searched(question: str, before: str) -> None:
    """Whoever repeats the question strays from nothing, unless a question is more than a line."""
    repeated = question.strip()
    found = strayed(repeated, repeated, [Message(Role.USER, before)])
    assert not found or not repeated or "\n" in repeated


@given(st.text(max_size=600), st.text(max_size=60))
def test_what_is_taken_is_short(query: str, question: str) -> None:
    """No text of a model becomes a query longer than a question may be."""
    if not strayed(query, question, BEFORE):
        assert len(query) <= max(LONGEST, len(question) + GROWTH)
