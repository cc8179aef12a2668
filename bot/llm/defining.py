"""What a thing is: the sentences that open the page, or the part, that has its name.

"What does the flow meter do?" has its words in every sentence about flow meters; what they do
stands first on the page "Flow meter". So does the answer to "What is the rate limit?", where that
opening has a value of the kind that is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.evidence import Passage
from bot.facts import Kind, facts, rarity
from bot.lexical import fold, terms
from bot.llm.asking import ONE_VALUE, Asked, Asks, holds_type, read_question
from bot.llm.headings import Headed
from bot.llm.manners import Manner, manner
from bot.llm.units import Part, parts
from bot.sentences import Unit

_THING = re.compile(
    r"^\W*(?:(?:and|so|hi|hello|please)\b\W*)*what(?:['’]s|\s+(?:is|are|does|do))\s+"
    r"(?:(?:an?|the|your|this|that)\s+)?(?P<thing>[^?,;]+?)"
    r"(?:\s+(?:do|for|about|used for|good for|mean))?\W*$"
)
_NAMED = 0.5
_LONGEST = 5  # words of a thing's name
_OPENING = 2  # sentences that say what it is


@dataclass(frozen=True, slots=True)
class _Opening:
    index: int
    part: Part
    named: float  # share of its title that is asked about
    subject: bool  # whether its first sentence begins with the thing


def defined(asked: Asked, passages: Sequence[Passage]) -> Headed | None:
    """The opening of the page or part that has the name of the thing asked about, and no more of
    a name than it must."""
    found = _THING.match(fold(asked.text))
    keywords = manner(asked.text) is Manner.KEYWORDS
    thing_said = asked.text if keywords else found["thing"] if found else ""
    if not thing_said or asked.compares or len(thing_said.split()) > _LONGEST:
        return None
    if asked.asks in ONE_VALUE - {Asks.NUMBER}:
        return None
    thing = frozenset(asked.weights)
    openings = [o for o in _openings(thing, passages) if _says(asked, thing, o)]
    if not openings:
        return None
    best = max(openings, key=lambda o: (o.subject, o.named, -o.index))
    sure = best.subject or best.named >= _NAMED
    return Headed(best.index, best.part, sure, opens=True) if sure else None


def _openings(thing: frozenset[str], passages: Sequence[Passage]) -> Iterator[_Opening]:
    for index, passage in enumerate(passages):
        chunk = passage.chunk
        for number, part in enumerate(parts(chunk.text)):
            top = not number or (number == 1 and not parts(chunk.text)[0].units)
            page = top and not chunk.ordinal and len(chunk.headings) < 2
            heading = part.heading or (chunk.headings[-1] if chunk.headings and not number else "")
            title = (heading or chunk.title) if page else heading
            named = {t: rarity(t) for t in read_question(title).weights}
            share = sum(w for t, w in named.items() if t in thing) / (sum(named.values()) or 1.0)
            if not thing or not thing <= set(terms(title)) or (not page and share < 1.0):
                continue
            if not part.units or part.units[0].unit is not Unit.PROSE:
                continue
            codes = {t for f in facts(title) if f.kind is Kind.CODE for t in terms(f.value)}
            first = terms(part.units[0].text)[: max(len(thing), len(codes)) + 2]
            yield _Opening(index, part, share, bool((thing | codes) & set(first)))


def _says(asked: Asked, thing: frozenset[str], opening: _Opening) -> bool:
    """Whether an opening speaks of the thing, and has a value where one is asked for."""
    said = " ".join(u.text for u in opening.part.units[:_OPENING])
    if asked.asks is Asks.NUMBER:
        return holds_type(asked, opening.part.units[0].text)
    return opening.subject or bool(thing & set(terms(said)))
