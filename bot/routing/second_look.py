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
from bot.nearness import nearness, share_in, weights_of
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
    found = nearness(query, retrieval.passages, across_languages=False)
    near, plain = found.value, _stated(query, retrieval.passages)
    kept = (*decision.odds, (COSINE, found.cosine), (COVERED, found.covered), (PLAIN, plain))
    seen = replace(decision, odds=tuple(dict(kept).items()))
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


def _stated(query: str, passages: Sequence[Passage]) -> float:
    """The share of the telling words that one sentence of the best passage holds with its header;
    0 where there are too few of them to tell."""
    weights = weights_of(query)
    if not passages or len(weights) < 2:
        return 0.0
    best = passages[0].chunk
    sentences = split(best.text)
    return max((share_in(weights, f"{best.header}\n{s.text}") for s in sentences), default=0.0)


def _is_fact(query: str) -> bool:
    """Whether a question asks for one fact, without feelings."""
    short = len(query.split()) <= _LONGEST_FACT
    return short and bool(_FACT.match(query)) and not rules.feeling(query)
