"""The words for what is not known."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.evidence import NotKnowing, Passage, Unknown
from bot.ports import Brief
from persona.indirect import indirect, quoted
from persona.phrases import declining, small_talk
from persona.profile import Habits, Persona

Briefs = Callable[..., Brief]
Passages = Callable[..., Passage]

PLAIN = Persona(name="Juniper", languages=("en", "de"))
OWN = Persona(
    name="Juniper",
    unknown=("I don't know that one.",),
    near="Closest: {titles}.",
    handoff=("Shall I ask a person?",),
)


def test_what_is_not_known_is_named_with_what_is_near_and_the_offer(
    brief: Briefs, passage: Passages
) -> None:
    """The owner's phrase, the words that were not found, the pages that are close, the offer."""
    near = passage("It works with the MG-400.", "Integrations", 0.6)
    asked = brief("Does the MG-400 support HomeKit?", near, near, passage("a", "Far", cosine=0.1))

    said = declining(asked, OWN)

    assert said.startswith("I don't know that one. ")
    assert "“HomeKit”" in said
    assert "Closest: “Integrations”." in said
    assert said.endswith("Shall I ask a person?")


def test_an_owners_phrase_takes_the_question_in(brief: Briefs, passage: Passages) -> None:
    """At {asked} where it becomes a clause; else the phrase without it is said; nothing twice."""
    near = passage("It works with the MG-400.", "Integrations", 0.6)
    own = replace(OWN, unknown=("I don't know {asked}.", "I don't know."))

    told = declining(brief("Does it support HomeKit?", near), own)
    untold = declining(brief("HomeKit", near), own)

    assert told.startswith("I don't know whether it supports HomeKit. ")
    assert told.count("whether") == 1 and "documents" not in told
    assert untold.startswith("I don't know. The nearest")


@pytest.mark.parametrize("text", ["What is 17 * 23?", "Write me a poem"])
def test_another_task_is_no_question_for_a_person(
    brief: Briefs, passage: Passages, text: str
) -> None:
    """A sum or a poem is declined as such, and nobody is offered for it."""
    said = declining(brief(text, passage("About the MG-400.")), OWN)

    assert said == "I answer questions from our documents, and that is none they could answer."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ok", "You're welcome."),
        ("how are you?", "Hello! What can I help you with?"),
        ("you stupid bot", "Sorry that I haven't been of more help. What are you looking for?"),
        ("du dummer Bot", "Tut mir leid, dass das keine Hilfe war. Worum geht es?"),
    ],
)
def test_small_talk_gets_what_a_person_would_say(brief: Briefs, text: str, said: str) -> None:
    """Agreeing, asking how it is and scolding are no reason to introduce oneself."""
    assert small_talk(brief(text), PLAIN) == said


def test_near_pages_are_links_where_people_can_open_them(brief: Briefs, passage: Passages) -> None:
    """A web address becomes a link, a path does not."""
    found = passage("It works with the MG-400.", "Apps [new]", 0.6)
    page = replace(found, chunk=replace(found.chunk, uri="https://docs.example/apps"))

    said = declining(brief("Does the MG-400 support HomeKit?", page), PLAIN)

    assert "[Apps (new)](https://docs.example/apps)" in said


def test_each_kind_of_not_knowing_has_words_of_its_own(brief: Briefs, passage: Passages) -> None:
    """In English and in German no two kinds are said alike."""
    for question in ("Does the MG-400 support HomeKit?", "Hat der MG-400 eine HomeKit-Anbindung?"):
        asked = brief(question, passage("About the MG-400.", cosine=0.6))
        said = {declining(asked, PLAIN, Unknown(kind, "")) for kind in NotKnowing}
        assert len(said) == len(NotKnowing)


def test_a_german_question_is_declined_in_german_where_the_persona_speaks_it(
    brief: Briefs, passage: Passages
) -> None:
    """Another persona stays with its own language."""
    asked = brief("Wie lange hat der MG-400 Garantie?", passage("24 months", "Warranty", 0.6))

    assert "Unterlagen" in declining(asked, PLAIN)
    assert "Soll ich" in declining(asked, PLAIN)
    assert "Unterlagen" not in declining(asked, OWN)


def test_a_persona_in_a_language_without_words_here_uses_its_own(
    brief: Briefs, passage: Passages
) -> None:
    """An owner's French phrases are not mixed with English."""
    french = Persona(
        name="J", languages=("fr",), unknown=("Je ne sais pas.",), handoff=("Un humain ?",)
    )

    assert declining(brief("Does it fly?"), french) == "Je ne sais pas. Un humain ?"


def test_nobody_is_offered_where_there_is_nobody(brief: Briefs) -> None:
    """Without the handoff the sentence ends with what is not known."""
    said = declining(brief("How do I fly?"), PLAIN, handoff=False)

    assert said == ("I don't know. There is no document here that I could look up how to fly in.")


def test_the_persona_chooses_its_contractions_and_words(brief: Briefs, passage: Passages) -> None:
    """No contraction where it uses none; a phrase with an avoided word gives way."""
    near = passage("About the MG-400.", cosine=0.6)
    stiff = Persona(name="J", habits=Habits(contractions=False), words_to_avoid=("as far as",))

    for question in ("Can I paint it?", "Can I eat the MG-400?", "Can I sell it?"):
        said = declining(brief(question, near), stiff, Unknown(NotKnowing.NEAR, ""))
        assert "can't" not in said and "as far as" not in said


def test_a_false_premise_is_not_repeated_as_true(brief: Briefs, passage: Passages) -> None:
    """Of "why does it" only "that it does" is said, and that it was not found."""
    asked = brief("Why does the MG-200 support HomeKit?", passage("The MG-200 waters.", cosine=0.6))

    said = declining(asked, PLAIN)

    assert "that the MG-200 supports HomeKit" in said
    assert "why" not in said.lower()


@pytest.mark.parametrize(
    ("question", "clause"),
    [
        ("How do I reset it?", "how to reset it"),
        ("How much does the sensor cost?", "how much the sensor costs"),
        ("Is the MG-400 waterproof?", "whether the MG-400 is waterproof"),
        ("Can I return my valve?", "whether you can return your valve"),
        ("What is the price of the MG-500?", "what the price of the MG-500 is"),
        ("Hi, can you tell me if it works", ""),
        ("Is the battery life good?", ""),
        ("What are your opening hours?", "what our opening hours are"),
        ("Do you ship to Norway?", "whether we ship to Norway"),
        ("Is it blue? Is it red?", ""),
        ("Does Mossgate work with Apple HomeKit?", "whether Mossgate works with Apple HomeKit"),
        ("What does error E-999 mean?", "what error E-999 means"),
        ("How many employees does Mossgate have?", "how many employees Mossgate has"),
        ("Is Apple HomeKit supported?", ""),
        ("When did you stop supporting the MG-400?", ""),
        ("How do I cancel and what does it cost?", ""),
        ("What is the limit an agent may approve?", ""),
        ("Can I get a discount, please?", "whether you can get a discount"),
    ],
)
def test_a_question_becomes_a_clause_where_its_grammar_is_certain(
    question: str, clause: str
) -> None:
    """What is not certain is left to a quotation."""
    assert indirect(question) == clause


@given(st.text(max_size=200))
def test_whatever_is_asked_is_declined_in_safe_words(question: str) -> None:
    """No line break, no mention, no address and no markup of the asker's comes back."""
    for said in (indirect(question), quoted(question)):
        assert not re.search(r"[\n@<>`|*_\[\]]|://", said)
        assert len(said) < 250
