"""What every grounder keeps to."""

from __future__ import annotations

import pytest

from bot.ports import Grounder
from knowledge.grounding import BuiltinGrounder

PASSAGES = (
    "The MG-200 has a warranty of 24 months. The MG-400 has a warranty of 36 months.",
    "1. Press **Reset** for two seconds.\n2. Run `mossgate login`.\n\n"
    "| Part | Price |\n|---|---|\n| Valve | $29 |\n",
)


@pytest.fixture(params=["builtin"])
def grounder(request: pytest.FixtureRequest) -> Grounder:
    """Each grounder in turn."""
    return BuiltinGrounder()


@pytest.mark.parametrize(
    ("quote", "index"),
    [
        ("The MG-200 has a warranty of 24 months.", 0),
        ("The MG-400 has a warranty of 36 months. [1]", 0),
        ("1. Press **Reset** for two seconds.", 1),
        ("Press Reset for two seconds.", 1),
        ("| Valve | $29 |", 1),
    ],
)
async def test_a_quote_is_carried_by_its_passage(
    grounder: Grounder, quote: str, index: int
) -> None:
    """Word for word, whatever its length, markup or marker; the quote's span lies in it."""
    verdict = await grounder.open(PASSAGES).check(quote)
    assert verdict.supported
    assert verdict.score > 0.9
    assert verdict.passage == index
    assert verdict.quote is not None
    start, end = verdict.quote
    assert 0 <= start < end <= len(PASSAGES[index])


@pytest.mark.parametrize(
    "sentence",
    [
        "Hi there!",
        "Would you like me to open a ticket?",
        "I don't know that, sorry.",
        "Let me know if anything else comes up.",
        "[1]",
        "",
    ],
)
async def test_what_states_nothing_passes(grounder: Grounder, sentence: str) -> None:
    """Courtesy, questions and admissions need no source."""
    verdict = await grounder.open(PASSAGES).check(sentence)
    assert verdict.supported


async def test_an_invented_claim_is_caught_with_a_finding(grounder: Grounder) -> None:
    """The finding says what is wrong."""
    verdict = await grounder.open(PASSAGES).check("Our headquarters are in Berlin.")
    assert not verdict.supported
    assert verdict.score < 0.5
    assert verdict.finding


async def test_without_passages_no_claim_is_carried(grounder: Grounder) -> None:
    """No evidence, no claim; courtesy still passes."""
    check = grounder.open(())
    assert not (await check.check("The warranty lasts 24 months.")).supported
    assert (await check.check("Hello!")).supported


async def test_markers_that_point_nowhere_do_no_harm(grounder: Grounder) -> None:
    """A cited index outside the passages is ignored."""
    check = grounder.open(PASSAGES)
    assert (await check.check("The MG-200 has a warranty of 24 months.", [7, -1])).supported


async def test_the_cited_passage_goes_first_among_equals(grounder: Grounder) -> None:
    """Where two passages carry a sentence, the one it points to is named."""
    check = grounder.open([PASSAGES[0], "Another page.", PASSAGES[0]])
    assert (await check.check("The MG-200 has a warranty of 24 months.", [2])).passage == 2
