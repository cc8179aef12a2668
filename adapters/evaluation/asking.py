"""The questions of a suite on their way through the modes: asked, held to the suite, judged."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.citing import without_markers
from bot.errors import WellspokenError
from bot.evaluation.cases import Case, Suite
from bot.evaluation.covering import Covered, covered, open_claims
from bot.evaluation.opinions import Judgement
from bot.evaluation.refusing import Refusals
from bot.evaluation.running import Progress, Tolerance, run_cases
from bot.evaluation.told import Judged, Told, failed, judge

if TYPE_CHECKING:
    from adapters.evaluation.answers import KeptAnswers
    from adapters.evaluation.judging import AnswerJudge
    from adapters.evaluation.modes import Mode
    from bot.ports import Grounder

_DOWN = (" did not answer: ", " is left alone for a while: ")
"""What the engine notes of a model that another one stands in for."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A suite and whom to ask. ``check`` finds the key claims of right answers in answers; each
    question is asked ``times`` times, its paraphrases once; ``judge`` sees the first answer."""

    suite: Suite
    answers: KeptAnswers
    check: Grounder
    refused: Refusals
    at_once: int
    progress: Progress
    times: int = 1
    judge: AnswerJudge | None = None

    async def all(self, modes: Sequence[Mode]) -> dict[str, list[Judged]]:
        """Every case in every mode, one mode after the other: latencies are of one alone.

        Raises TooManyFailedError.
        """
        cases, found = self.suite.cases, {}
        for number, mode in enumerate(modes):

            def progress(done: int, _total: int, before: int = number * len(cases)) -> None:
                self.progress(before + done, len(modes) * len(cases))

            case = _InMode(self, mode).case
            done = await run_cases(cases, case, at_once=self.at_once, progress=progress)
            found[mode.name] = list(done.values())
        return found


class _InMode:
    """The suite in one mode; so many of its answers, and of the judge's, may fail."""

    def __init__(self, run: Asking, mode: Mode) -> None:
        self.run, self.mode = run, mode
        cases = run.suite.cases
        self.answers = Tolerance(sum(run.times + len(case.paraphrases) for case in cases))
        self.judgements = Tolerance(len(cases))

    async def case(self, case: Case) -> Judged:
        """A case with all that is asked for it, in a fixed order."""
        told = await self._told(case, case.question)
        others = [(q, await self._told(case, q)) for q in case.paraphrases]
        again = [await self._told(case, case.question, n) for n in range(2, self.run.times + 1)]
        return await asyncio.to_thread(judge, case, told, others, self.run.refused, again)

    async def _told(self, case: Case, question: str, time: int = 1) -> Told:
        """What is said, or was said before the run was interrupted. What failed, or was said by
        another one in a model's place, is asked again. Raises TooManyFailedError."""
        place = "\n".join((self.mode.name, case.id, question, *([f"{time}"] if time > 1 else [])))
        known = self.run.answers.find(place)
        if known is not None:
            return known
        first = time == 1 and question == case.question
        try:
            told = await self.mode.ask(case, question)
        except WellspokenError as error:
            told = failed(str(error))
        if first and not told.error:
            told = replace(
                told,
                covered=await self._covered(case, told),
                judgement=await self._judged(case, told),
            )
        told = told.short()
        if not self._noted(told):
            self.run.answers.keep(place, told)
        return told

    def _noted(self, told: Told) -> bool:
        """Count what went wrong, if anything did. Raises TooManyFailedError."""
        wrong = told.error or stood_in(told)
        if wrong:
            self.answers.note(self.mode.models[0] if self.mode.models else self.mode.name, wrong)
        unjudged = told.judgement.error if told.judgement else ""
        if unjudged and told.judgement:
            self.judgements.note(f"The judge {told.judgement.model}", unjudged)
        return bool(wrong or unjudged)

    async def _covered(self, case: Case, told: Told) -> tuple[Covered, ...] | None:
        """The key claims that an answer makes, word for word or as the check finds them in it."""
        if told.refuses(self.run.refused):
            return covered(case, "", ())
        wanted, text = open_claims(case, told.text), without_markers(told.text)
        carried: set[str] = set()
        if wanted:
            check = self.run.check.open([text], case.question)
            carried = {c for c in wanted if (await check.check(c)).supported}
        return covered(case, told.text, carried)

    async def _judged(self, case: Case, told: Told) -> Judgement | None:
        judge = self.run.judge
        return None if judge is None else await judge.judge(case, told, self.run.refused)


def stood_in(told: Told) -> str:
    """Why another one spoke than whose turn it was; empty: none did."""
    return next((note for note in told.notes if any(sign in note for sign in _DOWN)), "")
