"""Not knowing is recognised in a model's own words, and answers are left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.evaluation.refusing import Refusals

refused = Refusals(
    [
        "I don't know that: I can't find it in what I have read.",
        "Beats me, {asked} is a riddle to me.",
        "No.",
    ]
)

REFUSALS = [
    "",
    " \n",
    "[1]",
    "NO_ANSWER",
    "**NO_ANSWER**",
    "I don't know.",
    "I'm sorry, but I don't know that.",
    "Sorry! I could not find an answer to that in the documents.",
    "The passages do not say how long it lasts [1].",
    "There is no information about shipping in the passages.",
    "That isn't mentioned in the documentation.",
    "I don't have any information about that.",
    "Unfortunately, I can't answer that.",
    "That is outside what our documents cover, so I can't say.",
    "Das weiß ich leider nicht.",
    "Darauf finde ich in unseren Unterlagen keine Antwort.",
    "Beats me, whether it swims is a riddle to me. Shall I ask a person?",
    "Not mentioned in the provided context.",
    "I do not know. The closest I have: Refunds.",
    "I’m afraid I don’t know.",
    "While I looked everywhere, I could not find that.",
    "Although the documents do not say how, I can't say it either, and do not know.",
    "I couldn't find that. But refunds take 30 days.",
]
ANSWERS = [
    "It takes 24 months [1].",
    "We do not offer refunds after 30 days.",
    "Water damage is not covered [2].",
    "I don't know the exact day, but it takes 2 weeks [1].",
    "No.",
    "Documents are not needed.",
    "Do not write in the document while it syncs.",
    "You can't find the switch under Settings; it is under Billing.",
    "We do not have a shop in Berlin [1].",
    "Die Seite lädt nicht, wenn der Cache voll ist.",
    "Es gibt keine Rückerstattung nach 30 Tagen.",
    "Sorry, refunds take 30 days.",
    "I recommend that you do not open it [1].",
    "If you don't know your password, reset it [1].",
    "The manual never leaves the box.",
    "While the documents do not give an example, they say what a trade costs [1].",
]


@pytest.mark.parametrize("answer", REFUSALS)
def test_not_knowing_is_recognised(answer: str) -> None:
    """In the persona's words, in a model's, in silence."""
    assert refused(answer)


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_is_no_refusal(answer: str) -> None:
    """A negation that answers, or a hedge before an answer, refuses nothing."""
    assert not refused(answer)


@given(st.text(max_size=300))
def test_any_text_is_judged(text: str) -> None:
    """Whatever a model says, it is one or the other."""
    assert refused(text) in (True, False)
