"""What became of a turn, and what that says of the route it should have taken.

Only an operator's label is knowledge. The rest are signs, and weigh as little as they are worth: a
thumb says that an answer was good, which needs the right route; somebody who asks the same again,
or presses for a person, may have other reasons.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.conversation import Outcome, Rating, Route
from bot.lexical import query_terms
from bot.routing import rules
from bot.routing.second_look import COSINE, COVERED

_NOTHING = 0.5
_MAYBE_PERSON = 0.15
_SAME = 0.5
_NOT_ASKED = re.compile(
    r"\bnot (?:what|why) i (?:asked|wanted|meant)|\bdid(?:n'?t| not) answer|\bmy question"
    r"|\bi asked (?:about|for|how|what|when|where|which|who)\b|\bno answer\b|\bignored\b",
    re.IGNORECASE,
)
_PERSON_WANTED = re.compile(
    r"\b(?:want(?:ed)?|need(?:ed)?|asked for|prefer|get me|(?:talk|speak) (?:to|with)|instead of)"
    r"\b.{0,25}\b(?:person|human|agent|someone|somebody|operator|colleague|support)\b",
    re.IGNORECASE,
)


class Kind(StrEnum):
    """What thresholds tell apart: both ways of looking up, and live facts, are one."""

    VOICE = "voice"
    HANDOFF = "handoff"
    QUESTION = "question"


class Source(StrEnum):
    """Where the knowledge is from."""

    LABEL = "label"
    THUMB_UP = "thumb up"
    REASON = "reason"
    ASKED_AGAIN = "asked again"
    PERSON_ASKED = "a person asked for"
    NOT_KNOWN = "not known"


WEIGHTS = {
    Source.LABEL: 1.0,
    Source.REASON: 0.5,
    Source.THUMB_UP: 0.4,
    Source.ASKED_AGAIN: 0.4,
    Source.PERSON_ASKED: 0.25,
    Source.NOT_KNOWN: 0.25,
}
"""Worth of one sign in labels of an operator; set by judgement, not fitted."""


def kind_of(route: Route) -> Kind:
    """The kind that a route is of."""
    if route is Route.VOICE:
        return Kind.VOICE
    return Kind.HANDOFF if route is Route.HANDOFF else Kind.QUESTION


@dataclass(frozen=True, slots=True)
class Happened:
    """A turn as learning sees it: how it was decided, and what became of it.

    ``odds`` as stored with the decision; ``label`` is an operator's word; ``thumbs`` are ratings
    with their reasons; ``person_asked``: somebody asked for a person under the answer;
    ``asked_again``: the same was asked again in the thread, and then looked up.
    """

    turn: str
    thread: str
    route: Route
    outcome: Outcome
    odds: Mapping[str, float]
    label: Route | None = None
    thumbs: tuple[tuple[Rating, str], ...] = ()
    person_asked: bool = False
    asked_again: bool = False


@dataclass(frozen=True, slots=True)
class Sign:
    """What a turn should have been, and how we know."""

    kind: Kind
    source: Source

    @property
    def weight(self) -> float:
        return WEIGHTS[self.source]


def sign_of(happened: Happened) -> Sign | None:
    """What is known of a turn's right route; ``None`` where nothing is, or people disagree."""
    if happened.label is not None:
        return Sign(kind_of(happened.label), Source.LABEL)
    ups = any(rating is Rating.UP for rating, _ in happened.thumbs)
    reasons = [reason for rating, reason in happened.thumbs if rating is Rating.DOWN]
    if ups:
        return None if reasons else Sign(kind_of(happened.route), Source.THUMB_UP)
    return _from_reasons(happened, reasons) or _from_what_followed(happened)


def _from_reasons(happened: Happened, reasons: Sequence[str]) -> Sign | None:
    """What people who were not content say of the route."""
    for reason in reasons:
        if _PERSON_WANTED.search(reason) or rules.asks_for_person(reason):
            return Sign(Kind.HANDOFF, Source.REASON)
        if kind_of(happened.route) is not Kind.QUESTION and _NOT_ASKED.search(reason):
            return Sign(Kind.QUESTION, Source.REASON)
    return None


def _from_what_followed(happened: Happened) -> Sign | None:
    """What came after says something, of a question only where the classifier had doubts too."""
    odds, decided = happened.odds, kind_of(happened.route)
    if decided is Kind.VOICE and happened.asked_again:
        return Sign(Kind.QUESTION, Source.ASKED_AGAIN)
    if decided is not Kind.QUESTION:
        return None
    if happened.person_asked and odds.get("handoff", 0.0) >= _MAYBE_PERSON:
        return Sign(Kind.HANDOFF, Source.PERSON_ASKED)
    if happened.outcome is Outcome.ABSTAINED and odds.get("voice", 0) > odds.get("question", 1):
        near = odds.get(COSINE, 1.0) + odds.get(COVERED, 1.0) / 2
        if near < _NOTHING:
            return Sign(Kind.VOICE, Source.NOT_KNOWN)
    return None


def same_question(one: str, other: str) -> bool:
    """Whether two messages ask the same, by the words they share."""
    a, b = set(query_terms(one)), set(query_terms(other))
    return bool(a and b) and len(a & b) / len(a | b) >= _SAME
