"""The engine of an application, put together from its parts as the settings say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.economy import build_answers, open_budget
from adapters.judging import judged, warmed
from adapters.live import open_live
from adapters.models import (
    build_doubts,
    build_grounder,
    build_ladder,
    build_rewriter,
    open_checker,
    voice_setup,
)
from adapters.release.releasing import open_releases
from adapters.trying import TrialDesk, TrialParts
from bot.engine import Engine
from bot.linking import Sites
from bot.ports import Clock

if TYPE_CHECKING:
    from adapters.indexes import Knowledge
    from bot.llm.openai import ModelServer
    from bot.metrics import Metrics
    from bot.ports_releasing import StyleCheck
    from bot.settings import Settings
    from bot.store.base import Database
    from bot.store.history import History
    from knowledge.ledger import Ledger
    from persona.profile import Persona


@dataclass(frozen=True, slots=True)
class EngineParts:
    """What an engine stands on."""

    settings: Settings
    persona: Persona
    server: ModelServer | None
    knowledge: Knowledge
    database: Database
    history: History
    ledger: Ledger


@asynccontextmanager
async def open_engine(
    parts: EngineParts, metrics: Metrics, clock: Clock, *, warm: bool
) -> AsyncIterator[tuple[Engine, TrialDesk]]:
    """The engine, and where questions are tried out with its parts, as long as its models and live
    sources are open.

    With ``warm`` the checker loads meanwhile."""
    from bot.store.routing import ThresholdBook

    settings, persona, server = parts.settings, parts.persona, parts.server
    database, embedder = parts.database, parts.knowledge.embedder
    async with AsyncExitStack() as stack:
        encoder = stack.enter_context(open_checker(warm=warm))
        judge = judged(settings, build_grounder(settings, encoder), server)
        shared = TrialParts(
            encoder,
            await stack.enter_async_context(warmed(judge, warm=warm)),
            await stack.enter_async_context(open_live(settings, clock)),
            await stack.enter_async_context(open_budget(settings, database, clock, metrics)),
            await stack.enter_async_context(_open_style(parts)),
            clock,
        )
        engine = Engine(
            turns=parts.history,
            retriever=parts.knowledge.evidence,
            ladder=build_ladder(settings, persona, embedder, server, encoder),
            grounder=shared.grounder,
            clock=clock,
            observe=metrics.observe_turn,
            counted=metrics.question,
            live=shared.live,
            rewriter=build_rewriter(settings, server),
            names=(persona.name,),
            languages=persona.languages,
            sites=Sites(settings.answers.links),
            answers=build_answers(settings, database, clock, metrics),
            budget=shared.budget,
            thresholds=ThresholdBook(database),
            doubts=build_doubts(parts.ledger),
            setup=voice_setup(settings),
            longest=settings.limits.longest_question,
            releases=await stack.enter_async_context(
                open_releases(settings, persona, server, database)
            ),
            style=shared.style,
        )
        yield engine, TrialDesk(parts, shared)


@asynccontextmanager
async def _open_style(parts: EngineParts) -> AsyncIterator[StyleCheck]:
    """The style check; the persona is kept by its version, for who reads a turn later."""
    from adapters.teaching.styling import styler_of
    from persona.book import PersonaBook

    await PersonaBook(parts.database).keep(parts.persona)
    styler = styler_of(parts.persona, parts.knowledge.embedder, parts.database)
    try:
        yield styler
    finally:
        await styler.close()
