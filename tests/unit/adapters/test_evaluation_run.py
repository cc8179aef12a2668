"""A suite on its way through the modes: asked as often as wished, counted, gone on with."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from adapters.evaluation.answers import EvaluationFiles
from adapters.evaluation.asking import Asking
from adapters.evaluation.modes import Mode
from bot.errors import StorageError
from bot.evaluation.cases import Case, Suite
from bot.evaluation.refusing import Refusals
from bot.evaluation.told import Judged, Told
from knowledge.grounding import BuiltinGrounder

if TYPE_CHECKING:
    from bot.evaluation.running import Progress

CASES = tuple(
    Case(f"c{n}", f"What is {n}?", (f"{n} litres",), paraphrases=(f"{n}?",)) for n in (7, 8)
)
SUITE = Suite("pair", Path("pair.jsonl"), "digest", CASES)


@dataclass
class Moody:
    """Says another number each time; gives up at the question ``ends``."""

    ends: int = 10_000
    asked: Counter[str] = field(default_factory=Counter)

    async def __call__(self, case: Case, question: str) -> Told:
        if self.asked.total() == self.ends:
            raise _EndedError
        self.asked[question] += 1
        return Told(f"It is {self.asked.total()} litres.", "answered", model="moody")


class _EndedError(Exception):
    """As Ctrl-C ends a run."""


async def run(
    home: Path, ask: Moody, times: int, progress: Progress = lambda _d, _t: None
) -> dict[str, list[Judged]]:
    files = EvaluationFiles(home)
    files.prepare()
    answers = files.answers("key")
    with answers.open():
        asking = Asking(SUITE, answers, BuiltinGrounder(), Refusals(), 1, progress, times=times)
        return await asking.all([Mode("rag", ask, ("moody",)), Mode("hybrid", ask, ("moody",))])


async def test_each_question_is_asked_as_often_as_wished(tmp_path: Path) -> None:
    """Paraphrases once; other answers to the same words are no consistency; cases of both modes
    are counted from none to all, each once."""
    ask, seen = Moody(), list[tuple[int, int]]()
    found = await run(tmp_path, ask, 3, lambda done, total: seen.append((done, total)))
    assert ask.asked == {"What is 7?": 6, "7?": 2, "What is 8?": 6, "8?": 2}
    assert [each.values()["consistency_over_runs"] for each in found["rag"]] == [0, 0]
    assert {total for _, total in seen} == {4}
    assert list(dict.fromkeys(done for done, _ in seen)) == [0, 1, 2, 3, 4]


async def test_an_interrupted_run_asks_only_what_is_left(tmp_path: Path) -> None:
    """Repeats and paraphrases too; each is kept under its own number."""
    first = Moody(ends=5)
    with pytest.raises(_EndedError):
        await run(tmp_path, first, 3)
    second = Moody()
    await run(tmp_path, second, 3)
    assert first.asked.total() + second.asked.total() == 16
    more = Moody()
    await run(tmp_path, more, 4)
    assert more.asked == {"What is 7?": 2, "What is 8?": 2}


async def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """One error with the path, before anything is asked."""
    (tmp_path / "evaluations").write_text("a file")
    with pytest.raises(StorageError, match="evaluations"):
        await run(tmp_path, Moody(), 1)
