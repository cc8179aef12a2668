"""Markdown-aware sentences with exact character spans.

One splitter for chunking, claims, citations and streaming, so that all of them mean the same
thing by a sentence. A fenced code block, a table row, a list item and a heading are units of
their own; prose is split at sentence ends, not at abbreviations, versions or decimals.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """What kind of unit a sentence is."""

    PROSE = "prose"
    ITEM = "item"
    ROW = "row"
    CODE = "code"
    HEADING = "heading"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A unit of text; ``source[start:end] == text``, without surrounding white space."""

    start: int
    end: int
    text: str
    unit: Unit


_FENCE = re.compile(r"^ {0,3}(```+|~~~+)")
_HEADING = re.compile(r"^ {0,3}#{1,6}\s")
_ITEM = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+")
_ROW = re.compile(r"^\s*\|.*\|\s*$")
_STOP = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’)\]*_]*(?:\s?\[\d+\])*(?=\s|$)|[。！？]+[」』”]*")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:e\.g|i\.e|etc|vs|cf|approx|incl|resp|ca|dr|mr|mrs|ms|prof"
    r"|st|jr|sr|inc|ltd|co|corp|u\.s|u\.k|a\.m|p\.m|(?<!\d\s)(?-i:[A-Z]))\.$",
    re.IGNORECASE,
)
_BEFORE_NUMBER = re.compile(r"(?:^|[\s(])(?:no|nr|fig|sec|ch|vol|p|pp)\.$", re.IGNORECASE)
_ITEM_NUMBER = re.compile(r"\s*\d{1,3}\.")
_BEGUN = re.compile(r"[.!?…][\W\d_]*[^\W\d_]|[。！？]|\n")
_LONGEST_GAP = 48  # characters between a stop and the letter behind it, with the markers of sources
_CLOSED = re.compile(r"(?:^|[\s(])(?:etc|a\.m|p\.m|inc|ltd|co|corp|jr|sr)\.$", re.IGNORECASE)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    at = 0
    for line in text.splitlines(keepends=True):
        yield at, line
        at += len(line)


def _blocks(text: str) -> Iterator[tuple[int, int, Unit]]:
    """Spans of whole blocks; consecutive prose lines are one block."""
    fence = ""
    fence_start = 0
    prose_start: int | None = None
    prose_unit = Unit.PROSE
    for at, line in _lines(text):
        body = line.strip()
        if fence:
            if body.startswith(fence) and set(body) <= {fence[0]}:
                yield fence_start, at + len(line), Unit.CODE
                fence = ""
            continue
        opening = _FENCE.match(line)
        starts_unit = bool(_ITEM.match(line))
        breaks = not body or opening or _HEADING.match(line) or _ROW.match(line) or starts_unit
        if breaks and prose_start is not None:
            yield prose_start, at, prose_unit
            prose_start = None
        if opening:
            fence, fence_start = opening.group(1), at
        elif not body:
            continue
        elif _HEADING.match(line):
            yield at, at + len(line), Unit.HEADING
        elif _ROW.match(line):
            yield at, at + len(line), Unit.ROW
        elif prose_start is None:
            prose_start = at
            prose_unit = Unit.ITEM if starts_unit else Unit.PROSE
    if fence:
        yield fence_start, len(text), Unit.CODE
    elif prose_start is not None:
        yield prose_start, len(text), prose_unit


def closed(block: str) -> str:
    """A fenced block of code with its end, where whoever wrote it was cut off: what follows is
    no code."""
    lines = block.strip("\n").splitlines()
    fence = _FENCE.match(lines[0]) if lines else None
    if fence is None:
        return block
    last = lines[-1].strip() if len(lines) > 1 else ""
    if last.startswith(fence.group(1)) and set(last) <= {fence.group(1)[0]}:
        return block
    return f"{block.rstrip()}\n{fence.group(1)}"


def _ends(block: str) -> Iterator[int]:
    """Where sentences end inside a block of prose."""
    for stop in _STOP.finditer(block):
        # Bounded windows: a text of 20 MB may be one line.
        head = block[max(stop.start() - 24, 0) : stop.start() + 1]
        tail = block[stop.end() : stop.end() + 24].lstrip()
        if not stop.group().startswith(".") or _is_end(head, tail, stop.group()):
            yield stop.end()


def _is_end(head: str, tail: str, stop: str) -> bool:
    """Whether a full stop after ``head`` ends a sentence."""
    if _ITEM_NUMBER.fullmatch(head):
        return False
    if _BEFORE_NUMBER.search(head):
        return not tail[:1].isdigit()
    if _ABBREVIATION.search(head):
        return bool(_CLOSED.search(head)) and tail[:1].isupper()
    return not tail[:1].islower() or stop.endswith("]")


def split(text: str) -> list[Sentence]:
    """The units of a Markdown text, in order; together they hold everything but white space."""
    found: list[Sentence] = []

    def add(start: int, end: int, unit: Unit) -> None:
        piece = text[start:end]
        body = piece.strip()
        if body:
            left = start + len(piece) - len(piece.lstrip())
            found.append(Sentence(left, left + len(body), body, unit))

    for start, end, unit in _blocks(text):
        if unit in (Unit.CODE, Unit.ROW, Unit.HEADING):
            add(start, end, unit)
            continue
        at = start
        for stop in _ends(text[start:end]):
            add(at, start + stop, unit)
            at = start + stop
        add(at, end, unit)
    return found


def may_be_cut(text: str) -> bool:
    """Whether a unit may be complete in what a stream brought: behind a stop another one has begun
    ("2." may be "2.5" a moment later), or a line is over."""
    return _BEGUN.search(text) is not None


@dataclass(frozen=True, slots=True)
class Piece:
    """A complete unit of a stream, with the white space before it."""

    text: str
    unit: Unit


class SentenceStream:
    """Cuts a streamed answer into whole units as soon as each is complete.

    Every character fed comes out exactly once, in order: the texts of :meth:`feed` and
    :meth:`finish` joined are the text fed.
    """

    def __init__(self) -> None:
        self._buffer = ""
        self._last = Unit.PROSE

    def feed(self, text: str) -> list[Piece]:
        """Take a piece of text, return the units completed by it."""
        known = max(len(self._buffer) - _LONGEST_GAP, 0)
        self._buffer += text
        if not may_be_cut(self._buffer[known:]):
            return []
        return self._cut(split(self._buffer)[:-1])

    def finish(self) -> list[Piece]:
        """What is left at the end of the stream."""
        pieces = self._cut(split(self._buffer))
        rest, self._buffer = self._buffer, ""
        return [*pieces, Piece(rest, self._last)] if rest else pieces

    def _cut(self, complete: list[Sentence]) -> list[Piece]:
        pieces: list[Piece] = []
        at = 0
        for sentence in complete:
            text = self._buffer[at : sentence.end]
            # The second sentence of a list item does not look like one any more.
            goes_on = self._last is Unit.ITEM and "\n" not in text[: sentence.start - at]
            unit = Unit.ITEM if goes_on and sentence.unit is Unit.PROSE else sentence.unit
            pieces.append(Piece(text, unit))
            self._last = unit
            at = sentence.end
        self._buffer = self._buffer[at:]
        return pieces
