"""The composition root: the only place that knows every part and puts them together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from adapters.engine import EngineParts, open_engine
from adapters.home import console_token, open_database
from adapters.indexes import knowledge_of
from adapters.models import (
    load_voice_persona,
    model_server,
)
from bot.engine import Engine
from bot.ports import Clock, Embedder, Retriever
from bot.settings import Settings
from knowledge.indexes import LiveIndex
from knowledge.stores.base import VectorStore
from persona.profile import Persona

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from adapters.advising import AdviceDesk
    from adapters.costing import CostDesk
    from adapters.datasets import DatasetDesk
    from adapters.gaps import GapDesk
    from adapters.gate_records import GateDesk
    from adapters.releasing import ReleaseDesk
    from adapters.reviewing import Review
    from adapters.routing import RoutingDesk
    from adapters.tuning import TuningDesk
    from bot.metrics import Metrics
    from bot.store.audit import AuditTrail
    from bot.store.base import Database
    from bot.store.feedback import FeedbackBook
    from bot.store.history import History
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

        return Ingestor(self.ledger, self.store, Leases(self.database), current=current)

    @property
    def turn_list(self) -> TurnList:
        """The turns as operators look through them."""
        from bot.store.turn_list import TurnList

        return TurnList(self.database)

    @property
    def review(self) -> Review:
        """What waits for an operator's verdict."""
        from adapters.reviewing import review_of

        return review_of(self)

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
    def gaps(self) -> GapDesk:
        """What could not be answered, by topic."""
        from adapters.gaps import desk_of

        return desk_of(self)

    @property
    def tuning(self) -> TuningDesk:
        """Rounds of fine-tuning."""
        from adapters.tuning import desk_of

        return desk_of(self)

    @property
    def datasets(self) -> DatasetDesk:
        """Curated training data, with where its lines come from."""
        from adapters.datasets import desk_of

        return desk_of(self)

    @property
    def costs(self) -> CostDesk:
        """The books on what answering cost."""
        from adapters.costing import desk_of

        return desk_of(self)

    @property
    def advising(self) -> AdviceDesk:
        """Retrieval, fine-tuning or both."""
        from adapters.advising import desk_of

        return desk_of(self)

    @property
    def models(self) -> ReleaseDesk:
        """The versions of the voice, and what of them is released."""
        from adapters.releasing import release_desk

        return release_desk(self.settings, self.database, self.audit)

    @property
    def gates(self) -> GateDesk:
        """Versions that were held to suites."""
        from adapters.gating import gate_desk

        return gate_desk(self.settings, self.database)

    async def style_of(self, text: str) -> StyleScore:
        """How well a text keeps to the persona, and where it does not."""
        from adapters.styling import styler_of

        styler = styler_of(self.persona, self.embedder, self.database)
        await styler.refresh()
        return await styler.score(text)

    async def readiness(self) -> dict[str, str | None]:
        """What must work before questions can be taken: ``None``, or what is wrong."""
        return {
            "database": await _trouble(ping(self.database)),
            "knowledge": await _trouble(self.store.stats()) or self.index.trouble,
        }


async def ping(database: Database) -> None:
    """Whether a turn could be stored. Raises StorageError."""
    await database.write(_touch)


def _touch(connection: Connection) -> None:
    """A write that changes nothing."""
    connection.exec_driver_sql("UPDATE leases SET token = token WHERE name = ''")


async def _trouble(probe: Awaitable[object]) -> str | None:
    try:
        async with asyncio.timeout(5):
            await probe
    except TimeoutError:
        return "did not answer within 5 s"
    except Exception as error:  # noqa: BLE001 - whatever is wrong is what /readyz is asked for
        return str(error) or type(error).__name__
    return None


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

    async with AsyncExitStack() as stack:
        persona = load_voice_persona(settings)
        server = await stack.enter_async_context(model_server(settings))
        knowledge = await stack.enter_async_context(knowledge_of(settings, server, warm=warm))
        database = await stack.enter_async_context(open_database(settings))
        history, metrics, ledger = History(database), Metrics(), Ledger(database)
        parts = EngineParts(settings, persona, server, knowledge, database, history, ledger)
        yield Application(
            settings=settings,
            console_token=console_token(settings),
            database=database,
            index=knowledge.index,
            store=knowledge.store,
            embedder=knowledge.embedder,
            retriever=knowledge.evidence,
            engine=await stack.enter_async_context(open_engine(parts, metrics, utc_now, warm=warm)),
            history=history,
            feedback=FeedbackBook(database),
            audit=AuditTrail(database),
            ledger=ledger,
            persona=persona,
            metrics=metrics,
            suggestions=suggestions,
            clock=utc_now,
        )


def utc_now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)
