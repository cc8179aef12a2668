"""How a question is asked in Weaviate: by words and meaning, among what the asker may see.

The server fuses both legs and filters by rights inside the search; rights are looked at once more
in what it returns. Words are ours (:mod:`knowledge.stores.objects`), so both stores find the same.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from collections.abc import Collection as Several
from dataclasses import replace

import numpy as np

from bot.conversation import Principal
from bot.evidence import Passage
from bot.telemetry import log
from knowledge.ranking import best, fuse
from knowledge.stores import objects
from knowledge.stores.analysis import LexicalQuery, lexical_query, storable
from knowledge.stores.base import SearchRequest, SearchResult
from knowledge.stores.collection import (
    DEPTH,
    Collection,
    Where,
    any_of,
    flagged,
    none_of,
)
from knowledge.stores.objects import WORDS, StoredObject
from knowledge.stores.postings import K1
from knowledge.stores.spelling import NAME, adjoined, respelled

_NAMED = ("document", "chunk", "groups")
_RANKED = 60.0
"""What the server divides a first place by."""

_HELD = (WORDS,)
_WHOLE = (*objects.SHOWN, "embedded", WORDS)

_RECENT_S = 2.0
"""So long what was just seen is taken to be so: that chunks wait for vectors, that something is
hidden from somebody, that a word is held. None of it decides what somebody may see."""

_MOST_RECENT = 20_000

_FEW = 8
"""So many words are asked for one by one: about a millisecond each, side by side."""


class Recent:
    """Yes or no to questions of a moment ago."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Hashable, tuple[float, bool]] = OrderedDict()

    def known(self, what: Hashable) -> bool:
        """Whether the answer was yes, a moment ago."""
        until, answer = self._answers.get(what, (0.0, False))
        return answer and until > time.monotonic()

    def keep(self, what: Hashable, *, answer: bool) -> None:
        """Remember an answer for a moment."""
        self._answers[what] = (time.monotonic() + _RECENT_S, answer)
        self._answers.move_to_end(what)
        while len(self._answers) > _MOST_RECENT:
            self._answers.popitem(last=False)

    async def ask(self, what: Hashable, find_out: Callable[[], Awaitable[bool]]) -> None:
        """Find out what is not known."""
        if self._answers.get(what, (0.0, False))[0] <= time.monotonic():
            self.keep(what, answer=await find_out())


class Searcher:
    """Searches of one collection. ``replicated``: it has copies on several nodes, one of which may
    just be back and not have what the others hold."""

    def __init__(self, collection: Collection) -> None:
        self._at = collection
        self.replicated = False
        self._waiting, self._hidden, self._held = Recent(), Recent(), Recent()

    def look_anew(self) -> None:
        """Take nothing for granted: this process has just changed something."""
        self._waiting, self._hidden, self._held = Recent(), Recent(), Recent()

    async def search(self, request: SearchRequest) -> SearchResult:
        """As :meth:`knowledge.stores.base.VectorStore.search`."""
        principal = request.principal
        query = lexical_query(storable(request.text))
        names = dict.fromkeys(adjoined(query.words), NAME)  # of no weight where no chunk has them
        telling = {**names, **query.telling}
        among = any_of("groups", objects.visible_marks(principal.groups))
        await self._look_around(principal)
        hits, withheld = await self._both(request, telling, query, among)
        others = await self._other_spellings(query, principal, among, hits)
        if others := {term: w for term, w in others.items() if term not in telling}:
            telling = {**others, **telling}
            hits, withheld = await self._both(request, telling, query, among)
        return SearchResult(
            passages=await self._passages(request, hits, telling, query),
            withheld=withheld,
        )

    async def _look_around(self, principal: Principal) -> None:
        """Whether chunks wait for their vectors, and whether any are hidden from the asker: what
        most searches need not ask about again."""
        await asyncio.gather(
            self._waiting.ask("", lambda: self._any(flagged("embedded", so=False))),
            self._hidden.ask(
                principal.groups,
                lambda: self._any(none_of("groups", objects.visible_marks(principal.groups))),
            ),
        )

    async def _any(self, where: Where) -> bool:
        return bool(await self._at.fetch(where, limit=1, asked=True))

    async def _both(
        self,
        request: SearchRequest,
        telling: dict[str, float],
        query: LexicalQuery,
        among: Where,
    ) -> tuple[list[StoredObject], tuple[str, ...]]:
        return await asyncio.gather(
            self._seen(request, telling, query, among),
            self._withheld(request, telling, query),
        )

    async def _seen(
        self,
        request: SearchRequest,
        telling: dict[str, float],
        query: LexicalQuery,
        among: Where,
    ) -> list[StoredObject]:
        """The best objects whole, best first."""
        best = await self._ranked(request, telling, query, among, request.k + request.spare)
        vectors = request.vector is not None
        if self.replicated:
            # One node answers a search, and when it is just back it still has what was withdrawn
            # meanwhile. Copies are repaired by being read, and right from the second reading on.
            await self._read(best, among, ())
            agreed = await self._read(best, among, _WHOLE, vectors=vectors, agreed=True)
            if len(agreed) < len(best):
                log.info("some passages are not the same on all nodes yet", left=len(agreed))
            return agreed
        return await self._read(best, among, _WHOLE, vectors=vectors)

    async def _read(
        self,
        best: Sequence[StoredObject],
        among: Where,
        shown: Sequence[str],
        *,
        vectors: bool = False,
        agreed: bool = False,
    ) -> list[StoredObject]:
        """What was found, read: the server reads all candidates of a search, so it is quicker to
        search for ids and then to read the few that are the best."""
        if not best:
            return []
        found = await self._at.fetch(
            any_of("id", [o.id for o in best]) + among,
            limit=len(best),
            shown=shown,
            vectors=vectors,
            asked=True,
            agreed=agreed,
        )
        read = {o.id: o for o in found}
        return [
            replace(o, properties=read[o.id].properties, vector=read[o.id].vector)
            for o in best
            if o.id in read
        ]

    async def _ranked(
        self,
        request: SearchRequest,
        telling: dict[str, float],
        query: LexicalQuery,
        among: Where,
        limit: int,
    ) -> list[StoredObject]:
        """The ids of the best objects, best first, with their scores from 0 to 1."""
        if not telling and request.vector is None:
            return []
        words = objects.weighted({**telling, **query.function})
        fused, leg = await asyncio.gather(
            self._fused(request, words if telling else "", among, limit),
            self._telling_leg(telling, among),
        )
        if leg is None:
            return fused
        return (await self._exactly(request, words, among, leg))[:limit]

    async def _fused(
        self, request: SearchRequest, words: str, among: Where, limit: int
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
        )
        most = 1.0 if request.fusion == "relative" else _RANKED
        return [replace(o, score=min(o.score * most, 1.0)) for o in found]

    async def _telling_leg(
        self, telling: dict[str, float], among: Where
    ) -> list[StoredObject] | None:
        """The best by telling words, where the server's own order is not ours: they find little, or
        some wait for their vectors. ``None`` where it is, and where there are no such words."""
        if not telling:
            return None
        words = objects.weighted(telling)
        if not self._waiting.known("") and await self._at.lexical(
            words, where=among, limit=1, offset=DEPTH - 1
        ):
            return None
        leg = await self._at.lexical(words, where=among, limit=DEPTH, shown=("embedded", "turn"))
        full = len(leg) == DEPTH and all(o.properties["embedded"] for o in leg)
        return None if full else leg

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
        if not self._hidden.known(request.principal.groups):
            return ()
        best = await self._ranked(request, telling, query, (), request.k)
        return objects.names(
            [
                o.properties
                for o in await self._read(best, (), _NAMED)
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
        matched = {o.id for o, _ in seen if not objects.held(o.properties).isdisjoint(telling)}
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
        self,
        query: LexicalQuery,
        principal: Principal,
        among: Where,
        hits: Sequence[StoredObject],
    ) -> dict[str, float]:
        """Other spellings of words that no visible chunk holds. What was found holds most of them:
        only the others are looked for."""
        there = {term for o in hits for term in objects.held(o.properties)}
        known: dict[str, bool] = {}
        while True:
            unknown: set[str] = set()

            def look(terms: Several[str], unknown: set[str] = unknown) -> set[str]:
                unknown.update(t for t in terms if t not in known)
                return {t for t in terms if known.get(t)}

            found = respelled(query.words, look)
            if not unknown:
                return found
            held = unknown & there
            held |= await self._which(unknown - there, principal, among)
            known.update((term, term in held) for term in unknown)

    async def _which(self, terms: set[str], principal: Principal, among: Where) -> set[str]:
        """Which of some terms stand in a visible chunk."""
        held = {t for t in terms if self._held.known((principal.groups, t))}
        left = terms - held
        new = await (self._each if len(left) <= _FEW else self._any_of)(left, among)
        for term in new:
            self._held.keep((principal.groups, term), answer=True)
        return held | new

    async def _each(self, terms: set[str], among: Where) -> set[str]:
        """Which stand somewhere, by a question for each, all at once."""
        asked = sorted(terms)
        found = await asyncio.gather(
            *(self._at.lexical(term, where=among, limit=1) for term in asked)
        )
        return {term for term, hits in zip(asked, found, strict=True) if hits}

    async def _any_of(self, terms: set[str], among: Where) -> set[str]:
        """Which stand somewhere, by questions for all until nothing comes: of many, few do."""
        held: set[str] = set()
        while left := terms - held:
            words = " ".join(sorted(left))
            found = await self._at.lexical(words, where=among, limit=3, shown=_HELD)
            new = {t for o in found for t in objects.held(o.properties) & left}
            if not new:
                break
            held |= new
        return held
