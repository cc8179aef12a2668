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
from bot.llm.signals import agrees
from bot.llm.units import Part, has_procedure, parts

_ASKING = re.compile(
    r"\?\W*$|^\W*(?:how|what|which|who|where|when|why|can|could|do|does|is|are|will|should|may)\b"
)
_QUESTION_SAID = 0.75
_HEADING_ASKED = 0.7
_ALIKE = 0.7
"""Cosine from which a question and a heading ask the same. On the sample, pairs that do have 0.69
to 0.84, the nearest that do not 0.67 (but for two products that are compared)."""
_CARRIED = 0.6
_OWN = 0.4
_MOST_COMPARED = 6


@dataclass(frozen=True, slots=True)
class Headed:
    """A part whose heading says the question. ``sure``: so nearly that it is its answer."""

    index: int
    part: Part
    sure: bool


@dataclass(frozen=True, slots=True)
class _Heading:
    index: int
    part: Part
    said: float  # share of the question that it says, with the headings above it
    own: float  # share of the question that it says alone
    asked: float  # share of it that the question says

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
            if opposed(wanted, own) or asked.negated != (negations(heading) > 0):
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
                )
            )
    return found


def said_in(asked: Asked, found: Sequence[_Heading]) -> Headed | None:
    """The heading that has the question's words, and few others."""
    good = [
        h
        for h in found
        if h.said >= _QUESTION_SAID and h.asked >= _HEADING_ASKED and _fits(asked, h)
    ]
    if not good:
        return None
    best = max(good, key=lambda h: (h.said + h.asked, -h.index))
    return Headed(best.index, best.part, best.asks)


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


def to_compare(found: Sequence[_Heading]) -> list[_Heading]:
    """The questions among the headings that may be the same one in other words."""
    asking = [h for h in found if h.asks]
    return sorted(asking, key=lambda h: (-h.said, h.index))[:_MOST_COMPARED]


def nearest(
    asked: Asked,
    passages: Sequence[Passage],
    compared: Sequence[_Heading],
    cosines: Sequence[float],
) -> Headed | None:
    """The heading that asks the same in other words, by the cosines of the two."""
    alike = [(cosine, h) for cosine, h in zip(cosines, compared, strict=True) if cosine >= _ALIKE]
    alike = [(c, h) for c, h in alike if _fits(asked, replace(h, own=1.0))]
    if not alike or asked.compares:
        return None
    best = max(alike, key=lambda pair: pair[0])[1]
    chunk = passages[best.index].chunk
    body = " ".join(u.text for u in best.part.units)
    held = frozenset(terms(f"{chunk.header} {best.part.heading} {body}"))
    return Headed(best.index, best.part, _weight(asked.weights, held) >= _CARRIED)
