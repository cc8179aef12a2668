"""Hybrid retrieval: a question's words and meaning, searched together for a principal."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from bot.conversation import Principal
from bot.errors import KnowledgeError, ModelError
from bot.evidence import Passage, Retrieval
from bot.lexical import words
from bot.ports import Embedder, Vectors
from knowledge.stores.base import SearchRequest, VectorStore

ALPHA = 0.5
"""Dense share for the built-in embedder: best or next to it on six sets; tune it anew for another
(``benchmarks/bench_retrieval.py``)."""

SPARE = 6
"""Passages asked for beyond ``k``, to stand in for repeated ones."""

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
            passages=tuple(distinct(found.passages))[:k],
            withheld=found.withheld,
            degraded=(*degraded, *found.degraded),
        )

    async def _vector(self, query: str) -> tuple[Vectors | None, tuple[str, ...]]:
        try:
            return await self._embedder.embed_query(query), ()
        except (KnowledgeError, ModelError) as error:
            _log.warning("embedder_failed", error=str(error))
            return None, (f"searched by words alone: {error}",)


def distinct(passages: Iterable[Passage]) -> Iterable[Passage]:
    """Passages without those that repeat an earlier one word for word (in another document, in
    another place, with other punctuation)."""
    seen: set[str] = set()
    for passage in passages:
        said = " ".join(words(passage.chunk.text)) or passage.chunk.text
        if said not in seen:
            seen.add(said)
            yield passage
