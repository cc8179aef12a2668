"""Evaluations of one home: a suite asked in several modes, scored, kept, and compared."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from adapters.evaluation_answers import EvaluationFiles, KeptAnswers
from adapters.evaluation_modes import Mode, Stage, open_stage, principal_of
from bot.errors import NotFoundError, WellspokenError
from bot.evaluation.cases import Case, Suite, find_suite, read_suite
from bot.evaluation.refusing import Refusals
from bot.evaluation.running import AT_ONCE, Progress, Tolerance, run_cases
from bot.evaluation.scorecard import card, differences, printed
from bot.evaluation.told import Judged, Told, failed, judge
from bot.store.evaluation import EvaluationBook, Record, RunLine
from bot.store.ids import new_id

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from bot.evaluation.pairing import Pairing
    from bot.settings import Settings

_SAMPLE = "sample"
_NAMED = 3
"""Reasons that the page tells."""
_DOWN = (" did not answer: ", " is left alone for a while: ")
"""What the engine notes of a model that another one stands in for."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a run was compared with, and what became of each figure, by mode."""

    run: str
    at: datetime
    differences: Mapping[str, Mapping[str, Pairing]]

    def json(self) -> dict[str, Any]:
        """As commands print it."""
        return {
            "run": self.run,
            "differences": {
                mode: {name: each.json() for name, each in found.items()}
                for mode, found in self.differences.items()
            },
        }


@dataclass(frozen=True, slots=True)
class Scorecard:
    """A run that is over: the ``cards`` of its modes, who spoke in them, every case, by mode."""

    run: str
    suite: Suite
    persona: str
    at: datetime
    cards: Mapping[str, Mapping[str, Any]]
    models: Mapping[str, Sequence[str]]
    notes: Mapping[str, Sequence[str]]
    judged: Mapping[str, Sequence[Judged]]
    baseline: Baseline | None = None

    def json(self, report: Path) -> dict[str, Any]:
        """As the contract has it."""
        told: dict[str, Any] = {
            "run": self.run,
            "suite": self.suite.name,
            "modes": {mode: printed(whole) for mode, whole in self.cards.items()},
            "report": str(report),
        }
        return told | ({"baseline": self.baseline.json()} if self.baseline else {})


Page = Callable[[Scorecard], str]
"""A scorecard as a page that stands alone."""


def named_suites(settings: Settings, names: Sequence[str]) -> list[Suite]:
    """The suites of these names or paths; ``sample`` is the sample's where there is no own one.

    Raises NotFoundError, MissingFileError and SuiteError.
    """
    return [_read(name, settings.config.parent) for name in dict.fromkeys(names)]


def _read(name: str, folder: Path) -> Suite:
    try:
        return read_suite(find_suite(name, folder))
    except NotFoundError:
        if name != _SAMPLE:
            raise
    from knowledge.sample import sample_suite

    return replace(read_suite(sample_suite()), name=_SAMPLE)


async def runs(settings: Settings) -> Sequence[RunLine]:
    """Every run of a home, the newest first."""
    from adapters.home import open_database

    async with open_database(settings) as database:
        return await EvaluationBook(database).listing()


async def evaluate(
    settings: Settings,
    suite: Suite,
    modes: Sequence[str],
    *,
    by: str,
    page: Page,
    baseline: str = "",
    progress: Progress = lambda _done, _total: None,
    at_once: int = AT_ONCE,
) -> tuple[Scorecard, Path]:
    """Ask a suite in these modes; the scorecard, which is kept, and its page.

    Interrupted, the next run of the same goes on where it stood. Raises NotFoundError for an
    unknown ``baseline``, UsageError for a group that is no name, TooManyFailedError where models do
    not answer, and the errors of the parts.
    """
    from adapters.home import open_database
    from persona.suites import SuiteBook

    async with open_database(settings) as database:
        book = EvaluationBook(database)
        before = await book.get(baseline) if baseline else None
        for case in suite.cases:
            principal_of(case)
        await SuiteBook(database).keep(
            suite.digest, suite.name, str(suite.path), suite.questions
        )  # whatever comes of it, they are never trained on
        files = EvaluationFiles(settings.home)
        files.prepare()
        async with open_stage(settings, database, at_once) as stage:
            asked = [stage.mode(name) for name in modes]
            answers = files.answers(await _key(stage, suite, asked))
            run = _Run(stage, suite, answers, at_once, progress)
            judged = await run.all(asked)
        earlier = await book.cases(before.id) if before else {}
        done = await asyncio.to_thread(_scorecard, stage, suite, asked, judged, before, earlier)
        report = files.write(done.run, await asyncio.to_thread(page, done))
        await book.add(_line(done, report, by), records(done))
        answers.remove()
    return done, report


async def _key(stage: Stage, suite: Suite, modes: Sequence[Mode]) -> str:
    """Names the answers of a run: the same questions to the same people over the same documents."""
    from adapters.models import voice_setup
    from knowledge.ledger import Ledger

    mark = await Ledger(stage.database).mark()
    parts = [suite.digest, stage.persona.label, voice_setup(stage.settings), str(mark)]
    parts += [f"{mode.name} {' '.join(mode.models)}" for mode in modes]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class _Run:
    """The questions of a suite on their way through the modes."""

    stage: Stage
    suite: Suite
    answers: KeptAnswers
    at_once: int
    progress: Progress

    async def all(self, modes: Sequence[Mode]) -> dict[str, list[Judged]]:
        """Every case in every mode, one mode after the other: latencies are of one alone."""
        refused = Refusals(self.stage.persona.unknown)
        cases, found = self.suite.cases, {}
        questions = sum(1 + len(case.paraphrases) for case in cases)
        with self.answers.open():
            for number, mode in enumerate(modes):
                begun, tolerance = number * len(cases), Tolerance(questions)

                def progress(done: int, _total: int, begun: int = begun) -> None:
                    self.progress(begun + done, len(modes) * len(cases))

                async def ask(
                    case: Case, mode: Mode = mode, tolerance: Tolerance = tolerance
                ) -> Judged:
                    told = await self._told(mode, case, case.question, tolerance)
                    others = [
                        (q, await self._told(mode, case, q, tolerance)) for q in case.paraphrases
                    ]
                    return await asyncio.to_thread(judge, case, told, others, refused)

                done = await run_cases(cases, ask, at_once=self.at_once, progress=progress)
                found[mode.name] = list(done.values())
        return found

    async def _told(self, mode: Mode, case: Case, question: str, tolerance: Tolerance) -> Told:
        """What is said, or was said before the run was interrupted. What failed, or was said by
        another one in a model's place, is asked again. Raises TooManyFailedError."""
        place = f"{mode.name}\n{case.id}\n{question}"
        known = self.answers.find(place)
        if known is not None:
            return known
        try:
            told = await mode.ask(case, question)
        except WellspokenError as error:
            told = failed(str(error))
        wrong = told.error or _stood_in(told)
        if wrong:
            tolerance.note(mode.models[0] if mode.models else mode.name, wrong)
        else:
            self.answers.keep(place, told)
        return told


def _stood_in(told: Told) -> str:
    """Why another one spoke than whose turn it was; empty: none did."""
    return next((note for note in told.notes if any(sign in note for sign in _DOWN)), "")


def _scorecard(
    stage: Stage,
    suite: Suite,
    modes: Sequence[Mode],
    judged: Mapping[str, Sequence[Judged]],
    before: RunLine | None,
    earlier: Mapping[str, Sequence[Record]],
) -> Scorecard:
    from adapters.assembly import utc_now

    now = {mode: [each.record() for each in found] for mode, found in judged.items()}
    return Scorecard(
        run=new_id("run"),
        suite=suite,
        persona=stage.persona.label,
        at=utc_now(),
        cards={mode: card(found) for mode, found in judged.items()},
        models={mode.name: mode.models for mode in modes},
        notes={mode.name: (*mode.notes, *_fallen(judged[mode.name], mode)) for mode in modes},
        judged=judged,
        baseline=Baseline(before.id, before.at, differences(now, earlier)) if before else None,
    )


def _fallen(judged: Sequence[Judged], mode: Mode) -> list[str]:
    """What a mode's figures must not hide: answers that failed, and those of a stand-in."""
    notes = []
    failures = [j.told.error for j in judged if j.told.error]
    if failures:
        why = "; ".join(list(dict.fromkeys(failures))[:_NAMED])
        notes.append(f"{len(failures)} of {len(judged)} answers failed: {why}")
    others = sum(bool(_stood_in(j.told)) for j in judged)
    if others:
        who = mode.models[0] if mode.models else "the model"
        notes.append(f"in {others} of {len(judged)} cases another one stood in for {who}")
    return notes


def records(done: Scorecard) -> dict[str, list[dict[str, Any]]]:
    """The cases of a run by mode, as they are kept."""
    return {mode: [each.record() for each in found] for mode, found in done.judged.items()}


def _line(done: Scorecard, report: Path, by: str) -> RunLine:
    return RunLine(
        id=done.run,
        suite=done.suite.name,
        path=str(done.suite.path),
        digest=done.suite.digest,
        persona=done.persona,
        modes=done.cards,
        baseline=done.baseline.json() if done.baseline else None,
        report=str(report),
        by=by,
        at=done.at,
    )
