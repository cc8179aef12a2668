"""What only insults, and what is angry and still to be answered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bench_abuse import ANGRY, INSULTS
from bot.abuse import Abuse, abuse
from bot.conversation import Route
from bot.ports import Brief
from bot.routing import decide
from persona.phrases import small_talk
from persona.profile import Persona


@pytest.mark.parametrize("text", ANGRY)
def test_an_angry_question_is_looked_up(text: str) -> None:
    """The words are rude, the question is one."""
    assert abuse(text) is None
    assert decide(text).route is not Route.VOICE


@pytest.mark.parametrize(
    "text",
    [
        "Du bist ein Arschloch",
        "Du dummes Stück Scheiße",
        "Halt's Maul, du Idiot",
        "Blöder Bot",
        "du Hurensohn",
    ],
)
def test_a_german_insult_is_one_and_no_hate_of_a_group(text: str) -> None:
    """It gets the calm sentence for insults; what is said of things does not."""
    assert abuse(text) is Abuse.INSULT
    for thing in ("Der Drucker ist doof, er druckt nicht", "Blöder Fehler im Formular"):
        assert abuse(thing) is None


@pytest.mark.parametrize("text", INSULTS)
def test_a_bare_insult_gets_one_calm_sentence_or_two(text: str) -> None:
    """Nothing is looked up, nobody is lectured, nothing of it is repeated."""
    assert abuse(text) is Abuse.INSULT
    assert decide(text).route is Route.VOICE
    said = small_talk(Brief(text, text, (), (), Route.VOICE), Persona(name="Juniper"))
    assert said == "Sorry that I haven't been of more help. What are you looking for?"


@pytest.mark.parametrize(
    "text",
    [
        "I hate immigrants.",
        "All immigrants are vermin.",
        "I h4te immigrants",
        "Immigrants are v i l e",
    ],
)
def test_hate_gets_a_calm_sentence_without_the_words(text: str) -> None:
    """It is neither searched for nor quoted."""
    assert abuse(text) is Abuse.HATE
    said = small_talk(Brief(text, text, (), (), Route.VOICE), Persona(name="Juniper"))
    assert said == "Let's leave that aside. What can I look up for you?"


@pytest.mark.parametrize(
    "text",
    [
        'Saying "I hate immigrants" is unacceptable here.',
        "I don't hate immigrants.",
        "The report says that immigrants are called vermin online.",
        "How do I report that somebody hates immigrants?",
        "I love immigrants and hate prejudice.",
        "The pump is a piece of garbage and leaks.",
        "Filter MG4 is dirty.",
        "kill -9 4711",
    ],
)
def test_counter_speech_and_things_are_not_taken_for_it(text: str) -> None:
    """Quotes, denials, reports and anger at a pump are messages like others."""
    assert abuse(text) is None


@given(text=st.text(max_size=300))
def test_any_text_is_judged(text: str) -> None:
    """No text breaks it, and whatever asks is answered."""
    assert abuse(text) in (None, *Abuse)
    assert abuse(f"{text}?") is None
