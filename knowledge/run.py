"""One reading-in of one source: what is known, what was found, what is to be written."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from bot.errors import KnowledgeError
from bot.ports import Clock
from knowledge import chunking
from knowledge.dating import kept
from knowledge.document import FailedDocument, RawDocument
from knowledge.ledger import DocumentRecord, Ledger
from knowledge.reading import (
    ReadDocument,
    Reading,
    ReadingPool,
    Task,
    is_full,
    size,
    weight,
)
from knowledge.sources.base import Item, Skipped, Source
from knowledge.stores.base import DocumentKey, Outline, VectorStore

_WRITE_CHUNKS = 1_000
_WRITE_DOCUMENTS = 250
_MOST_BYTES = 100_000_000
"""Of batches under way together; one alone may be larger."""

_LOADS = 4
"""Items loaded ahead; a web server is asked for this many pages at once."""

_VERSION = chunking.VERSION


_FEW = 10


class SourceShrunkError(KnowledgeError):
    """{gone} of {known} documents are gone from "{source}" at once, as when a disk is not mounted;
    none was removed. If it is meant: wellspoken sources sync "{source}" --prune"""


def looks_lost(known: int, held: int) -> bool:
    """Whether a source that had ``known`` documents and now holds ``held`` looks like one that is
    not there in truth: it is empty, or more than ten and more than half are missing."""
    return (held == 0 and known > 1) or (known - held > _FEW and held < known / 2)


@dataclass(slots=True)
class _Batch:
    """Items read together, in the order of the source. An item without task did not change."""

    entries: list[tuple[Item, Task | None]] = field(default_factory=list)
    weighed: int = 0
    bytes_: int = 0

    @property
    def tasks(self) -> list[Task]:
        return [task for _, task in self.entries if task is not None]


class IngestRun:
    """The state of one run; counts are public, :meth:`read` and :meth:`prune` are its two acts."""

    def __init__(
        self,
        source: Source,
        ledger: Ledger,
        store: VectorStore,
        pool: ReadingPool,
        groups: frozenset[str],
        clock: Clock,
        progress: Callable[[int, int | None], None] | None,
    ) -> None:
        self.added = self.changed = self.unchanged = self.removed = 0
        self.skipped = self.chunks = 0
        self.failed: list[FailedDocument] = []
        self._source = source
        self._ledger = ledger
        self._store = store
        self._pool = pool
        self._groups = groups
        self._clock = clock
        self._progress = progress
        self._known: dict[str, DocumentRecord] = {}
        self._origins: dict[str, list[DocumentRecord]] = {}
        self._claimed: dict[str, str] = {}
        self._kept: set[str] = set()
        self._fresh: list[tuple[ReadDocument, DocumentRecord]] = []
        self._fresh_chunks = 0
        self._done = 0

    # -- the two acts -------------------------------------------------------------------------

    async def read(self) -> None:
        """Read what changed and write it, a few batches ahead of the writing."""
        await self._recall()
        items = await self._listed()
        total = len(items)
        under_way: deque[tuple[_Batch, asyncio.Task[list[Reading]]]] = deque()
        try:
            async with aclosing(self._batches(items)) as batches:
                async for batch in batches:
                    work = self._pool.read(batch.tasks, self._groups, batch.weighed)
                    under_way.append((batch, asyncio.create_task(work)))
                    while self._is_full(under_way):
                        await self._take(*under_way.popleft(), total)
            while under_way:
                await self._take(*under_way.popleft(), total)
            await self._write()
        finally:
            rest = [task for _, task in under_way]
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)

    def _is_full(self, under_way: Collection[tuple[_Batch, object]]) -> bool:
        """Whether enough is under way: batches for everybody, or bytes."""
        if len(under_way) >= self._pool.ahead:
            return True
        return len(under_way) > 1 and sum(batch.bytes_ for batch, _ in under_way) > _MOST_BYTES

    async def prune(self, *, careful: bool = False) -> None:
        """Remove what the source does not hold any more. With ``careful`` raises SourceShrunkError
        instead where so much is gone at once that it looks like a mistake."""
        gone = [n for n in self._known if n not in self._claimed and n not in self._kept]
        held = len(self._claimed.keys() | (self._kept & self._known.keys()))
        if careful and looks_lost(len(self._known), held):
            raise SourceShrunkError(
                source=self._source.name, gone=len(gone), known=len(self._known)
            )
        await self._forget(gone)
        self.removed = len(gone)

    # -- what is known ------------------------------------------------------------------------

    async def _recall(self) -> None:
        """What earlier runs left: only what the store and the ledger have alike counts as there."""
        known = await self._ledger.state(self._source.name)
        outlines = await self._store.outlines(self._source.name)
        stored = {key.document: outline for key, outline in outlines.items()}
        await self._forget(sorted(stored.keys() - known.keys()))
        self._known = {
            name: _as_stored(record, stored[name])
            for name, record in known.items()
            if name in stored
        }
        await self._ledger.remove(self._source.name, sorted(known.keys() - stored.keys()))
        origins: defaultdict[str, list[DocumentRecord]] = defaultdict(list)
        for record in self._known.values():
            origins[record.origin].append(record)
        self._origins = dict(origins)

    def _fingerprint(self, item: Item) -> str:
        """The fingerprint under which the item can be passed over; empty where it must be read."""
        records = self._origins.get(item.name, [])
        signs = {self._sign(record) for record in records}
        return signs.pop() if len(signs) == 1 else ""

    def _sign(self, record: DocumentRecord) -> str:
        extra = record.extra
        groups = record.groups if extra.get("own_groups") else self._groups
        settled = record.hash and extra.get("version") == _VERSION and record.groups == groups
        return str(extra.get("fingerprint", "")) if settled else ""

    def _task(self, item: Item, raw: RawDocument) -> Task:
        """Hashes count only where the same chunking made the chunks."""
        known = {
            record.document: record.hash
            for record in self._origins.get(item.name, [])
            if record.extra.get("version") == _VERSION
        }
        return Task(raw, known)

    # -- what the source holds ----------------------------------------------------------------

    async def _listed(self) -> list[Item]:
        items: list[Item] = []
        async for found in self._source.items():
            if isinstance(found, Skipped):
                self.skipped += 1
            elif isinstance(found, FailedDocument):
                self._fail(found, found.document)
            else:
                items.append(found)
        return items

    async def _batches(self, items: Sequence[Item]) -> AsyncGenerator[_Batch, None]:
        batch = _Batch()
        async with aclosing(self._loaded(items)) as loaded:
            async for item, raw in loaded:
                if isinstance(raw, FailedDocument):
                    self._fail(raw, item.name)
                    self._done += 1
                    continue
                batch.entries.append((item, None if raw is None else self._task(item, raw)))
                if raw is not None:
                    bytes_ = size(raw)
                    batch.bytes_ += bytes_
                    batch.weighed += weight(raw, bytes_)
                if is_full(len(batch.entries), batch.weighed):
                    yield batch
                    batch = _Batch()
        if batch.entries:
            yield batch

    async def _loaded(
        self, items: Sequence[Item]
    ) -> AsyncGenerator[tuple[Item, RawDocument | FailedDocument | None], None]:
        """Every item loaded, in order, a few at once."""
        loading: deque[tuple[Item, asyncio.Task[RawDocument | FailedDocument | None]]] = deque()
        try:
            for item in items:
                load = item.load(self._fingerprint(item))
                loading.append((item, asyncio.create_task(load)))
                if len(loading) >= _LOADS:
                    first, task = loading.popleft()
                    yield first, await task
            while loading:
                first, task = loading.popleft()
                yield first, await task
        finally:
            for _, task in loading:
                task.cancel()

    # -- what came of it ----------------------------------------------------------------------

    async def _take(self, batch: _Batch, work: asyncio.Task[list[Reading]], total: int) -> None:
        readings = iter(await work)
        for item, task in batch.entries:
            if task is not None:
                await self._settle(next(readings), task.raw)
            elif not await self._unchanged(item):
                await self._read_again(item)
            self._done += 1
        if self._progress:
            self._progress(self._done, total)

    async def _unchanged(self, item: Item) -> bool:
        """Whether the item's documents stay: not where an earlier item has one of their names."""
        records = self._origins[item.name]
        if any(self._claimed.get(r.document, item.name) != item.name for r in records):
            return False
        self._claimed.update({r.document: item.name for r in records})
        self.unchanged += len(records)
        return True

    async def _read_again(self, item: Item) -> None:
        raw = await item.load()
        if isinstance(raw, RawDocument):
            task = self._task(item, raw)
            (reading,) = await self._pool.read([task], self._groups, weight(raw, size(raw)))
            await self._settle(reading, raw)
        elif raw is not None:
            self._fail(raw, item.name)

    async def _settle(self, reading: Reading, raw: RawDocument) -> None:
        """Count what an item gave and put it up for writing."""
        origin = reading.raw.name
        accepted: list[ReadDocument] = []
        failures = list(reading.failures)
        for found in reading.documents:
            owner = self._claimed.setdefault(found.document.name, origin)
            if owner == origin:
                accepted.append(found)
            else:
                failures.append(_taken(origin, found.document.name, owner))
        for failure in failures:
            self._fail(failure, origin)
        # An item with failures is read again next time, so that they are reported again.
        sign = "" if failures else raw.fingerprint
        for found in accepted:
            self._add(found, raw, sign)
        if self._fresh_chunks >= _WRITE_CHUNKS or len(self._fresh) >= _WRITE_DOCUMENTS:
            await self._write()

    def _add(self, found: ReadDocument, raw: RawDocument, fingerprint: str) -> None:
        document = found.document
        before = self._known.get(document.name)
        now = self._clock()
        record = DocumentRecord(
            source=document.source,
            document=document.name,
            title=document.title,
            uri=document.uri,
            groups=found.groups,
            hash=document.hash,
            revision=document.revision,
            chunks=len(found.chunks)
            if found.chunks is not None
            else before.chunks
            if before
            else 0,
            characters=len(document.text),
            ingested_at=now,
            origin=raw.name,
            extra={
                **{k: v for k, v in raw.extra.items() if not k.startswith("day_")},
                **kept(document.dated, raw.extra, before, document.revision, now),
                "fingerprint": fingerprint,
                "own_groups": bool(document.groups),
                "version": _VERSION,
            },
        )
        if before is None:
            self.added += 1
        elif (before.hash, before.groups) != (record.hash, record.groups):
            self.changed += 1
        else:
            self.unchanged += 1
        self._fresh.append((found, record))
        self._fresh_chunks += len(found.chunks or ())

    def _fail(self, failure: FailedDocument, origin: str) -> None:
        """Note a failure; what its item gave before stays, unless the item is gone."""
        records = self._origins.get(origin, [])
        if failure.gone and records:
            return
        self.failed.append(failure)
        if failure.keeps is not None:
            self._kept.update(failure.keeps)
            return
        self._kept.update(record.document for record in records)
        below = "" if origin == "." else f"{origin}/"
        self._kept.update(n for n, r in self._known.items() if r.origin.startswith(below))

    # -- writing ------------------------------------------------------------------------------

    async def _write(self) -> None:
        """Write what is up for it: unsettle, store, ledger, in this order."""
        fresh, self._fresh, self._fresh_chunks = self._fresh, [], 0
        changing = [
            record.document
            for found, record in fresh
            if (before := self._known.get(record.document)) is not None
            and (found.chunks is not None or before.groups != record.groups)
        ]
        await self._ledger.unsettle(self._source.name, changing)
        for found, record in fresh:
            before = self._known.get(record.document)
            if found.chunks is None and before is not None and before.groups != record.groups:
                await self._store.set_groups(self._key(record.document), record.groups)
        chunked = [
            (self._key(record.document), found.chunks)
            for found, record in fresh
            if found.chunks is not None
        ]
        if chunked:
            await self._store.put_many(chunked)
            self.chunks += sum(len(chunks) for _, chunks in chunked)
        await self._ledger.record([(record, found.document.text) for found, record in fresh])

    async def _forget(self, names: Sequence[str]) -> None:
        if names:
            await self._store.remove([self._key(name) for name in names])
            await self._ledger.remove(self._source.name, names)

    def _key(self, document: str) -> DocumentKey:
        return DocumentKey(self._source.name, document)


def _as_stored(record: DocumentRecord, stored: Outline) -> DocumentRecord:
    """What the ledger says; unsettled, so that it is written anew, where the store has another text
    or other groups."""
    same = (stored.revision, stored.groups) == (record.revision, record.groups)
    return record if same else replace(record, hash="")


def _taken(origin: str, name: str, owner: str) -> FailedDocument:
    problem = f'The document cannot be read: its id "{name}" is that of one in {owner} already.'
    return FailedDocument(origin, problem, keeps=frozenset())
