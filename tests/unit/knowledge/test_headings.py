"""Headings as the questions that they answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.headings import LONGEST_MESSAGE, LONGEST_TITLE, question_of, questions, titled


@pytest.mark.parametrize(
    ("heading", "message", "title"),
    [
        ("## Do I need a subscription?", "Do I need a subscription?", "Do I need a subscription?"),
        ("How to filter your dashboard", "How do I filter my dashboard?", "Filter my dashboard"),
        ("How to cancel a plan?", "How do I cancel a plan?", "Cancel a plan"),
        ("Setting up a webhook", "How do I set up a webhook?", "Set up a webhook"),
        ("3. Installing the MG-200", "How do I install the MG-200?", "Install the MG-200"),
        ("Cancelling a plan", "How do I cancel a plan?", "Cancel a plan"),
        ("Cancel your subscription", "How do I cancel my subscription?", "Cancel my subscription"),
        ("Return a product", "How do I return a product?", "Return a product"),
        ("Change **the** [battery](b.md)", "How do I change the battery?", "Change the battery"),
        ("Mount a disk (optional)", "How do I mount a disk?", "Mount a disk"),
        (
            "See why a watering was skipped",
            "How do I see why a watering was skipped?",
            "See why a watering was skipped",
        ),
    ],
)
def test_a_heading_becomes_a_question(heading: str, message: str, title: str) -> None:
    """Questions stay, "how to" and deeds become "How do I …?", and a short title names them."""
    asked = question_of(heading)
    assert asked is not None
    assert (asked.message, asked.title) == (message, title)


@pytest.mark.parametrize(
    "heading",
    [
        "Overview",
        "Pricing",
        "Return labels",
        "Access for a limited time",
        "Why use it?",
        "What is not covered?",
        "Where should I hang it?",
        "Have you cleared your cache?",
        "Bought elsewhere?",
        "Run Windows commands fails inside a distribution",
        "Set up and best practices",
        "Release 3.2.1 – 17 April 2026",
        "Step 2: Install the plugin!",
        "Use",
        "",
    ],
)
def test_other_headings_are_no_questions(heading: str) -> None:
    """Nouns, pieces of their page, and what asks the reader are left alone."""
    assert question_of(heading) is None


def test_words_of_a_title_are_written_as_in_the_text() -> None:
    """Capitals of a Title Like This go where the text writes the word small; names keep theirs."""
    text = "Your account is yours. An account in Plausible. Use Plausible daily, delete accounts."
    asked = question_of("Delete Your Plausible Account", text)
    assert asked is not None
    assert asked.message == "How do I delete my Plausible account?"


def test_a_document_gives_its_questions_once_and_in_order() -> None:
    """Comments in code are no headings, and the same heading twice is one question."""
    text = (
        "# Cancel a plan\n\n```sh\n# Install the thing\n```\n\n## Do I need a subscription?\n\nNo."
        "\n\n## Cancel a plan\n"
    )
    found = [a.message for a in questions("Cancel a plan", text)]
    assert found == ["How do I cancel a plan?", "Do I need a subscription?"]


@given(st.text(max_size=300))
def test_any_heading_is_taken(heading: str) -> None:
    """Whatever is given, a question ends in its mark, and its title fits a button."""
    asked = question_of(heading)
    assert len(titled(heading)) <= LONGEST_TITLE
    if asked is not None:
        assert asked.message.endswith("?")
        assert len(asked.message) <= LONGEST_MESSAGE + len("How do I ?")
        assert 0 < len(asked.title) <= LONGEST_TITLE
