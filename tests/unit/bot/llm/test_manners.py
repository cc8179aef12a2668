"""How something is asked for: questions, trouble that is told, keywords."""

from __future__ import annotations

import pytest

from bot.llm.asking import Asks
from bot.llm.manners import Manner, asked_for, manner


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("How do I reset the hub?", Manner.QUESTION),
        ("how do i reset the hub", Manner.QUESTION),
        ("Hi, what does it cost", Manner.QUESTION),
        ("Tell me about refunds", Manner.QUESTION),
        ("The hub is offline", Manner.TROUBLE),
        ("my door won't open", Manner.TROUBLE),
        ("I forgot my PIN", Manner.TROUBLE),
        ("a pipe has burst", Manner.TROUBLE),
        ("hub reset", Manner.KEYWORDS),
        ("price of the hub", Manner.KEYWORDS),
        ("", Manner.QUESTION),
    ],
)
def test_manner_is_told_by_grammar(text: str, told: Manner) -> None:
    """A sentence that asks nothing tells of trouble, a few words without a verb are keywords."""
    assert manner(text) is told


def test_keywords_want_what_their_question_wants() -> None:
    """Keywords that name a number are read as the question for it, others as they are."""
    assert asked_for("price of the hub").asks is Asks.NUMBER
    assert asked_for("hub colours").asks is Asks.OTHER
