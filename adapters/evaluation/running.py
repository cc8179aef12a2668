"""Evaluations of one home: a suite asked in several modes, scored, kept, and compared."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adapters.evaluation.answers import KEEPING, EvaluationFiles
from adapters.evaluation.asking import Asking, stood_in
from adapters.evaluation.judging import AnswerJudge, answer_judge
from adapters.evaluation.modes import VOICE, Mode, Stage, open_stage, principal_of
from bot.evaluation.cases import Suite
from bot.evaluation.refusing import Refusals
from bot.evaluation.running import AT_ONCE, Progress
from bot.evaluation.scorecard import card, compared, differences, printed
from bot.evaluation.told import Judged
from bot.store.evaluation import EvaluationBook, Record, RunLine
from bot.store.ids import new_id

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from bot.evaluation.pairing import Pairing
    from bot.settings import Settings
    from bot.store.base import Database

_NAMED = 3
"""Reasons, and documents, that the page tells."""
_LONGEST = 80
"""Characters of a document's name that a note shows."""
_EARLIER = 19
"""Runs that a trend goes back, this one not counted."""


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
    """A run that is over: the ``cards`` of its modes, who spoke in them, every case, by mode.

    Every question was asked ``repeat`` times; ``judge`` is the model that judged, ``""`` for none.
    """

    run: str
    suite: Suite
    persona: str
    at: datetime
    cards: Mapping[str, Mapping[str, Any]]
    models: Mapping[str, Sequence[str]]
    notes: Mapping[str, Sequence[str]]
    judged: Mapping[str, Sequence[Judged]]
    baseline: Baseline | None = None
    earlier: Sequence[RunLine] = ()
    """Runs of a suite of this name before this one, the newest first: as many as a trend shows."""
    repeat: int = 1
    judge: str = ""

    def json(self, report: Path) -> dict[str, Any]:
        """As the contract has it; ``repeat`` and ``judge`` where they were asked for."""
        told: dict[str, Any] = {
            "run": self.run,
            "suite": self.suite.name,
            "modes": {mode: printed(whole) for mode, whole in self.cards.items()},
            "report": str(report),
        }
        told |= {"repeat": self.repeat} if self.repeat > 1 else {}
        told |= {"judge": self.judge} if self.judge else {}
        return told | ({"baseline": self.baseline.json()} if self.baseline else {})


Page = Callable[[Scorecard], str]
"""A scorecard as a page that stands alone."""


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
    repeat: int = 1,
    judge: str | None = None,
) -> tuple[Scorecard, Path]:
    """Ask a suite in these modes, each question ``repeat`` times; the scorecard, which is kept, and
    its page. ``judge`` is a model that judges, ``""`` the one that is set.

    Interrupted, the next run of the same goes on where it stood. Raises NotFoundError for an
    unknown ``baseline``, UsageError for a group that is no name, ConfigurationError for a judge
    without a model, TooManyFailedError where models do not answer, ForgottenMeanwhileError where
    somebody was forgotten meanwhile, and the errors of the parts.
    """
    from adapters.home import open_database
    from bot.work.leases import Leases
    from knowledge.exclusive import Exclusive
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
        async with AsyncExitStack() as stack:
            stage = await stack.enter_async_context(open_stage(settings, database, at_once))
            judging = None if judge is None else answer_judge(settings, stage.server, judge)
            asked = [stage.mode(name) for name in modes]
            answers = files.answers(await _key(stage, suite, asked, judging))
            stack.enter_context(answers.open())
            judged = await Asking(
                suite, answers, stage.builtin, Refusals(stage.persona.unknown), at_once, progress,
                repeat, judging,
            ).all(asked)  # fmt: skip
            known = await book.cases(before.id, compared) if before else {}
            earlier = await book.page(_EARLIER, None, suite.name)
            unknown = await _unknown_gold(database, suite)
            done = _Scoring(stage, suite, asked, judging, repeat, before, known, earlier, unknown)
            scorecard = await asyncio.to_thread(done.scorecard, judged)
            shown = await asyncio.to_thread(page, scorecard)
            async with Exclusive(Leases(database)).awaited(KEEPING):
                answers.check()  # nobody is forgotten between this and the end
                report = files.write(scorecard.run, shown)
                await book.add(_line(scorecard, report, by), records(scorecard))
                answers.remove()
    return scorecard, report


async def _key(stage: Stage, suite: Suite, modes: Sequence[Mode], judge: AnswerJudge | None) -> str:
    """Names the answers of a run: the same questions to the same people over the same documents."""
    from adapters.models import voice_setup
    from knowledge.ledger import Ledger

    mark = await Ledger(stage.database).mark()
    parts = [suite.digest, stage.persona.label, voice_setup(stage.settings), str(mark)]
    parts += [f"{mode.name} {' '.join(mode.models)}" for mode in modes]
    parts += [f"judged by {judge.name}"] if judge else []
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class _Scoring:
    """What a scorecard is made of, besides the answers."""

    stage: Stage
    suite: Suite
    modes: Sequence[Mode]
    judge: AnswerJudge | None
    repeat: int
    before: RunLine | None
    known: Mapping[str, Sequence[Record]]
    earlier: Sequence[RunLine]
    unknown: str
    """What to tell of gold documents that are not here; empty where all are."""

    def scorecard(self, judged: Mapping[str, Sequence[Judged]]) -> Scorecard:
        """The figures of the modes, and what became of them since the baseline."""
        from bot.store.timing import utc_now

        baseline, before = None, self.before
        if before is not None:
            now = {mode: [each.record() for each in found] for mode, found in judged.items()}
            baseline = Baseline(before.id, before.at, differences(now, self.known))
        return Scorecard(
            run=new_id("run"),
            suite=self.suite,
            persona=self.stage.persona.label,
            at=utc_now(),
            cards={mode: card(found) for mode, found in judged.items()},
            models={mode.name: mode.models for mode in self.modes},
            notes={mode.name: self._notes(mode, judged[mode.name]) for mode in self.modes},
            judged=judged,
            baseline=baseline,
            earlier=self.earlier,
            repeat=self.repeat,
            judge=self.judge.name if self.judge else "",
        )

    def _notes(self, mode: Mode, judged: Sequence[Judged]) -> tuple[str, ...]:
        judge = self.judge.notes(mode.models) if self.judge else ()
        unknown = (self.unknown,) if self.unknown and mode.name != VOICE else ()
        return (*mode.notes, *unknown, *judge, *_fallen(judged, mode))


async def _unknown_gold(database: Database, suite: Suite) -> str:
    """That gold documents are not in this home, where some are not."""
    from knowledge.ledger import Ledger

    wanted = list(dict.fromkeys(document for case in suite.cases for document in case.gold))
    known = {record.document for record in await Ledger(database).listing()} if wanted else set()
    missing = [document for document in wanted if document not in known]
    if not missing:
        return ""
    named = ", ".join(each[:_LONGEST] for each in missing[:_NAMED])
    more = ", …" if len(missing) > _NAMED else ""
    return (
        f"{len(missing)} of {len(wanted)} gold documents are not in this home ({named}{more}); "
        "`wellspoken documents list` names what is"
    )


def _fallen(judged: Sequence[Judged], mode: Mode) -> list[str]:
    """What a mode's figures must not hide: answers that failed, and those of a stand-in."""
    notes = []
    failures = [j.told.error for j in judged if j.told.error]
    if failures:
        why = "; ".join(list(dict.fromkeys(failures))[:_NAMED])
        notes.append(f"{len(failures)} of {len(judged)} answers failed: {why}")
    unjudged = [j.told.judgement.error for j in judged if j.told.judgement]
    if any(unjudged):
        why = next(filter(None, unjudged))
        notes.append(f"{sum(map(bool, unjudged))} answers could not be judged: {why}")
    others = sum(bool(stood_in(j.told)) for j in judged)
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
