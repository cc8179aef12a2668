"""What cases are made from, and what is made: a document in its parts, and a candidate. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bot.facts import Fact
from bot.lexical import STOP_WORDS, terms, words
from bot.sentences import Sentence, Unit, split
from knowledge.document import plain_heading

_MARKUP = re.compile(r"\*\*|__|`|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w)")
_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)")
_RULE_ROW = re.compile(r"^[\s|:\-]+$")
_BULLET = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+")


@dataclass(frozen=True, slots=True)
class Material:
    """A document that cases are made from. ``groups`` may read it; empty: everybody."""

    source: str
    document: str
    title: str
    text: str
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A case before it was tried on the search.

    ``rule`` names what made it; ``quote`` is a literal piece of the document. ``about`` are the
    names that the question turns on, ``parts`` what an answer in the evidence is told by. Where it
    is not ``answerable`` there is no quote.
    """

    rule: str
    question: str
    answers: tuple[str, ...]
    material: Material
    quote: str = ""
    paraphrases: tuple[str, ...] = ()
    answerable: bool = True
    about: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Part:
    """What stands under a heading: its units, without tables, and its tables as rows of cells.

    ``path`` are the headings above it, outermost first, as plain words.
    """

    heading: str
    path: tuple[str, ...]
    units: tuple[Sentence, ...]
    tables: tuple[Table, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """``rows[i][j]`` are plain cells; ``quotes[i]`` is the row as it is written."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    quotes: tuple[str, ...]


def plain(text: str) -> str:
    """A piece of Markdown without its marks, on one line."""
    return " ".join(_MARKUP.sub("", _LINK.sub(r"\1", _BULLET.sub("", text))).split())


def literal(text: str, fact: Fact) -> str:
    """A fact as the text writes it, with its sign."""
    sign = text[fact.start - 1] if fact.start else ""
    before = text[fact.start - 2] if fact.start > 1 else " "
    return f"{sign}{fact.text}" if sign in "−-±" and sign and not before.isalnum() else fact.text


def stems(text: str) -> frozenset[str]:
    """The stems of a text's telling words."""
    return frozenset(t for w in words(text) if w not in STOP_WORDS for t in terms(w))


def parts(text: str) -> Iterator[Part]:
    """The parts of a document, in its order."""
    path: list[tuple[int, str]] = []
    heading, units = "", list[Sentence]()
    for unit in (*split(text), None):
        if unit is not None and unit.unit is not Unit.HEADING:
            units.append(unit)
            continue
        if units:
            prose = tuple(u for u in units if u.unit is not Unit.ROW)
            yield Part(heading, tuple(h for _, h in path[:-1]), prose, tuple(_tables(units)))
        if unit is not None:
            depth = len(unit.text) - len(unit.text.lstrip("#"))
            heading, units = plain(plain_heading(unit.text)), []
            path = [(d, h) for d, h in path if d < depth] + [(depth, heading)]


def _tables(units: Sequence[Sentence]) -> Iterator[Table]:
    """Rows that follow each other, where the second one is a rule."""
    run: list[str] = []
    for unit in (*units, None):
        if unit is not None and unit.unit is Unit.ROW:
            run.append(unit.text)
            continue
        if len(run) > 2 and _RULE_ROW.match(run[1]):
            head, rows = _cells(run[0]), [_cells(row) for row in run[2:]]
            if all(len(row) == len(head) for row in rows):
                yield Table(head, tuple(rows), tuple(run[2:]))
        run = []


def _cells(row: str) -> tuple[str, ...]:
    inner = row.strip().removeprefix("|").removesuffix("|")
    return tuple(plain(cell) for cell in re.split(r"(?<!\\)\|", inner))
