"""The port of a reranker, and the one that is built in: the question's own wording.

A reranker sees the passages that a search brought and gives them new scores. Measured and left out:
token max-similarity (gained on one set, lost on the next), other passages of the same document
(gained 2 of 100 questions on product docs and lost as much on manuals), the share of the question's
words in the title (likewise).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from bot.evidence import Passage
from knowledge.ranking import phrases, said, wording

WORDING = 0.4
"""Weight of the question's own phrases beside the fused score; .3 to .6 are as good over nine
sets. Product docs gain most by it, one set of conversations (mtrag) loses."""


class Reranker(Protocol):
    """Passages that were found, put into a better order."""

    async def rerank(self, query: str, passages: Sequence[Passage]) -> tuple[Passage, ...]:
        """The same passages with new scores, 0 to 1, best first; ``lexical`` and ``cosine`` stay
        as they are. Raises KnowledgeError or ModelError where it cannot; the search's own order
        then holds."""
        ...


class WordingReranker:
    """Counts the neighbouring words that a question and a passage, its header included, share."""

    def __init__(self, weight: float = WORDING) -> None:
        self._weight = weight

    async def rerank(self, query: str, passages: Sequence[Passage]) -> tuple[Passage, ...]:
        wanted = phrases(query)
        scored = []
        for passage in passages:
            share = wording(wanted, said(passage.chunk.header) + said(passage.chunk.text))
            score = (passage.score + self._weight * share) / (1 + self._weight)
            scored.append(replace(passage, score=score))
        return tuple(sorted(scored, key=lambda p: -p.score))
