"""A question tried out: of another model, persona or index, for an audience that was chosen.

It takes the engine's own way with the parts that answer everybody, and stands in no thread, no list
of turns, no metric and no cache. What models charge for it is booked and counts against the day's
limit; that it was done stands in the audit trail, without the words.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from adapters.amended import AmendedSettings
from adapters.aside import Aside
from adapters.models import (
    build_doubts,
    build_ladder,
    build_plain_voice,
    build_rewriter,
    build_version_voice,
)
from adapters.trials import (
    READER,
    Choice,
    Choices,
    Prompt,
    Trial,
    TrialsFullError,
    Tried,
    audiences_of,
)
from bot.conversation import TRIED_IN, Author, Principal, Question, Turn
from bot.engine import Engine
from bot.errors import NotFoundError
from bot.ladder import Ladder
from bot.linking import Sites

if TYPE_CHECKING:
    from adapters.engine import EngineParts
    from bot.evidence import Unknown
    from bot.ports import Brief, Clock, Grounder, LiveFacts, Retriever, Spoken, Voice
    from bot.ports_costs import Spending
    from bot.ports_releasing import StyleCheck
    from knowledge.checking.encoder import CheckerEncoder
    from persona.profile import Persona

AT_ONCE = 2
"""Trials side by side: a model server has the rest for those who wait in a chat."""

WAITING = 8
"""Trials that wait for their turn at most: each holds a request of the console open."""


@dataclass(frozen=True, slots=True)
class TrialParts:
    """What trials stand on besides the engine's own parts."""

    encoder: CheckerEncoder
    grounder: Grounder
    live: LiveFacts | None
    budget: Spending | None
    style: StyleCheck | None
    clock: Clock


class TrialDesk:
    """Questions tried out in one process."""

    def __init__(self, parts: EngineParts, more: TrialParts) -> None:
        self._parts, self._more = parts, more
        self._amended = AmendedSettings(parts.settings, parts.database)
        self._places = asyncio.Semaphore(AT_ONCE)
        self._asked = 0

    async def choices(self) -> Choices:
        """What may be chosen now."""
        return Choices(
            await self._models(),
            await self._personas(),
            await self._indexes(),
            audiences_of((await self._amended.now()).access),
        )

    async def ask(self, trial: Trial, by: Author, *, keep: bool = False) -> Tried:
        """Ask it. ``keep``: store the turn among the others, as one of ``by``.

        Raises NotFoundError for a model, persona or index that is not there, UsageError for a
        question that cannot be asked, TrialsFullError where too many wait already; other failures
        are a turn that says so.
        """
        prompts: list[Prompt] = []
        async with self._place():
            async with self._engine(trial, prompts) as engine:
                turn = await engine.answer(
                    Question(
                        trial.question,
                        by if keep else Author(trial.platform, TRIED_IN),
                        Principal(trial.groups),
                        channel=TRIED_IN if keep else trial.channel,
                        history=trial.history,
                    )
                )
            await self._book(trial, turn, by, keep=keep)
        return Tried(trial, turn, tuple(prompts), keep)

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        if self._asked >= AT_ONCE + WAITING:
            raise TrialsFullError(most=AT_ONCE + WAITING)
        self._asked += 1
        try:
            async with self._places:
                yield
        finally:
            self._asked -= 1

    # -- what it is asked of ----------------------------------------------------------------------

    @asynccontextmanager
    async def _engine(self, trial: Trial, prompts: list[Prompt]) -> AsyncIterator[Engine]:
        from bot.store.routing import ThresholdBook

        parts, more, settings = self._parts, self._more, self._parts.settings
        persona = trial.edited or await self._persona(trial.persona)
        async with self._retriever(trial.index) as retriever:
            yield Engine(
                turns=Aside(),
                retriever=retriever,
                ladder=await self._ladder(trial.model, persona, prompts),
                grounder=more.grounder,
                clock=more.clock,
                live=more.live,
                rewriter=build_rewriter(settings, parts.server),
                names=(persona.name,),
                languages=persona.languages,
                sites=Sites(settings.answers.links),
                budget=more.budget,
                thresholds=ThresholdBook(parts.database),
                doubts=build_doubts(parts.ledger),
                style=more.style if persona.version == parts.persona.version else None,
                longest=settings.limits.longest_question,
            )

    async def _ladder(self, model: str, persona: Persona, prompts: list[Prompt]) -> Ladder:
        """Who speaks: the chosen model with the built-in reader behind it, or those of today."""
        from adapters.release.deploying import deployment_of
        from persona.registry import Registry

        parts, settings, server = self._parts, self._parts.settings, self._parts.server
        plain = build_plain_voice(parts.knowledge.embedder, persona, self._more.encoder)
        if model and model not in {choice.value for choice in await self._models()}:
            raise NotFoundError(kind="model", id=model[:80])
        if model == READER or server is None:
            return Ladder(plain)

        def heard(voice: Voice) -> Voice:
            return _Heard(voice, persona, settings.models.prompt_tokens, prompts)

        registry = Registry(parts.database)
        if model:
            version = next((v for v in await registry.listing() if v.model == model), None)
            deployment = deployment_of(settings)
            if deployment and version and version.adapter is not None:
                await deployment.load(version.model, version.adapter)
            return Ladder(plain, voice=heard(build_version_voice(settings, persona, server, model)))
        ladder = build_ladder(
            settings, persona, parts.knowledge.embedder, server, self._more.encoder, heard
        )
        live = None if settings.voice_model else await registry.live()
        if live is None:
            return ladder
        return ladder.led_by(heard(build_version_voice(settings, persona, server, live.model)))

    async def _persona(self, version: str) -> Persona:
        from persona.book import PersonaBook

        if not version or version == self._parts.persona.version:
            return self._parts.persona
        return (await PersonaBook(self._parts.database).get(version)).persona

    @asynccontextmanager
    async def _retriever(self, index: str) -> AsyncIterator[Retriever]:
        from knowledge.retrieval import ALPHA, HybridRetriever
        from knowledge.selection import evidence, near_evidence

        knowledge, search = self._parts.knowledge, self._parts.settings.search
        if not index:
            yield knowledge.evidence
            return
        choice = evidence if self._parts.server is None else near_evidence
        async with knowledge.index.beside(index) as other:
            alpha = ALPHA if search.alpha is None else search.alpha
            yield HybridRetriever(other.store, other.embedder, alpha, search.fusion, choice=choice)

    # -- what there is to choose ------------------------------------------------------------------

    async def _models(self) -> tuple[Choice, ...]:
        from persona.registry import Registry

        settings = self._parts.settings
        found: dict[str, str] = {"": "Whoever answers today"}
        if self._parts.server is not None:
            for version in await Registry(self._parts.database).listing():
                found[version.model] = f"{version.version}, {version.state}"
            named = (settings.voice_model, settings.model, settings.models.rag)
            for model in (name for name in named if name):
                found.setdefault(model, model)
        found[READER] = "The built-in reader"
        return tuple(Choice(value, words) for value, words in found.items())

    async def _personas(self) -> tuple[Choice, ...]:
        from persona.book import PersonaBook

        mine = self._parts.persona
        kept = await PersonaBook(self._parts.database).listing()
        others = (
            Choice(k.version, f"{k.name}, {k.version}, first seen {k.first_at:%d %b %Y}")
            for k in kept
            if k.version != mine.version
        )
        return (Choice("", f"{mine.name}, as it is today"), *others)

    async def _indexes(self) -> tuple[Choice, ...]:
        live = await self._parts.knowledge.index.shelf.live()
        records = await self._parts.knowledge.index.shelf.records()
        others = (
            Choice(r.name, f"{r.state}, {r.spec.model}, built {r.built_at:%d %b %Y}")
            for r in reversed(records)
            if r.name != live and r.state != "building"
        )
        return (Choice("", "The one that answers today"), *others)

    # -- the books --------------------------------------------------------------------------------

    async def _book(self, trial: Trial, turn: Turn, by: Author, *, keep: bool) -> None:
        """What it cost, and that it was done. A turn that is kept brings its own cost along."""
        from bot.store.audit import AuditTrail
        from bot.store.costs import CostBook

        database, usage = self._parts.database, turn.usage
        if keep:
            await self._parts.history.record(turn)
        elif usage.prompt_tokens or usage.completion_tokens:
            await CostBook(database).drafted(self._more.clock(), turn.model, usage)
        await AuditTrail(database).operator(
            "question tried",
            by.key,
            **({"subject": trial.again or turn.id} if trial.again or keep else {}),
            groups=sorted(trial.groups),
            model=turn.model,
            persona=turn.persona,
            index=trial.index or "live",
            outcome=turn.outcome.value,
            tokens=usage.prompt_tokens + usage.completion_tokens,
            cost_usd=usage.cost_usd,
        )


@dataclass(slots=True)
class _Heard:
    """A voice, and what it was told to say; fulfils :class:`bot.ports.Voice`."""

    voice: Voice
    who: Persona
    budget_tokens: int
    prompts: list[Prompt] = field(repr=False)

    @property
    def model(self) -> str:
        return self.voice.model

    @property
    def persona(self) -> str:
        return self.voice.persona

    def speak(self, brief: Brief) -> AsyncGenerator[Spoken, None]:
        """As the voice does; the prompt is made once more to be looked at."""
        from persona.prompting import build_messages

        told = build_messages(brief, self.who, self.budget_tokens)
        self.prompts.append(Prompt(self.voice.model, tuple(told)))
        return self.voice.speak(brief)

    def decline(self, brief: Brief, why: Unknown | None = None) -> str:
        return self.voice.decline(brief, why)
