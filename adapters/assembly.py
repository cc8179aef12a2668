"""The composition root: the only place that knows every part and puts them together."""

from __future__ import annotations

import asyncio
import errno
import secrets
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Literal, NoReturn

from adapters.live import open_live
from bot.engine import Engine
from bot.errors import (
    ConfigurationError,
    DiskFullError,
    ModelError,
    StorageError,
    StoreMismatchError,
)
from bot.ports import Clock, Embedder, Grounder, Retriever, Rewriter, Voice
from bot.settings import Settings
from bot.telemetry import log
from knowledge import chunking
from knowledge.embedder import MODEL as BUILTIN_MODEL
from knowledge.embedder import BuiltinEmbedder
from knowledge.grounding import BuiltinGrounder
from knowledge.indexes import Embedders, LiveEmbedder, LiveIndex, LiveRetriever, LiveStore
from knowledge.selection import evidence
from knowledge.stores.base import VectorStore
from knowledge.stores.shelf import IndexShelf, IndexSpec
from persona.profile import Persona, default_persona, load_persona

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from adapters.reviewing import Review
    from bot.llm.openai import ModelServer
    from bot.metrics import Metrics
    from bot.store.audit import AuditTrail
    from bot.store.base import Database
    from bot.store.feedback import FeedbackBook
    from bot.store.history import History
    from knowledge.ingest import Ingestor
    from knowledge.ledger import Ledger
    from knowledge.reindexing import Reindexer
    from knowledge.standing import SourceDesk


ShelfKind = Literal["embedded", "weaviate"]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What a search needs. ``retriever`` is for those who look around, ``evidence`` finds what an
    answer is made of."""

    index: LiveIndex
    store: VectorStore
    embedder: Embedder
    retriever: Retriever
    evidence: Retriever


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
    def review(self) -> Review:
        """What waits for an operator's verdict."""
        from adapters.reviewing import review_of

        return review_of(self)

    @property
    def sources(self) -> SourceDesk:
        """How the sources stand, and what can be asked of them."""
        from adapters.syncing import desk_of

        return desk_of(self)

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

    With ``warm`` the embedding model loads meanwhile, for those who are about to answer.
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
        server = await stack.enter_async_context(_model_server(settings))
        knowledge = await stack.enter_async_context(_knowledge(settings, server, warm=warm))
        database = await stack.enter_async_context(open_database(settings))
        plain = build_plain_voice(knowledge.embedder, persona)
        voice = _voice(settings, persona, plain, server)
        history, metrics = History(database), Metrics()
        yield Application(
            settings=settings,
            console_token=console_token(settings),
            database=database,
            index=knowledge.index,
            store=knowledge.store,
            embedder=knowledge.embedder,
            retriever=knowledge.retriever,
            engine=Engine(
                turns=history,
                retriever=knowledge.evidence,
                voice=voice,
                plain=plain,
                grounder=build_grounder(settings),
                clock=utc_now,
                observe=metrics.observe_turn,
                live=await stack.enter_async_context(open_live(settings, utc_now)),
                rewriter=_rewriter(settings, server),
                names=(persona.name,),
            ),
            history=history,
            feedback=FeedbackBook(database),
            audit=AuditTrail(database),
            ledger=Ledger(database),
            persona=persona,
            metrics=metrics,
            suggestions=suggestions,
            clock=utc_now,
        )


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """The database of conversations, brought up to date."""
    from bot.store.base import Database

    prepare_home(settings)
    database = await Database.open(settings.database)
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def open_knowledge(settings: Settings) -> AsyncIterator[Knowledge]:
    """Store, embedder and retriever: enough for a search."""
    async with (
        _model_server(settings) as server,
        _knowledge(settings, server, warm=True) as knowledge,
    ):
        yield knowledge


@asynccontextmanager
async def _knowledge(
    settings: Settings, server: ModelServer | None, *, warm: bool
) -> AsyncIterator[Knowledge]:
    async with _shelf_and_embedders(settings, server, warm=warm) as (shelf, wanted, embedders):
        index, search = LiveIndex(shelf, embedders, wanted), settings.search
        await index.open()
        try:
            yield Knowledge(
                index=index,
                store=LiveStore(index),
                embedder=LiveEmbedder(index),
                retriever=LiveRetriever(index, search.alpha, search.fusion),
                evidence=LiveRetriever(index, search.alpha, search.fusion, choice=evidence),
            )
        finally:
            await index.close()


@asynccontextmanager
async def open_reindexing(
    settings: Settings,
) -> AsyncIterator[tuple[Reindexer, IndexShelf, IndexSpec]]:
    """What builds another index, the shelf, and what the settings want an index to be.

    It opens without the live index: that may be one whose embedder is not to be had any more.
    """
    from bot.work.leases import Leases
    from knowledge.exclusive import Exclusive
    from knowledge.ledger import Ledger
    from knowledge.reindexing import Reindexer

    async with (
        _model_server(settings) as server,
        _shelf_and_embedders(settings, server, warm=True) as (shelf, wanted, embedders),
        open_database(settings) as database,
    ):
        exclusive = Exclusive(Leases(database))
        yield Reindexer(shelf, Ledger(database), exclusive, embedders), shelf, wanted


@asynccontextmanager
async def _shelf_and_embedders(
    settings: Settings, server: ModelServer | None, *, warm: bool
) -> AsyncIterator[tuple[IndexShelf, IndexSpec, Embedders]]:
    prepare_home(settings)
    async with (
        _embedder(settings, server, warm=warm) as embedder,
        AsyncExitStack() as former,
        open_shelf(settings, shelf_kind(settings)) as shelf,
    ):
        wanted = IndexSpec(embedder.model, embedder.dimensions, chunking.VERSION)
        yield shelf, wanted, _embedders(embedder, server, former)


def shelf_kind(settings: Settings) -> ShelfKind:
    """Where the knowledge lives."""
    return "weaviate" if settings.weaviate_url else "embedded"


@asynccontextmanager
async def open_shelf(settings: Settings, kind: ShelfKind) -> AsyncIterator[IndexShelf]:
    """Where the indexes of the knowledge base stand: in the data folder, or in Weaviate.

    Raises ConfigurationError where no Weaviate is set, StoreUnavailableError.
    """
    shelf: IndexShelf
    if kind == "embedded":
        from knowledge.stores.files import EmbeddedShelf

        shelf = EmbeddedShelf(settings.home)
    else:
        if not settings.weaviate_url:
            raise ConfigurationError(
                where="WEAVIATE_URL", problem="set it to Weaviate's address, like localhost:8080"
            )
        from knowledge.stores.weaviate import WeaviateServer, WeaviateShelf

        key, at = settings.weaviate_api_key, settings.weaviate
        weaviate = WeaviateServer(
            settings.weaviate_url,
            settings.weaviate_grpc_url,
            key.get_secret_value() if key else None,
            timeout_s=at.timeout.total_seconds(),
        )
        await weaviate.open()
        shelf = WeaviateShelf(
            weaviate,
            collection=at.collection,
            tenant=at.tenant,
            replicas=at.replicas,
            consistency=at.consistency,
        )
    try:
        yield shelf
    finally:
        await shelf.close()


def _embedders(wanted: Embedder, server: ModelServer | None, stack: AsyncExitStack) -> Embedders:
    """The embedder of an index: the one that is set, or another that was, while it can be had."""
    made: dict[str, Embedder] = {wanted.model: wanted}

    async def embedder_of(spec: IndexSpec) -> Embedder:
        if spec.model not in made:
            made[spec.model] = await _former(spec, wanted, server, stack)
            log.warning(
                "another embedder is set than the index was made with; the index's own answers",
                index=spec.model,
                set=wanted.model,
                advice="wellspoken knowledge reindex",
            )
        return made[spec.model]

    return embedder_of


async def _former(
    spec: IndexSpec, wanted: Embedder, server: ModelServer | None, stack: AsyncExitStack
) -> Embedder:
    if spec.model == BUILTIN_MODEL:
        return stack.enter_context(closing(BuiltinEmbedder()))
    found = f"{spec.model} ({spec.dimensions} dimensions)"
    if server is None:
        raise StoreMismatchError(found=found, wanted=wanted.model)
    from bot.llm.openai_embedder import OpenAIEmbedder

    former = OpenAIEmbedder(spec.model, server=server)
    try:
        await former.warm()
    except ModelError as error:
        raise StoreMismatchError(found=found, wanted=wanted.model) from error
    return former


@asynccontextmanager
async def _model_server(settings: Settings) -> AsyncIterator[ModelServer | None]:
    """The connections to the model server, where one is set; its client loads meanwhile."""
    if not (settings.openai_api_key or settings.openai_base_url):
        yield None
        return
    from bot.llm.openai import ModelServer

    key = settings.openai_api_key
    server = ModelServer(settings.openai_base_url, key.get_secret_value() if key else None)
    async with aclosing(server):
        warming = asyncio.create_task(server.warm())
        try:
            yield server
        finally:
            warming.cancel()
            await asyncio.gather(warming, return_exceptions=True)  # the first answer says it


@asynccontextmanager
async def _embedder(
    settings: Settings, server: ModelServer | None, *, warm: bool
) -> AsyncIterator[Embedder]:
    """Who makes vectors: the built-in model, or one at the model server."""
    if settings.embedding_model == "builtin":
        with closing(BuiltinEmbedder()) as builtin:
            if warm:
                builtin.begin_loading()
            yield builtin
        return
    from bot.llm.openai_embedder import OpenAIEmbedder

    if server is None:
        raise ConfigurationError(
            where="WELLSPOKEN_EMBEDDING_MODEL",
            problem="a model needs its server; set OPENAI_BASE_URL or OPENAI_API_KEY",
        )
    remote = OpenAIEmbedder(settings.embedding_model, server=server)
    await remote.warm()  # the length of its vectors is not known before
    yield remote


def _voice(settings: Settings, persona: Persona, plain: Voice, server: ModelServer | None) -> Voice:
    """Who speaks: a model where one is set, else the built-in reader."""
    if server is None:
        return plain
    from bot.llm.openai import OpenAIChatModel
    from persona.voice import ModelVoice

    limits = settings.models
    model = OpenAIChatModel(
        settings.voice_model or settings.model or "",
        server=server,
        first_token_s=limits.first_token.total_seconds(),
        answer_s=limits.answer.total_seconds(),
        prices=(limits.prompt_price, limits.completion_price),
        setting="WELLSPOKEN_VOICE_MODEL" if settings.voice_model else "WELLSPOKEN_MODEL",
    )
    return ModelVoice(
        model, persona, budget_tokens=limits.prompt_tokens, answer_tokens=limits.answer_tokens
    )


def _rewriter(settings: Settings, server: ModelServer | None) -> Rewriter | None:
    """Who makes follow-ups stand alone: the general model where one is set, behind the rules."""
    if server is None or not settings.model:
        return None
    from bot.llm.openai import OpenAIChatModel
    from bot.llm.rewriting import ModelRewriter

    limits = settings.models
    return ModelRewriter(
        OpenAIChatModel(
            settings.model,
            server=server,
            first_token_s=limits.rewriting.total_seconds(),
            answer_s=limits.rewriting.total_seconds(),
            prices=(limits.prompt_price, limits.completion_price),
            setting="WELLSPOKEN_MODEL",
        ),
        seconds=limits.rewriting.total_seconds(),
    )


def build_plain_voice(embedder: Embedder, persona: Persona) -> Voice:
    """The built-in reader in the persona's manner; it needs no key."""
    from bot.llm.extractive import ExtractiveReader
    from persona.voice import ExtractiveVoice

    return ExtractiveVoice(ExtractiveReader(embedder), persona)


def build_grounder(settings: Settings) -> Grounder:
    """The check of answers against their passages."""
    del settings  # one checker so far
    return BuiltinGrounder()


def load_voice_persona(settings: Settings) -> Persona:
    """The persona of ``persona.yaml``, or a plain one with the bot's name."""
    path = settings.persona_path
    return load_persona(path) if path else default_persona(settings.bot.name)


def prepare_home(settings: Settings) -> None:
    """Make the data folder, readable by its owner alone."""
    try:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError as error:
        raise ConfigurationError(
            where="WELLSPOKEN_HOME", problem=f"{settings.home} is a file; name a folder"
        ) from error
    except OSError as error:
        _raise_for_disk(error, settings.home)


def console_token(settings: Settings) -> str:
    """The token of the console: as set, else made once and kept in the data folder (0600)."""
    if settings.console_token is not None:
        return settings.console_token.get_secret_value()
    return kept_secret(settings.home / "console-token")


def kept_secret(path: Path) -> str:
    """A random secret in a file for its owner alone (0600), made by whoever comes first."""
    if not path.exists():
        try:
            with NamedTemporaryFile("w", dir=path.parent, encoding="ascii") as draft:
                draft.write(secrets.token_urlsafe(24))
                draft.flush()
                with suppress(FileExistsError):  # another process was first: its secret counts
                    path.hardlink_to(draft.name)
        except OSError as error:
            _raise_for_disk(error, path)
    return path.read_text("ascii").strip()


def _raise_for_disk(error: OSError, path: Path) -> NoReturn:

    if error.errno == errno.ENOSPC:
        raise DiskFullError(path=path) from error
    raise StorageError(
        f"{path} cannot be written ({error.strerror}); check its permissions or set WELLSPOKEN_HOME"
    ) from error


def utc_now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)
