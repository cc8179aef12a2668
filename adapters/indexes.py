"""The knowledge base of an application: its shelf, the live index, and what builds another one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from adapters.home import open_database, prepare_home
from adapters.models import model_server, open_embedder
from bot.errors import ConfigurationError, ModelError, StoreMismatchError
from bot.ports import Embedder, Retriever
from bot.settings import Settings
from bot.telemetry import log
from knowledge import chunking
from knowledge.embedder import MODEL as BUILTIN_MODEL
from knowledge.embedder import BuiltinEmbedder
from knowledge.indexes import Embedders, LiveEmbedder, LiveIndex, LiveRetriever, LiveStore
from knowledge.selection import evidence, near_evidence
from knowledge.stores.base import VectorStore
from knowledge.stores.shelf import IndexShelf, IndexSpec

if TYPE_CHECKING:
    from bot.llm.openai import ModelServer
    from knowledge.reindexing import Reindexer


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


@asynccontextmanager
async def open_knowledge(settings: Settings) -> AsyncIterator[Knowledge]:
    """Store, embedder and retriever: enough for a search."""
    async with (
        model_server(settings) as server,
        knowledge_of(settings, server, warm=True) as knowledge,
    ):
        yield knowledge


@asynccontextmanager
async def knowledge_of(
    settings: Settings, server: ModelServer | None, *, warm: bool
) -> AsyncIterator[Knowledge]:
    """The live index with what is needed to search it. Raises the errors of its parts."""
    async with _shelf_and_embedders(settings, server, warm=warm) as (shelf, wanted, embedders):
        index, search = LiveIndex(shelf, embedders, wanted), settings.search
        # A model reads what is near and pays for each word; the built-in reader weighs for itself.
        choice = evidence if server is None else near_evidence
        await index.open()
        try:
            yield Knowledge(
                index=index,
                store=LiveStore(index),
                embedder=LiveEmbedder(index),
                retriever=LiveRetriever(index, search.alpha, search.fusion),
                evidence=LiveRetriever(index, search.alpha, search.fusion, choice=choice),
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
        model_server(settings) as server,
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
        open_embedder(settings, server, warm=warm) as embedder,
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
