"""A heading that asks the question: the part below it was written as its answer.

Pages of frequent questions are headings, bold lines or ``Q:``/``A:`` pairs; the sentence below
often shares no word with what was asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.evidence import Passage
from bot.facts import rarity
from bot.lexical import fold, terms
from bot.llm.asking import ONE_VALUE, Asked, Asks, negations, opposed, read_question
from bot.llm.manners import Manner, manner
from bot.llm.signals import agrees
from bot.llm.units import Part, has_procedure, parts

_ASKING = re.compile(
    r"\?\W*$|^\W*(?:how|what|which|who|where|when|why|can|could|do|does|is|are|will|should|may)\b"
)
_CLAUSE = re.compile(r"[,;.]\s|\b(?:and|but|because|so)\b")
_QUESTION_SAID = 0.75
_HEADING_ASKED = 0.7
_ALIKE = 0.7
"""Cosine from which a question and a heading ask the same. On the sample, pairs that do have 0.69
to 0.84, the nearest that do not 0.67 (but for two products that are compared)."""
_CARRIED = 0.6
_OWN = 0.4
_TASK_OWN = 0.3
_TASK_SAID = 0.6  # share of a task, a trouble or keywords that a heading says with those above it
_TASK_ASKED = 0.99  # share of a short heading ("Restart") that they say
_TASK_WORDS = 0.5  # of a longer one above all that they say
_TROUBLE_ASKED = 0.7
_TROUBLE_OWN = 0.6
_MOST_COMPARED = 6


@dataclass(frozen=True, slots=True)
class Headed:
    """A part whose heading says the question. ``sure``: so nearly that it is its answer;
    ``opens``: its first sentences say what is asked for, whatever else has the question's words."""

    index: int
    part: Part
    sure: bool
    opens: bool = False


@dataclass(frozen=True, slots=True)
class _Heading:
    index: int
    part: Part
    said: float  # share of the question that it says, with the headings above it
    own: float  # share of the question that it says alone
    asked: float  # share of it, or of its page's title, that the question says
    words: float = 0.0  # share of it that the question says
    section: bool = True  # it is not the title of the page

    @property
    def asks(self) -> bool:
        return bool(_ASKING.search(fold(self.part.heading)))


def _weight(weights: dict[str, float], found: frozenset[str]) -> float:
    total = sum(weights.values())
    return sum(w for t, w in weights.items() if t in found) / total if total else 0.0


def headings(asked: Asked, passages: Sequence[Passage]) -> list[_Heading]:
    """The headings above the parts of the passages, as far as an answer may stand below them."""
    found = []
    wanted = frozenset(asked.weights)
    for index, passage in enumerate(passages):
        chunk = passage.chunk
        above = frozenset(terms(chunk.header))
        for number, part in enumerate(parts(chunk.text)):
            heading = part.heading
            if not heading and not number and chunk.headings:
                heading = chunk.headings[-1]
            if not heading or not part.units:
                continue
            own = frozenset(terms(heading))
            weights = {t: rarity(t) for t in read_question(heading).weights}
            body = " ".join(u.text for u in part.units)
            whole = f"{chunk.header}\n{heading}\n{body}"
            if opposed(wanted, own) or not _as_negated(asked, heading, own):
                continue
            if not all(agrees(f, whole, frozenset(terms(whole))) for f in asked.strict):
                continue
            named = Part(heading, part.units)
            title = {t: rarity(t) for t in read_question(chunk.title).weights}
            found.append(
                _Heading(
                    index,
                    named,
                    said=_weight(asked.weights, own | above),
                    own=_weight(asked.weights, own),
                    asked=max(
                        _weight(weights, wanted), 0.0 if "?" in heading else _weight(title, wanted)
                    ),
                    words=_weight(weights, wanted),
                    section=heading != chunk.title,
                )
            )
    return found


def _as_negated(asked: Asked, heading: str, own: frozenset[str]) -> bool:
    """Whether a heading denies what is denied; who tells of trouble may add what does not work: "I
    bought a used one and cannot pair it"."""
    denies = negations(heading) > 0
    if asked.negated == denies or denies or manner(asked.text) is not Manner.TROUBLE:
        return asked.negated == denies
    told = [terms(c) for c in _CLAUSE.split(asked.text) if not negations(c)]
    wanted = own & asked.weights.keys()
    return bool(wanted) and any(wanted <= set(clause) for clause in told)


def said_in(asked: Asked, found: Sequence[_Heading]) -> Headed | None:
    """The heading that has the question's words, and few others."""
    good = [
        h
        for h in found
        if h.said >= _QUESTION_SAID and h.asked >= _HEADING_ASKED and _fits(asked, h)
    ]
    if good:
        best = max(good, key=lambda h: (h.said + h.asked, -h.index))
        return Headed(best.index, best.part, best.asks or _titles(asked, best))
    titles = [h for h in found if _titles(asked, h)]
    if not titles:
        return None
    best = max(titles, key=lambda h: (h.said + h.own, -h.index))
    return Headed(best.index, best.part, sure=True)


def _titles(asked: Asked, heading: _Heading) -> bool:
    """Whether a heading that asks nothing is the title of what is wanted: of a task ("Restart"), a
    trouble that is told ("The valve does not close"), or keywords ("Retries")."""
    if heading.asks or asked.compares or not heading.section:
        return False
    told = manner(asked.text)
    if told is Manner.TROUBLE:
        return heading.own >= _TROUBLE_OWN and heading.asked >= _TROUBLE_ASKED
    if not (asked.asks is Asks.HOW or (told is Manner.KEYWORDS and asked.asks not in ONE_VALUE)):
        return False
    if heading.own < _TASK_OWN:
        return False
    if asked.asks is Asks.HOW and heading.said >= _QUESTION_SAID:
        doing = next(iter(asked.weights), "")
        return heading.words >= _TASK_WORDS and doing in terms(heading.part.heading)
    return heading.said >= _TASK_SAID and heading.words >= _TASK_ASKED


def _fits(asked: Asked, heading: _Heading) -> bool:
    """A question that wants the same kind of answer; a title only above the steps asked for."""
    if not heading.asks:
        return asked.steps and has_procedure(heading.part)
    asks = read_question(heading.part.heading)
    kind = asks.asks
    if heading.own < _OWN or (asked.compares and not asks.compares):
        return False
    if {kind, asked.asks} & (ONE_VALUE | {Asks.WHY}):
        return kind is asked.asks
    return True


def to_compare(asked: Asked, found: Sequence[_Heading]) -> list[_Heading]:
    """The headings that may ask the same in other words: questions, and titles where no question
    is asked or a task."""
    any_title = asked.asks is Asks.HOW or manner(asked.text) is Manner.TROUBLE
    asking = [h for h in found if h.asks or (any_title and h.own and h.section)]
    return sorted(asking, key=lambda h: (-h.said, h.index))[:_MOST_COMPARED]


def nearest(
    asked: Asked,
    passages: Sequence[Passage],
    compared: Sequence[_Heading],
    cosines: Sequence[float],
) -> Headed | None:
    """The heading that asks the same in other words, by the cosines of the two."""
    alike = [(cosine, h) for cosine, h in zip(cosines, compared, strict=True) if cosine >= _ALIKE]
    alike = [(c, h) for c, h in alike if not h.asks or _fits(asked, replace(h, own=1.0))]
    if not alike or asked.compares:
        return None
    best = max(alike, key=lambda pair: pair[0])[1]
    chunk = passages[best.index].chunk
    body = " ".join(u.text for u in best.part.units)
    held = frozenset(terms(f"{chunk.header} {best.part.heading} {body}"))
    return Headed(best.index, best.part, _weight(asked.weights, held) >= _CARRIED)
