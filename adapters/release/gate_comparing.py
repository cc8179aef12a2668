"""Two voices asked the same cases from the same passages, and their own answers looked at: the
claims checked, the style scored, before anything is repaired.

Answers are kept as they come, so that a run that was interrupted goes on where it stood.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from time import perf_counter

from adapters.release.gate_answers import AnswerFile, Kept
from bot.caching import essence
from bot.citing import cited_indexes, without_markers
from bot.conversation import Principal, Route, Usage
from bot.errors import ModelError, UsageError
from bot.evaluation.cases import Case, Suite
from bot.evaluation.running import AT_ONCE, Progress, Tolerance, run_cases
from bot.evaluation.scoring import Answer
from bot.evidence import Claim, Grounding, Passage
from bot.ports import Brief, Grounder, Retriever, Voice
from bot.sentences import Unit, split
from knowledge.access import normal_groups
from persona.style import StyleScore

PASSAGES = 6
"""As many as the engine retrieves."""
_CANDIDATE, _LIVE = "candidate", "live"
_WORDLESS = "the answer has no text"  # of bot.llm.openai: the server answered, without a word

Styled = Callable[[str], Awaitable[StyleScore]]
"""The style of a text."""


@dataclass(frozen=True, slots=True)
class Speakers:
    """Who is compared. ``against`` names what is live: a version, else a model's id."""

    candidate: Voice
    live: Voice
    against: str
    live_is_model: bool = True


@dataclass(frozen=True, slots=True)
class Bench:
    """What a comparison needs besides who speaks."""

    retriever: Retriever
    grounder: Grounder
    styled: Styled
    at_once: int = AT_ONCE


@dataclass(frozen=True, slots=True)
class Heard:
    """A case with both answers as they were judged."""

    case: Case
    passages: tuple[Passage, ...]
    candidate: Answer
    live: Answer
    candidate_style: StyleScore | None
    live_style: StyleScore | None


def cases_of(suites: Sequence[Suite]) -> list[Case]:
    """All cases; where there are several suites, their ids are told apart by suite."""
    if len(suites) == 1:
        return list(suites[0].cases)
    named = len({suite.name for suite in suites}) == len(suites)
    return [
        replace(case, id=f"{suite.name if named else suite.digest[:8]}/{case.id}")
        for suite in suites
        for case in suite.cases
    ]


class Comparison:
    """Asks both sides all cases, and looks at what they say."""

    def __init__(self, bench: Bench, speakers: Speakers, answers: AnswerFile) -> None:
        self._bench = bench
        self._speakers = speakers
        self._file = answers

    async def run(self, cases: Sequence[Case], progress: Progress) -> list[Heard]:
        """Both answers to every case, in their order.

        Raises TooManyFailedError where more than a tenth of one side's answers failed.
        """
        groups = {case.id: _principal(case) for case in cases}
        tolerance = Tolerance(len(cases))

        async def hear(case: Case) -> Heard:
            return await self._hear(case, groups[case.id], tolerance)

        with self._file:
            found = await run_cases(cases, hear, at_once=self._bench.at_once, progress=progress)
        return list(found.values())

    async def _hear(self, case: Case, principal: Principal, tolerance: Tolerance) -> Heard:
        found = await self._bench.retriever.retrieve(essence(case.question), principal, PASSAGES)
        brief = Brief(case.question, case.question, (), found.passages, Route.HYBRID)
        evidence = _digest(found.passages)
        mine, theirs = await asyncio.gather(
            self._said(case, _CANDIDATE, self._speakers.candidate, brief, evidence),
            self._said(case, _LIVE, self._speakers.live, brief, evidence),
        )
        for side, said in ((_CANDIDATE, mine), (_LIVE, theirs)):
            if said.error:
                voice = self._speakers.candidate if side == _CANDIDATE else self._speakers.live
                tolerance.note(voice.model, said.error)
        (ours, our_style), (other, other_style) = await asyncio.gather(
            self._checked(mine, brief), self._checked(theirs, brief)
        )
        return Heard(case, found.passages, ours, other, our_style, other_style)

    async def _said(self, case: Case, side: str, voice: Voice, brief: Brief, evidence: str) -> Kept:
        """What a voice says, or said before the run was interrupted."""
        known = self._file.find(case.id, side, evidence, case.question)
        if known is None:
            known = await spoken(voice, brief)
            if not known.error:
                self._file.keep(case.id, side, evidence, case.question, known)
        return known

    async def _checked(self, said: Kept, brief: Brief) -> tuple[Answer, StyleScore | None]:
        """An answer with the verdicts on its claims and its style."""
        documents = tuple(passage.chunk.document for passage in brief.passages)
        usage = said.usage
        if said.error:
            return Answer("", documents, usage=usage, error=said.error), None
        grounding = await _grounding(self._bench.grounder, said.text, brief)
        bare = without_markers(said.text)
        style = await self._bench.styled(said.text) if bare.strip() else None
        value = None if style is None else style.score
        return Answer(said.text, documents, grounding, value, said.seconds, usage), style


async def spoken(voice: Voice, brief: Brief) -> Kept:
    """What a voice says to a brief, how long it took, and what it cost. A model without a word is
    one that does not know; any other failure is the error of this answer."""
    begun = perf_counter()
    text, usage = "", Usage()
    try:
        async with aclosing(voice.speak(brief)) as pieces:
            async for piece in pieces:
                text += piece.text
                usage += piece.usage or Usage()
    except ModelError as error:
        if text or error.data.get("reason") != _WORDLESS:
            return Kept(text, None, usage, str(error))
    return Kept(text.strip(), perf_counter() - begun, usage)


async def _grounding(grounder: Grounder, text: str, brief: Brief) -> Grounding:
    """The check of a whole answer as the engine checks it, sentence by sentence."""
    chunks = [passage.chunk for passage in brief.passages]
    check = grounder.open(
        [chunk.text for chunk in chunks], brief.query, [chunk.header for chunk in chunks]
    )
    claims = []
    for unit in split(text):
        if unit.unit is Unit.HEADING or not without_markers(unit.text).strip():
            continue
        verdict = await check.check(unit.text, cited_indexes(unit.text, len(chunks)))
        claims.append(
            Claim(
                start=unit.start,
                end=unit.end,
                text=unit.text,
                supported=verdict.supported,
                score=verdict.score,
                passage=verdict.passage,
                finding=verdict.finding,
            )
        )
    return Grounding(tuple(claims))


def _principal(case: Case) -> Principal:
    """Who asks a case. Raises UsageError for a group that is no name."""
    try:
        return Principal(normal_groups(case.groups))
    except ValueError as error:
        raise UsageError(f'Case "{case.id}": {error}; write a word like staff.') from error


def _digest(passages: Sequence[Passage]) -> str:
    """Changes whenever what the voices are shown does."""
    shown = "\0".join(f"{p.chunk.id}\0{p.chunk.revision}\0{p.chunk.text}" for p in passages)
    return hashlib.sha256(shown.encode("utf-8", "replace")).hexdigest()[:16]
