"""Hybrid retrieval: a question's words and meaning, searched together for a principal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.conversation import Principal
from bot.errors import KnowledgeError, ModelError
from bot.evidence import Passage, Retrieval
from bot.ports import Embedder, Vectors
from bot.telemetry import log
from bot.tracing import leaf
from knowledge.reranking import Reranker, WordingReranker
from knowledge.selection import Choice, listed, texts
from knowledge.stores.base import Fusion, SearchRequest, SearchResult, VectorStore

ALPHA = 0.45
"""Dense share for the built-in embedder, in the middle of a flat top (.42 to .5) over eight sets;
tune it anew for another (``benchmarks/bench_retrieval.py``)."""

DEEPER = 50
"""Asked for beyond ``k`` where the first search brought fewer than ``k`` different texts: of
documentation in five versions the first fifteen passages are three texts."""


class HybridRetriever:
    """A :class:`~bot.ports.Retriever` over a store; without its embedder it searches by words.

    ``choice`` says what becomes of the ranked passages: :func:`knowledge.selection.listed` for
    those who look around, ``evidence`` for answers, ``near_evidence`` for a model's prompt.
    """

    def __init__(
        self,
        store: VectorStore,
        embedder: Embedder,
        alpha: float = ALPHA,
        fusion: Fusion = "relative",
        *,
        choice: Choice = listed,
        reranker: Reranker | None = None,
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._alpha = alpha
        self._fusion = fusion
        self._choice = choice
        self._reranker = reranker or WordingReranker()

    async def retrieve(self, query: str, principal: Principal, k: int = 6) -> Retrieval:
        """The best passages, ``k`` at most. Raises KnowledgeError where the store cannot be
        searched; where only the embedder or the reranker fails, ``degraded`` says so."""
        vector, degraded = await self._vector(query)
        request = SearchRequest(
            query, principal, vector, k, self._alpha, spare=self._choice.spare, fusion=self._fusion
        )
        with leaf("search", store=_kind(self._store)):
            found = await self._search(request)
        ranked, unranked = await self._ranked(query, found.passages)
        return Retrieval(
            passages=self._choice(ranked, k),
            withheld=found.withheld,
            degraded=(*degraded, *found.degraded, *unranked),
        )

    async def _search(self, request: SearchRequest) -> SearchResult:
        """As the store finds them; once more and deeper where nearly all are copies."""
        found = await self._store.search(request)
        full = len(found.passages) == request.k + request.spare
        if full and request.spare < DEEPER and texts(found.passages) < request.k:
            return await self._store.search(replace(request, spare=DEEPER))
        return found

    async def _vector(self, query: str) -> tuple[Vectors | None, tuple[str, ...]]:
        try:
            with leaf("embed"):
                return await self._embedder.embed_query(query), ()
        except (KnowledgeError, ModelError) as error:
            log.warning("embedder_failed", error=str(error))
            return None, (f"searched by words alone: {error}",)

    async def _ranked(
        self, query: str, passages: Sequence[Passage]
    ) -> tuple[Sequence[Passage], tuple[str, ...]]:
        try:
            return await self._reranker.rerank(query, passages), ()
        except (KnowledgeError, ModelError) as error:
            log.warning("reranker_failed", error=str(error))
            return passages, (f"not reranked: {error}",)


def _kind(store: VectorStore) -> str:
    """``embedded`` or ``weaviate``, as the metrics name it."""
    return type(store).__name__.removesuffix("Store").lower()
