"""The eight factors: how well each way serves an answer, and how much that counts.

The scores are our reading of the article's comparison: its order and its figures (retrieval 87% on
facts, fine-tuning 94% on its domain, both 96%; 3 to 10 times dearer to start) put on a scale of 0
to 1. Raising the weight of style never helps retrieval: that is tested.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.advisor.assuming import Held, Situation
from bot.advisor.evidence import Evidence
from bot.advisor.tasks import FINE_TUNING, HYBRID, RAG
from bot.advisor.telling import measured_weight

Scores = tuple[float, float, float]
"""Of retrieval, fine-tuning and hybrid, 0 to 1."""

FACTORS = (
    "upfront cost",
    "time to deploy",
    "factual accuracy",
    "handling of new data",
    "style and behaviour control",
    "hallucination risk",
    "data governance",
    "task fit",
)
AT_SCALE = 500_000
"""Queries a month from which a small trained model earns its training back."""


@dataclass(frozen=True, slots=True)
class Factor:
    """One factor's scores (0 to 1), its share of the decision, why, and what the records say."""

    factor: str
    rag: float
    fine_tuning: float
    hybrid: float
    weight: float
    reason: str
    evidence: str | None = None

    def of(self, option: str) -> float:
        return {RAG: self.rag, FINE_TUNING: self.fine_tuning, HYBRID: self.hybrid}[option]


@dataclass(frozen=True, slots=True)
class Measure:
    """A factor before its weight is made a share."""

    scores: Scores
    weight: float
    reason: str


_COST: dict[str, tuple[Scores, float, str]] = {
    "low": ((1.0, 0.25, 0.1), 1.2, "little may be spent: retrieval starts cheap, fine-tuning "
            "costs 3 to 10 times as much to start, and a hybrid pays for both"),
    "medium": ((0.9, 0.5, 0.35), 0.5, "retrieval is the cheapest to start; fine-tuning costs 3 "
               "to 10 times as much"),
    "high": ((0.8, 0.7, 0.7), 0.2, "the start may cost something, so it hardly decides"),
}  # fmt: skip
_TIME: dict[str, tuple[Scores, float, str]] = {
    "days": ((1.0, 0.0, 0.0), 1.5, "only retrieval runs within days; training takes weeks to "
             "months"),
    "weeks": ((0.95, 0.6, 0.5), 0.4, "retrieval runs within days; a small fine-tuning is possible "
              "in weeks"),
    "months": ((0.9, 0.8, 0.75), 0.2, "there is time to train and to test"),
}  # fmt: skip
_PACE: dict[str, tuple[Scores, float, str]] = {
    "hourly": ((1.0, 0.02, 0.9), 1.2, "what changes every hour is read from an index; a trained "
               "model would always be behind"),
    "daily": ((1.0, 0.05, 0.9), 1.2, "what changes every day is read from an index; nobody "
              "retrains daily"),
    "weekly": ((1.0, 0.15, 0.9), 1.1, "what changes every week is refreshed in an index, while "
               "training would have to be repeated"),
    "monthly": ((0.9, 0.4, 0.85), 0.7, "refreshing an index is easier than retraining every month"),
    "yearly": ((0.75, 0.85, 0.7), 0.5, "what changes once a year can be trained on"),
    "never": ((0.6, 0.95, 0.6), 0.6, "what never changes can be learned once"),
}  # fmt: skip
_STYLE: dict[str, tuple[Scores, float, str]] = {
    "low": ((0.6, 0.7, 0.7), 0.2, "a persona in the prompt is enough"),
    "medium": ((0.5, 0.85, 0.8), 0.5, "a persona in the prompt does most of it; training puts the "
               "rest inside the model"),
    "high": ((0.25, 1.0, 0.95), 1.4, "a voice or behaviour that must always hold belongs inside "
             "the model: that is what fine-tuning does"),
}  # fmt: skip
_INVENTING: dict[str, tuple[Scores, float, str]] = {
    "none": ((0.95, 0.1, 0.8), 1.3, "no invented facts: only answers from passages can be checked; "
             "retrieval has up to 85% fewer hallucinations"),
    "low": ((0.9, 0.35, 0.85), 0.6, "answers from passages can be checked sentence by sentence, "
            "those from a model's memory cannot"),
    "medium": ((0.85, 0.6, 0.85), 0.4, "retrieval has up to 85% fewer hallucinations"),
    "high": ((0.8, 0.8, 0.8), 0.15, "an invented fact does little harm here"),
}  # fmt: skip
_RULES: dict[str, tuple[Scores, float, str]] = {
    "none": ((0.8, 0.8, 0.8), 0.15, "nobody asks where an answer comes from"),
    "internal": ((0.95, 0.6, 0.7), 0.4, "retrieval keeps rights at the time of the question and "
                 "forgets a removed document; a trained model does neither"),
    "regulated": ((1.0, 0.2, 0.4), 1.1, "every answer must be traced and data be erasable: "
                  "retrieval cites and forgets, training does not take data out again"),
}  # fmt: skip
_WEIGHT_OF_FACTS = {"low": 0.2, "medium": 0.6, "high": 1.0}


def measures(situation: Situation) -> dict[str, Measure]:
    """The eight factors of a situation, by name."""
    return {name: _MEASURING[name](situation) for name in FACTORS}


def barred(situation: Situation) -> dict[str, str]:
    """What cannot be advised, whatever the scores, and why."""
    found = {}
    if situation["hallucination_tolerance"].value == "none":
        found[FINE_TUNING] = "what a model remembers cannot be checked"
    if situation["sources_required"].value:
        found[FINE_TUNING] = "a model's memory cannot name its sources"
    if situation["time_to_deploy"].value == "days":
        found[FINE_TUNING] = found[HYBRID] = "training does not fit into days"
    return found


def _looked_up(held: Held, table: dict[str, tuple[Scores, float, str]]) -> Measure:
    scores, weight, reason = table[held.value]
    return Measure(scores, weight * held.trust, reason)


def _cost(situation: Situation) -> Measure:
    found = _looked_up(situation["upfront_cost"], _COST)
    queries = situation["monthly_queries"].value or 0
    if queries < AT_SCALE:
        return found
    rag, tuned, both = found.scores
    scores = (max(0.0, rag - 0.25), min(1.0, tuned + 0.25), both)
    reason = f"{found.reason}; at {queries:,.0f} queries a month a smaller trained model repays it"
    return Measure(scores, found.weight, reason)


def _accuracy(situation: Situation) -> Measure:
    held = situation["factual_accuracy"]
    pace = situation["new_data"].value
    known = {"never": 0.85, "yearly": 0.85, "monthly": 0.6}.get(pace, 0.35)
    reason = "87% on facts with retrieval whose precision is above 90%, 96% with both; " + (
        "94% with fine-tuning on its domain, as long as it does not change"
        if known > 0.5
        else "fine-tuning's 94% holds for what it was trained on, which changes here"
    )
    scores = _measured((0.75, known, 0.95), situation.evidence)
    return Measure(scores, _WEIGHT_OF_FACTS[held.value] * held.trust, reason)


def _measured(scores: Scores, evidence: Evidence) -> Scores:
    """Scores moved to what a run measured, as far as its number of cases carries; a figure that was
    not measured stays the article's. The scale is the article's: 87% are 0.75, 96% are 0.95."""
    run = evidence.comparison
    if run is None:
        return scores
    found = []
    for prior, mode in zip(scores, ("rag", "voice", "hybrid"), strict=True):
        rate = run.accuracy(mode)
        if rate is None:
            found.append(prior)
            continue
        share = measured_weight(rate.n)
        there = min(1.0, max(0.0, 0.75 + (rate.value - 0.87) * (0.2 / 0.09)))
        found.append((1 - share) * prior + share * there)
    rag, tuned, both = found
    return rag, tuned, both


def _governance(situation: Situation) -> Measure:
    found = _looked_up(situation["governance"], _RULES)
    sources = situation["sources_required"]
    if not sources.value:
        return found
    rag, _, both = found.scores
    reason = "answers must name their sources: retrieval cites fully, a trained model cannot"
    if situation["governance"].value == "regulated":
        reason = f"{found.reason}; answers must name their sources"
    return Measure((rag, 0.0, both), max(found.weight, 1.0 * sources.trust), reason)


_FIT: dict[str, Scores] = {
    RAG: (1.0, 0.15, 0.6),
    FINE_TUNING: (0.2, 1.0, 0.5),
    HYBRID: (0.45, 0.35, 1.0),
}


def _fit(situation: Situation) -> Measure:
    task = situation.task
    if task.is_new:
        return Measure((1.0, 0.15, 0.2), 2.0, task.because[-1] if task.because else "")
    if task.case is not None:
        case = task.case
        return Measure(_FIT[case.option], 2.0, f"{case.name}: {case.reason}")
    pace = situation["new_data"]
    if pace.among("yearly", "never"):
        words = "what is known hardly changes, so that it can be learned"
        return Measure((0.6, 0.8, 0.5), 0.5, words)
    words = "questions about facts that change are looked up; no particular task was named"
    return Measure((0.9, 0.4, 0.75), 0.5, words)


_MEASURING: dict[str, Callable[[Situation], Measure]] = {
    "upfront cost": _cost,
    "time to deploy": lambda s: _looked_up(s["time_to_deploy"], _TIME),
    "factual accuracy": _accuracy,
    "handling of new data": lambda s: _looked_up(s["new_data"], _PACE),
    "style and behaviour control": lambda s: _looked_up(s["style_control"], _STYLE),
    "hallucination risk": lambda s: _looked_up(s["hallucination_tolerance"], _INVENTING),
    "data governance": _governance,
    "task fit": _fit,
}
