"""The second decision about a message, once it is known what a search finds.

From raw cosine and the words that the passages hold, never from fused scores: those are relative
to their own query and say nothing of whether anything is near. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.conversation import Route, RouteDecision
from bot.evidence import Passage, Retrieval
from bot.facts import rarity
from bot.lexical import query_terms, terms
from bot.routing import rules
from bot.routing.thresholds import SHIPPED, Thresholds
from bot.sentences import split

COSINE, COVERED, PLAIN = "cosine", "covered", "plain"
"""Among the odds: how near the best passage is, which share of the telling words all passages
hold, and which share one sentence of the best passage does."""

_FACT = re.compile(
    r"\s*(?:what(?:'s| is| are| was| were| does)|which|who|whose|when|where|is|are|does|do|has|have"
    r"|how (?:many|much|long|old|often|far|big|large|fast))\b(?!.*\b(?:difference|compare|versus"
    r"|vs|pros|mean for|should|you)\b)",
    re.IGNORECASE | re.DOTALL,
)
_LONGEST_FACT = 14


def worth_a_look(decision: RouteDecision, thresholds: Thresholds = SHIPPED) -> bool:
    """Whether small talk is doubtful enough to search first: it may be a question of few words."""
    likely = dict(decision.odds).get("voice")
    if decision.route is not Route.VOICE or likely is None:
        return False
    return likely < thresholds.certain or rules.KEYWORDS in decision.reasons


def reconsider(
    decision: RouteDecision, query: str, retrieval: Retrieval, thresholds: Thresholds = SHIPPED
) -> RouteDecision:
    """The decision in the light of what was found for ``query``; often the same.

    - What was looked up only because it might be small talk, or a call for a person, and nothing
      is near: it is that.
    - Doubtful small talk (:func:`worth_a_look`) that the documents speak of: a question.
    - A question for one fact that one sentence of the best passage states: plain.

    What was seen joins the ``odds``. A decision by rule stays, and so does any where the vectors
    are still to come.
    """
    odds = dict(decision.odds)
    likely = odds.get("voice")
    if likely is None or any(p.cosine is None for p in retrieval.passages):
        return decision
    cosine, covered, plain = _seen(query, retrieval.passages)
    kept = (*decision.odds, (COSINE, cosine), (COVERED, covered), (PLAIN, plain))
    seen = replace(decision, odds=tuple(dict(kept).items()))
    near = cosine + covered / 2
    if decision.route is Route.VOICE:
        # Keywords hold few words to be near by: that something is written about them is enough.
        enough = thresholds.nothing if rules.KEYWORDS in decision.reasons else thresholds.near
        if worth_a_look(decision, thresholds) and near >= enough:
            reason = "it could be small talk, but documents speak of it"
            return _changed(seen, Route.HYBRID, 1 - likely, reason)
    elif decision.route in (Route.HYBRID, Route.RAG):
        if near < thresholds.nothing and max(likely, odds["handoff"]) > odds["question"]:
            return _nothing_near(seen, likely, odds["handoff"])
        if decision.route is Route.HYBRID and plain >= thresholds.plain and _is_fact(query):
            reason = "one sentence of a passage states it: plain"
            return _changed(seen, Route.RAG, decision.confidence, reason)
    return seen


def nearness(query: str, passages: Sequence[Passage]) -> float:
    """How near passages are to a query: the best cosine, and half the share of its telling words
    that any of them holds; 0 where there are none. 1.5 is the same text."""
    cosine, covered, _ = _seen(query, passages)
    return cosine + covered / 2


def _nothing_near(seen: RouteDecision, voice: float, handoff: float) -> RouteDecision:
    if voice >= handoff:
        return _changed(
            seen, Route.VOICE, voice, "nothing is written about it, so it is rather small talk"
        )
    return _changed(
        seen, Route.HANDOFF, handoff, "nothing is written about it, so it is rather for a person"
    )


def _changed(
    decision: RouteDecision, route: Route, confidence: float, reason: str
) -> RouteDecision:
    return replace(
        decision, route=route, confidence=confidence, reasons=(*decision.reasons, reason)
    )


def _seen(query: str, passages: Sequence[Passage]) -> tuple[float, float, float]:
    """Best cosine, words held by all passages, words held by one sentence of the best one."""
    cosine = max((p.cosine for p in passages if p.cosine is not None), default=0.0)
    weights = {term: rarity(term) for term in query_terms(query)}
    held = {t for p in passages for t in terms(f"{p.chunk.header}\n{p.chunk.text}")}
    plain = 0.0
    if passages and len(weights) > 1:
        header = passages[0].chunk.header
        plain = max(
            (
                _share(weights, set(terms(f"{header}\n{s.text}")))
                for s in split(passages[0].chunk.text)
            ),
            default=0.0,
        )
    return cosine, _share(weights, held), plain


def _share(weights: dict[str, float], held: set[str]) -> float:
    """The share of terms, by rarity, that are held."""
    held = held | {re.sub(r"\W", "", t) for t in held if not t.isalnum()}  # "mg200" is "MG-200"
    total = sum(weights.values())
    return sum(w for t, w in weights.items() if t in held) / total if total else 0.0


def _is_fact(query: str) -> bool:
    """Whether a question asks for one fact, without feelings."""
    short = len(query.split()) <= _LONGEST_FACT
    return short and bool(_FACT.match(query)) and not rules.feeling(query)
