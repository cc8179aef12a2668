"""Quotes to a readable answer: the documents' own words with ``[n]`` markers, in Markdown.

The persona adds a few words that state nothing and swaps words that it prefers, in prose only:
code, names, numbers, links and quoted text stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.evidence import Passage
from bot.sentences import Sentence, Unit, split
from persona.phrases import pick
from persona.profile import Persona
from persona.style import protected_spans, word_pattern

_RELATIVE_LINK = re.compile(r"(?<!!)\[([^\]\n]+)\]\((?!https?://|mailto:)[^)\s]*\)")
_IMAGE = re.compile(r"!\[([^\]\n]*)\]\([^)\s]*\)")
_BACKWARD = re.compile(
    r"(?:it|its|they|them|their|these|those|this|that|he|she|otherwise|then|instead|after that"
    r"|both|however|also|in this case|the latter)\b",
    re.IGNORECASE,
)
_REQUEST = re.compile(
    r"^\W*(?:how (?:do|can|should|to|would)|can you|could you|would you|please|show|tell|explain"
    r"|help|walk me|i (?:want|need|would like))\b",
    re.IGNORECASE,
)
_RULE = re.compile(r"\s*\|(?:\s*:?-+:?\s*\|)+\s*")
_STEP = re.compile(r"^\s*\d{1,3}[.)]\s", re.MULTILINE)
_KEPT = re.compile(r"\*\*[^*\n]+\*\*|[\"“][^\"“”\n]*[\"”]|[‘'](?<!\w)[^'’\n]+['’](?!\w)")
# A word after one of these may be a noun ("a purchase"): swapping it would break the grammar.
_BEFORE_NOUN = re.compile(
    r"\b(?:a|an|the|this|that|these|those|your|my|our|their|his|her|its|each|every|any|no|of|per"
    r"|on|by|for|in|with|from|first|last|new)\s+$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Quote:
    """A piece of a passage, verbatim, and where it stands in ``passages[passage].chunk.text``."""

    text: str
    passage: int
    start: int
    end: int


def completed(quote: Quote, passages: Sequence[Passage]) -> Quote:
    """The quote, with the sentence before it where it begins with a word that points back, and a
    part of a table with the names of its columns."""
    if quote.text.startswith("|"):
        return _headed(quote, passages[quote.passage])
    if not _BACKWARD.match(quote.text.lstrip("*_ ")):
        return quote
    text = passages[quote.passage].chunk.text
    before = [unit for unit in split(text) if unit.end <= quote.start]
    if not before or before[-1].unit is not Unit.PROSE:
        return quote
    start = before[-1].start
    if "\n\n" in text[before[-1].end : quote.start] or text[start : before[-1].end].endswith(":"):
        return quote
    return Quote(text[start : quote.end], quote.passage, start, quote.end)


def _headed(quote: Quote, passage: Passage) -> Quote:
    """Rows of a table whose head stands in an earlier chunk: the chunk's headings end with it."""
    rows = quote.text.splitlines()
    columns = passage.chunk.headings[-1] if passage.chunk.headings else ""
    number = len(_cells(rows[0]))
    if any(_RULE.fullmatch(row) for row in rows) or len(_cells(columns)) != number or number < 2:
        return quote
    head = f"| {columns} |\n|{'---|' * number}\n"
    return replace(quote, text=head + quote.text)


def _cells(row: str) -> list[str]:
    """The cells of a table's row."""
    return row.strip().strip("|").split("|")


class Composer:
    """Puts quotes together in the manner of one persona."""

    def __init__(self, persona: Persona) -> None:
        self._habits = persona.habits
        self._swaps = {
            " ".join(word.casefold().split()): choice.preferred
            for choice in persona.words_to_use
            for word in choice.instead_of
        }
        self._swappable = word_pattern(list(self._swaps), inflected=False)

    def compose(
        self, quotes: Sequence[Quote], question: str, *, first: bool = False
    ) -> tuple[str, ...]:
        """The answer in pieces that join to it; ``first`` in a thread, it may have an opener."""
        blocks = [self._block(quote) for quote in _whole_tables(quotes)]
        joined: list[str] = []
        opener = pick(self._habits.openers, question)
        if first and opener and _REQUEST.match(question) and blocks:
            joined.append(opener)
        for block in blocks:
            if joined:
                joined.append(_gap(joined[-1], block[0]))
            joined.extend(block)
        closer = pick(self._habits.closers, question)
        if closer and len(_STEP.findall("".join(joined))) >= 3:
            joined.append(f"\n\n{closer}")
        return tuple(joined)

    def _block(self, quote: Quote) -> list[str]:
        """One quote, unit by unit, each statement with its marker."""
        text = quote.text.strip()
        marker = f"[{quote.passage + 1}]"
        units = split(text)
        pieces: list[str] = []
        at = 0
        for number, unit in enumerate(units):
            gap = text[at : unit.start]
            follower = units[number + 1] if number + 1 < len(units) else None
            pieces.append(gap + self._said(unit, follower, marker))
            at = unit.end
        return pieces or [text]

    def _said(self, unit: Sentence, follower: Sentence | None, marker: str) -> str:
        if unit.unit is Unit.CODE or unit.unit is Unit.ROW:
            # Inside code and tables a marker would be read as content: it follows the block.
            ends = follower is None or follower.unit is not unit.unit or unit.unit is Unit.CODE
            return f"{unit.text}\n\n{marker}" if ends else unit.text
        if unit.unit is Unit.HEADING:
            return f"**{unit.text.lstrip('#').strip()}**"
        text = self._swapped(_plain_links(unit.text))
        if follower and follower.unit is not unit.unit and unit.text[-1] not in ".!?…":
            return text  # a lead-in states nothing without what it introduces
        return f"{text} {marker}"

    def _swapped(self, text: str) -> str:
        if self._swappable is None:
            return text
        kept = [*protected_spans(text), *(m.span() for m in _KEPT.finditer(text))]

        def swap(found: re.Match[str]) -> str:
            start, end = found.span()
            if any(a < end and start < b for a, b in kept) or _BEFORE_NOUN.search(text[:start]):
                return found.group()
            word = self._swaps[" ".join(found.group().casefold().replace("’", "'").split())]
            return word[:1].upper() + word[1:] if found.group()[0].isupper() else word

        return self._swappable.sub(swap, text)


def _whole_tables(quotes: Sequence[Quote]) -> list[Quote]:
    """Rows of one passage as one table, so that all of them stand under the header."""
    found: list[Quote] = []
    for quote in quotes:
        last = found[-1] if found else None
        rows = quote.text.lstrip().startswith("|")
        if last and rows and last.passage == quote.passage and last.text.lstrip().startswith("|"):
            text = f"{last.text.rstrip()}\n{_without_head(quote.text.lstrip(), last.text)}"
            found[-1] = Quote(text, quote.passage, last.start, quote.end)
        else:
            found.append(quote)
    return found


def _without_head(rows: str, before: str) -> str:
    """Rows without the head that stands above them already."""
    lines = rows.splitlines()
    repeated = len(lines) > 1 and _RULE.fullmatch(lines[1]) and before.startswith(f"{lines[0]}\n")
    return "\n".join(lines[2:]) if repeated else rows


def _plain_links(text: str) -> str:
    """Links that lead nowhere outside their document become their text; images their caption."""
    return _RELATIVE_LINK.sub(r"\1", _IMAGE.sub(r"\1", text))


def _gap(before: str, after: str) -> str:
    """A space between sentences of prose, an empty line around lists, tables and code."""
    blocks = ("|", "```", "~~~", "#", ">")
    structured = (
        after.lstrip().startswith(blocks)
        or bool(re.match(r"\s*(?:[-*+•]|\d{1,3}[.)])\s", after))
        or before.rstrip().endswith(":")
        or "\n" in before.strip()
        or bool(re.match(r"\s*(?:[-*+•]|\d{1,3}[.)])\s", before))
    )
    return "\n\n" if structured else " "
