"""What the engine needs to answer twice for once and to stay within a day's budget.

Implemented by :class:`bot.store.answer_cache.AnswerCache` and :class:`bot.budget.Budget`. Neither
ever raises for a database that is gone: a turn waits for no book-keeping.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bot.conversation import Route, Turn, Usage
from bot.evidence import Citation, Grounding

CACHED_ROUTES = frozenset({Route.RAG, Route.HYBRID})
"""Answers from documents. Small talk costs next to nothing and should not be a record that plays
again; live facts are those of the moment."""


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """An answer that may be given again; ``turn`` is the id of the turn that it was given in.

    The passages of that turn are those of the question at hand, in the same order: citations and
    claims point to them as they did. ``saved_usd`` is what the answer cost then.
    """

    turn: str
    answer: str
    citations: tuple[Citation, ...]
    grounding: Grounding
    model: str
    saved_usd: float


class AnswerStore(Protocol):
    """Answers by the key of what was asked (:class:`bot.caching.Asked`)."""

    async def find(self, key: str) -> CachedAnswer | None:
        """The answer that is still good; ``None`` where there is none or it cannot be looked up."""
        ...

    async def keep(self, key: str, turn: Turn) -> None:
        """Let a stored turn's answer be found under a key from now on."""
        ...


class Spending(Protocol):
    """What models may still cost today."""

    async def left(self) -> bool:
        """Whether a model may be asked now; yes where nobody can say."""
        ...

    def spend(self, usage: Usage) -> None:
        """Count what a model charged, as soon as it is known."""
        ...
