"""What a question asks for, and whether a text holds something of that type.

The types follow Li and Roth, "Learning Question Classifiers" (2002), cut down to those that
support questions have.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from bot.facts import Fact, Kind, facts, rarity
from bot.lexical import fold, query_terms, terms, words


class Asks(StrEnum):
    """What kind of answer a question wants."""

    NUMBER = "number"
    TIME = "time"
    PERSON = "person"
    PLACE = "place"
    WHY = "why"
    HOW = "how"
    DEFINITION = "definition"
    YES_NO = "yes_no"
    OTHER = "other"


ONE_VALUE = frozenset({Asks.NUMBER, Asks.TIME, Asks.PERSON, Asks.PLACE})

_RULES: tuple[tuple[Asks, re.Pattern[str]], ...] = tuple(
    (asks, re.compile(pattern))
    for asks, pattern in (
        (
            Asks.NUMBER,
            r"\bhow (?:many|much|long|far|old|often|big|high|tall|deep|fast|heavy|wide)\b"
            r"|\b(?:what|which)(?: is| are| was)?(?: the)? (?:\w+ )?(?:number|percentage"
            r"|percent|price|cost|amount|population|temperature|distance|size|limit|rate|speed|weight|length"
            r"|height|pressure|voltage|capacity|fee|fraction|ratio|portion|proportion|age)\b",
        ),
        (
            Asks.TIME,
            r"\bwhen\b(?! (?:i|you|we|it|the|a|my)\b)|^when\b|\b(?:what|which) (?:year|date|day"
            r"|month|time|century|decade|season|era|period)\b|\bhow long ago\b|\bsince when\b"
            r"|\buntil when\b",
        ),
        (Asks.PERSON, r"\bwho(?:m|se)?\b"),
        (
            Asks.PLACE,
            r"\bwhere\b|\b(?:what|which) (?:country|city|state|town|place|region|continent|county"
            r"|province|location|area|river|island)\b",
        ),
        (
            Asks.WHY,
            r"\bwhy\b|\b(?:what|which) (?:is |was |are |were )?(?:the )?(?:reasons?|causes?)\b",
        ),
        (
            Asks.HOW,
            r"\bhow (?:do|does|did|to|can|could|should|would|is|are|was|were|has|have|will)\b",
        ),
        (
            Asks.DEFINITION,
            r"^(?:what|who) (?:is|are|was|were)(?: (?:a|an|the))? [^ ]+(?: [^ ]+){0,3} ?\??$"
            r"|\bwhat does .+ mean\b|\bmeaning of\b|\bdefin(?:e|ition)\b",
        ),
        (
            Asks.YES_NO,
            r"^(?:is|are|was|were|do|does|did|can|could|will|would|should|has|have|had|may|must|am)\b",
        ),
    )
)
_BECAUSE = re.compile(
    r"\b(?:because|due to|since|so that|as a result|therefore|caused? by|causes?|reasons?|leads? to"
    r"|in order to|owing to|thus|to (?:prevent|avoid|allow|ensure|protect))\b"
)
_MEANS = re.compile(
    r"\b(?:is|are|was|were|means?|refers? to|defined as|known as|called|consists? of|describes?)\b"
)
_STEPS = re.compile(
    r"\b(?:by \w+ing|using|use|via|through|select|click|open|choose|set|run|press|go to|turn"
    r"|install|add|enter|first|then|steps?|you (?:can|must|need|should|may|will))\b"
)
_CUES = {Asks.WHY: _BECAUSE, Asks.DEFINITION: _MEANS, Asks.HOW: _STEPS}
_TIME = re.compile(
    r"\b(?:1\d{3}|20\d{2})s?\b|\bcentur(?:y|ies)\b|\b\d{1,2}(?::\d\d)? ?(?:a\.?m|p\.?m)\b"
    r"|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|\b(?:daily|weekly|monthly|yearly|annually"
    r"|during|before|after|until|every|at the (?:end|start)|once|today|years?|months?|days?)\b"
)
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|neither|nor|without|cannot|unlike|except|nothing|nobody|lacks?"
    r"|fail(?:s|ed)?|refus\w+|unable|isn't|aren't|wasn't|weren't|don't|doesn't|didn't|can't|won't"
    r"|wouldn't|shouldn't|couldn't|hasn't|haven't|hadn't|least|hardly|rarely)\b"
)
_OPPOSITES = tuple(
    frozenset(terms(pair))
    for pair in (
        "increase decrease|before after|first last|most least|north south|east west|minimum maximum"
        "|more less|more fewer|large small|larger smaller|largest smallest|high low|highest lowest"
        "|higher lower|include exclude|start end|begin finish|open close|buy sell|win lose|won lost"
        "|rise fall|above below|early late|earliest latest|old new|oldest newest|strong weak"
        "|long short|longest shortest|best worst|good bad|accept reject|allow forbid|allow prevent"
        "|male female|public private|internal external|upper lower|left right|rich poor"
        "|enable disable|up down|inside outside|import export|common rare"
        "|common unusual|positive negative|success failure|support oppose|add remove|add subtract"
        "|create destroy|major minor|easy difficult|simple complex|fast slow|heavy light"
        "|hot cold|wet dry|similar different|same different|always never|true false"
        "|ancient modern|formal informal|war peace"
    ).split("|")
)
_PROCEDURE = re.compile(
    r"\b(?:steps|set ?up|install|configure|fix|solve|procedure|instructions|what to do)\b"
    r"|\bwhat (?:should|can|must|do|shall) (?:i|we) (?:do|have to do|need to do)\b"
)
_COMPARING = re.compile(
    r"\b(?:differ(?:s|ences?|ent)?|compar(?:e|es|ed|ing|ison)|versus|vs)\b"
    r"|\bwhich (?:is|one is) better\b"
)
_LISTING = re.compile(
    r"\b(?:what|which)\b.{1,40}\b(?:are (?:there|available|supported|offered|possible|included)"
    r"|do you (?:have|offer|support|sell|accept|take)|exist)\b|\b(?:list|overview|all) (?:of |the )"
    r"|\bwhat (?:are|were) (?:the|your|all)\b"
)
_PRICE = re.compile(r"\b(?:cost|costs|price|prices|fee|fees|priced|charged?)\b")
_LENGTH_OF_TIME = re.compile(
    r"^(?:for )?how long\b|\bhow many (?:seconds|minutes|hours|days|weeks|months|years)\b"
)
_NONE: frozenset[str] = frozenset()
_MONEY = frozenset({"usd", "eur", "gbp"})
_TIMES = frozenset("second minute hour day week month year ms".split())
_LENGTHS = frozenset("m cm mm km mile inch".split())
_PREFIXES = ("un", "in", "im", "dis", "non", "anti")


def negations(text: str) -> int:
    """How many words of negation a text has."""
    return len(_NEGATION.findall(fold(text)))


def opposed(asked: frozenset[str], found: frozenset[str]) -> int:
    """How many asked terms the found ones answer with their opposite."""
    missing = asked - found
    count = 0
    for pair in _OPPOSITES:
        if len(pair) == 2 and missing & pair and (found - asked) & pair:
            count += 1
    for term in missing:
        if any(p + term in found for p in _PREFIXES) or any(
            term.startswith(p) and len(term) > len(p) + 3 and term[len(p) :] in found
            for p in _PREFIXES
        ):
            count += 1
    return count


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, read once: its terms with their weights, its facts, what it wants."""

    text: str
    asks: Asks
    weights: dict[str, float]
    pairs: frozenset[tuple[str, str]]
    facts: tuple[Fact, ...]
    negated: bool
    steps: bool
    compares: bool = False
    lists: bool = False

    @property
    def strict(self) -> tuple[Fact, ...]:
        """Codes, links, dates and numbers: an answer about another one is wrong."""
        return tuple(f for f in self.facts if f.kind is not Kind.NAME)


def _weights(text: str) -> dict[str, float]:
    """What each term of a question weighs; a compound and its parts weigh as much as one word."""
    weights: dict[str, float] = {}
    wanted = set(query_terms(text))
    for word in words(text):
        found = [t for t in terms(word) if t in wanted]
        share = [1.0] if len(found) < 2 else [0.5, *[0.5 / (len(found) - 1)] * (len(found) - 1)]
        for term, part in zip(found, share, strict=False):
            weights[term] = max(weights.get(term, 0.0), part * rarity(term))
    return weights


def read_question(text: str) -> Asked:
    """The question's kind, weighted terms and facts."""
    folded = fold(text).strip()
    asks = next((a for a, rule in _RULES if rule.search(folded)), Asks.OTHER)
    weights = _weights(text)
    kept = [t for t in terms(text) if t in weights]
    return Asked(
        text=text,
        asks=asks,
        weights=weights,
        pairs=frozenset(pairwise(kept)),
        facts=facts(text),
        negated=negations(text) > 0,
        steps=asks is Asks.HOW or bool(_PROCEDURE.search(folded)),
        compares=bool(_COMPARING.search(folded)),
        lists=bool(_LISTING.search(folded)),
    )


def _wanted_units(question: str) -> frozenset[str]:
    """The units that a number asked for may have; empty: any."""
    if _PRICE.search(question):
        return _MONEY
    if _LENGTH_OF_TIME.search(question):
        return _TIMES | (
            _LENGTHS if question.startswith(("how long is", "how long are")) else _NONE
        )
    return _NONE


def holds_type(asked: Asked, text: str, *, block: bool = False) -> bool:
    """Whether a text holds something of the type asked for that the question does not say."""
    folded = fold(text)
    if asked.asks in _CUES:
        return (block and asked.asks is Asks.HOW) or bool(_CUES[asked.asks].search(folded))
    known = {f.value for f in asked.facts}
    new = [f for f in facts(text) if f.value not in known]
    if asked.asks is Asks.NUMBER:
        units = _wanted_units(fold(asked.text))
        free = "usd" in units and "free" in folded
        numbers = [f for f in new if f.kind is Kind.NUMBER]
        return free or any(not units or f.unit in units for f in numbers)
    if asked.asks is Asks.TIME:
        return any(f.kind is Kind.DATE for f in new) or bool(_TIME.search(folded))
    if asked.asks in (Asks.PERSON, Asks.PLACE):
        said = set(words(asked.text))
        return any(f.kind is Kind.NAME and not set(words(f.text)) <= said for f in new)
    return True
