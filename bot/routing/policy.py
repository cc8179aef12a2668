"""The first decision about a message, before anything is retrieved."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.abuse import abuse
from bot.conversation import Message, Role, Route, RouteDecision
from bot.routing import rules
from bot.routing.classifier import Odds, builtin
from bot.routing.features import CHARACTERS, spell
from bot.routing.thresholds import SHIPPED, Thresholds

LIVE_CONFIDENCE = 0.9
"""How sure a question with the words and the values of a live source is one for it."""

FOLLOWS = "follows"
"""Among the odds: 1 where a message leans on its thread."""

_FOREIGN = re.compile(r"[^\W\d_a-zA-Z\u00c0-\u024f]")
_LEANING = re.compile(
    r"\s*(?:and|but|or|what about|how about|what if|why|how much|how many|how long|when|where|which"
    r"|show|explain|more|go on|continue)\b",
    re.IGNORECASE,
)
_KEYWORDS = 4
_TALK = re.compile(
    r"\b(?:i|me|my|mine|we|us|our|you|your|yours|yourself|u|ur|bot|robot|ai|human|joke|name|hi|hey"
    r"|hello|yo|thanks?|thank|thx|ty|bye|goodbye|night|morning|evening|welcome|please|sorry|ok|okay"
    r"|yes|no|yeah|yep|nope|sure|cool|nice|great|good|awesome|perfect|wow|lol|haha|hm+|ich|du|dich"
    r"|dir|dein\w*|sie|wir|uns|hallo|danke|tsch[uü]ss|gut|super|ja|nein)\b",
    re.IGNORECASE,
)
"""Words of people who talk: without any of them, a few words are rather something to look for."""
_POINTING = re.compile(
    r"\s*(?:what|who|whose|is|are|does|do|did|can|could|will|would|has|have)\b(?!.*\byou\b)"
    r".*\b(?:it|its|they|them|their|those|these|that|this|he|she)\b",
    re.IGNORECASE | re.DOTALL,
)
"""A question about what was spoken of, not about the bot."""


def decided_by() -> str:
    """Among the odds: which classifier they are from."""
    return f"classifier {builtin().id}"


def decide(
    text: str,
    history: Sequence[Message] = (),
    *,
    live: str = "",
    thresholds: Thresholds = SHIPPED,
) -> RouteDecision:
    """The route of a message, with a confidence (0 to 1) and reasons in words.

    ``live`` says in words what of a live source it asks for, as :class:`bot.ports.LiveFacts` found
    it; empty where it asks for nothing of them.

    - ``handoff``: it asks for a person.
    - ``voice``: greeting, thanks, goodbye, small talk, questions about the bot itself, insults
      without a question; nothing is retrieved. A greeting with a question is a question.
    - ``live`` (only where ``live``): it asks for a fact that changes by the hour.
    - ``rag``: a plain lookup (a code, version, number, price, limit, date, syntax) without
      feelings: the fact as it stands.
    - ``hybrid``: every other question, and whatever is unsure: facts in the brand's voice.

    Rules first, then the trained classifier (:mod:`bot.routing.classifier`), whose probabilities
    are the decision's ``odds``: with ``voice``, ``handoff`` and ``question`` what decided, so that
    ``thresholds`` can be learned. Pure; about a
    quarter of a millisecond; reads the first 600 characters and, for rules, the last 300 too.
    """
    if len(text) > CHARACTERS + 300:
        text = f"{text[:CHARACTERS]}\n{text[-300:]}"
    rest, courtesies = rules.strip_courtesies(text)
    words = spell(rest)
    ruled = _by_rule(text, words, courtesies)
    if ruled is not None:
        return ruled
    if abuse(text) is not None:
        return RouteDecision(Route.VOICE, 1.0, ("it insults, and asks nothing",))
    courtesy = ("a courtesy with a question",) if courtesies else ()
    if live:
        return RouteDecision(Route.LIVE, LIVE_CONFIDENCE, (live, *courtesy))
    lookup = _looked_up(rest, words, history)
    if lookup is not None:
        return lookup
    odds = builtin().odds(words)
    if rules.asks_for_person(text) is False:
        odds = Odds(odds.voice, 0.0, odds.question + odds.handoff)
    follows = _follows(rest, history)
    decision = _weighed(rest, odds, follows, thresholds)
    if decision.route not in (Route.VOICE, Route.HANDOFF):
        decision = replace(decision, reasons=decision.reasons + courtesy)
    kept = (*odds._asdict().items(), (FOLLOWS, float(follows)), (decided_by(), 1.0))
    return replace(decision, odds=kept)


def _weighed(text: str, odds: Odds, follows: bool, thresholds: Thresholds) -> RouteDecision:
    """What the probabilities say."""
    voice = thresholds.in_thread if follows else thresholds.voice
    handoff = thresholds.in_thread if follows else thresholds.handoff
    if odds.handoff >= handoff:
        return RouteDecision(Route.HANDOFF, odds.handoff, ("sounds like a call for a person",))
    if odds.voice >= voice:
        reasons = ["small talk or about the bot itself"]
        if len(text.split()) <= _KEYWORDS and not _TALK.search(text):
            reasons.append(rules.KEYWORDS)
        return RouteDecision(Route.VOICE, odds.voice, tuple(reasons))
    decision = _question(text, odds.question)
    return _unsure(decision, odds) if max(odds.voice, odds.handoff) > odds.question else decision


def _by_rule(text: str, words: Sequence[str], courtesies: Sequence[str]) -> RouteDecision | None:
    """The decision for what is no question, where the words leave no doubt."""
    if rules.asks_for_person(text):
        return RouteDecision(Route.HANDOFF, 0.97, (rules.PERSON,))
    if not words:
        return RouteDecision(Route.VOICE, 0.98, tuple(dict.fromkeys(courtesies)) or (rules.SOUND,))
    if rules.talks_to_machine(text):
        return RouteDecision(Route.VOICE, 0.9, (rules.MACHINE,))
    return None


def _looked_up(rest: str, words: Sequence[str], history: Sequence[Message]) -> RouteDecision | None:
    """The decision for what is looked up without a doubt. ``rest``: without courtesies."""
    if _answers_the_bot(history, words):
        return RouteDecision(Route.HYBRID, 0.7, ("answers what was asked back in the thread",))
    if len(_FOREIGN.findall(rest)) > len(rest) / 3:
        return RouteDecision(Route.HYBRID, 0.5, ("a script the classifier cannot read",))
    return None


def _question(text: str, confidence: float) -> RouteDecision:
    """Which of the retrieving routes a question takes."""
    lookup = rules.lookup(text)
    if lookup:
        return RouteDecision(Route.RAG, confidence, (lookup,))
    if rules.feeling(text):
        reason = "a question with feelings, or for advice"
        return RouteDecision(Route.HYBRID, confidence, (reason,))
    return RouteDecision(Route.HYBRID, confidence, ("a question",))


def _unsure(decision: RouteDecision, odds: Odds) -> RouteDecision:
    """A question that may be something else: the check will tell."""
    other = "a call for a person" if odds.handoff > odds.voice else "small talk"
    reasons = (*decision.reasons, f"unsure: it could be {other}, so it is looked up")
    return RouteDecision(Route.HYBRID, odds.question, reasons)


def _answers_the_bot(history: Sequence[Message], words: Sequence[str]) -> bool:
    """Whether a few words follow a question of the bot ("Do you mean the MG-200?")."""
    if not history or history[-1].role is not Role.ASSISTANT or len(words) > 4:
        return False
    return history[-1].text[-300:].rstrip(" *_\n)").endswith("?")


def _follows(text: str, history: Sequence[Message]) -> bool:
    """Whether a message is likely a follow-up in a thread."""
    return bool(history) and bool(_LEANING.match(text) or _POINTING.match(text))
