"""What every grounder keeps to."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

from bot.llm.openai import OpenAIChatModel
from bot.ports import Grounder
from knowledge.grounding import BuiltinGrounder
from knowledge.judging import JudgedGrounder
from knowledge.lettuce import LettuceJudge
from knowledge.model_judge import ModelJudge
from tests.platforms.lettuce_model import make_lettuce_model
from tests.platforms.openai_server import Behaviour, Fault, OpenAIServer

PASSAGES = (
    "The MG-200 has a warranty of 24 months. The MG-400 has a warranty of 36 months.",
    "1. Press **Reset** for two seconds.\n2. Run `mossgate login`.\n\n"
    "| Part | Price |\n|---|---|\n| Valve | $29 |\n",
)


def _word_for_word(messages: Sequence[dict[str, str]]) -> str:
    """A judge that finds a sentence in a passage, or does not."""
    asked = messages[-1]["content"]
    said = re.search(r"<sentence>\n(.*)\n</sentence>", asked, re.DOTALL)
    for number, text in re.findall(r'<passage n="(\d+)">\n(.*?)\n</passage>', asked, re.DOTALL):
        if said and said[1] in text:
            return f'{{"verdict": "SUPPORTED", "passage": {number}, "reason": "it stands there"}}'
    return '{"verdict": "UNSUPPORTED", "passage": null, "reason": "no passage says it"}'


_MODELS = {
    "model": Behaviour(answer=_word_for_word),
    "model, credulous": Behaviour(answer='{"verdict": "SUPPORTED", "passage": 1, "reason": ""}'),
    "model, nonsense": Behaviour(answer="What a lovely sentence!"),
    "model, down": Behaviour(fault=Fault.FAILED),
}


_INSTALLED = ["lettucedetect"] if find_spec("lettucedetect") else []
"""An extra that the checks do without; its door has tests of its own."""


@pytest.fixture
def lettuce(tmp_path: Path) -> Iterator[LettuceJudge]:
    """LettuceDetect over a model of random weights; skipped where its library is not there."""
    judge = LettuceJudge(make_lettuce_model(tmp_path / "model"))
    yield judge
    judge.close()


@pytest.fixture(params=["builtin", *_MODELS, *_INSTALLED])
async def grounder(request: pytest.FixtureRequest) -> AsyncIterator[Grounder]:
    """Each grounder in turn."""
    builtin = BuiltinGrounder()
    if request.param == "builtin":
        yield builtin
    elif request.param == "lettucedetect":
        yield JudgedGrounder(request.getfixturevalue("lettuce"), builtin, seconds=60)
    else:
        with OpenAIServer(_MODELS[request.param]) as server:
            model = OpenAIChatModel("judge", server.url, "key", retries=0)
            yield JudgedGrounder(ModelJudge(model), builtin)
            await model.aclose()


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


@pytest.mark.parametrize(
    "sentence",
    [
        "The MG-200 has a warranty of 240 months. [1]",
        "The MG-400 has a warranty of 24 months. [1]",
        "You find it at https://example.com/claims [2].",
        "Run `mossgate logout` to begin. [2]",
        "The MG-500 has a warranty of 24 months. [1]",
        "The MG-200 has a warranty until 24 August 2031. [1]",
    ],
)
async def test_nobody_passes_what_must_agree_to_the_letter(
    grounder: Grounder, sentence: str
) -> None:
    """Numbers, dates, codes, links and commands that no passage holds, whoever judges."""
    verdict = await grounder.open(PASSAGES, "How long is the warranty?").check(sentence, [0])
    assert not verdict.supported
    assert verdict.finding
