"""Hybrid retrieval: a question's words and meaning, searched together for a principal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice

from bot.conversation import Principal
from bot.errors import KnowledgeError, ModelError
from bot.evidence import Passage, Retrieval
from bot.ports import Embedder, Vectors
from bot.telemetry import log
from knowledge.ranking import phrases, said, wording
from knowledge.stores.base import SearchRequest, VectorStore

ALPHA = 0.45
"""Dense share for the built-in embedder, in the middle of a flat top (.42 to .5) over eight sets;
tune it anew for another (``benchmarks/bench_retrieval.py``)."""

WORDING = 0.4
"""Weight of the question's own phrases beside the fused score; .3 to .6 are as good over eight
sets. Product docs gain most by it, one set of conversations (mtrag) loses."""

SPARE = 10
"""Passages asked for beyond ``k``: they stand in for repeated ones, and may rise by their wording.
More brought nothing."""

BY_SCORE = 6
"""So many passages are chosen by score alone: an answer's evidence, often several sections of one
page. Other documents earlier would find more pages, but fewer of the right sections."""

DOCUMENTS = 10
"""A longer list shows so many documents where it can: who asks for it looks around. On product docs
nDCG@10 by page rises by .027 with ten passages, and is the same with twenty."""


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
            passages=varied(reranked(query, found.passages), k),
            withheld=found.withheld,
            degraded=(*degraded, *found.degraded),
        )

    async def _vector(self, query: str) -> tuple[Vectors | None, tuple[str, ...]]:
        try:
            return await self._embedder.embed_query(query), ()
        except (KnowledgeError, ModelError) as error:
            log.warning("embedder_failed", error=str(error))
            return None, (f"searched by words alone: {error}",)


def reranked(query: str, passages: Iterable[Passage]) -> tuple[Passage, ...]:
    """Passages best first, with the question's wording counted in.

    One that repeats an earlier one word for word (in another document, in another place, with other
    punctuation) is left out.
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


def varied(ranked: Sequence[Passage], k: int) -> tuple[Passage, ...]:
    """The ``k`` passages to show, best first: the first by score, then such as bring further
    documents in, the rest by score again."""
    chosen = set(range(min(k, BY_SCORE)))
    there = {_document(ranked[i]) for i in chosen if i < len(ranked)}
    for i in range(BY_SCORE, len(ranked)):
        if len(chosen) >= k or len(there) >= DOCUMENTS:
            break
        if _document(ranked[i]) not in there:
            there.add(_document(ranked[i]))
            chosen.add(i)
    others = (i for i in range(len(ranked)) if i not in chosen)
    chosen.update(islice(others, max(k - len(chosen), 0)))
    return tuple(passage for i, passage in enumerate(ranked) if i in chosen)


def _document(passage: Passage) -> tuple[str, str]:
    return passage.chunk.source, passage.chunk.document
