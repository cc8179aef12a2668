"""Answers of a run that is not over are one run's alone; a judge sees what people see."""

from __future__ import annotations

import stat
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from adapters.evaluation.answers import EvaluationFiles
from adapters.evaluation.judging import AnswerJudge
from bot.conversation import Usage
from bot.evaluation.cases import Case
from bot.evaluation.refusing import Refusals
from bot.evaluation.told import Found, Told, judge
from bot.evidence import Claim
from bot.ports import ChatMessage, Spoken
from knowledge.model_judge import ModelJudge

REFUSED = Refusals()
CASE = Case("w", "How long is the warranty?", ("24 months",), ("warranty.md",))
SAID = "It lasts 24 months [1]."
TOLD = Told(
    SAID, "answered", cited=("warranty.md",), found=(Found("warranty.md", "Warranty", "", "…"),),
    claims=(Claim(0, len(SAID), SAID, True, 0.9, 0),),
)  # fmt: skip


class Strict:
    """A model that calls right answers right, and claims unsupported; it charges a token each."""

    id = "strict"

    def __init__(self, *said: str) -> None:
        self.said = list(said)

    async def stream(
        self,
        messages: Sequence[ChatMessage],
        *,
        max_tokens: int | None = None,
    ) -> AsyncGenerator[Spoken, None]:
        yield Spoken(self.said.pop(0), Usage(1, 1))


def strict(*said: str) -> AnswerJudge:
    model = Strict(*said)
    return AnswerJudge(model, ModelJudge(model), checks=False)


def test_two_runs_of_the_same_do_not_spoil_each_other(tmp_path: Path) -> None:
    """The second has a file of its own and knows nothing of the first; what the one throws away
    the other keeps; whoever comes after both goes on with what is left."""
    files = EvaluationFiles(tmp_path)
    files.prepare()
    first, second, third = (files.answers("key") for _ in range(3))
    with first.open():
        first.keep("a", TOLD)
        with second.open():
            assert second.find("a") is None
            second.keep("b", TOLD)
            second.remove()
        assert first.find("a") is None  # of an earlier run, which there was none
    with third.open():
        assert third.find("a") == TOLD
        assert third.find("b") is None
        kept = list(files.folder.iterdir())
        assert [stat.S_IMODE(path.stat().st_mode) for path in kept] == [0o600]
        third.remove()
    assert list(files.folder.iterdir()) == []


async def test_a_judge_is_independent_of_the_check() -> None:
    """It calls right what the words call right, and unsupported what the check let through."""
    judgement = await strict(
        '{"verdict": "CORRECT"}', '{"verdict": "UNSUPPORTED", "reason": "not there"}'
    ).judge(CASE, TOLD, REFUSED)
    assert (judgement.right, judgement.hallucinated, judgement.usage) == (True, True, Usage(2, 2))
    told = Told(**{name: getattr(TOLD, name) for name in TOLD.__slots__} | {"judgement": judgement})
    values = judge(CASE, told, [], REFUSED).values()
    assert values["hallucination_rate"] == 0
    assert values["judge_hallucination_rate"] == values["judge_accuracy"] == 1


async def test_a_refusal_needs_no_judge_and_nonsense_is_no_judgement() -> None:
    """No question to the model for the one; for the other a reason, and no figure."""
    unknown = Told("I don't know that.", "abstained")
    assert (await strict().judge(CASE, unknown, REFUSED)).right is None
    lost = await strict("hello?").judge(CASE, TOLD, REFUSED)
    assert lost.error
    told = Told(**{name: getattr(TOLD, name) for name in TOLD.__slots__} | {"judgement": lost})
    assert judge(CASE, told, [], REFUSED).values()["judge_accuracy"] is None


def test_notes_say_where_a_judge_has_a_part() -> None:
    """It answers, or it is the check."""
    assert "models favour their own words" in strict().notes(["strict"])[0]
    model = Strict()
    assert "not independent" in AnswerJudge(model, ModelJudge(model), checks=True).notes([])[0]
