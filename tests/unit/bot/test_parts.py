"""The parts of a question: where one ends, and which of them an answer leaves open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.parts import parts


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("How long is the warranty of the MG-200 and does it support HomeKit?",
         ["How long is the warranty of the MG-200?", "Does it support HomeKit?"]),
        ("Hi, what's the return policy? And can I return a gift?",
         ["What's the return policy?", "Can I return a gift?"]),
        ("How much does the MG-200 weigh? Does it work outdoors?",
         ["How much does the MG-200 weigh?", "Does it work outdoors?"]),
        ("Wie lange ist die Garantie und kann ich zurückgeben?",
         ["Wie lange ist die Garantie?", "Kann ich zurückgeben?"]),
    ],
)  # fmt: skip
def test_two_questions_in_one_are_told_apart(question: str, said: list[str]) -> None:
    """Each as it was said, without courtesy."""
    assert [part.said for part in parts(question)] == said


def test_a_pronoun_stands_for_what_came_before() -> None:
    """The second part is looked up as a question that stands alone."""
    _, second = parts("How long is the warranty of the MG-200 and does it support HomeKit?")
    assert "MG-200" in second.question
    assert second.own == {"homekit", "support"}


@pytest.mark.parametrize(
    "question",
    ["What is the MG-200 and how it works?", "How do I reset and update the MG-200?",
     "Is it waterproof and dustproof?", "How much is it?", "Who was the first and only queen?",
     "What is the difference between A and B and which is better?", "",
     "Which colours and sizes are there?", "What is X? I bought one and it is red.",
     "What and why?", "Is there research and is?", "When was he born? I can not find it."],
)  # fmt: skip
def test_an_ordinary_question_has_no_parts(question: str) -> None:
    """What is not certainly a second question is none."""
    assert parts(question) == ()


def test_an_answer_takes_up_the_part_whose_words_it_says() -> None:
    """Also where it says that it does not know."""
    first, second = parts("How long is the warranty of the MG-200 and does it support HomeKit?")
    answer = "The warranty is 36 months long [1]."
    assert first.taken_up(answer) and not second.taken_up(answer)
    assert second.taken_up("Our pages do not say whether HomeKit is supported.")


@given(st.text(max_size=200))
def test_any_text_may_be_taken_apart(text: str) -> None:
    """None or at least two parts, each with words of its own."""
    found = parts(text)
    assert len(found) != 1
    assert all(part.own and part.said for part in found)
