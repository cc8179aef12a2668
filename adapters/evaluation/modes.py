"""Who answers in which mode: retrieval alone, the voice alone, both, and as the router would.

``rag``, ``hybrid`` and ``auto`` are the engine itself with its check; nothing of a run is stored
among the turns, repeated from a cache, or booked on the day's budget. ``voice`` asks the voice's
model without passages, for what it knows by itself, and holds its claims to the gold documents.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING

from adapters.aside import Aside
from adapters.evaluation.closed_book import ClosedBook, GoldCheck
from bot.citing import without_markers
from bot.conversation import (
    Author,
    Outcome,
    Platform,
    Principal,
    Question,
    Route,
)
from bot.engine import Engine
from bot.errors import UsageError
from bot.evaluation.cases import Case
from bot.evaluation.told import Told
from bot.ladder import Ladder
from bot.ports import Brief, ChatModel
from bot.store.timing import utc_now
from knowledge.access import normal_groups

if TYPE_CHECKING:
    from adapters.indexes import Knowledge
    from bot.llm.openai import ModelServer
    from bot.ports import Grounder
    from bot.ports_releasing import StyleCheck
    from bot.settings import Settings
    from bot.store.base import Database
    from persona.profile import Persona

RAG, VOICE, HYBRID, AUTO = "rag", "voice", "hybrid", "auto"
MODES = (RAG, VOICE, HYBRID)
"""Those of ``all``."""
_ROUTES = {RAG: Route.RAG, HYBRID: Route.HYBRID, AUTO: None}
_ASKER = Author(Platform.TERMINAL, "evaluation")
_NO_VOICE = "no model speaks as the brand, so the voice alone knows nothing and abstains"
_NO_MODEL = "no model server is set: the built-in reader answers from the documents"

Ask = Callable[[Case, str], Awaitable[Told]]
"""The answer to a question of a case: its own, or a paraphrase."""


@dataclass(frozen=True, slots=True)
class Mode:
    """A mode: who is ``asked``, and ``notes`` on what it stands for here. ``models`` name who may
    speak: other ones, another run."""

    name: str
    ask: Ask
    models: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """What all modes stand on. ``grounder`` checks answers as ``[checking]`` says, ``builtin`` is
    the check alone."""

    settings: Settings
    persona: Persona
    server: ModelServer | None
    knowledge: Knowledge
    database: Database
    grounder: Grounder
    builtin: Grounder
    ladder: Ladder
    style: StyleCheck
    voice_model: str | None
    at_once: int

    def mode(self, name: str) -> Mode:
        """One of :data:`MODES`, or ``auto``."""
        if name == VOICE:
            return self._voice()
        ladder = self.ladder if name != RAG else self._without_voice()
        route = _ROUTES[name]
        engine = self._engine(ladder, route)

        async def ask(case: Case, question: str) -> Told:
            return Told.of(
                await engine.answer(Question(question, _ASKER, principal_of(case))),
                routed=route is None,
            )

        notes = () if self.server else (_NO_MODEL,)
        routes = [Route.RAG, Route.VOICE, Route.HYBRID] if route is None else [route]
        models = tuple(dict.fromkeys(m for r in routes for m in ladder.models(r)))
        return Mode(name, ask, models, notes)

    def _engine(self, ladder: Ladder, route: Route | None) -> Engine:
        from adapters.models import build_doubts
        from bot.store.routing import ThresholdBook
        from knowledge.ledger import Ledger

        return Engine(
            turns=Aside(),
            retriever=self.knowledge.evidence,
            ladder=ladder,
            grounder=self.grounder,
            clock=utc_now,
            at_once=self.at_once,
            names=(self.persona.name,),
            languages=self.persona.languages,
            thresholds=ThresholdBook(self.database),
            doubts=build_doubts(Ledger(self.database)),
            style=self.style,
            route=route,
        )

    def _without_voice(self) -> Ladder:
        """Plain lookups: the cheaper or the general model, else the built-in reader."""
        from adapters.models import build_version_voice

        plain = self.ladder.plain
        wanted = (self.settings.models.rag, self.settings.model)
        known = list(dict.fromkeys(model for model in wanted if model))
        if self.server is None or not known:
            return Ladder(plain)
        first, *rest = (
            build_version_voice(self.settings, self.persona, self.server, model) for model in known
        )
        return Ladder(plain, voice=first, general=rest[0] if rest else None)

    def _voice(self) -> Mode:
        model = self._closed_book()
        if model is None:
            why = (_NO_VOICE,)

            async def abstain(case: Case, question: str) -> Told:  # noqa: ARG001 - as all modes
                begun = perf_counter()
                said = self.ladder.plain.decline(Brief(question, question, (), (), Route.VOICE))
                return Told(
                    said, str(Outcome.ABSTAINED), VOICE, self.ladder.plain.model,
                    notes=why, searched=False,
                    seconds=perf_counter() - begun,
                )  # fmt: skip

            return Mode(VOICE, abstain, (), why)
        alone = ClosedBook(model, self.persona, GoldCheck(self.knowledge.store, self.grounder))

        async def ask(case: Case, question: str) -> Told:
            told = await alone.ask(case, question)
            bare = without_markers(told.text)
            styled = bool(bare.strip()) and told.outcome == Outcome.ANSWERED
            return replace(told, style=await self.style(bare)) if styled else told

        return Mode(VOICE, ask, (model.id,))

    def _closed_book(self) -> ChatModel | None:
        if self.server is None or self.voice_model is None:
            return None
        from adapters.models import prices_of
        from bot.llm.openai import OpenAIChatModel

        limits = self.settings.models
        return OpenAIChatModel(
            self.voice_model,
            server=self.server,
            first_token_s=limits.first_token.total_seconds(),
            answer_s=limits.answer.total_seconds(),
            prices=prices_of(self.settings).of(self.voice_model).pair,
            setting="WELLSPOKEN_VOICE_MODEL",
        )


def principal_of(case: Case) -> Principal:
    """Who asks a case. Raises UsageError for a group that is no name."""
    try:
        return Principal(normal_groups(case.groups))
    except ValueError as error:
        raise UsageError(f'Case "{case.id}": {error}; write a word like staff.') from error


@asynccontextmanager
async def open_stage(settings: Settings, database: Database, at_once: int) -> AsyncIterator[Stage]:
    """Open what the modes stand on. Raises the errors of the parts."""
    from adapters.indexes import knowledge_of
    from adapters.judging import judged, warmed
    from adapters.models import (
        build_grounder,
        build_ladder,
        build_version_voice,
        load_voice_persona,
        model_server,
        open_checker,
        patient,
    )
    from adapters.teaching.styling import styler_of
    from persona.registry import Registry

    settings = patient(settings, at_once)
    async with AsyncExitStack() as stack:
        persona = load_voice_persona(settings)
        server = await stack.enter_async_context(model_server(settings))
        if server is not None:
            await server.warm()
        knowledge = await stack.enter_async_context(knowledge_of(settings, server, warm=True))
        encoder = stack.enter_context(open_checker(warm=True))
        builtin = build_grounder(settings, encoder)
        check = judged(settings, builtin, server)
        grounder = await stack.enter_async_context(warmed(check, warm=True))
        ladder = build_ladder(settings, persona, knowledge.embedder, server, encoder)
        voice = settings.voice_model or settings.model
        live = None if settings.voice_model or server is None else await Registry(database).live()
        if live is not None and server is not None:
            voice = live.model
            ladder = ladder.led_by(build_version_voice(settings, persona, server, live.model))
        styler = styler_of(persona, knowledge.embedder, database)
        stack.push_async_callback(styler.close)
        yield Stage(
            settings, persona, server, knowledge, database, grounder, builtin, ladder, styler,
            voice, at_once,
        )  # fmt: skip
