"""The embedded knowledge store: one SQLite file, searched in memory, shared by any processes.

Two threads do the work: one writes, one searches. The searching thread owns the memory index and
its connection, so a search needs no locks and sees one consistent state of the file, with every
change that any process committed before.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TypeVar

from bot.conversation import Principal
from bot.evidence import Chunk
from bot.ports import Vectors
from knowledge.stores import rows, schema, writing
from knowledge.stores.analysis import LexicalQuery, lexical_query, storable
from knowledge.stores.base import (
    DocumentKey,
    Outline,
    SearchRequest,
    SearchResult,
    StoredDocument,
    StoreStats,
    WaitingChunk,
)
from knowledge.stores.desk import Desk
from knowledge.stores.index import MemoryIndex
from knowledge.stores.spelling import respelled

T = TypeVar("T")


class EmbeddedStore:
    """A :class:`~knowledge.stores.base.VectorStore` in the file at ``path``; without ``create`` one
    that is not there stays away."""

    def __init__(self, path: Path, model: str, dimensions: int, *, create: bool = True) -> None:
        self._path = path
        self._create = create
        self._model = model
        self._index = MemoryIndex(dimensions)
        self._dimensions = dimensions
        self._vocabulary = writing.Vocabulary()  # the writer's
        self._asked = writing.Vocabulary()  # the reader's
        self._writer: Desk | None = None
        self._reader: Desk | None = None

    async def open(self) -> None:
        """Open the file or make it. Raises StoreUnavailableError, StoreMismatchError,
        StoreRemovedError, StoreBrokenError, StoreNewerError, DiskFullError."""
        if self._writer is not None:
            return
        path, create = self._path, self._create
        writer = Desk(path, "knowledge-writer", self._rewrite, readonly=False, create=create)
        reader = Desk(path, "knowledge-reader", self._reread, readonly=True, create=False)
        try:
            await writer.do(self._prepare)
        except BaseException:
            await writer.close()
            await reader.close()
            raise
        self._writer, self._reader = writer, reader

    def _prepare(self, connection: sqlite3.Connection) -> None:
        schema.prepare(connection, self._path, self._model, self._dimensions)
        if writing.outdated(connection):
            with schema.transaction(connection):
                writing.reindex(connection)

    def _rewrite(self, connection: sqlite3.Connection) -> None:
        """Begin to write another file: the numbers of terms are its own."""
        self._vocabulary = writing.Vocabulary()
        self._prepare(connection)

    def _reread(self, connection: sqlite3.Connection) -> None:
        """Begin to search another file: nothing that is held in memory belongs to it."""
        self._index = MemoryIndex(self._dimensions)
        self._asked = writing.Vocabulary()
        schema.prepare(connection, self._path, self._model, self._dimensions)

    async def close(self) -> None:
        """Finish what is under way and let go of the file."""
        desks = [d for d in (self._writer, self._reader) if d is not None]
        self._writer = self._reader = None
        for desk in desks:
            await desk.close()

    async def put(self, key: DocumentKey, chunks: Sequence[Chunk]) -> None:
        await self.put_many([(key, chunks)])

    async def put_many(self, documents: Sequence[tuple[DocumentKey, Sequence[Chunk]]]) -> None:
        ready = [(key, [(chunk, None) for chunk in chunks]) for key, chunks in documents]
        await self._write(lambda c: self._load(c, ready))

    async def load(self, documents: Sequence[StoredDocument]) -> None:
        for document in documents:
            for stored in document.chunks:
                if stored.vector is not None and stored.vector.shape != (self._dimensions,):
                    raise ValueError(
                        f"a vector of {self._dimensions} dimensions expected for "
                        f"{stored.chunk.id}, not an array of shape {stored.vector.shape}"
                    )
        ready = [(d.key, [(s.chunk, s.vector) for s in d.chunks]) for d in documents]
        await self._write(lambda c: self._load(c, ready))

    def _load(
        self,
        connection: sqlite3.Connection,
        documents: Sequence[tuple[DocumentKey, Sequence[tuple[Chunk, Vectors | None]]]],
    ) -> None:
        ready = [(key, writing.prepared(chunks)) for key, chunks in documents]
        wanted = {t for _, items in ready for item in items for t in item.terms.counts}
        with schema.transaction(connection):
            numbers = self._vocabulary.numbers(connection, wanted)
            for key, items in ready:
                writing.put(connection, key, items, numbers)
            writing.prune_changes(connection)
        self._vocabulary.remember(numbers)

    async def remove(self, keys: Sequence[DocumentKey]) -> None:
        def run(connection: sqlite3.Connection) -> None:
            with schema.transaction(connection):
                for key in keys:
                    writing.remove(connection, key)

        await self._write(run)

    async def set_groups(self, key: DocumentKey, groups: frozenset[str]) -> None:
        def run(connection: sqlite3.Connection) -> None:
            with schema.transaction(connection):
                writing.set_groups(connection, key, groups)

        await self._write(run)

    async def waiting(self, limit: int) -> list[WaitingChunk]:
        return await self._write(lambda c: rows.waiting(c, limit))

    async def set_vectors(self, ids: Sequence[str], vectors: Vectors) -> None:
        if vectors.shape != (len(ids), self._dimensions):
            wanted = f"{len(ids)} vectors of {self._dimensions} dimensions"
            raise ValueError(f"{wanted} expected, not an array of shape {vectors.shape}")

        def run(connection: sqlite3.Connection) -> None:
            with schema.transaction(connection):
                writing.set_vectors(connection, ids, vectors)
                writing.prune_changes(connection)

        await self._write(run)

    async def search(self, request: SearchRequest) -> SearchResult:
        return await self._read(lambda c: self._search(c, request))

    def _search(self, connection: sqlite3.Connection, request: SearchRequest) -> SearchResult:
        with schema.snapshot(connection):
            self._index.follow(connection)
            query = lexical_query(storable(request.text))
            telling = self._respelled(connection, query, request.principal)
            numbers = self._asked.stored(connection, [*telling, *query.function])
            hits, withheld = self._index.search(
                connection,
                {n: w for t, w in telling.items() if (n := numbers.get(t)) is not None},
                {n: w for t, w in query.function.items() if (n := numbers.get(t)) is not None},
                request.vector,
                request.principal,
                alpha=request.alpha,
                k=request.k,
                spare=request.spare,
                fusion=request.fusion,
            )
            return SearchResult(
                passages=rows.passages(connection, hits, request.principal),
                withheld=rows.names(connection, withheld),
            )

    def _respelled(
        self, connection: sqlite3.Connection, query: LexicalQuery, principal: Principal
    ) -> dict[str, float]:
        """The question's telling terms, and those of other spellings of its words."""

        def known(terms: Collection[str]) -> set[str]:
            numbers = self._asked.stored(connection, terms)
            held = self._index.held(numbers.values(), principal)
            return {term for term, number in numbers.items() if number in held}

        return {**respelled(query.words, known), **query.telling}

    async def chunk(self, id: str, principal: Principal) -> Chunk | None:  # noqa: A002
        return await self._read(lambda c: rows.chunk(c, id, principal))

    async def visible(self, keys: Sequence[DocumentKey], principal: Principal) -> set[DocumentKey]:
        return await self._read(lambda c: rows.visible(c, keys, principal))

    async def documents(self, source: str | None = None) -> set[DocumentKey]:
        return await self._read(lambda c: rows.keys(c, source))

    async def outlines(self, source: str | None = None) -> dict[DocumentKey, Outline]:
        return await self._read(lambda c: rows.outlines(c, source))

    async def read(self, keys: Sequence[DocumentKey]) -> list[StoredDocument]:
        def run(connection: sqlite3.Connection) -> list[StoredDocument]:
            with schema.snapshot(connection):
                return rows.documents(connection, keys)

        return await self._read(run)

    async def stats(self) -> StoreStats:
        def run(connection: sqlite3.Connection) -> StoreStats:
            with schema.snapshot(connection):
                return rows.stats(connection)

        return await self._read(run)

    async def _write(self, op: Callable[[sqlite3.Connection], T]) -> T:
        assert self._writer is not None, "open the store first"
        return await self._writer.do(op)

    async def _read(self, op: Callable[[sqlite3.Connection], T]) -> T:
        assert self._reader is not None, "open the store first"
        return await self._reader.do(op)
