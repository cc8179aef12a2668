"""Hybrid retrieval: a question's words and meaning, searched together for a principal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import structlog

from bot.conversation import Principal
from bot.errors import KnowledgeError, ModelError
from bot.evidence import Passage, Retrieval
from bot.ports import Embedder, Vectors
from knowledge.ranking import phrases, said, wording
from knowledge.stores.base import SearchRequest, VectorStore

ALPHA = 0.5
"""Dense share for the built-in embedder: best or next to it on six sets; tune it anew for another
(``benchmarks/bench_retrieval.py``)."""

WORDING = 0.2
"""Weight of the question's own phrases beside the fused score: over eight sets mean nDCG@10 rises
by .003, on product docs by .019; one set of conversations (mtrag) loses .017."""

SPARE = 10
"""Passages asked for beyond ``k``: they stand in for repeated ones, and may rise by their wording.
More brought nothing."""

_log = structlog.get_logger(__name__)


class HybridRetriever:
    """A :class:`~bot.ports.Retriever` over a store; without its embedder it searches by words."""

    def __init__(self, store: VectorStore, embedder: Embedder, alpha: float = ALPHA) -> None:
        self._store = store
        self._embedder = embedder
        self._alpha = alpha

    async def retrieve(self, query: str, principal: Principal, k: int = 6) -> Retrieval:
        """The best ``k`` passages that say different things. Raises KnowledgeError where the store
        cannot be searched; where only the embedder fails, ``degraded`` says so."""
        vector, degraded = await self._vector(query)
        found = await self._store.search(
            SearchRequest(query, principal, vector, k, self._alpha, spare=SPARE)
        )
        return Retrieval(
            passages=reranked(query, found.passages)[:k],
            withheld=found.withheld,
            degraded=(*degraded, *found.degraded),
        )

    async def _vector(self, query: str) -> tuple[Vectors | None, tuple[str, ...]]:
        try:
            return await self._embedder.embed_query(query), ()
        except (KnowledgeError, ModelError) as error:
            _log.warning("embedder_failed", error=str(error))
            return None, (f"searched by words alone: {error}",)


def reranked(query: str, passages: Iterable[Passage]) -> tuple[Passage, ...]:
    """Passages best first, with the question's wording counted in.

    One that repeats an earlier one word for word (in another document, in another place, with other
    punctuation) is left out. There is no limit for passages of one document: it would find more
    documents among short ones, but lose up to a quarter of the right sections of long ones.
    """
    wanted = phrases(query)
    seen: set[str] = set()
    kept = []
    for passage in passages:
        text = said(passage.chunk.text)
        if text.isspace():
            text = passage.chunk.text
        if text in seen:
            continue
        seen.add(text)
        share = wording(wanted, said(passage.chunk.header) + text)
        score = (passage.score + WORDING * share) / (1 + WORDING)
        kept.append(replace(passage, score=score))
    return tuple(sorted(kept, key=lambda p: -p.score))
