"""The live index: which store answers, with which embedder, while another may take its place.

A question's vector belongs to the index that it is searched in, so store and embedder go together
as one :class:`Index`. :class:`LiveIndex` holds the one that is live and follows a switch made by
any process: a question that began in the old index ends in it, the next one begins in the new.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from bot.conversation import Principal
from bot.errors import (
    KnowledgeError,
    ModelError,
    NotFoundError,
    StoreMismatchError,
    StoreUnavailableError,
    WellspokenError,
)
from bot.evidence import Chunk, Retrieval
from bot.ports import Embedder, Vectors
from bot.telemetry import log
from knowledge.retrieval import ALPHA, HybridRetriever
from knowledge.selection import Choice, listed
from knowledge.stores.base import (
    DocumentKey,
    Fusion,
    Outline,
    SearchRequest,
    SearchResult,
    StoredDocument,
    StoreStats,
    VectorStore,
    WaitingChunk,
)
from knowledge.stores.shelf import IndexRecord, IndexShelf, IndexSpec

Embedders = Callable[[IndexSpec], Awaitable[Embedder]]
"""The embedder that an index was built with, or the one that is set where the index has no vectors.
Raises ModelError, and StoreMismatchError where it is not to be had."""

LOOK_S = 1.0
"""A question notices a switch after at most so long; writes look each time."""

_AGAIN_S = 15.0
"""A missing embedder is asked for again after so long."""

_KEEP_S = 60.0
"""So long an index that was replaced stays open for the questions that began in it."""


@dataclass(frozen=True, slots=True)
class Index:
    """A store and the embedder whose vectors it holds."""

    record: IndexRecord
    store: VectorStore
    embedder: Embedder

    @property
    def embedder_is_missing(self) -> bool:
        """Whether it can be searched by words alone."""
        return isinstance(self.embedder, MissingEmbedder)


class MissingEmbedder:
    """In place of an embedder that is not to be had: the index is searched by words alone."""

    def __init__(self, spec: IndexSpec, reason: WellspokenError) -> None:
        self.model, self.dimensions = spec.model, spec.dimensions
        self._reason = reason

    @property
    def reason(self) -> str:
        """Why it is missing."""
        return str(self._reason)

    async def embed(self, texts: Sequence[str]) -> Vectors:  # noqa: ARG002 - a port's
        raise self._reason.with_traceback(None)  # else it would grow with every question

    async def embed_query(self, text: str) -> Vectors:  # noqa: ARG002 - a port's
        raise self._reason.with_traceback(None)


class LiveIndex:
    """The index that answers. ``wanted`` is what the first one is built for."""

    def __init__(self, shelf: IndexShelf, embedders: Embedders, wanted: IndexSpec) -> None:
        self._shelf = shelf
        self._embedders = embedders
        self._wanted = wanted
        self._index: Index | None = None
        self._looked = 0.0
        self._lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._reported = ""
        self._again = 0.0

    @property
    def shelf(self) -> IndexShelf:
        return self._shelf

    @property
    def opened(self) -> Index | None:
        """The index that is open, without a look whether it is still the live one."""
        return self._index

    @property
    def trouble(self) -> str | None:
        """What is wrong though questions are answered."""
        embedder = self._index.embedder if self._index is not None else None
        return embedder.reason if isinstance(embedder, MissingEmbedder) else None

    async def open(self) -> None:
        """Open the live index; make the first one where there is none, or where the one there is
        holds nothing and is for something else. Raises the errors of the store, StoreMismatchError
        where its embedder is not to be had."""
        name = await self._shelf.live()
        live = None if name is None else await self._record(name)
        if live is not None and live.spec != self._wanted and await self._is_empty(live):
            await self._shelf.switch((await self._shelf.create(self._wanted)).name)
        await self.current(0)

    @asynccontextmanager
    async def beside(self, name: str) -> AsyncIterator[Index]:
        """Another index of the shelf that is built, open for as long as it is looked at. Raises
        NotFoundError, and StoreMismatchError where its embedder is not to be had."""
        record = next((r for r in await self._shelf.records() if r.name == name), None)
        if record is None or record.state == "building":
            raise NotFoundError(kind="index", id=name[:80])
        embedder = await self._embedders(record.spec)
        store = self._shelf.store(record)
        await store.open()
        try:
            yield Index(record, store, embedder)
        finally:
            await store.close()

    async def _is_empty(self, record: IndexRecord) -> bool:
        store = self._shelf.store(record)
        await store.open()
        try:
            return (await store.stats()).chunks == 0
        finally:
            await store.close()

    async def close(self) -> None:
        """Let go of every store; the shelf is its owner's to close."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        index, self._index = self._index, None
        if index is not None:
            await index.store.close()

    async def current(self, age: float = LOOK_S) -> Index:
        """The live index, looked for anew where the last look is older than ``age`` seconds.

        While the shelf cannot be asked, or the new index cannot be opened, the open one goes on.
        Where only the new one's embedder is not to be had, it is searched by words alone: what was
        removed from it or is for others now must not be answered from the old one.
        """
        index = self._index
        if index is not None and time.monotonic() - self._looked < age:
            return index
        async with self._lock:
            if self._index is not None and time.monotonic() - self._looked < age:
                return self._index
            return await self._look()

    async def _look(self) -> Index:
        try:
            name = await self._shelf.live()
            if self._index is None or name not in (None, self._index.record.name):
                await self._take_up(name)
            elif self._index.embedder_is_missing and time.monotonic() >= self._again:
                self._again = time.monotonic() + _AGAIN_S
                self._beside(self._ask_again(self._index))
        except WellspokenError as error:
            if self._index is None:
                raise
            if str(error) != self._reported:
                log.warning("the live index could not be looked up", error=str(error))
            self._reported = str(error)
        else:
            self._reported = ""
        self._looked = time.monotonic()
        assert self._index is not None, "either taken up or raised"
        return self._index

    async def _take_up(self, name: str | None) -> None:
        record = await self._record(name)
        embedder = await self._embedder(record.spec)
        store = self._shelf.store(record)
        await store.open()
        if self._index is not None:  # what is slow at first is slow before anybody waits for it
            try:
                await store.search(SearchRequest("warm", Principal()))
            except BaseException:
                await store.close()
                raise
        old, self._index = self._index, Index(record, store, embedder)
        if old is not None:
            log.info("another index answers now", index=record.name, model=record.spec.model)
            self._beside(_leave(old.store))

    def _beside(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _embedder(self, spec: IndexSpec) -> Embedder:
        try:
            return await self._embedders(spec)
        except (KnowledgeError, ModelError) as error:
            if self._index is None:
                raise
            log.error("the new index is searched by words alone", error=str(error))
            self._again = time.monotonic() + _AGAIN_S
            return MissingEmbedder(spec, error)

    async def _ask_again(self, index: Index) -> None:
        """Whether a missing embedder is to be had by now; no question waits for that."""
        try:
            embedder = await self._embedders(index.record.spec)
        except (KnowledgeError, ModelError):
            return
        if self._index is not index:
            return
        self._index = replace(index, embedder=embedder)
        log.info("the index is searched by meaning again", index=index.record.name)

    async def _record(self, name: str | None) -> IndexRecord:
        if name is None:
            made = await self._shelf.create(self._wanted)
            await self._shelf.switch(made.name)
            # Another process may have been first: what is live counts.
            name = await self._shelf.live()
        for record in await self._shelf.records():
            if record.name == name:
                return record
        raise StoreUnavailableError(url=self._shelf.place, reason=f"{name} is not there")


async def _leave(store: VectorStore) -> None:
    try:
        await asyncio.sleep(_KEEP_S)
    finally:
        await store.close()


class LiveStore:
    """A :class:`~knowledge.stores.base.VectorStore`: whichever index is live."""

    def __init__(self, index: LiveIndex) -> None:
        self._live = index

    async def open(self) -> None:
        await self._live.open()

    async def close(self) -> None:
        await self._live.close()

    async def put(self, key: DocumentKey, chunks: Sequence[Chunk]) -> None:
        await (await self._writable()).put(key, chunks)

    async def put_many(self, documents: Sequence[tuple[DocumentKey, Sequence[Chunk]]]) -> None:
        await (await self._writable()).put_many(documents)

    async def remove(self, keys: Sequence[DocumentKey]) -> None:
        await (await self._writable()).remove(keys)

    async def set_groups(self, key: DocumentKey, groups: frozenset[str]) -> None:
        await (await self._writable()).set_groups(key, groups)

    async def waiting(self, limit: int) -> list[WaitingChunk]:
        return await (await self._writable()).waiting(limit)

    async def set_vectors(self, ids: Sequence[str], vectors: Vectors) -> None:
        await (await self._writable()).set_vectors(ids, vectors)

    async def search(self, request: SearchRequest) -> SearchResult:
        return await (await self._live.current()).store.search(request)

    async def chunk(self, id: str, principal: Principal) -> Chunk | None:  # noqa: A002
        return await (await self._live.current()).store.chunk(id, principal)

    async def visible(self, keys: Sequence[DocumentKey], principal: Principal) -> set[DocumentKey]:
        return await (await self._live.current()).store.visible(keys, principal)

    async def documents(self, source: str | None = None) -> set[DocumentKey]:
        return await (await self._writable()).documents(source)

    async def outlines(self, source: str | None = None) -> dict[DocumentKey, Outline]:
        return await (await self._writable()).outlines(source)

    async def read(self, keys: Sequence[DocumentKey]) -> list[StoredDocument]:
        return await (await self._writable()).read(keys)

    async def load(self, documents: Sequence[StoredDocument]) -> None:
        await (await self._writable()).load(documents)

    async def stats(self) -> StoreStats:
        return await (await self._live.current()).store.stats()

    async def _writable(self) -> VectorStore:
        return (await self._live.current(0)).store


class LiveEmbedder:
    """An :class:`~bot.ports.Embedder`: that of whichever index is live. Vectors of two calls may be
    of two models: what is stored is made by an index's own embedder."""

    def __init__(self, index: LiveIndex) -> None:
        self._live = index

    @property
    def model(self) -> str:
        return self._known.model

    @property
    def dimensions(self) -> int:
        return self._known.dimensions

    async def embed(self, texts: Sequence[str]) -> Vectors:
        return await (await self._current()).embed(texts)

    async def embed_query(self, text: str) -> Vectors:
        return await (await self._current()).embed_query(text)

    async def _current(self) -> Embedder:
        return (await self._live.current()).embedder

    @property
    def _known(self) -> Embedder:
        index = self._live.opened
        if index is None:
            raise StoreMismatchError("The knowledge store is not open.")
        return index.embedder


class LiveRetriever:
    """A :class:`~bot.ports.Retriever` over whichever index is live when a question begins."""

    def __init__(
        self,
        index: LiveIndex,
        alpha: float | None = None,
        fusion: Fusion = "relative",
        *,
        choice: Choice = listed,
    ) -> None:
        self._live = index
        self._alpha = ALPHA if alpha is None else alpha
        self._fusion = fusion
        self._choice = choice
        self._made: tuple[Index, HybridRetriever] | None = None

    async def retrieve(self, query: str, principal: Principal, k: int = 6) -> Retrieval:
        """As :meth:`knowledge.retrieval.HybridRetriever.retrieve`."""
        index = await self._live.current()
        if self._made is None or self._made[0] is not index:
            retriever = HybridRetriever(
                index.store, index.embedder, self._alpha, self._fusion, choice=self._choice
            )
            self._made = index, retriever
        return await self._made[1].retrieve(query, principal, k)
