"""Judges behind the check: what they decide, what they do not, and what happens without them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import Usage
from bot.errors import ModelUnavailableError
from bot.ports import Verdict
from knowledge.exactness import Standing, exactness
from knowledge.grounding import BuiltinGrounder
from knowledge.judging import REST, JudgedGrounder, Opinion, UnclearVerdictError
from knowledge.statements import read_passage

PASSAGES = (
    "The MG-200 has a warranty of 24 months. It covers the pump and the hoses.",
    "Opened bags of soil cannot be returned to the shop.",
)
LOOSE = "Pump and hoses are under guarantee with it."  # neither quoted nor broken


class Scripted:
    """A judge that gives one opinion, or fails, and keeps what it was asked."""

    name = "scripted"

    def __init__(self, said: Opinion | Exception) -> None:
        self.said = said
        self.asked: list[str] = []

    async def warm(self) -> None:
        if isinstance(self.said, Exception):
            raise self.said

    async def judge(
        self, sentence: str, passages: Sequence[str], question: str, cited: Sequence[int]
    ) -> Opinion:
        del passages, question, cited
        self.asked.append(sentence)
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


class Estimate:
    """A check with one verdict, in the place of the built-in one."""

    id = "estimate"

    def __init__(self, supported: bool) -> None:
        quote = (40, 73) if supported else None
        finding = "" if supported else "the passages say nothing about it"
        self.verdict = Verdict(supported, 0.6, 0 if supported else None, quote, finding)

    def open(
        self, passages: Sequence[str], question: str = "", headers: Sequence[str] = ()
    ) -> Estimate:
        del passages, question, headers
        return self

    async def check(self, sentence: str, cited: Sequence[int] = ()) -> Verdict:
        del sentence, cited
        return self.verdict


YES = Opinion(supported=True, usage=Usage(100, 10))
NO = Opinion(supported=False, reason="only for the pump", usage=Usage(100, 10))


async def test_a_judge_passes_what_the_estimate_rejects() -> None:
    """Words of its own are a matter of opinion; the place is found for the citation."""
    check = JudgedGrounder(Scripted(YES), Estimate(supported=False)).open(PASSAGES)
    verdict = await check.check(LOOSE)

    assert verdict.supported
    assert verdict.passage == 0
    assert verdict.quote is not None
    assert "hoses" in PASSAGES[0][slice(*verdict.quote)]


async def test_a_judge_rejects_what_the_estimate_passes() -> None:
    """Its reason is the finding."""
    judged = JudgedGrounder(Scripted(NO), Estimate(supported=True)).open(PASSAGES)
    verdict = await judged.check(LOOSE)

    assert not verdict.supported
    assert verdict.score < 0.5
    assert verdict.finding == "only for the pump"


async def test_the_passage_that_the_judge_names_is_cited() -> None:
    """Where it names one that is there; a number beyond them is ignored."""
    for named, wanted in ((1, 1), (7, 0)):
        judge = Scripted(Opinion(supported=True, passage=named))
        check = JudgedGrounder(judge, Estimate(supported=False)).open(PASSAGES)
        verdict = await check.check(LOOSE)
        assert verdict.passage == wanted


@pytest.mark.parametrize(
    "sentence",
    [
        "Hello there!",
        "The MG-200 has a warranty of 24 months.",
        "The MG-200 has a warranty of 36 months.",
        "Find more at https://example.com.",
    ],
)
async def test_a_judge_is_not_asked_what_is_plain(sentence: str) -> None:
    """Courtesy, quotes and wrong numbers cost no call."""
    judge = Scripted(YES)
    await JudgedGrounder(judge, BuiltinGrounder()).open(PASSAGES).check(sentence)
    assert judge.asked == []


def test_its_id_names_both() -> None:
    """Verdicts change with either of them."""
    grounder = JudgedGrounder(Scripted(YES), Estimate(supported=True))
    assert grounder.id == "scripted over estimate"


async def test_the_same_sentence_is_judged_once() -> None:
    """A repeated check costs nothing more, and the charge is known."""
    judge = Scripted(YES)
    check = JudgedGrounder(judge, BuiltinGrounder()).open(PASSAGES)

    assert await check.check(LOOSE) == await check.check(LOOSE)
    assert judge.asked == [LOOSE]
    assert check.usage == Usage(100, 10)
    assert check.notes == ()


@pytest.mark.parametrize(
    "fault",
    [
        ModelUnavailableError(url="http://127.0.0.1:9"),
        TimeoutError(),
        RuntimeError("a fault of ours"),
        UnclearVerdictError("42 characters", Usage(100, 50)),
    ],
)
async def test_without_the_judge_the_built_in_check_decides(fault: Exception) -> None:
    """For that sentence, with a note on the turn; what was charged is counted all the same."""
    check = JudgedGrounder(Scripted(fault), BuiltinGrounder()).open(PASSAGES)
    alone = BuiltinGrounder().open(PASSAGES)

    for sentence in (LOOSE, f"{LOOSE} Really."):
        assert await check.check(sentence) == await alone.check(sentence)
    assert len(check.notes) == 1
    assert check.usage.prompt_tokens == (200 if isinstance(fault, UnclearVerdictError) else 0)


async def test_a_dead_judge_is_left_alone_for_a_while() -> None:
    """It slows one sentence, not each; later it is asked again."""
    now = 0.0
    judge = Scripted(ModelUnavailableError(url="http://127.0.0.1:9"))
    grounder = JudgedGrounder(judge, BuiltinGrounder(), clock=lambda: now)

    await grounder.open(PASSAGES).check(LOOSE)
    await grounder.open(PASSAGES).check(LOOSE)
    assert len(judge.asked) == 1

    now, judge.said = REST + 1, YES
    assert (await grounder.open(PASSAGES).check(LOOSE)).supported


async def test_a_judge_that_is_not_ready_stops_nobody() -> None:
    """The log says it, and the built-in check answers."""
    fault = ModelUnavailableError(url="http://127.0.0.1:9")
    await JudgedGrounder(Scripted(fault), BuiltinGrounder()).warm()
    await JudgedGrounder(Scripted(YES), BuiltinGrounder()).warm()


async def test_a_slow_judge_is_not_waited_for() -> None:
    """The reader waits so long and no longer."""

    class Slow(Scripted):
        async def judge(self, *given: object) -> Opinion:
            await asyncio.sleep(60)
            raise AssertionError(given)

    check = JudgedGrounder(Slow(YES), Estimate(supported=False), seconds=0.01).open(PASSAGES)
    assert not (await check.check(LOOSE)).supported
    assert check.notes


@given(st.text(max_size=200), st.booleans())
async def test_no_judge_passes_a_broken_fact(sentence: str, credulous: bool) -> None:
    """Whatever is said and judged: what is broken by the rules never passes."""
    opinion = Opinion(supported=credulous)
    check = JudgedGrounder(Scripted(opinion), BuiltinGrounder()).open(PASSAGES)
    verdict = await check.check(sentence)

    standing = exactness(sentence, [read_passage(p) for p in PASSAGES]).standing
    assert not (standing is Standing.BROKEN and verdict.supported)
