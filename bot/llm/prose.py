"""What a sentence says of what could be looked up in a table: the same, its price, or nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.evidence import Passage
from bot.facts import Kind, facts
from bot.lexical import fold, terms
from bot.llm.asking import Asked, Asks, holds_type
from bot.llm.attributes import PRICE, WEIGHT
from bot.llm.tabular import COVERED, KIND, read_wanted
from bot.llm.units import Candidate
from bot.sentences import Unit

_ENUMERATING = re.compile(r"(?:[\w$*`-]+ ?){1,4}, (?:[\w$*`-]+ ?){1,4}(?:,|,? (?:and|or) )|[:\n]")
_COSTS = re.compile(r"\b(?:costs?|prices?|expensive)\b")
_WHAT_IT_COSTS = re.compile(r"\bwhat (?:does|do|did|will|would) .{1,60}\b(?:cost|weigh)\W*$")
_NUMBER = re.compile(r"(?<![\w.-])\d++(?![.)]\s)")  # of no code, and not that of a step


def said_in_prose(asked: Asked, candidate: Candidate) -> bool:
    """Whether a sentence says itself what could be looked up: then it is the better answer."""
    if candidate.unit is Unit.ROW or asked.compares:
        return False
    wanted = read_wanted(asked)
    if wanted.attribute and not wanted.attribute.value.search(fold(candidate.text)):
        return False
    several = asked.lists or KIND.match(fold(asked.text))
    if several and not _ENUMERATING.search(candidate.text):
        return False
    heading = "" if asked.lists else candidate.heading
    own = frozenset(terms(f"{candidate.text} {heading}"))
    return wanted.covered(own) >= COVERED and holds_type(asked, candidate.text)


def asks_attribute(asked: Asked, word: str) -> bool:
    """Whether a word is how an attribute is asked for, whatever its label in a table is."""
    attribute = read_wanted(asked).attribute
    return bool(attribute and attribute.asked.search(fold(word)))


def valued(asked: Asked, passage: Passage, candidate: Candidate) -> bool:
    """Whether a sentence has the price or weight asked for, of what its page is titled: "It costs
    $69." on the page "Flow meter"."""
    wanted = read_wanted(asked)
    if asked.compares or asked.lists or candidate.unit is not Unit.PROSE:
        return False
    if wanted.attribute not in (PRICE, WEIGHT):
        return False
    text = fold(candidate.text)
    if not (wanted.attribute.label.search(text) and wanted.attribute.value.search(text)):
        return False
    titles = set(terms(f"{passage.chunk.header} {candidate.heading}"))
    others = {f.value for f in facts(candidate.text) if f.kind is Kind.CODE} - wanted.codes
    if any(not set(terms(code)) <= titles for code in others) or not wanted.weights:
        return False
    return wanted.covered(titles | set(terms(candidate.text))) >= COVERED


def lacks_value(asked: Asked, quoted: Sequence[tuple[str, str]]) -> bool:
    """Whether a price or a weight is asked for and no quote is one of what is asked about.

    ``quoted`` are the quotes, each with the titles above it.
    """
    wanted = read_wanted(asked)
    if wanted.attribute not in (PRICE, WEIGHT):
        return False
    # "How much is the rainfall?" wants no price: any number may tell it.
    named = wanted.attribute is WEIGHT or _COSTS.search(fold(asked.text))
    if asked.asks is not Asks.NUMBER and not _WHAT_IT_COSTS.search(fold(asked.text)):
        return False
    shape = wanted.attribute.value if named else _NUMBER
    telling = [
        f"{text}\n{titles}"
        for text, titles in quoted
        if wanted.attribute.value.search(fold(text)) or shape.search(text)
    ]
    things = wanted.weights.keys()
    return not any(not things or things & set(terms(text)) for text in telling)
