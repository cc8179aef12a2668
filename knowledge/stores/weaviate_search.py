"""How a question is asked in Weaviate: by words and meaning, among what the asker may see.

The server fuses both legs and filters by rights inside the search; rights are looked at once more
in what it returns. Words are ours (:mod:`knowledge.stores.objects`), so both stores find the same.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Collection as Several
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bot.conversation import Principal
from bot.evidence import Passage
from knowledge.ranking import best, fuse
from knowledge.stores import objects
from knowledge.stores.analysis import LexicalQuery, lexical_query, storable
from knowledge.stores.base import SearchRequest, SearchResult
from knowledge.stores.collection import DEPTH, Collection, Where, any_of, none_of
from knowledge.stores.objects import StoredObject
from knowledge.stores.postings import K1
from knowledge.stores.spelling import NAME, adjoined, respelled

_NAMED = ("document", "chunk", "groups")
_RANKED = 60.0
"""What the server divides a first place by."""

_WORDS_KNOWN = 20_000
_KNOWN_S = 60.0
"""A word that a visible chunk held is taken to be held for so long: were the last one gone, a slip
would be mended a minute late."""


class Searcher:
    """Searches of one collection."""

    def __init__(self, collection: Collection) -> None:
        self._at = collection
        self._held: OrderedDict[tuple[frozenset[str], str], float] = OrderedDict()

    async def search(self, request: SearchRequest) -> SearchResult:
        """As :meth:`knowledge.stores.base.VectorStore.search`."""
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
        among: Where,
        *,
        named: bool = False,
    ) -> list[StoredObject]:
        """The best objects, best first, their scores from 0 to 1; ``named``: of the best ``k`` only
        what they are called and who may see them."""
        if not telling and request.vector is None:
            return []
        words = objects.weighted({**telling, **query.function})
        limit = request.k if named else request.k + request.spare
        shown = _NAMED if named else (*objects.SHOWN, "embedded")
        fused, leg = await asyncio.gather(
            self._fused(request, words if telling else "", among, limit, shown, named=named),
            self._telling_leg(telling, among),
        )
        if leg is None or (len(leg) == DEPTH and all(o.properties["embedded"] for o in leg)):
            return fused
        exact = (await self._exactly(request, words, among, leg))[:limit]
        missing = {o.id for o in exact} - {o.id for o in fused}
        if missing:
            fused += await self._at.fetch(
                any_of("id", sorted(missing)),
                limit=len(missing),
                shown=shown,
                vectors=not named and request.vector is not None,
                asked=True,
            )
        whole = {o.id: o for o in fused}
        return [
            replace(whole[o.id], score=o.score, explained=o.explained)
            for o in exact
            if o.id in whole
        ]

    async def _fused(
        self,
        request: SearchRequest,
        words: str,
        among: Where,
        limit: int,
        shown: Sequence[str],
        *,
        named: bool = False,
    ) -> list[StoredObject]:
        """The best as the server ranks them."""
        vector = request.vector
        found = await self._at.hybrid(
            words,
            vector,
            alpha=0.0 if vector is None else request.alpha if words else 1.0,
            fusion=request.fusion,
            where=among,
            limit=limit,
            shown=shown,
            vectors=not named and vector is not None,
        )
        most = 1.0 if request.fusion == "relative" else _RANKED
        return [replace(o, score=min(o.score * most, 1.0)) for o in found]

    async def _telling_leg(
        self, telling: dict[str, float], among: Where
    ) -> list[StoredObject] | None:
        """The best by telling words; ``None`` where there are no words to look for."""
        if not telling:
            return None
        return await self._at.lexical(
            objects.weighted(telling), where=among, limit=DEPTH, shown=("embedded", "turn")
        )

    async def _exactly(
        self, request: SearchRequest, words: str, among: Where, leg: list[StoredObject]
    ) -> list[StoredObject]:
        """The best as the embedded store ranks them, by the candidates of both legs.

        The server takes function words for finds, which counts where telling words find little; and
        it ranks chunks that wait for their vector behind others, as if they meant nothing.
        """
        ends = ("embedded", "turn")
        candidates = await self._at.hybrid(
            words,
            request.vector,
            alpha=0.0 if request.vector is None else 0.5,
            fusion="relative",
            where=among,
            limit=2 * DEPTH,
            shown=ends,
            vectors=False,
        )
        # A full leg is the server's; of a shorter one, only what telling words find.
        telling = {o.id: o for o in leg} if len(leg) < DEPTH else {}
        both = {**telling, **{o.id: o for o in candidates}}
        pool = sorted(both.values(), key=lambda o: int(o.properties.get("turn") or 0))
        lexical = [
            0.0
            if (telling and o.id not in telling) or not leg
            else objects.lexical_score(o.explained) or (telling[o.id].score if telling else 0.0)
            for o in pool
        ]
        near = [objects.dense_score(o.explained) for o in pool]
        # What the dense leg did not bring is farther than all that it brought.
        least = min((n for n in near if n is not None), default=0.0) - 1e-6
        cosine = [
            n if n is not None else least if o.properties.get("embedded") else np.nan
            for o, n in zip(pool, near, strict=True)
        ]
        if request.vector is None:
            cosine = [np.nan] * len(pool)
        scores = fuse(
            np.array(lexical, np.float32),
            np.array(cosine, np.float32),
            request.alpha,
            DEPTH,
            request.fusion,
        )
        among_best = [
            i for i in best(scores, scores.size) if lexical[i] > 0 or not np.isnan(cosine[i])
        ]
        return [replace(pool[i], score=float(scores[i])) for i in among_best]

    async def _withheld(
        self, request: SearchRequest, telling: dict[str, float], query: LexicalQuery
    ) -> tuple[str, ...]:
        """What stands among the best for everybody and is not for this principal; asked for only
        where something is hidden from them at all."""
        hidden = none_of("groups", objects.visible_marks(request.principal.groups))
        if not await self._at.fetch(hidden, limit=1, asked=True):
            return ()
        best = await self._ranked(request, telling, query, (), named=True)
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
        # The server leaves out a factor that does not change the order.
        factor = objects.unit({**telling, **query.function}) * (K1 + 1)
        found = [(o, objects.chunk_of(o.properties)) for o in hits]
        seen = [(o, c) for o, c in found if c is not None and request.principal.may_see(c.groups)]
        matched = {o.id for o, _ in seen if objects.matched(o.properties, telling)}
        lexical = {o.id: objects.lexical_score(o.explained) for o, _ in seen if o.id in matched}
        unsaid = [found_id for found_id, score in lexical.items() if score is None]
        if unsaid:
            words = objects.weighted({**telling, **query.function})
            scored = await self._at.lexical(words, where=any_of("id", unsaid), limit=len(unsaid))
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
