"""The style score: which places it finds, and how much they count."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona.profile import Habits, Persona, WordChoice
from persona.style import StyleScorer

PERSONA = Persona(
    name="Juniper",
    dont=('Say "per our policy".', "Boast."),
    words_to_use=(WordChoice("use", ("utilize", "leverage")), WordChoice("about", ("regarding",))),
    words_to_avoid=("unfortunately", "please be advised", "seamless"),
    habits=Habits(contractions=False, emoji="none", exclamations=1, sentence_words=12),
)
SCORER = StyleScorer(PERSONA)


def found(text: str) -> list[tuple[str, str]]:
    return [(finding.rule, finding.text) for finding in SCORER.score(text).findings]


@pytest.mark.parametrize(
    ("text", "rule", "place"),
    [
        ("Unfortunately, it rained.", "avoided-word", "Unfortunately"),
        ("Please be\nadvised that it rains.", "avoided-word", "Please be\nadvised"),
        ("That is per our policy.", "avoided-word", "per our policy"),
        ("We utilized a valve.", "preferred-word", "utilized"),
        ("Leveraging rain helps.", "preferred-word", "Leveraging"),
        ("Good! Very good! Fine.", "exclamation", "!"),
        ("Good!!", "exclamation", "!!"),
        ("Well done 🎉", "emoji", "🎉"),
        ("A family 👩‍👩‍👧 waters.", "emoji", "👩‍👩‍👧"),
        ("This is VERY IMPORTANT to know.", "shouting", "VERY IMPORTANT"),
        ("NEVER do it.", "shouting", "NEVER"),
        ("It doesn’t rain.", "contraction", "doesn’t"),
        ("That's fine.", "contraction", "That's"),
    ],
)
def test_a_slip_is_found_at_its_place(text: str, rule: str, place: str) -> None:
    """One slip gives one finding with its rule and its exact text."""
    assert found(text) == [(rule, place)]


def test_a_long_sentence_is_found_whole() -> None:
    """The sentence that is too long is the finding, not its neighbours."""
    long = "This one goes on and on and on and on and on and on until it ends."

    assert found(f"Short one. {long} Short again.") == [("long-sentence", long)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The warranty is 24 months [1].",
        "Run `utilize --seamless` first.",
        "```\nUNFORTUNATELY SEAMLESS!!! 🎉\n```",
        "See https://example.org/seamless!!/utilize.",
        "Read [the page](seamless.md).",
        "Use HTTPS, JSON and the HMAC of SHA-256 over WPA2 or MQTTS.",
        "The VS-15 and the MG-400 fit. Mossgate's app shows it → 5 °C ± 1 ©.",
        "Seamlessness is no word that is listed.",
        "| " + "many words in one row " * 10 + "|",
    ],
)
def test_code_links_codes_and_plain_text_are_left_alone(text: str) -> None:
    """What is no prose of the persona is not judged."""
    assert SCORER.score(text).score == 1.0
    assert found(text) == []


def test_habits_decide() -> None:
    """Emoji, exclamation marks and contractions are fine where the persona likes them."""
    lively = StyleScorer(Persona(name="A", habits=Habits(True, "some", 5, 40)))

    assert lively.score("It's here! You'll like it! 🎉").findings == ()


def test_more_slips_score_lower_and_length_softens() -> None:
    """A second slip costs more, and one slip in a long answer less than in a short one."""
    one = SCORER.score("Unfortunately not.").score
    two = SCORER.score("Unfortunately not seamless.").score
    long = SCORER.score("Unfortunately not. " + "The valve opens at six. " * 40).score

    assert 0 < two < one < long < 1


PIECES = st.sampled_from(
    ["Unfortunately ", "utilize ", "!", "🎉 ", "NEVER ", "don't ", "fine. ", "`code!!` ", "\n\n",
     "| a |\n", "```\n", "[1] ", "“seamless” ", "x" * 30 + " "]
)  # fmt: skip


@given(st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=40).map("".join)))
def test_every_finding_points_at_its_own_text(text: str) -> None:
    """For any text the score is from 0 to 1 and offsets cut out exactly what was found."""
    result = SCORER.score(text)

    assert 0.0 <= result.score <= 1.0
    assert (result.score == 1.0) == (not result.findings)
    for finding in result.findings:
        assert text[finding.start : finding.end] == finding.text != ""
