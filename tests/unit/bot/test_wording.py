"""A question's spelling and names against what the passages say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.evidence import Chunk, Passage
from bot.llm.wording import Wording, within_typos

TEXT = (
    "Mossgate works with Home Assistant and Google Home over Wi-Fi. The MG-200 is splash-proof."
    " The Grow plan costs $6 a month; the Estate plan has webhooks; the Sprout plan is free."
    " App 5.4 came on 6 May 2026."
    " You can share a garden with family. It keeps water out of the battery compartment."
)


def wording(text: str = TEXT, uri: str = "https://docs.mossgate.example/help") -> Wording:
    chunk = Chunk("c", "page.md", "s", "r", 0, "Help", (), text, 0, len(text), uri)
    return Wording([Passage(chunk, 1.0)])


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("Does Mossgate work with Apple HomeKit?", ("Apple", "HomeKit")),
        ("does mossgate work with homekit", ("homekit",)),
        ("When will app 6.0 be released?", ("6.0",)),
        ("What will the Grow plan cost in 2031?", ("2031",)),
        ("Does the Family plan include webhooks?", ("Family plan",)),
        ("what does the pro plan cost", ("pro plan",)),
        ("Is the MG-200 available in black?", ("black",)),
        ("Can the MG-200 be powered over PoE?", ("PoE",)),
    ],
)
def test_what_is_named_and_stands_nowhere_is_missing(
    question: str, missing: tuple[str, ...]
) -> None:
    """Names, versions, years, kinds of a thing, and what a yes-or-no question ends with."""
    assert set(missing) <= set(wording().missing(question))


@pytest.mark.parametrize(
    "question",
    [
        "Does Mossgate work with Google Home?",
        "does it work with google home",
        "What does the Grow Plan cost?",
        "Is the MG-200 waterproof?",
        "Is there a webhok?",
        "Hi Juniper, what does Grow cost?",
        "Juniper, what does Grow cost?",
        "My name is Peter and I live in Oslo. What does Grow cost?",
        "What is new in app 5.4?",
        "what does the cheapest plan cost",
        "Does the battery cost extra?",
        "How Do I Reset My Password?",
        "HOW MUCH IS GROW?",
        "Can I use WiFi?",
        "Why does the pump make a noise on Monday?",
    ],
)
def test_synonyms_greetings_and_common_words_are_not(question: str) -> None:
    """Only what no reader would look for under another word is missing evidence."""
    assert wording().missing(wording().respelled(question)) == ()


def test_the_brand_in_the_address_is_known() -> None:
    """Pages seldom name their own company; their address does."""
    plain = wording("Refunds are made within 30 days.", "https://help.brightline.example/refunds")
    assert plain.missing("What is the refund policy of Brightline?") == ()


def test_a_long_question_may_name_much_by_the_way() -> None:
    """Over twenty words one missing name proves nothing."""
    question = (
        "I bought it for my house in Lisbon where we have a Samsung router from Vodafone and no"
        " cable so how do I connect it to Wi-Fi?"
    )
    assert wording().missing(question) == ()


@pytest.mark.parametrize(
    ("asked", "read"),
    [
        ("is the mg200 ok", "is the MG-200 ok"),
        ("does the mg-300 work", "does the MG-300 work"),
        ("which wifi", "which Wi-Fi"),
        ("battery compartmnt", "battery compartment"),
        ("does it change", "does it change"),
    ],
)
def test_a_question_is_read_in_the_passages_spelling(asked: str, read: str) -> None:
    """Codes, hyphens and slips are mended, words of general use left alone."""
    assert wording().respelled(asked) == read


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("recieve", "receive", True),
        ("controler", "controller", True),
        ("adress", "address", True),
        ("black", "brick", False),
    ],
)
def test_a_slip_is_one_letter_or_two_swapped(one: str, other: str, near: bool) -> None:
    """One letter more, less or other, or two neighbours swapped."""
    assert within_typos(one, other, 1) is near


@given(st.text(max_size=80), st.text(max_size=120))
def test_any_question_can_be_respelt_and_searched(question: str, text: str) -> None:
    """Neither odd characters nor empty texts make it fail."""
    found = wording(text)
    found.missing(found.respelled(question))
