"""What the extractive reader may pick: sentences, and the blocks that only make sense whole.

A list keeps its lead-in line, a table row its header, a code block the sentence before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.sentences import Unit, split

Span = tuple[int, int]

_RULE = re.compile(r"^\s*\|[\s:|\-]+\|\s*$")
_MARKER = re.compile(r"^(?:[-*+•]|\d{1,3}[.)])\s+")
_LONGEST_LIST = 12
_NEIGHBOURS = 1


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that may answer a question.

    ``spans`` are what is quoted, in reading order; ``core`` is the part that distinguishes it
    (the row without its header); ``text`` is what is matched against the question, ``near`` the
    text around it. ``whole`` marks a complete list, table or code block.
    """

    spans: tuple[Span, ...]
    core: Span
    text: str
    near: str
    unit: Unit
    whole: bool = False


class _Collector:
    """Walks the units of one text and collects what may be picked."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.units = split(text)
        self.found: list[Candidate] = []

    def add(
        self, spans: Sequence[Span], first: int, last: int, *, core: Span, whole: bool = False
    ) -> None:
        """One candidate made of ``units[first:last + 1]`` and what belongs to them."""
        around = [first - _NEIGHBOURS, last + _NEIGHBOURS]
        near = " ".join(self.units[i].text for i in around if 0 <= i < len(self.units))
        body = " ".join(self.text[a:b] for a, b in spans)
        unit = self.units[first].unit
        self.found.append(Candidate(tuple(spans), core, body, near, unit, whole))

    def span(self, first: int, last: int) -> Span:
        return self.units[first].start, self.units[last].end

    def lead_in(self, first: int) -> list[Span]:
        """The prose line before a block, which introduces it."""
        if first and self.units[first - 1].unit is Unit.PROSE:
            return [self.span(first - 1, first - 1)]
        return []

    def rows(self, first: int, last: int) -> None:
        """Each body row with the header; a small table also as a whole."""
        header_end = first
        if last > first and _RULE.match(self.units[first + 1].text):
            header_end = first + 1
        if header_end in (first, last):
            self.add([self.span(first, last)], first, last, core=self.span(first, last), whole=True)
            return
        header = self.span(first, header_end)
        for row in range(header_end + 1, last + 1):
            span = self.span(row, row)
            spans = [(header[0], span[1])] if row == header_end + 1 else [header, span]
            self.add(spans, row, row, core=span)

    def items(self, first: int, last: int) -> None:
        """Each list item with the lead-in line; the list as a whole."""
        lead = self.lead_in(first)
        starts = [i for i in range(first, last + 1) if _MARKER.match(self.units[i].text)]
        if not starts or starts[0] != first:
            starts.insert(0, first)
        if 1 < len(starts) <= _LONGEST_LIST:
            whole = self.span(first, last)
            self.add([*lead, whole], first, last, core=whole, whole=True)
        for at, begin in enumerate(starts):
            end = starts[at + 1] - 1 if at + 1 < len(starts) else last
            span = self.span(begin, end)
            self.add([*lead, span], begin, end, core=span)

    def collect(self) -> tuple[Candidate, ...]:
        at = 0
        while at < len(self.units):
            kind = self.units[at].unit
            last = at
            if kind in (Unit.ROW, Unit.ITEM):
                while last + 1 < len(self.units) and self.units[last + 1].unit is kind:
                    last += 1
            if kind is Unit.ROW:
                self.rows(at, last)
            elif kind is Unit.ITEM:
                self.items(at, last)
            elif kind is Unit.CODE:
                span = self.span(at, at)
                self.add([*self.lead_in(at), span], at, at, core=span, whole=True)
            elif kind is Unit.PROSE:
                self.add([self.span(at, at)], at, at, core=self.span(at, at))
            at = last + 1
        return tuple(self.found)


@lru_cache(maxsize=2_048)
def candidates(text: str) -> tuple[Candidate, ...]:
    """Everything in a Markdown text that may be quoted as an answer, in reading order."""
    return _Collector(text).collect()
