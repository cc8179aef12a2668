"""How well a search put the documents first that answer. Pure; ``None`` where no gold is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2

TOP = 5
"""Passages that are looked at."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Of the first :data:`TOP` passages: the share of the gold documents that is among them, the
    share of passages that is gold, the reciprocal rank of the first that is, and nDCG."""

    recall: float | None = None
    precision: float | None = None
    reciprocal: float | None = None
    ndcg: float | None = None


def rank(found: Sequence[str], gold: Sequence[str], top: int = TOP) -> Ranking:
    """The figures of a search; ``found`` are the documents of its passages, best first.

    A document counts once, at its best place, but for precision, which counts passages.
    """
    wanted = set(gold)
    if not wanted:
        return Ranking()
    shown = list(found[:top])
    hits = [document in wanted for document in shown]
    new = [
        hit and document not in shown[:n]
        for n, (document, hit) in enumerate(zip(shown, hits, strict=True))
    ]
    gain = sum(1 / log2(n + 2) for n, hit in enumerate(new) if hit)
    best = sum(1 / log2(n + 2) for n in range(min(top, len(wanted))))
    first = next((1 / (n + 1) for n, hit in enumerate(hits) if hit), 0.0)
    return Ranking(
        recall=len(wanted & set(shown)) / len(wanted),
        precision=sum(hits) / len(shown) if shown else None,
        reciprocal=first,
        ndcg=min(1.0, gain / best),
    )
