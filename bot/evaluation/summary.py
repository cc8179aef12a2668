"""The figures of one side over a suite: each rate with its 95% interval, ``None`` where nothing was
counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import Any

from bot.evaluation.intervals import Estimate, Interval, mean_share, share, wilson
from bot.evaluation.scoring import Score, counted

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Figure:
    """A rate or a mean with its interval; all ``None`` where nothing was counted."""

    value: float | None = None
    interval: Interval | None = None
    n: int = 0

    @classmethod
    def rate(cls, found: Sequence[bool]) -> Figure:
        """The share of those that hold, with Wilson's interval."""
        n, hits = len(found), sum(found)
        return cls(hits / n, wilson(hits, n, CONFIDENCE), n) if n else cls()

    @classmethod
    def of(cls, estimate: Estimate | None) -> Figure:
        """A mean, or a share of what cases have several of."""
        if estimate is None:
            return cls()
        return cls(estimate.value, estimate.interval, estimate.n)


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of one side.

    ``accuracy`` counts all cases; ``hallucination_rate`` the answered ones with a claim that is
    not carried; ``grounded`` is the share of all claims that are. Of refusals:
    ``abstain_precision`` is the share of refused cases that are unanswerable, ``abstain_recall``
    the share of unanswerable cases that were refused, ``refusals_right`` the share of cases where
    it was right to answer or to refuse.
    """

    n: int
    errors: int
    rates: dict[str, Figure]
    p50_ms: float | None
    p95_ms: float | None
    cost_usd: float
    prompt_tokens: int
    completion_tokens: int

    def json(self) -> dict[str, Any]:
        """As commands print it: each rate with ``…_ci95`` beside it."""
        told: dict[str, Any] = {"n": self.n, "errors": self.errors}
        for name, figure in self.rates.items():
            told[name] = None if figure.value is None else round(figure.value, 4)
            told[f"{name}_ci95"] = figure.interval.pair() if figure.interval else None
        return {
            **told,
            "p50_ms": self.p50_ms,
            "p95_ms": self.p95_ms,
            "cost_usd": round(self.cost_usd, 6),
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
        }


def summarise(scores: Sequence[Score]) -> Summary:
    """The figures of one side."""
    there = [s for s in scores if not s.failed]
    answered = [s for s in there if s.answered]
    grounded = share([s.carried for s in answered], [s.claims for s in answered])
    rates = {
        "accuracy": Figure.rate([s.right for s in scores]),
        "hallucination_rate": Figure.rate([bool(s.hallucinated) for s in answered if s.checked]),
        "grounded": Figure.of(grounded),
        "refusals_right": Figure.rate([s.refusal_right for s in there]),
        "abstain_precision": Figure.rate([not s.answerable for s in there if s.refused]),
        "abstain_recall": Figure.rate([s.refused for s in there if not s.answerable]),
        "citation_precision": _mean([s.citation_precision for s in there]),
        "citation_recall": _mean([s.citation_recall for s in there]),
        "f1": _mean([s.f1 for s in there]),
        "style": _mean([s.style for s in there]),
    }
    seconds = sorted(counted([s.seconds for s in there]))
    return Summary(
        n=len(scores),
        errors=len(scores) - len(there),
        rates=rates,
        p50_ms=round(1000 * median(seconds), 1) if seconds else None,
        p95_ms=round(1000 * quantile(seconds, 0.95), 1) if seconds else None,
        cost_usd=sum(s.usage.cost_usd for s in scores),
        prompt_tokens=sum(s.usage.prompt_tokens for s in scores),
        completion_tokens=sum(s.usage.completion_tokens for s in scores),
    )


def quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the ordered values does not exceed."""
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def _mean(values: Sequence[float | None]) -> Figure:
    found = counted(values)
    return Figure.of(mean_share(found)) if found else Figure()
