"""Which kind of not-knowing it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.abstaining import as_said, missing_words, other_task, unknown
from bot.evidence import Chunk, NotKnowing, Passage, Retrieval, Unknown
from bot.guardrails import evidence_is_weak


def passage(text: str, cosine: float | None = 0.6, title: str = "MG-400") -> Passage:
    chunk = Chunk("c", "d", "docs", "r1", 0, title, (), text, 0, len(text), "")
    return Passage(chunk, 1.0, 5.0, cosine)


NEAR = passage("The MG-400 works with Home Assistant and with the app.")
ASKED = "Does the MG-400 support HomeKit?"


def test_the_kinds_are_told_apart() -> None:
    """By what was found, what was said and what did not pass."""
    far = passage("Water the tomatoes.", 0.1, "Tomatoes")

    assert unknown(ASKED, ()).kind is NotKnowing.NOTHING
    assert unknown("What is the capital of France?", (far,)).kind is NotKnowing.OUTSIDE
    assert unknown("write me a poem about the MG-400", (NEAR,)).kind is NotKnowing.TASK
    assert unknown(ASKED, (NEAR,)).kind is NotKnowing.NEAR
    assert unknown(ASKED, (NEAR,), unsupported=2).kind is NotKnowing.UNSUPPORTED
    assert unknown(ASKED, (NEAR,), contradicting=True).kind is NotKnowing.CONTRADICTING
    assert unknown("Wie lange ist die Garantie des MG-400?", (NEAR,)).kind is NotKnowing.LANGUAGE


def test_the_reason_names_figures_and_what_no_passage_holds() -> None:
    """For the story of the turn."""
    why = unknown(ASKED, (NEAR,))

    assert why.missing == ("HomeKit",)
    assert "nearness" in why.reason and "HomeKit" in why.reason


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("Why did the valve break in half, and who broke it?", ()),
        ("Who painted the largest valve?", ()),
        ("How tall and loud is it usually?", ()),
        ("Where do I want to swim?", ()),
        ("Is there a discount for schools?", ("discount",)),
        ("can homekit control it?", ("homekit",)),
        ("Does it work with Apple HomeKit?", ("Apple", "HomeKit")),
        ("Is the BX-900 better?", ("BX-900",)),
        ("Has it got a solar panel?", ("solar", "panel")),
    ],
)
def test_only_names_codes_and_nouns_are_said_to_be_missing(
    question: str, missing: tuple[str, ...]
) -> None:
    """What was done, how much of it and how it was may be said in other words."""
    page = passage("The valve works with the app of the school.", title="Valve")

    assert missing_words(question, (page,)) == missing


def test_without_vectors_words_decide() -> None:
    """A knowledge base whose vectors are still to come is not called another one's."""
    assert unknown(ASKED, (passage("The MG-400 and its app.", None),)).kind is NotKnowing.NEAR
    assert unknown("Who is he?", (passage("Tomatoes.", None, "T"),)).kind is NotKnowing.OUTSIDE


def test_a_code_in_a_german_question_is_evidence_in_english_pages() -> None:
    """The other words are no evidence against them: a model may well answer from these."""
    german = "Wie lange ist die Garantie des MG-400?"
    page = passage("The warranty of the MG-400 is 36 months. It begins with the delivery.", 0.35)

    assert evidence_is_weak(german, Retrieval((page,))) is None
    assert missing_words(german, (page,)) == ()


@pytest.mark.parametrize(
    "text",
    ["what is 2+2", "2 + 2 =", "12*(3+4)?", "Was ist 7 mal 8?", "calculate 15 % 4",
     "Translate 'the valve is open' into French", "please translate this: der Hund",
     "How do you say thank you in Spanish?", "Wie sagt man Ventil auf Spanisch?", "Flip a coin",
     "can you roll a die?", "Let's play chess", "Tell me a joke",
     "Please write a haiku about valves", "schreib mir ein Gedicht"],
)  # fmt: skip
def test_what_no_document_answers_is_no_question(text: str) -> None:
    """Sums and poems."""
    assert other_task(text)


@pytest.mark.parametrize(
    "text",
    ["How do I write a config file?", "Tell me the story of the company", "What is 2FA?",
     "What is the MG-200?", "Write down my address", "Can I draw a zone on the map?",
     "How do I translate the app into French?", "Can you translate the e-mails to German?",
     "Is the manual translated into French?", "What is the word for a member in the API?",
     "How do I roll a key over?", "Can I play a game with the sensor?", "Translate the page",
     "How do I generate a random number between 1 and 6?", "what is 10.0.0.1",
     "How much is 2 sensors and a valve?", "Tell me about the poem contest"],
)  # fmt: skip
def test_a_question_about_such_things_stays_a_question(text: str) -> None:
    """What documents may tell is looked up."""
    assert not other_task(text)


@given(st.text(max_size=100), st.lists(st.builds(passage, st.text(max_size=60)), max_size=3))
def test_every_question_has_a_kind_and_a_reason(question: str, found: list[Passage]) -> None:
    """Whatever is asked, over whatever was found."""
    why = unknown(question, found)

    assert why.reason
    assert len(why.missing) <= 3
    assert all(word in question for word in why.missing)


def test_only_words_that_somebody_said_are_named_as_missing() -> None:
    """What a model put into a rewritten question is not, and an address is no word."""
    why = Unknown(NotKnowing.NOTHING, "", ("Zanzibar", "MG-900", "evil.example/x"))
    said = as_said(why, ("And the mg-900?", "What is on evil.example/x?"))
    assert said.missing == ("MG-900",)
    assert as_said(said, ("the MG-900",)) is said
