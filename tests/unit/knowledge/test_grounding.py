"""The built-in check: what must agree exactly, and what is said when it does not."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.facts import Kind, facts
from bot.ports import Verdict
from bot.sentences import split
from knowledge.grounding import BuiltinGrounder, commands, unwrapped
from knowledge.statements import plain

PASSAGES = (
    "# Warranty\n\nThe MG-200 has a warranty of 24 months. The MG-400 has a warranty of 36 months."
    " Damage by frost is not covered.\n\n"
    "| | MG-200 | MG-400 |\n|---|---|---|\n| Price | $189 | $429 |\n| Zones | 6 | 16 |\n",
    "The MG-200 needs 2.5 bar and 25 °C. See https://docs.example/faq for details. It was first"
    " sold on 24 August 2021 to 1,000 gardeners.\n\nRun `mossgate login` to sign in.",
)


async def check(sentence: str, headers: tuple[str, ...] = ()) -> Verdict:
    return await BuiltinGrounder().open(PASSAGES, "", headers).check(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Happy to help — the MG-200 needs 2.5 bar.",
        "Good news: your MG-400 has a warranty of 36 months! [1]",
        "The MG-400 costs $429.",
        "Frost damage isn't covered.",
        "It was first sold on August 24, 2021.",
        "It was first sold in 2021.",
        "It was first sold in August 2021.",
        "It was sold to 1000 gardeners.",
        "Details are at https://docs.example/faq.",
    ],
)
async def test_the_same_in_other_words_passes(sentence: str) -> None:
    """Wrappers, number formats, dates and word order do not matter."""
    verdict = await check(sentence)
    assert verdict.supported, verdict.finding
    assert verdict.passage is not None


@pytest.mark.parametrize(
    ("sentence", "finding"),
    [
        ("The MG-200 has a warranty of 48 months.", "do not say 48 months; they say 24 months"),
        ("The MG-200 has a warranty of 36 months.", "do not say 36 months"),
        ("The MG-400 costs $189.", "do not say $189; they say $429"),
        ("The MG-500 has a warranty of 24 months.", "MG-500"),
        ("Frost damage is covered by the warranty.", "opposite"),
        ("It was first sold on 25 August 2021.", "25 August 2021"),
        ("It was first sold in 2020.", "2020"),
        ("Details are at https://evil.example/faq.", "do not hold the address"),
        ("Run `mossgate logout` to sign in.", "do not hold `mossgate logout`"),
        ("The MG-200 needs 2.5 psi.", "2.5 psi"),
        ("The app was written by Ada Lovelace.", "Ada Lovelace"),
    ],
)
async def test_what_must_agree_exactly_is_named(sentence: str, finding: str) -> None:
    """Numbers, columns, codes, denials, dates, links, commands, units and names."""
    verdict = await check(sentence)
    assert not verdict.supported
    assert finding in verdict.finding


async def test_every_unit_of_the_passages_carries_itself() -> None:
    """Whatever the reader may quote passes the check, table rows and headings too."""
    for passage in PASSAGES:
        for unit in split(passage):
            verdict = await check(unit.text)
            assert verdict.supported, unit.text


async def test_a_heading_can_carry_the_product() -> None:
    """What the page's title says need not stand in each sentence."""
    sentence = "The VS-15 needs a filter."
    passages = ["It needs a filter of 150 microns."]
    grounder = BuiltinGrounder()
    assert not (await grounder.open(passages).check(sentence)).supported
    assert (await grounder.open(passages, "", ["Valves > VS-15"]).check(sentence)).supported


async def test_a_quote_cut_out_of_a_denial_is_no_quote() -> None:
    """ "Open the housing" is not what "Do not open the housing" says."""
    check = BuiltinGrounder().open(["Do not open the housing of the pump."])
    assert not (await check.check("Open the housing of the pump.")).supported


async def test_the_quote_spans_the_sentence_that_carries_the_claim() -> None:
    """A citation shows the sentence, not the page."""
    verdict = await check("Happy to help — the MG-200 needs 2.5 bar.")
    assert verdict.passage == 1
    assert verdict.quote is not None
    assert PASSAGES[1][slice(*verdict.quote)] == "The MG-200 needs 2.5 bar and 25 °C."


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_can_be_checked(sentence: str, passage: str) -> None:
    """No text makes the check fail, and its verdict is in itself consistent."""
    verdict = asyncio.run(BuiltinGrounder().open([passage]).check(sentence))
    assert 0 <= verdict.score <= 1
    assert verdict.supported == (verdict.score >= 0.5)
    assert verdict.supported or verdict.finding


@pytest.mark.parametrize(
    ("text", "kind", "value", "unit"),
    [
        ("1,000 users", Kind.NUMBER, "1000", "user"),
        ("twenty-five minutes", Kind.NUMBER, "25", "minute"),
        ("two hrs", Kind.NUMBER, "2", "hour"),
        ("$5", Kind.NUMBER, "5", "usd"),
        ("50 percent", Kind.NUMBER, "50", "%"),
        ("1.5 million euros", Kind.NUMBER, "1500000", "eur"),
        ("on 3rd of May 2024", Kind.DATE, "2024-05-03", ""),
        ("2024-05-03", Kind.DATE, "2024-05-03", ""),
        ("the AX-100 pump", Kind.CODE, "ax-100", ""),
        ("version v1.39.0", Kind.CODE, "v1.39.0", ""),
        ("see https://www.x.example/a/.", Kind.LINK, "x.example/a", ""),
        ("by Sean Parker", Kind.NAME, "sean parker", ""),
    ],
)
def test_facts_have_a_normal_form(text: str, kind: Kind, value: str, unit: str) -> None:
    """Different spellings of one fact are equal."""
    found = [(f.kind, f.value, f.unit) for f in facts(text)]
    assert (kind, value, unit) in found


@given(st.text(max_size=200))
def test_facts_stand_where_they_say(text: str) -> None:
    """Offsets cut each fact out of its text; none overlaps another."""
    last = 0
    for fact in facts(text):
        assert text[fact.start : fact.end] == fact.text
        assert fact.start >= last
        last = fact.end


def test_friendly_words_are_no_part_of_the_claim() -> None:
    """What the voice puts around a fact is taken off before comparing."""
    assert unwrapped("Sure! The pump needs oil, hope this helps!") == "The pump needs oil"
    assert unwrapped("**Yes**, it floats. [2]") == "it floats."
    assert plain("See [the FAQ](https://x.example) [1]") == "See the FAQ https://x.example"


def test_code_is_checked_line_by_line() -> None:
    """A fenced block is its lines, a sentence its inline spans."""
    assert commands("```bash\na --b\n\nc\n```") == ["a --b", "c"]
    assert commands("Run `x y` or ``z``.") == ["x y", "z"]


@pytest.mark.parametrize(
    "said",
    [
        "Tell me if a step doesn't work.",
        "If a step sticks, tell me which one.",
        "Shout if you get stuck.",
        "If anything looks odd, just say so.",
        "Sag mir Bescheid, wenn ein Schritt nicht klappt.",
        "Falls etwas hakt, melde dich.",
    ],
)
async def test_an_invitation_to_write_back_states_nothing(said: str) -> None:
    """A voice may end its answer with one."""
    assert (await BuiltinGrounder().open(PASSAGES).check(said)).supported


@pytest.mark.parametrize(
    "said",
    [
        "Tell us within 14 days if a part is missing.",
        "If the reset fails, tell me your password.",
        "If you write to us, you get a refund.",
        "If the light stays red, the pump is broken, tell me if it is.",
    ],
)
async def test_a_claim_dressed_as_an_invitation_is_checked(said: str) -> None:
    """Terms, requests and consequences are claims, whoever is told."""
    assert not (await BuiltinGrounder().open(PASSAGES).check(said)).supported
