"""Knowledge in Weaviate: what is put there, and how a question is asked.

The server fuses words and meaning and filters by rights inside the search; rights are looked at
once more in what it returns. Words are ours (:mod:`knowledge.stores.objects`), so both stores find
the same.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bot.conversation import Principal
from bot.errors import StoreUnavailableError
from bot.evidence import Chunk
from bot.ports import Vectors
from knowledge.stores import objects
from knowledge.stores.analysis import storable
from knowledge.stores.base import (
    DocumentKey,
    Outline,
    SearchRequest,
    SearchResult,
    StoredChunk,
    StoredDocument,
    StoreStats,
    WaitingChunk,
)
from knowledge.stores.collection import (
    MOST,
    PAGE,
    Collection,
    Where,
    any_of,
    between,
    flagged,
)
from knowledge.stores.description import checked
from knowledge.stores.objects import StoredObject
from knowledge.stores.weaviate_search import Searcher

_KEYS = 200
_NO_PLACE = 1 << 31


class WeaviateStore:
    """A :class:`~knowledge.stores.base.VectorStore` in one collection; closing it leaves the
    connection open, which belongs to the shelf."""

    def __init__(self, collection: Collection, dimensions: int) -> None:
        self._at = collection
        self._dimensions = dimensions
        self._searcher = Searcher(collection)
        self._replicated = False
        # A change of an object that is being deleted leaves the server with index entries of
        # nothing, which its counts count: what one process writes it writes in turn.
        self._writing = asyncio.Lock()

    async def open(self) -> None:
        """Connect, look whether the collection is ours. Raises StoreUnavailableError,
        CollectionForeignError, CollectionNewerError."""
        described = await self._at.server.described()
        if self._at.name not in described:
            raise StoreUnavailableError(
                url=self._at.server.url, reason=f"{self._at.name} is not there"
            )
        checked(self._at.name, described[self._at.name], warn=True)
        self._searcher.replicated = self._replicated = await self._at.replicas() > 1

    async def close(self) -> None:
        """Nothing of its own to let go of."""

    # -- writing -------------------------------------------------------------------------------

    async def put(self, key: DocumentKey, chunks: Sequence[Chunk]) -> None:
        await self.put_many([(key, chunks)])

    async def put_many(self, documents: Sequence[tuple[DocumentKey, Sequence[Chunk]]]) -> None:
        await self.load(
            [StoredDocument(key, tuple(StoredChunk(c) for c in cs)) for key, cs in documents]
        )

    async def load(self, documents: Sequence[StoredDocument]) -> None:
        for stored in (chunk for document in documents for chunk in document.chunks):
            if stored.vector is not None and stored.vector.shape != (self._dimensions,):
                wrong = f"an array of shape {stored.vector.shape}"
                raise ValueError(f"a vector of {self._dimensions} dimensions expected, not {wrong}")
        async with self._writing:
            await self._load({document.key: document for document in documents})
        self._searcher.look_anew()

    async def _load(self, wanted: dict[DocumentKey, StoredDocument]) -> None:
        there = await self._ids(wanted, shown=objects.KEPT)
        fresh: list[StoredObject] = []
        before: list[str] = []
        after: list[str] = []
        for key, document in wanted.items():
            old = {o.id: o for o in there.get(objects.document_key(key), ())}
            made = self._made(document, old)
            gone = [known for known in old if known not in made]
            # What is closed to some is first taken from them: a put that is cut off leaves too
            # little, never too much.
            marks = {tuple(old[i].properties.get("groups") or ()) for i in gone}
            narrowed = marks - {tuple(o.properties["groups"]) for o in made.values()}
            (before if narrowed else after).extend(gone)
            fresh.extend(o for o in made.values() if not _stays(old.get(o.id), o))
        fresh = await self._with_their_vectors(fresh, there)
        await self._delete(before)
        # A document whose last chunk is there is there whole.
        await self._at.insert([o for o in fresh if not o.properties["last"]])
        await self._at.insert([o for o in fresh if o.properties["last"]])
        await self._delete(after)

    def _made(
        self, document: StoredDocument, old: dict[str, StoredObject]
    ) -> dict[str, StoredObject]:
        now = time.time_ns() // 1000
        ids = objects.object_ids(document.key, [c.chunk for c in document.chunks])
        made = {}
        for place, (id, stored) in enumerate(zip(ids, document.chunks, strict=True)):  # noqa: A001
            kept = old.get(id)
            made[id] = StoredObject(
                id,
                objects.properties(
                    document.key,
                    stored.chunk,
                    place=place,
                    of=len(ids),
                    turn=int(kept.properties["turn"]) if kept else now + place,
                    embedded=stored.vector is not None
                    or bool(kept and kept.properties.get("embedded")),
                ),
                stored.vector,
            )
        return made

    async def _with_their_vectors(
        self, fresh: list[StoredObject], there: dict[str, list[StoredObject]]
    ) -> list[StoredObject]:
        """Objects that are written again with the vectors that they have."""
        old = {o.id for found in there.values() for o in found if o.properties.get("embedded")}
        lacking = [o.id for o in fresh if o.vector is None and o.id in old]
        vectors: dict[str, Vectors] = {}
        for part in _parts(lacking, PAGE):
            found = await self._at.fetch(any_of("id", part), limit=len(part), vectors=True)
            vectors.update((o.id, o.vector) for o in found if o.vector is not None)
        return [
            o
            if o.id not in old or o.vector is not None
            else replace(
                o,
                vector=vectors.get(o.id),
                properties={**o.properties, "embedded": o.id in vectors},
            )
            for o in fresh
        ]

    async def remove(self, keys: Sequence[DocumentKey]) -> None:
        async with self._writing:
            for part in _parts([objects.document_key(key) for key in keys], _KEYS):
                await self._at.delete(any_of("document_key", part))

    async def _delete(self, ids: Sequence[str]) -> None:
        for part in _parts(ids, PAGE):
            await self._at.delete(any_of("id", part))

    async def set_groups(self, key: DocumentKey, groups: frozenset[str]) -> None:
        marks = objects.group_marks(groups)
        async with self._writing:
            found = (await self._ids([key])).get(objects.document_key(key), [])
            if self._replicated and not found:
                reason = f"it has nothing of {key.document} yet; repeat it"
                raise StoreUnavailableError(url=self._at.server.url, reason=reason)
            await self._at.change((o.id, {"groups": marks}, None) for o in found)
        self._searcher.look_anew()

    async def waiting(self, limit: int) -> list[WaitingChunk]:
        found = await self._at.fetch(
            flagged("embedded", so=False),
            limit=min(limit, MOST),
            shown=("title", "headings", "text", "chunk", "groups"),
            oldest_first=True,
        )
        chunks = [(o.id, objects.chunk_of(o.properties)) for o in found]
        return [WaitingChunk(i, f"{c.header}\n{c.text}") for i, c in chunks if c is not None]

    async def set_vectors(self, ids: Sequence[str], vectors: Vectors) -> None:
        if vectors.shape != (len(ids), self._dimensions):
            wanted = f"{len(ids)} vectors of {self._dimensions} dimensions"
            raise ValueError(f"{wanted} expected, not an array of shape {vectors.shape}")
        # A change, not an insert: it cannot bring back a text that was removed meanwhile.
        changes = [
            (known, {"embedded": True}, vector) for known, vector in zip(ids, vectors, strict=True)
        ]
        async with self._writing:
            await self._at.change(changes)

    async def search(self, request: SearchRequest) -> SearchResult:
        return await self._searcher.search(request)

    # -- reading -------------------------------------------------------------------------------

    async def chunk(self, id: str, principal: Principal) -> Chunk | None:  # noqa: A002
        where = any_of("chunk", [storable(id)]) + any_of(
            "groups", objects.visible_marks(principal.groups)
        )
        shown = (*objects.SHOWN, "turn")
        found = await self._at.fetch(where, limit=10, shown=shown, asked=True)
        if self._replicated:  # what the first reading repaired
            found = await self._at.fetch(where, limit=10, shown=shown, asked=True, agreed=True)
        found.sort(key=lambda o: -int(o.properties["turn"]))
        chunks = (objects.chunk_of(o.properties) for o in found)
        return next((c for c in chunks if c and c.id == id and principal.may_see(c.groups)), None)

    async def visible(self, keys: Sequence[DocumentKey], principal: Principal) -> set[DocumentKey]:
        named = {objects.document_key(key): key for key in keys}
        among = flagged("first", so=True) + any_of(
            "groups", objects.visible_marks(principal.groups)
        )
        shown = ("document_key", "groups")
        seen = set()
        for part in _parts(list(named), _KEYS):
            where = any_of("document_key", part) + among
            found = await self._at.fetch(where, limit=MOST, shown=shown, asked=True)
            if self._replicated and found:  # what the first reading repaired
                found = await self._at.fetch(
                    where, limit=MOST, shown=shown, asked=True, agreed=True
                )
            for o in found:
                groups = objects.groups_of(o.properties.get("groups") or ())
                if groups is not None and principal.may_see(groups):
                    seen.add(named[str(o.properties["document_key"])])
        return seen

    async def documents(self, source: str | None = None) -> set[DocumentKey]:
        found = await self._listed("first", source, ("source", "document"))
        return {objects.key_of(o.properties) for o in found}

    async def outlines(self, source: str | None = None) -> dict[DocumentKey, Outline]:
        shown = ("source", "document", "revision", "groups", "chunks", "turn")
        first = await self._listed("first", source, shown)
        last = await self._listed("last", source, shown)
        # A put that was cut off leaves no end, or two: it shows as what it is not yet.
        outlines = {objects.key_of(o.properties): _outline(o, "") for o in first}
        for o in sorted(last, key=lambda o: -int(o.properties["turn"])):
            if (key := objects.key_of(o.properties)) in outlines:
                outlines[key] = _outline(o, str(o.properties.get("revision") or ""))
        return outlines

    async def _listed(
        self, which: str, source: str | None, shown: Sequence[str]
    ) -> list[StoredObject]:
        """One object of each document, in slices that the server gives at once."""
        wanted = flagged(which, so=True)
        if source is not None:
            wanted += any_of("source", [storable(source)])
        count = await self._at.count(wanted)
        step = objects.BUCKETS // max(1, 2 * count // PAGE)
        found = []
        for low in range(0, objects.BUCKETS, step):
            found.extend(await self._slice(wanted, low, low + step, shown))
        return [o for o in found if source in (None, o.properties["source"])]

    async def _slice(
        self, wanted: Where, low: int, high: int, shown: Sequence[str]
    ) -> list[StoredObject]:
        where = wanted + between("bucket", low, high)
        found = await self._at.fetch(where, limit=MOST, shown=shown)
        if len(found) < MOST:
            return found
        half = (low + high) // 2
        lower = await self._slice(wanted, low, half, shown)
        return [*lower, *await self._slice(wanted, half, high, shown)]

    async def read(self, keys: Sequence[DocumentKey]) -> list[StoredDocument]:
        there = await self._ids(keys, shown=objects.KEPT, vectors=True)
        made = [
            StoredDocument(key, objects.whole(there.get(objects.document_key(key), ())))
            for key in keys
        ]
        return [document for document in made if document.chunks]

    async def _ids(
        self, keys: Iterable[DocumentKey], shown: Sequence[str] = (), *, vectors: bool = False
    ) -> dict[str, list[StoredObject]]:
        """The objects of documents, by :func:`~knowledge.stores.objects.document_key`."""
        by_document: dict[str, list[StoredObject]] = defaultdict(list)
        names = [objects.document_key(key) for key in keys]
        for part in _parts(names, _KEYS):
            for o in await self._all(part, tuple({*shown, "document_key"}), vectors=vectors):
                by_document[str(o.properties["document_key"])].append(o)
        return by_document

    async def _all(
        self, names: Sequence[str], shown: Sequence[str], *, vectors: bool
    ) -> list[StoredObject]:
        where = any_of("document_key", names)
        found = await self._at.fetch(where, shown=shown, vectors=vectors)
        if len(found) < PAGE:
            return found
        found = []
        if len(names) > 1:
            half = len(names) // 2
            for part in (names[:half], names[half:]):
                found.extend(await self._all(part, shown, vectors=vectors))
            return found
        at = 0
        while await self._at.count(where + between("place", at, _NO_PLACE)):
            window = where + between("place", at, at + PAGE // 2)
            found.extend(await self._at.fetch(window, limit=MOST, shown=shown, vectors=vectors))
            at += PAGE // 2
        return found

    async def stats(self) -> StoreStats:
        documents, chunks, waiting = await asyncio.gather(
            self._at.count(flagged("first", so=True)),
            self._at.count(()),
            self._at.count(flagged("embedded", so=False)),
        )
        return StoreStats(documents, chunks, waiting)


def _stays(old: StoredObject | None, new: StoredObject) -> bool:
    return old is not None and new.vector is None and objects.same(old.properties, new.properties)


def _outline(found: StoredObject, revision: str) -> Outline:
    groups = objects.groups_of(found.properties.get("groups") or ()) or frozenset()
    return Outline(revision, groups, int(found.properties.get("chunks") or 0))


def _parts(values: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    for at in range(0, len(values), size):
        yield values[at : at + size]
