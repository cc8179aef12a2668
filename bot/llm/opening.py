"""What the part below a heading says first: its steps, a few sentences, the list they lead to."""

from __future__ import annotations

from bot.llm.asking import Asked
from bot.llm.units import Part, Span, is_procedure
from bot.sentences import Unit

_LONGEST_BLOCK = 1_500
_LONGEST_OPENING = 220
_MOST_OPENING = 3


def opening(asked: Asked, text: str, part: Part) -> list[Span]:
    """What a part says first: up to three sentences, and the list or code that they lead to."""
    units = part.units
    procedure = _procedure(part) if asked.steps else []
    if procedure:
        return procedure
    at = 0
    length = 0
    while at < len(units) and units[at].unit is Unit.PROSE:
        if at and ("\n\n" in text[units[at - 1].end : units[at].start] or at == _MOST_OPENING):
            break
        if at and length + len(units[at].text) > _LONGEST_OPENING:
            break
        length += len(units[at].text)
        at += 1
    leads = at > 0 and units[at - 1].text.endswith(":")
    if at < len(units) and units[at].unit is not Unit.PROSE:
        end = at
        while end + 1 < len(units) and units[end + 1].unit is units[at].unit:
            end += 1
        fits = units[end].end - units[0].start <= _LONGEST_BLOCK
        if fits and (not at or leads or asked.steps or asked.lists):
            return [(units[0].start, units[end].end)]
    if leads:
        at -= 1
    return [(units[0].start, units[at - 1].end)] if at else []


def _procedure(part: Part) -> list[Span]:
    """The first numbered list or code of a part, with the sentence before it."""
    units = part.units
    for at, unit in enumerate(units):
        if not is_procedure(unit):
            continue
        end = at
        while end + 1 < len(units) and units[end + 1].unit is unit.unit is Unit.ITEM:
            end += 1
        start = units[at - 1] if at and units[at - 1].unit is Unit.PROSE else unit
        if units[end].end - start.start <= _LONGEST_BLOCK:
            return [(start.start, units[end].end)]
    return []
