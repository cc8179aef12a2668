"""What the extractive reader may pick: sentences, and the blocks that only make sense whole.

A list keeps its lead-in line, a table row its header, a code block the sentence before it.
A line that only asks ("**Do you ship abroad?**", "Q: …") is the heading of what comes after it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from bot.facts import Kind, facts
from bot.sentences import Sentence, Unit, split

Span = tuple[int, int]

_RULE = re.compile(r"^\s*\|[\s:|\-]+\|\s*$")
_MARKER = re.compile(r"^(?:[-*+•]|\d{1,3}[.)])\s+")
_ASKING = re.compile(
    r"^(?:[-*+•]\s+|\d{1,3}[.)]\s+)?\*{0,2}(?:Q(?:uestion)?\s?\d*\s?[:.)]\*{0,2}\s+)?"
    r"(?P<title>[^\s*].*?\?)[*_]*$",
    re.DOTALL,
)
_BOLD = re.compile(r"^\*\*(?P<title>[^*]+?):?\*\*:?$")
_ANSWERING = re.compile(r"^\*{0,2}A(?:nswer)?\s?\d*\s?[:.)]\*{0,2}\s+")
_CURT = re.compile(
    r"^(?:yes|no|of course|not yet|never|always|it depends|sure|absolutely)[.!]$", re.IGNORECASE
)
_POINTING = re.compile(r"^\W*(?:\w+ ){1,2}\[[^\]\n]*\]\([^)\n]*\)\W*$")
_BACKWARD = re.compile(r"(?:it|its|they|their|this|these)\b", re.IGNORECASE)
_HASHES = re.compile(r"^\s*#{1,6}\s+|\s+#+\s*$")
_NUMBERED = re.compile(r"^\d{1,3}[.)]\s")
_LONGEST_LIST = 12
_LONGEST_TITLE = 200
_NEIGHBOURS = 1


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that may answer a question.

    ``spans`` are what is quoted, in reading order; ``core`` is the part that distinguishes it
    (the row without its header); ``text`` is what is matched against the question (with what an
    "it" stands for), ``near`` the text around it. ``whole`` marks a complete list, table or code
    block. ``heading`` is the line of the text that stands above it, if any; ``block`` are the
    spans of the list, table or code that it is part of or that follows it, with the line before.
    """

    spans: tuple[Span, ...]
    core: Span
    text: str
    near: str
    unit: Unit
    whole: bool = False
    heading: str = ""
    block: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """What stands under one heading of a text (``""``: what comes first), without the heading."""

    heading: str
    units: tuple[Sentence, ...]


def is_procedure(unit: Sentence) -> bool:
    """A numbered item or code: what is done, step by step."""
    return unit.unit is Unit.CODE or (unit.unit is Unit.ITEM and bool(_NUMBERED.match(unit.text)))


def has_procedure(part: Part) -> bool:
    """Whether a part holds steps or code."""
    return any(is_procedure(unit) for unit in part.units)


def _opens_line(text: str, unit: Sentence) -> bool:
    return not text[text.rfind("\n", 0, unit.start) + 1 : unit.start].strip()


def _title(text: str, unit: Sentence) -> str:
    """What a line asks or announces: a heading, a bold line, the question of a list of them."""
    if unit.unit is Unit.HEADING:
        return _HASHES.sub("", unit.text)
    if unit.unit not in (Unit.PROSE, Unit.ITEM) or len(unit.text) > _LONGEST_TITLE:
        return ""
    found = _ASKING.match(unit.text) or (
        _BOLD.match(unit.text) if unit.unit is Unit.PROSE else None
    )
    return found["title"].strip("* ") if found and _opens_line(text, unit) else ""


@lru_cache(maxsize=2_048)
def parts(text: str) -> tuple[Part, ...]:
    """A text cut at its headings, bold lines and question lines; ``A:`` is no part of an answer."""
    found: list[tuple[str, list[Sentence]]] = [("", [])]
    for unit in split(text):
        title = _title(text, unit)
        if title:
            found.append((title, []))
            continue
        answering = _ANSWERING.match(unit.text) if found[-1][0] and not found[-1][1] else None
        if answering and answering.end() < len(unit.text):
            said = unit.text[answering.end() :]
            found[-1][1].append(replace(unit, start=unit.end - len(said), text=said))
        else:
            found[-1][1].append(unit)
    return tuple(Part(title, tuple(units)) for title, units in found if title or units)


def _says_nothing(sentence: str) -> bool:
    """A bare "No.", or a sentence that only points elsewhere: "See [Returns](returns.md)." """
    return bool(_CURT.match(sentence) or _POINTING.match(sentence))


class _Collector:
    """Walks the units of one part of a text and collects what may be picked."""

    def __init__(self, text: str, part: Part) -> None:
        self.text = text
        self.heading = part.heading
        self.units = part.units
        self.found: list[Candidate] = []

    def add(
        self,
        spans: Sequence[Span],
        first: int,
        last: int,
        *,
        core: Span,
        whole: bool = False,
        block: Sequence[Span] = (),
    ) -> None:
        """One candidate made of ``units[first:last + 1]`` and what belongs to them."""
        around = [first - _NEIGHBOURS, last + _NEIGHBOURS]
        near = " ".join(self.units[i].text for i in around if 0 <= i < len(self.units))
        if first == 0 and self.heading:
            near = f"{self.heading} {near}"
        body = " ".join(self.text[a:b] for a, b in spans)
        if first and _BACKWARD.match(body) and self.units[first - 1].unit is Unit.PROSE:
            named = (Kind.CODE, Kind.NAME)
            subject = [f.text for f in facts(self.units[first - 1].text) if f.kind in named]
            body = " ".join([*subject, body])
        self.found.append(
            Candidate(
                tuple(spans),
                core,
                body,
                near,
                self.units[first].unit,
                whole,
                self.heading,
                tuple(block),
            )
        )

    def span(self, first: int, last: int) -> Span:
        return self.units[first].start, self.units[last].end

    def lead_in(self, first: int) -> list[Span]:
        """The prose line before a block, which introduces it."""
        if first and self.units[first - 1].unit is Unit.PROSE:
            return [self.span(first - 1, first - 1)]
        return []

    def block_end(self, at: int) -> int:
        """The last unit of the list or table that begins at ``at``; code is one unit."""
        kind = self.units[at].unit
        last = at
        while kind in (Unit.ROW, Unit.ITEM) and last + 1 < len(self.units):
            if self.units[last + 1].unit is not kind:
                break
            last += 1
        return last

    def following(self, at: int) -> list[Span]:
        """The line ``at`` and the list, table or code right after it, or nothing."""
        if at + 1 == len(self.units) or self.units[at + 1].unit is Unit.PROSE:
            return []
        return [self.span(at, at), self.span(at + 1, self.block_end(at + 1))]

    def rows(self, first: int, last: int) -> None:
        """Each body row with the header."""
        whole = [self.span(first, last)]
        if last == first or not _RULE.match(self.units[first + 1].text):
            for row in range(first, last + 1):  # its header stands in an earlier chunk
                self.add([self.span(row, row)], row, row, core=self.span(row, row), block=whole)
            return
        header_end = first + 1
        if header_end == last:
            self.add(whole, first, last, core=whole[0], whole=True)
            return
        header = self.span(first, header_end)
        for row in range(header_end + 1, last + 1):
            span = self.span(row, row)
            spans = [(header[0], span[1])] if row == header_end + 1 else [header, span]
            self.add(spans, row, row, core=span, block=whole)

    def items(self, first: int, last: int) -> None:
        """Each list item with the lead-in line; the list as a whole."""
        lead = self.lead_in(first)
        starts = [i for i in range(first, last + 1) if _MARKER.match(self.units[i].text)]
        if not starts or starts[0] != first:
            starts.insert(0, first)
        whole = self.span(first, last)
        block: list[Span] = []
        if 1 < len(starts) <= _LONGEST_LIST:
            block = [*lead, whole]
            self.add(block, first, last, core=whole, whole=True, block=block)
        for at, begin in enumerate(starts):
            end = starts[at + 1] - 1 if at + 1 < len(starts) else last
            span = self.span(begin, end)
            self.add([*lead, span], begin, end, core=span, block=block)
            if end > begin and not lead and not _NUMBERED.match(self.units[begin].text):
                self.said(begin, end, block)

    def said(self, first: int, last: int, block: Sequence[Span]) -> None:
        """Each sentence of an item that has several and needs no lead-in."""
        for at in range(first, last + 1):
            marker = _MARKER.match(self.units[at].text)
            start = self.units[at].start + (marker.end() if marker else 0)
            span = start, self.units[at].end
            self.add([span], at, at, core=span, block=block)

    def collect(self) -> list[Candidate]:
        at = 0
        while at < len(self.units):
            kind = self.units[at].unit
            last = self.block_end(at)
            if kind is Unit.ROW:
                self.rows(at, last)
            elif kind is Unit.ITEM:
                self.items(at, last)
            elif kind is Unit.CODE:
                span = self.span(at, at)
                lead = self.lead_in(at)
                self.add([*lead, span], at, at, core=span, whole=True, block=[*lead, span])
            elif kind is Unit.PROSE and not _says_nothing(self.units[at].text):
                span = self.span(at, at)
                self.add([span], at, at, core=span, block=self.following(at))
            at = last + 1
        return self.found


@lru_cache(maxsize=2_048)
def candidates(text: str) -> tuple[Candidate, ...]:
    """Everything in a Markdown text that may be quoted as an answer, in reading order."""
    return tuple(c for part in parts(text) for c in _Collector(text, part).collect())
