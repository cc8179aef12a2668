"""The composition root: the only place that knows every part and puts them together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from adapters.engine import EngineParts, open_engine
from adapters.home import console_token, open_database
from adapters.indexes import knowledge_of
from adapters.models import (
    load_voice_persona,
    model_server,
)
from adapters.readiness import readiness_of
from adapters.rendering.links import allow
from bot.engine import Engine
from bot.linking import Sites
from bot.ports import Clock, Embedder, Retriever
from bot.settings import Settings
from bot.store.timing import utc_now
from bot.tracing import heard
from knowledge.indexes import LiveIndex
from knowledge.stores.base import VectorStore
from persona.profile import Persona

if TYPE_CHECKING:
    from adapters.advising import AdviceDesk
    from adapters.costing import CostDesk
    from adapters.documents import DocumentDesk
    from adapters.evaluation.desk import ScorecardDesk
    from adapters.first_run import FirstRun
    from adapters.gaps import GapDesk
    from adapters.governance.desk import GovernanceDesk
    from adapters.jobs.desk import JobDesk
    from adapters.release.gate_records import GateDesk
    from adapters.release.releasing import ReleaseDesk
    from adapters.routing import RoutingDesk
    from adapters.settings_desk import SettingsDesk
    from adapters.suites import SuiteDesk
    from adapters.teaching.datasets import DatasetDesk
    from adapters.teaching.handing_out import HandingOut
    from adapters.teaching.persona import PersonaDesk
    from adapters.teaching.reviewing import Review
    from adapters.teaching.tuning import TuningDesk
    from adapters.trying import TrialDesk
    from adapters.uploads import UploadDesk
    from adapters.watch.desk import WatchDesk
    from bot.metrics import Metrics
    from bot.store.audit import AuditTrail
    from bot.store.base import Database
    from bot.store.console_ends import ConsoleEnds
    from bot.store.feedback import FeedbackBook
    from bot.store.history import History
    from bot.store.processes import ProcessBook
    from bot.store.today import TodayBook
    from bot.store.turn_list import TurnList
    from knowledge.ingest import Ingestor
    from knowledge.ledger import Ledger
    from knowledge.standing import SourceDesk
    from persona.style import StyleScore


@dataclass(frozen=True, slots=True)
class Application:
    """Everything that runs, put together."""

    settings: Settings
    console_token: str
    database: Database
    index: LiveIndex
    store: VectorStore
    embedder: Embedder
    retriever: Retriever
    engine: Engine
    trials: TrialDesk
    history: History
    feedback: FeedbackBook
    audit: AuditTrail
    ledger: Ledger
    persona: Persona
    metrics: Metrics
    suggestions: tuple[str, ...]
    clock: Clock

    @property
    def bot_name(self) -> str:
        return self.persona.name

    @property
    def ingestor(self) -> Ingestor:
        """Reads documents in; made when asked for, since most commands only answer."""
        from bot.work.leases import Leases
        from knowledge.ingest import Ingestor

        async def current() -> tuple[VectorStore, Embedder]:
            index = await self.index.current(0)
            return index.store, index.embedder

        limit = self.settings.limits.longest_document
        leases = Leases(self.database)
        return Ingestor(self.ledger, self.store, leases, limit=limit, current=current)

    @property
    def turn_list(self) -> TurnList:
        """The turns as operators look through them."""
        from bot.store.turn_list import TurnList

        return TurnList(self.database)

    @property
    def documents(self) -> DocumentDesk:
        """What was read in, and who would see it."""
        from adapters.documents import DocumentDesk
        from bot.store.cited import CitedBook
        from knowledge.catalogue import Catalogue

        cited, catalogue = CitedBook(self.database), Catalogue(self.database)
        return DocumentDesk(self.ledger, catalogue, cited, self.store, self.retriever)

    @property
    def today(self) -> TodayBook:
        """Sums over the turns of the last days."""
        from bot.store.today import TodayBook

        return TodayBook(self.database)

    @property
    def first_run(self) -> FirstRun:
        """The way from an empty home to the first answer."""
        from adapters.first_run import FirstRun
        from bot.settings import load_settings

        return FirstRun(
            self.settings,
            load_settings,
            store=self.store,
            sources=self.sources,
            today=self.today,
            voice=self.persona.label,
        )

    @property
    def in_force(self) -> SettingsDesk:
        """The settings, and where each comes from."""
        from adapters.settings_desk import settings_desk

        return settings_desk(self.settings, self.database, self.audit)

    @property
    def console_ends(self) -> ConsoleEnds:
        """The console sessions that were ended."""
        from bot.store.console_ends import ConsoleEnds

        return ConsoleEnds(self.database, clock=self.clock)

    @property
    def processes(self) -> ProcessBook:
        """The processes that serve this database."""
        from bot.store.processes import ProcessBook

        return ProcessBook(self.database, self.clock)

    @property
    def review(self) -> Review:
        """What waits for an operator's verdict."""
        from adapters.teaching.reviewing import review_of

        return review_of(self)

    @property
    def handing_out(self) -> HandingOut:
        """The review handed out to several people at once."""
        from adapters.teaching.handing_out import handing_out_of

        return handing_out_of(self)

    @property
    def routing(self) -> RoutingDesk:
        """How questions were routed, and the thresholds learned from it."""
        from adapters.routing import routing_desk

        return routing_desk(self.database)

    @property
    def sources(self) -> SourceDesk:
        """How the sources stand, and what can be asked of them."""
        from adapters.syncing import desk_of

        return desk_of(self)

    @property
    def uploads(self) -> UploadDesk:
        """Documents that operators upload."""
        from adapters.uploads import desk_of

        return desk_of(self)

    @property
    def gaps(self) -> GapDesk:
        """What could not be answered, by topic."""
        from adapters.gaps import desk_of

        return desk_of(self)

    @property
    def jobs(self) -> JobDesk:
        """Long work, and how far it is."""
        from adapters.jobs.desk import desk_of

        return desk_of(self)

    @property
    def persona_room(self) -> PersonaDesk:
        """Who speaks, and a persona that is tried."""
        from adapters.teaching.persona import desk_of

        return desk_of(self)

    @property
    def tuning(self) -> TuningDesk:
        """Rounds of fine-tuning."""
        from adapters.teaching.tuning import desk_of

        return desk_of(self)

    @property
    def datasets(self) -> DatasetDesk:
        """Curated training data, with where its lines come from."""
        from adapters.teaching.datasets import desk_of

        return desk_of(self)

    @property
    def governance(self) -> GovernanceDesk:
        """The audit trail, and people."""
        from adapters.governance.desk import desk_of

        return desk_of(self)

    @property
    def costs(self) -> CostDesk:
        """The books on what answering cost."""
        from adapters.costing import desk_of

        return desk_of(self)

    @property
    def suites(self) -> SuiteDesk:
        """Cases that are proposed and reviewed."""
        from adapters.suites import desk_of

        return desk_of(self)

    @property
    def watch(self) -> WatchDesk:
        """How live turns do, week by week, and what got worse."""
        from adapters.watch.desk import desk_of

        return desk_of(self)

    @property
    def advising(self) -> AdviceDesk:
        """Retrieval, fine-tuning or both."""
        from adapters.advising import desk_of

        return desk_of(self)

    @property
    def scorecards(self) -> ScorecardDesk:
        """Suites that were asked, and what came of it."""
        from adapters.evaluation.desk import desk_of

        return desk_of(self)

    @property
    def models(self) -> ReleaseDesk:
        """The versions of the voice, and what of them is released."""
        from adapters.release.releasing import release_desk

        return release_desk(self.settings, self.database, self.audit)

    @property
    def gates(self) -> GateDesk:
        """Versions that were held to suites."""
        from adapters.release.gating import gate_desk

        return gate_desk(self.settings, self.database)

    async def style_of(self, text: str) -> StyleScore:
        """How well a text keeps to the persona, and where it does not."""
        from adapters.teaching.styling import styler_of

        styler = styler_of(self.persona, self.embedder, self.database)
        await styler.refresh()
        return await styler.score(text)

    async def readiness(self) -> dict[str, str | None]:
        """What must work before questions can be taken: ``None``, or what is wrong."""
        return await readiness_of(self)


@asynccontextmanager
async def assemble(
    settings: Settings, *, suggestions: tuple[str, ...] = (), warm: bool = True
) -> AsyncIterator[Application]:
    """Build the application and take it down again.

    With ``warm`` the embedding model and the checker load meanwhile, for who is about to answer.
    Raises the errors of the parts: a database or a store that cannot be reached, a persona or a
    setting that cannot be read.
    """
    from bot.metrics import Metrics
    from bot.store.audit import AuditTrail
    from bot.store.feedback import FeedbackBook
    from bot.store.history import History
    from knowledge.ledger import Ledger

    allow(Sites(settings.answers.links))
    async with AsyncExitStack() as stack:
        persona = load_voice_persona(settings)
        server = await stack.enter_async_context(model_server(settings))
        knowledge = await stack.enter_async_context(knowledge_of(settings, server, warm=warm))
        database = await stack.enter_async_context(open_database(settings))
        history, metrics, ledger = History(database), Metrics(), Ledger(database)
        metrics.machine.build(version("wellspoken"))
        stack.enter_context(heard(metrics.machine.listen))
        parts = EngineParts(settings, persona, server, knowledge, database, history, ledger)
        engine, trials = await stack.enter_async_context(
            open_engine(parts, metrics, utc_now, warm=warm)
        )
        yield Application(
            settings=settings,
            console_token=console_token(settings),
            database=database,
            index=knowledge.index,
            store=knowledge.store,
            embedder=knowledge.embedder,
            retriever=knowledge.evidence,
            engine=engine,
            trials=trials,
            history=history,
            feedback=FeedbackBook(database),
            audit=AuditTrail(database),
            ledger=ledger,
            persona=persona,
            metrics=metrics,
            suggestions=suggestions,
            clock=utc_now,
        )
