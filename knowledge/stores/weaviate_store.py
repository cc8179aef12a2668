"""Knowledge in Weaviate: what is put there, and how a question is asked.

The server fuses words and meaning and filters by rights inside the search; rights are looked at
once more in what it returns. Words are ours (:mod:`knowledge.stores.objects`), so both stores find
the same.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, defaultdict
from collections.abc import Collection as Several
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from bot.conversation import Principal
from bot.evidence import Chunk, Passage
from bot.ports import Vectors
from knowledge.ranking import spread
from knowledge.stores import objects
from knowledge.stores.analysis import LexicalQuery, lexical_query, storable
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
from knowledge.stores.objects import StoredObject
from knowledge.stores.spelling import NAME, adjoined, respelled
from knowledge.stores.weaviate import (
    MOST,
    PAGE,
    Collection,
    Where,
    any_of,
    between,
    is_,
    none_of,
    with_ids,
)
from knowledge.stores.weaviate_shelf import checked

DEPTH = 100
"""Candidates of each leg: the server's own number (QUERY_HYBRID_MAXIMUM_RESULTS)."""

_KEYS = 200
_WORDS_KNOWN = 20_000
_KNOWN_S = 60.0
"""A word that a visible chunk held is taken to be held for so long: were the last one gone, a slip
would be mended a minute late."""


class WeaviateStore:
    """A :class:`~knowledge.stores.base.VectorStore` in one collection; closing it leaves the
    connection open, which belongs to the shelf."""

    def __init__(self, collection: Collection, dimensions: int) -> None:
        self._at = collection
        self._dimensions = dimensions
        self._held: OrderedDict[tuple[frozenset[str], str], float] = OrderedDict()

    async def open(self) -> None:
        """Connect, look whether the collection is ours. Raises StoreUnavailableError,
        CollectionForeignError, CollectionNewerError."""
        described = await self._at.server.described()
        if self._at.name not in described:
            raise self._at.server.unavailable(f"{self._at.name} is not there")
        checked(self._at.name, described[self._at.name], warn=True)

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
        wanted = {document.key: document for document in documents}
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
            found = await self._at.fetch(with_ids(part), limit=len(part), vectors=True)
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
        for part in _parts([objects.document_key(key) for key in keys], _KEYS):
            await self._at.delete(any_of("document_key", part))

    async def _delete(self, ids: Sequence[str]) -> None:
        for part in _parts(ids, PAGE):
            await self._at.delete(with_ids(part))

    async def set_groups(self, key: DocumentKey, groups: frozenset[str]) -> None:
        marks = objects.group_marks(groups)
        found = (await self._ids([key])).get(objects.document_key(key), [])
        await self._at.change((o.id, {"groups": marks}, None) for o in found)

    async def waiting(self, limit: int) -> list[WaitingChunk]:
        found = await self._at.fetch(
            is_("embedded", False),
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
        # A change, not an insert: it cannot bring back an object that was deleted meanwhile.
        await self._at.change(
            (known, {"embedded": True}, vector) for known, vector in zip(ids, vectors, strict=True)
        )

    # -- searching -----------------------------------------------------------------------------

    async def search(self, request: SearchRequest) -> SearchResult:
        principal = request.principal
        query = lexical_query(storable(request.text))
        names = dict.fromkeys(adjoined(query.words), NAME)  # of no weight where no chunk has them
        telling = {**names, **query.telling}
        among = any_of("groups", objects.visible_marks(principal.groups))
        hits, others, withheld = await asyncio.gather(
            self._ranked(request, telling, query, among),
            self._other_spellings(query, principal, among),
            self._withheld(request, telling, query),
        )
        if others := {term: w for term, w in others.items() if term not in telling}:
            telling = {**others, **telling}
            hits, withheld = await asyncio.gather(
                self._ranked(request, telling, query, among),
                self._withheld(request, telling, query),
            )
        return SearchResult(
            passages=await self._passages(request, hits, telling, query),
            withheld=withheld,
        )

    async def _ranked(
        self,
        request: SearchRequest,
        telling: dict[str, float],
        query: LexicalQuery,
        among: Where | None,
        *,
        named: bool = False,
    ) -> list[StoredObject]:
        """The best objects, best first, their scores from 0 to 1; ``named``: of the best ``k`` only
        what they are called and who may see them."""
        words = objects.weighted({**telling, **query.function})
        if not telling and request.vector is None:
            return []
        limit = request.k if named else request.k + request.spare
        vector = request.vector
        fused, waiting = await asyncio.gather(
            self._at.hybrid(
                words if telling else "",
                vector,
                alpha=0.0 if vector is None else request.alpha if telling else 1.0,
                fusion=request.fusion,
                where=among,
                limit=limit,
                shown=("document", "chunk", "groups") if named else (*objects.SHOWN, "embedded"),
                vectors=not named and vector is not None,
            ),
            self._waiting_hits(words, among, limit, wanted=bool(telling) and vector is not None),
        )
        most = 1.0 if request.fusion == "relative" else 60.0
        fused = [replace(o, score=min(o.score * most, 1.0)) for o in fused]
        if not waiting:
            return fused
        return (await self._with_waiting(words, among, fused, waiting))[:limit]

    async def _waiting_hits(
        self, words: str, among: Where | None, limit: int, *, wanted: bool
    ) -> list[StoredObject]:
        """The best by words of those that have no vector yet."""
        if not wanted:
            return []
        where = is_("embedded", False)
        return await self._at.lexical(
            words, where=where if among is None else where & among, limit=limit, shown=objects.SHOWN
        )

    async def _with_waiting(
        self,
        words: str,
        among: Where | None,
        fused: list[StoredObject],
        waiting: list[StoredObject],
    ) -> list[StoredObject]:
        """New knowledge among the rest: as if its meaning fitted as well as its words do."""
        leg = np.array([o.score for o in await self._at.lexical(words, where=among, limit=DEPTH)])
        scores = spread(
            np.array([o.score for o in waiting], np.float32), float(leg.min()), float(leg.max())
        )
        new = {
            o.id: replace(o, score=float(score), explained=_explanation(o))
            for o, score in zip(waiting, scores, strict=True)
        }
        both = [*(o for o in fused if o.id not in new), *new.values()]
        return sorted(both, key=lambda o: (-o.score, o.id))

    async def _withheld(
        self, request: SearchRequest, telling: dict[str, float], query: LexicalQuery
    ) -> tuple[str, ...]:
        """What stands among the best for everybody and is not for this principal; asked for only
        where something is hidden from them at all."""
        hidden = none_of("groups", objects.visible_marks(request.principal.groups))
        if not await self._at.fetch(hidden, limit=1):
            return ()
        best = await self._ranked(request, telling, query, None, named=True)
        return objects.names(
            [
                o.properties
                for o in best
                if (groups := objects.groups_of(o.properties.get("groups") or ())) is not None
                and not request.principal.may_see(groups)
            ]
        )

    async def _passages(
        self,
        request: SearchRequest,
        hits: list[StoredObject],
        telling: dict[str, float],
        query: LexicalQuery,
    ) -> tuple[Passage, ...]:
        """Hits as passages; rights are looked at once more."""
        factor = objects.unit({**telling, **query.function})
        found = [(o, objects.chunk_of(o.properties)) for o in hits]
        seen = [(o, c) for o, c in found if c is not None and request.principal.may_see(c.groups)]
        matched = {o.id for o, _ in seen if objects.matched(o.properties, telling)}
        lexical = {o.id: objects.lexical_score(o.explained) for o, _ in seen if o.id in matched}
        unsaid = [found_id for found_id, score in lexical.items() if score is None]
        if unsaid:
            words = objects.weighted({**telling, **query.function})
            scored = await self._at.lexical(words, where=with_ids(unsaid), limit=len(unsaid))
            lexical.update((o.id, o.score) for o in scored)
        return tuple(
            Passage(
                chunk,
                o.score,
                (lexical.get(o.id) or 0.0) * factor,
                objects.cosine(o.vector, request.vector) if o.properties.get("embedded") else None,
            )
            for o, chunk in seen
        )

    # -- spelling ------------------------------------------------------------------------------

    async def _other_spellings(
        self, query: LexicalQuery, principal: Principal, among: Where
    ) -> dict[str, float]:
        """Other spellings of words that no visible chunk holds."""
        known: dict[str, bool] = {}
        while True:
            unknown: set[str] = set()

            def look(terms: Several[str], unknown: set[str] = unknown) -> set[str]:
                unknown.update(t for t in terms if t not in known)
                return {t for t in terms if known.get(t)}

            found = respelled(query.words, look)
            if not unknown:
                return found
            held = await self._which(unknown, principal, among)
            known.update((term, term in held) for term in unknown)

    async def _which(self, terms: set[str], principal: Principal, among: Where) -> set[str]:
        """Which of some terms stand in a visible chunk."""
        now = time.monotonic()
        held = {t for t in terms if self._held.get((principal.groups, t), 0) > now}
        left = terms - held
        while left:
            found = await self._at.lexical(
                " ".join(sorted(left)), where=among, limit=3, shown=objects.SHOWN
            )
            new = {t for o in found for t in objects.matched(o.properties, left)}
            if not new:
                break
            held |= new
            left -= new
            self._held.update(((principal.groups, t), now + _KNOWN_S) for t in new)
        while len(self._held) > _WORDS_KNOWN:
            self._held.popitem(last=False)
        return held

    # -- reading -------------------------------------------------------------------------------

    async def chunk(self, id: str, principal: Principal) -> Chunk | None:  # noqa: A002
        where = is_("chunk", storable(id)) & any_of(
            "groups", objects.visible_marks(principal.groups)
        )
        found = await self._at.fetch(where, limit=10, shown=(*objects.SHOWN, "turn"))
        found.sort(key=lambda o: -int(o.properties["turn"]))
        chunks = (objects.chunk_of(o.properties) for o in found)
        return next((c for c in chunks if c and c.id == id and principal.may_see(c.groups)), None)

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
        wanted = is_(which, True)
        if source is not None:
            wanted &= is_("source", storable(source))
        count = await self._at.count(wanted)
        step = objects.BUCKETS // max(1, 2 * count // PAGE)
        found = []
        for low in range(0, objects.BUCKETS, step):
            found.extend(await self._slice(wanted, low, low + step, shown))
        return [o for o in found if source in (None, o.properties["source"])]

    async def _slice(
        self, wanted: Where, low: int, high: int, shown: Sequence[str]
    ) -> list[StoredObject]:
        where = wanted & between("bucket", low, high)
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
        total, at = await self._at.count(where), 0
        while len(found) < total:
            window = where & between("place", at, at + PAGE // 2)
            found.extend(await self._at.fetch(window, limit=MOST, shown=shown, vectors=vectors))
            at += PAGE // 2
        return found

    async def stats(self) -> StoreStats:
        documents, embedded, waiting = await asyncio.gather(
            self._at.count(is_("first", True)),
            self._at.count(is_("embedded", True)),
            self._at.count(is_("embedded", False)),
        )
        return StoreStats(documents, embedded + waiting, waiting)


def _stays(old: StoredObject | None, new: StoredObject) -> bool:
    return old is not None and new.vector is None and objects.same(old.properties, new.properties)


def _outline(found: StoredObject, revision: str) -> Outline:
    groups = objects.groups_of(found.properties.get("groups") or ()) or frozenset()
    return Outline(revision, groups, int(found.properties.get("chunks") or 0))


def _explanation(found: StoredObject) -> str:
    """As the server would explain the score that a search by words alone gives."""
    return f"(Result Set keyword) Document {found.id}: original score {found.score}"


def _parts(values: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    for at in range(0, len(values), size):
        yield values[at : at + size]
