"""Where two documents state different values for what a question asks: a pure, careful comparison.

A disagreement that is none is worse than one that is missed. So two statements are compared only
where they speak of the same in nearly the same words, each with one value of the same kind, and
nothing in them, their titles, headings or addresses tells two products, plans, versions, regions,
periods or conditions apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from bot.evidence import Passage
from bot.facts import rarity
from bot.languages import FUNCTION_WORDS, GERMAN, language
from bot.lexical import terms
from bot.llm.asking import Asked, Asks, holds_type, read_question
from bot.ports_abstaining import Disagreement, Side
from knowledge.assertions import Assertion, assertions
from knowledge.siblings import are_siblings
from knowledge.statements import denies


@dataclass(frozen=True, slots=True)
class Limits:
    """How near two statements must be. Figures: ``benchmarks/bench_disagreement.py``.

    ``asked`` is the least share of the question's telling words that a statement holds with its
    headings, ``own`` without them; ``shared`` the least share of the words of the two that both
    have, by rarity, ``denied`` the same where one denies what the other affirms.
    """

    asked: float = 0.7
    own: float = 0.3
    shared: float = 0.42
    denied: float = 0.7
    most: int = 2


LIMITS = Limits()


class DocumentDisagreements:
    """A :class:`~bot.ports_abstaining.Disagreements` that compares statement with statement."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._limits = limits

    def among(self, question: str, passages: Sequence[Passage]) -> tuple[Disagreement, ...]:
        """What the documents state differently; a millisecond or two for six passages."""
        return disagreements(question, passages, self._limits)


def disagreements(
    question: str, passages: Sequence[Passage], limits: Limits = LIMITS
) -> tuple[Disagreement, ...]:
    """The disagreements about what a question asks, the one of the best passages first."""
    asked = read_question(question)
    if asked.compares or len({_key(p) for p in passages}) < 2:
        return ()
    told = [
        a
        for index, passage in enumerate(passages)
        for a in assertions(index, passage)
        if _answers(asked, a, limits)
    ]
    found: dict[frozenset[str], Disagreement] = {}
    for one, other in combinations(told, 2):
        if _key(one.source) == _key(other.source) or not _differ(asked, one, other, limits):
            continue
        if _says_both(told, one, other):
            continue
        sides = (_side(one), _side(other))
        reason = (
            f"“{sides[0].title}” says {sides[0].value}, “{sides[1].title}” says {sides[1].value}"
        )
        found.setdefault(frozenset(s.meant for s in sides), Disagreement(sides, reason))
    return tuple(found.values())[: limits.most]


def _key(passage: Passage) -> tuple[str, str]:
    return passage.chunk.source, passage.chunk.document


def _side(told: Assertion) -> Side:
    chunk = told.source.chunk
    title = " ".join((chunk.title or chunk.document).split())
    return Side(
        told.passage, (told.start, told.end), told.said, told.meant, title, _key(told.source)
    )


def _answers(asked: Asked, told: Assertion, limits: Limits) -> bool:
    """Whether a statement says what is asked: of the right kind, with most of its words."""
    if told.value is None and asked.asks is not Asks.YES_NO:
        return False
    if asked.asks in (Asks.NUMBER, Asks.TIME) and not (told.hours or holds_type(asked, told.text)):
        return False
    weights = _telling(asked)
    total = sum(weights.values())
    if not total:
        return False
    own = sum(w for t, w in weights.items() if t in told.own) / total
    held = sum(w for t, w in weights.items() if t in told.held) / total
    return own >= limits.own and held >= limits.asked


def _telling(asked: Asked) -> dict[str, float]:
    """The question's words without those that only make a German question."""
    if language(asked.text) != GERMAN:
        return asked.weights
    empty = {t for w in FUNCTION_WORDS[GERMAN] for t in terms(w)}
    return {t: w for t, w in asked.weights.items() if t not in empty}


def _differ(asked: Asked, one: Assertion, other: Assertion, limits: Limits) -> bool:
    """Whether two statements about the same cannot both be right."""
    if one.codes != other.codes or one.bound != other.bound or one.marks != other.marks:
        return False
    if one.anchor and other.anchor and not one.anchor & other.anchor:
        return False
    if not one.names <= other.held or not other.names <= one.held:
        return False
    shared = _shared(one, other, frozenset(asked.weights))
    if one.value is not None and other.value is not None and asked.asks is not Asks.YES_NO:
        apart = one.value.differs(other.value) and shared >= limits.shared
    else:
        both = one.own & other.own
        opposite = denies(one.denied, both) != denies(other.denied, both)
        apart = asked.asks is Asks.YES_NO and opposite and shared >= limits.denied
    return apart and not are_siblings(one.source, other.source, one.own | other.own)


def _shared(one: Assertion, other: Assertion, asked: frozenset[str]) -> float:
    """The share of the telling words of two statements that both have, by rarity. A word of the
    question that one says and the other has in its headings counts as shared."""
    mine = one.telling | (asked & one.held)
    theirs = other.telling | (asked & other.held)
    everything = mine | theirs
    total = sum(rarity(t) for t in everything)
    return sum(rarity(t) for t in mine & theirs) / total if total else 0.0


def _says_both(told: Sequence[Assertion], one: Assertion, other: Assertion) -> bool:
    """Whether one of the documents states the other's value too: then each is for a case of its
    own."""
    for each in told:
        if each.value is None:
            continue
        here = _key(each.source)
        if here == _key(one.source) and other.value and not each.value.differs(other.value):
            return True
        if here == _key(other.source) and one.value and not each.value.differs(one.value):
            return True
    return False
