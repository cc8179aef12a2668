"""Reindexing without downtime: build beside, compare, switch, and a way back.

The ledger holds the text of every document, so an index for another embedder or another chunking is
built from it while the live one answers and documents go on being read in. What changes meanwhile
is caught up with; only the last step keeps readers-in waiting, for as long as it takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.conversation import Principal
from bot.errors import NotFoundError, StoreMismatchError, UsageError
from bot.ports import Embedder, Retriever
from bot.telemetry import log
from knowledge.chunking import chunk
from knowledge.document import Document
from knowledge.embedding import embed_waiting
from knowledge.exclusive import INDEXES, Exclusive, TakenError
from knowledge.headings import questions
from knowledge.indexes import LOOK_S, Embedders
from knowledge.ledger import DocumentRecord, Ledger
from knowledge.retrieval import HybridRetriever
from knowledge.stores.base import DocumentKey, Outline, VectorStore
from knowledge.stores.shelf import IndexRecord, IndexShelf, IndexSpec

_BATCH = 200
"""Documents written together."""

_ROUNDS = 3
"""So often what changed meanwhile is caught up with before readers-in have to wait."""

_TOP = 5
_QUESTIONS = 200
_LOSS = 0.02
"""The new index may find so much less (recall@5), which is within the noise of a small suite."""

Progress = Callable[[str, int, int | None], None]
"""Called with what is being done ("documents", "vectors", "questions"), how many are done, and of
how many where that is known."""


Before = Callable[[str], Awaitable[None]]
"""Called with the name of an index right before it is switched to, or deleted: what is put on
record there is never missing after a crash. Where it raises nothing is changed."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A question and the documents of which one should be found for somebody of these groups."""

    question: str
    gold: frozenset[str]
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Recall@5 of both indexes over the same questions, 0 to 1."""

    questions: int
    live: float
    new: float

    @property
    def worse(self) -> bool:
        """Whether the new index finds clearly less."""
        return self.new < self.live - _LOSS


@dataclass(frozen=True, slots=True)
class Reindexed:
    """What came of it. ``switched``: the new index is live."""

    index: IndexRecord
    documents: int
    chunks: int
    comparison: Comparison | None
    switched: bool


class ReindexRunningError(UsageError):
    """The knowledge base is being reindexed by another process; wait for it or stop it."""


class Reindexer:
    """Builds indexes from the ledger and switches between them."""

    def __init__(
        self, shelf: IndexShelf, ledger: Ledger, exclusive: Exclusive, embedders: Embedders
    ) -> None:
        self._shelf = shelf
        self._ledger = ledger
        self._exclusive = exclusive
        self._embedders = embedders

    async def reindex(
        self,
        spec: IndexSpec,
        *,
        probes: Sequence[Probe] | None = None,
        force: bool = False,
        progress: Progress | None = None,
        before: Before | None = None,
    ) -> Reindexed:
        """Build an index for ``spec``, or go on with one that was interrupted; switch to it.

        Both indexes are asked ``probes`` first (without any: questions made of the documents' own
        headings). A new one that finds clearly less stays beside the live one and is not switched
        to, unless with ``force``. Raises ReindexRunningError and the errors of store and embedder.
        """
        tell = progress or _quiet
        async with _alone(self._exclusive):
            record = await self._started(spec)
            async with self._open(record) as store:
                embedder = await self._embedders(spec)
                for _ in range(_ROUNDS):
                    if not await self._catch_up(store, embedder, tell):
                        break
                comparison = await self._compare(store, embedder, probes, tell)
                if comparison is None or force or not comparison.worse:
                    await self._switch(record, store, embedder, tell, before)
                    switched = True
                else:
                    switched = False
                stats = await store.stats()
            return Reindexed(record, stats.documents, stats.chunks, comparison, switched)

    async def roll_back(
        self, progress: Progress | None = None, before: Before | None = None
    ) -> IndexRecord:
        """Switch to the index before, brought up to date first. Raises NotFoundError."""
        tell = progress or _quiet
        async with _alone(self._exclusive):
            previous = [r for r in await self._shelf.records() if r.state == "previous"]
            if not previous:
                raise NotFoundError("There is no index before this one; nothing was changed.")
            record = previous[-1]
            async with self._open(record) as store:
                embedder = await self._embedders(record.spec)
                await self._catch_up(store, embedder, tell)
                await self._switch(record, store, embedder, tell, before)
            return record

    # -- the steps ----------------------------------------------------------------------------

    async def _started(self, spec: IndexSpec) -> IndexRecord:
        """An index for the spec that is being built, or a new one; others half built go."""
        found = None
        for record in await self._shelf.records():
            if record.state != "building":
                continue
            if record.spec == spec and found is None:
                found = record
            else:
                await self._shelf.drop(record.name)
        return found or await self._shelf.create(spec)

    @asynccontextmanager
    async def _open(self, record: IndexRecord) -> AsyncIterator[VectorStore]:
        store = self._shelf.store(record)
        await store.open()
        try:
            yield store
        finally:
            await store.close()

    async def _switch(
        self,
        record: IndexRecord,
        store: VectorStore,
        embedder: Embedder,
        tell: Progress,
        before: Before | None,
    ) -> None:
        """The last changes, and then the switch, while nobody reads anything in."""
        sources = [source.name for source in await self._ledger.sources()]
        async with self._exclusive.everything(sources):
            await self._catch_up(store, embedder, tell)
            previous = [r.name for r in await self._shelf.records() if r.state == "previous"]
            if before is not None:
                await before(record.name)
            await self._shelf.switch(record.name)
            # A document that is removed from now on is removed from the new index: nobody may
            # still be asking the old one.
            await asyncio.sleep(1.5 * LOOK_S)
            for name in previous:
                if name != record.name:
                    await self._shelf.drop(name)

    async def _catch_up(self, store: VectorStore, embedder: Embedder, tell: Progress) -> int:
        """Make the store hold what the ledger does; how many documents differed."""
        stored = await store.outlines()
        gone = set(stored)
        changed: list[DocumentRecord] = []
        for source in await self._ledger.sources():
            for name, record in (await self._ledger.state(source.name)).items():
                key = DocumentKey(source.name, name)
                gone.discard(key)
                if not _same(record, stored.get(key)):
                    changed.append(record)
        for done in range(0, len(changed), _BATCH):
            tell("documents", done, len(changed))
            await self._put(store, changed[done : done + _BATCH])
        if changed:
            tell("documents", len(changed), len(changed))
        await store.remove(sorted(gone, key=lambda k: (k.source, k.document)))

        async def current() -> tuple[VectorStore, Embedder]:
            return store, embedder

        await embed_waiting(current, lambda done, total: tell("vectors", done, total))
        return len(changed) + len(gone)

    async def _put(self, store: VectorStore, records: Sequence[DocumentRecord]) -> None:
        texts = await self._ledger.texts([(r.source, r.document) for r in records])
        documents = []
        for record in records:
            text = texts.get((record.source, record.document))
            if text is None:
                continue  # removed this moment: the next round sees it
            made = Document(
                record.source, record.document, record.title, text, record.uri, record.groups
            )
            key = DocumentKey(record.source, record.document)
            documents.append((key, chunk(made, groups=record.groups)))
        await store.put_many(documents)

    async def _compare(
        self,
        store: VectorStore,
        embedder: Embedder,
        probes: Sequence[Probe] | None,
        tell: Progress,
    ) -> Comparison | None:
        name = await self._shelf.live()
        live = [r for r in await self._shelf.records() if r.name == name]
        asked = list(probes) if probes is not None else await self._own_probes()
        if not live or not asked:
            return None
        try:
            embedder_before = await self._embedders(live[0].spec)
        except StoreMismatchError as error:
            log.warning("the indexes cannot be compared", error=str(error))
            return None
        async with self._open(live[0]) as old:
            by_live = HybridRetriever(old, embedder_before)
            by_new = HybridRetriever(store, embedder)
            found = [0, 0]
            for done, probe in enumerate(asked):
                tell("questions", done, len(asked))
                for which, retriever in enumerate((by_live, by_new)):
                    found[which] += await _found(retriever, probe)
            tell("questions", len(asked), len(asked))
        return Comparison(len(asked), found[0] / len(asked), found[1] / len(asked))

    async def _own_probes(self) -> list[Probe]:
        """Questions that the documents' own headings ask or answer."""
        probes: list[Probe] = []
        for records in _batches(await self._ledger.listing()):
            texts = await self._ledger.texts([(r.source, r.document) for r in records])
            for record in records:
                text = texts.get((record.source, record.document), "")
                for asked in questions(record.title, text):
                    gold = frozenset({record.document})
                    probes.append(Probe(asked.message, gold, record.groups))
                    break  # one a document: long ones do not decide alone
            if len(probes) >= _QUESTIONS:
                break
        return probes[:_QUESTIONS]


async def drop(
    shelf: IndexShelf, exclusive: Exclusive, name: str, before: Before | None = None
) -> None:
    """Delete an index while nobody builds one or switches. Raises ReindexRunningError, and as
    :meth:`knowledge.stores.shelf.IndexShelf.drop`."""
    async with _alone(exclusive):
        may_go = any(r.name == name and r.state != "live" for r in await shelf.records())
        if may_go and before is not None:
            await before(name)
        await shelf.drop(name)


@asynccontextmanager
async def _alone(exclusive: Exclusive) -> AsyncIterator[None]:
    try:
        async with exclusive.lease(INDEXES):
            yield
    except TakenError:
        raise ReindexRunningError from None


async def _found(retriever: Retriever, probe: Probe) -> bool:
    found = await retriever.retrieve(probe.question, Principal(probe.groups), _TOP)
    return any(p.chunk.document in probe.gold for p in found.passages)


def _same(record: DocumentRecord, stored: Outline | None) -> bool:
    return (
        stored is not None
        and stored.revision == record.revision
        and stored.groups == record.groups
        and record.hash != ""  # one that is about to change
    )


def _batches(records: Sequence[DocumentRecord]) -> Iterable[Sequence[DocumentRecord]]:
    for at in range(0, len(records), _BATCH):
        yield records[at : at + _BATCH]


def _quiet(what: str, done: int, total: int | None) -> None:
    """Nobody wants to know."""
    del what, done, total
