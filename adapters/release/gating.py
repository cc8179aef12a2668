"""The gate of one home: a version against what is live, on held-out suites, with a verdict that is
kept, audited, and shown side by side.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from adapters.evaluation.finding import found_suites
from adapters.release.gate_answers import AnswerFile
from adapters.release.gate_comparing import (
    Bench,
    Comparison,
    Heard,
    Speakers,
    cases_of,
)
from adapters.release.gate_records import (
    GateBook,
    GateDesk,
    GateFiles,
    Mark,
    Row,
    Said,
    Source,
    Story,
    SuiteLine,
)
from bot.conversation import Route
from bot.errors import ConfigurationError, NotFoundError, UsageError
from bot.evaluation.cases import Case, Suite
from bot.evaluation.holding_out import taught
from bot.evaluation.refusing import Refusals
from bot.evaluation.running import AT_ONCE, Progress
from bot.evaluation.scoring import Answer, Score, score, stated
from bot.evaluation.summary import summarise
from bot.store.ids import new_id
from bot.telemetry import log
from persona.datasets import DatasetBook
from persona.gate import Limits, Scores, judge, known_before, not_known_before
from persona.registry import ModelVersion, Registry
from persona.suites import SuiteBook
from persona.versions import GATED, REJECTED

if TYPE_CHECKING:
    from pathlib import Path

    from bot.llm.openai import ModelServer
    from bot.ports import Embedder
    from bot.settings import Settings
    from bot.store.base import Database
    from knowledge.checking.encoder import CheckerEncoder
    from persona.profile import Persona
    from persona.style import StyleScore

_EXCERPT = 600
"""Characters of a passage on the page."""

Page = Callable[[Story], str]
"""A story as a page that stands alone."""


def gate_desk(settings: Settings, database: Database) -> GateDesk:
    """The runs of a home, for operators' eyes."""
    return GateDesk(GateBook(database), GateFiles(settings.home))


async def wanted_suites(settings: Settings, named: Sequence[str]) -> list[Suite]:
    """The suites that were named, else those of ``[release] suites``.

    Raises UsageError where there are none, and for one that is not there or cannot be read.
    """
    asked: list[str | Path] = list(named)
    if not asked:
        asked = [settings.beside(path) for path in settings.release.suites]
    if not asked:
        raise UsageError(
            "There is nothing to judge by; name a suite with --suite FILE, or set [release] suites."
        )
    return await found_suites(settings, asked)


async def gate(
    settings: Settings,
    version: str,
    named: Sequence[str],
    *,
    by: str,
    page: Page,
    progress: Progress = lambda _done, _total: None,
    at_once: int = AT_ONCE,
) -> tuple[Story, Path]:
    """Hold a version to the suites; the story that was kept, and its page.

    Passing makes it gated, failing rejected; what answers users stays what it is. Raises
    NotFoundError for an unknown version or suite, UsageError for a suite that cannot be read,
    ConfigurationError without a model server, TooManyFailedError where nothing can be judged:
    then no verdict is kept.
    """
    from adapters.home import open_database

    suites = await wanted_suites(settings, named)
    async with open_database(settings) as database:
        registry = Registry(database)
        candidate = await registry.get(version)
        book = SuiteBook(database)
        for suite in suites:  # whatever comes of it, they are never trained on
            await book.keep(suite.digest, suite.name, str(suite.path), suite.questions)
        async with _opened(settings, database, at_once) as opened:
            live = None if settings.voice_model else await registry.live()
            speakers = await opened.speakers(candidate, live)
            files = GateFiles(settings.home)
            files.prepare()
            answers = AnswerFile(files.answers(_key(settings, opened.persona, speakers, suites)))
            cases, left_out = await _held_out(database, candidate, cases_of(suites))
            heard = await Comparison(opened.bench, speakers, answers).run(cases, progress)
        run = _Run(settings, opened.persona, candidate, speakers, suites, by, left_out)
        story = run.story(heard, GateBook(database))
        report = files.write(story, page(story))
        await GateBook(database).add(story, report)
        await _settle(registry, story)
        answers.remove()
    return story, report


async def _held_out(
    database: Database, candidate: ModelVersion, cases: list[Case]
) -> tuple[list[Case], int | None]:
    """The cases that the candidate was not trained on, and how many it was; ``None``: its data set
    is gone, so nobody can tell."""
    if not candidate.dataset:
        return cases, 0
    try:
        dataset = await DatasetBook(database).get(candidate.dataset)
        known = await asyncio.to_thread(
            _taught, cases, (dataset.train_file, dataset.validation_file)
        )
    except (NotFoundError, OSError) as error:  # gone, or trained elsewhere
        log.warning("what it was trained on cannot be looked at", error=type(error).__name__)
        return cases, None
    return [case for case in cases if case.id not in known], len(known)


def _taught(cases: list[Case], files: Sequence[Path]) -> frozenset[str]:
    found: set[str] = set()
    for path in files:
        with path.open(encoding="utf-8", errors="replace") as lines:
            found |= taught(cases, lines)
    return frozenset(found)


async def _settle(registry: Registry, story: Story) -> None:
    """Say in the registry what the version is worth."""
    state = GATED if story.passed else REJECTED
    told = {**story.candidate, "gate": story.id, "verdict": story.verdict}
    why = f"gate {story.id}: {story.reasons[0]}"
    await registry.set_state(story.version, state, why=why, by=story.by, scores=told)


def _key(settings: Settings, persona: Persona, speakers: Speakers, suites: Sequence[Suite]) -> str:
    """Names the answers of a run: whoever asks the same people the same things goes on with it."""
    from adapters.models import voice_setup

    parts = [
        speakers.candidate.model, speakers.live.model, persona.label, voice_setup(settings),
        *(suite.digest for suite in suites),
    ]  # fmt: skip
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class _Opened:
    """The parts of an application that a comparison needs."""

    settings: Settings
    persona: Persona
    server: ModelServer
    embedder: Embedder
    encoder: CheckerEncoder
    bench: Bench

    async def speakers(self, candidate: ModelVersion, live: ModelVersion | None) -> Speakers:
        """The candidate, and what speaks today: the live version, else the general model, else the
        built-in reader. Adapters are loaded first."""
        from adapters.models import build_ladder, build_version_voice
        from adapters.release.deploying import deployment_of

        deployment = deployment_of(self.settings)
        other = None if live is None or live.version == candidate.version else live
        for version in (candidate, other):
            if deployment is not None and version is not None and version.adapter is not None:
                await deployment.load(version.model, version.adapter)
        mine = build_version_voice(self.settings, self.persona, self.server, candidate.model)
        if other is not None:
            theirs = build_version_voice(self.settings, self.persona, self.server, other.model)
            return Speakers(mine, theirs, other.version)
        ladder = build_ladder(self.settings, self.persona, self.embedder, self.server, self.encoder)
        voices = (v for v in ladder.order(Route.HYBRID) if v.model != candidate.model)
        today = next(voices, ladder.plain)
        return Speakers(mine, today, today.model, live_is_model=today is not ladder.plain)


@asynccontextmanager
async def _opened(settings: Settings, database: Database, at_once: int) -> AsyncIterator[_Opened]:
    """Open what a comparison needs. Raises the errors of the parts."""
    from adapters.indexes import knowledge_of
    from adapters.judging import judged, warmed
    from adapters.models import (
        build_grounder,
        load_voice_persona,
        model_server,
        open_checker,
        patient,
    )
    from persona.book import StyleBook
    from persona.styling import Styler

    async with AsyncExitStack() as stack:
        persona = load_voice_persona(settings)
        server = await stack.enter_async_context(model_server(settings))
        if server is None:
            problem = "a version answers at its model server; set OPENAI_BASE_URL or OPENAI_API_KEY"
            raise ConfigurationError(where="models gate", problem=problem)
        await server.warm()
        knowledge = await stack.enter_async_context(knowledge_of(settings, server, warm=True))
        encoder = stack.enter_context(open_checker(warm=True))
        check = judged(settings, build_grounder(settings, encoder), server)
        grounder = await stack.enter_async_context(warmed(check, warm=True))
        # one classifier for the whole run: another may be trained meanwhile
        trained = await StyleBook(database).of(persona.version)
        styler = Styler(persona, knowledge.embedder, model=trained)
        bench = Bench(knowledge.evidence, grounder, styler.score, at_once)
        waiting = patient(settings, at_once)
        yield _Opened(waiting, persona, server, knowledge.embedder, encoder, bench)


@dataclass(frozen=True, slots=True)
class _Run:
    """What a story is told from, besides the answers."""

    settings: Settings
    persona: Persona
    version: ModelVersion
    speakers: Speakers
    suites: Sequence[Suite]
    by: str
    left_out: int | None = 0

    def story(self, heard: Sequence[Heard], book: GateBook) -> Story:
        """The verdict over all answers."""
        release = self.settings.release
        refused = Refusals(self.persona.unknown)
        pairs = [
            (score(h.case, h.candidate, refused), score(h.case, h.live, refused)) for h in heard
        ]
        mine, theirs = tuple(a for a, _ in pairs), tuple(b for _, b in pairs)
        candidate = Scores(self.version.version, mine)
        live = Scores(self.speakers.against, theirs, self.speakers.live_is_model)
        limits = Limits(release.interval, release.worse, release.slower, release.dearer)
        verdict = judge(candidate, live, limits)
        left = self.left_out
        if left != 0:
            told = not_known_before() if left is None else known_before(left)
            verdict = replace(verdict, measures=(*verdict.measures, told))
        return Story(
            id=new_id("gate"),
            version=self.version.version,
            model=self.version.model,
            against=self.speakers.against,
            persona=self.persona.label,
            verdict=verdict.word,
            reasons=verdict.reasons,
            measures=verdict.measures,
            candidate={"model": self.version.model, **summarise(mine).json()},
            live={"model": self.speakers.live.model, **summarise(theirs).json()},
            suites=tuple(
                SuiteLine(s.name, str(s.path), s.digest, len(s.cases)) for s in self.suites
            ),
            confidence=release.interval,
            worse=release.worse,
            by=self.by,
            at=book.now(),
            rows=tuple(_row(h, *pair) for h, pair in zip(heard, pairs, strict=True)),
        )


def _row(heard: Heard, mine: Score, theirs: Score) -> Row:
    case = heard.case
    return Row(
        id=case.id,
        question=case.question,
        answers=case.answers,
        answerable=case.answerable,
        sources=tuple(
            Source(n, p.chunk.document, p.chunk.title, p.chunk.uri, p.chunk.text[:_EXCERPT])
            for n, p in enumerate(heard.passages, 1)
        ),
        candidate=_said(heard.candidate, mine, heard.candidate_style),
        live=_said(heard.live, theirs, heard.live_style),
    )


def _said(answer: Answer, scored: Score, style: StyleScore | None) -> Said:
    findings = style.findings if style else ()
    unheld = [] if scored.refused else [c for c in stated(answer.grounding) if not c.supported]
    return Said(
        text=answer.text,
        right=scored.right,
        refused=scored.refused,
        claims=scored.claims,
        carried=scored.carried,
        style=scored.style,
        seconds=scored.seconds,
        tokens=answer.usage.prompt_tokens + answer.usage.completion_tokens,
        cost_usd=answer.usage.cost_usd,
        error=answer.error,
        findings=tuple(Mark(f.start, f.end, str(f.rule)) for f in findings),
        unheld=tuple(Mark(c.start, c.end, c.finding) for c in unheld),
    )
