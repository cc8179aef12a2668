"""Questions that a model is evaluated with are never trained on, nor what is asked in their words.

Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from bot.lexical import query_terms

ALIKE = 0.6
"""Shared terms over all terms of two questions, from which on they ask the same."""

HOLDS = 0.8
"""Share of a held-out question's terms that another one may not reach."""

_TERMS_TO_HOLD = 4


class HeldOut:
    """The questions of every evaluated suite."""

    def __init__(self, questions: Iterable[str]) -> None:
        known = {frozenset(query_terms(question)) for question in questions}
        self._known = sorted((k for k in known if k), key=sorted)
        self._having: dict[str, list[int]] = {}
        for n, held in enumerate(self._known):
            for term in held:
                self._having.setdefault(term, []).append(n)

    def __len__(self) -> int:
        return len(self._known)

    def has(self, *texts: str) -> bool:
        """Whether one of the texts is a held-out question, or nearly."""
        return bool(self._known) and any(self._one(frozenset(query_terms(t))) for t in texts if t)

    def _one(self, asked: frozenset[str]) -> bool:
        shared: Counter[int] = Counter()
        for term in asked:
            shared.update(self._having.get(term, ()))
        for n, count in shared.items():
            held = self._known[n]
            if count >= ALIKE * len(held | asked):
                return True
            if len(held) >= _TERMS_TO_HOLD and count >= HOLDS * len(held):
                return True
        return False
