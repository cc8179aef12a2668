"""How near passages are to a question: absolute, unlike fused scores, which are relative to their
own query and say nothing of whether anything is near. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

from bot.evidence import Passage
from bot.facts import rarity
from bot.languages import language
from bot.lexical import query_terms, terms

_READ = 400  # characters of a passage from which its language is told


@dataclass(frozen=True, slots=True)
class Nearness:
    """How near passages are to a question: the best cosine, and the share of the question's telling
    words, by rarity, that any passage holds."""

    cosine: float
    covered: float

    @property
    def value(self) -> float:
        """One figure of both, 0 to 1.5; 1.5 is the same text."""
        return self.cosine + 0.5 * self.covered


def nearness(query: str, passages: Sequence[Passage], *, across_languages: bool = True) -> Nearness:
    """How near the passages are to the question; no passage is as far as can be.

    With ``across_languages`` only codes and what is held count of a question in another language
    than the passages: its other words are no evidence against them. Without, every word counts, as
    where small talk is told from questions.
    """
    cosines = [p.cosine for p in passages if p.cosine is not None]
    weights = weights_of(query)
    held = held_by(passages)
    if across_languages and in_another_language(query, passages):
        # Of "Wie lange hält der MG-200?" English pages can hold but the code.
        weights = {t: w for t, w in weights.items() if t in held or any(c.isdigit() for c in t)}
    return Nearness(max(cosines, default=0.0), share(weights, held))


def in_another_language(query: str, passages: Sequence[Passage]) -> bool:
    """Whether the passages are in another language than the question, as far as function words
    tell: then missing words say nothing about what they are about."""
    asked = language(query)
    found = language(" ".join(p.chunk.text[:_READ] for p in passages))
    return bool(asked and found) and asked != found


def weights_of(query: str) -> dict[str, float]:
    """The telling terms of a query, with their rarity."""
    return {term: rarity(term) for term in query_terms(query)}


def held_by(passages: Sequence[Passage]) -> frozenset[str]:
    """The terms of passages and their headers."""
    return frozenset().union(*(_held_by(p.chunk.header, p.chunk.text) for p in passages))


@lru_cache(maxsize=512)
def _held_by(header: str, text: str) -> frozenset[str]:
    """Of one passage: a turn looks at its passages several times."""
    return _squashed(terms(f"{header}\n{text}"))


def share(weights: Mapping[str, float], held: Set[str]) -> float:
    """The share of terms, by weight, that are held; 0 where there are none."""
    total = sum(weights.values())
    return sum(w for t, w in weights.items() if t in held) / total if total else 0.0


def share_in(weights: Mapping[str, float], text: str) -> float:
    """The share of terms, by weight, that a text holds."""
    return share(weights, _squashed(terms(text)))


def _squashed(found: Iterable[str]) -> frozenset[str]:
    """Terms, and those with signs in them also without: "mg200" is "MG-200"."""
    held = set(found)
    return frozenset(held | {re.sub(r"\W", "", t) for t in held if not t.isalnum()})
