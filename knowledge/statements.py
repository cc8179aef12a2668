"""Passages and statements, read for the grounding check.

Table cells carry their row label and column header, so that a number in the column of the MG-200
does not vouch for the MG-400. A denial is kept with what it is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from bot.facts import Fact, Kind, facts, rarity
from bot.lexical import STOP_WORDS, terms, words
from bot.sentences import Sentence, Unit, split
from knowledge.checking.records import is_record, record_lines

_RULE = re.compile(r"^\s*\|[\s:|\-]+\|\s*$")
_CITATION = re.compile(r"\s?\[\d{1,2}\](?!\()")
_LINKED = re.compile(r"!?\[([^\]]*)\]\(([^)\s]*)[^)]*\)")
_MARKUP = re.compile(r"[*_`~|]+|^\s*#{1,6}\s+|^\s*>\s?|^\s*(?:[-*+•]|\d{1,3}[.)])\s+", re.MULTILINE)
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|neither|nor|without|cannot|unlike|isn't|aren't|wasn't|weren't|don't"
    r"|doesn't|didn't|can't|won't|wouldn't|shouldn't|couldn't|hasn't|haven't|hadn't|unable|nobody"
    r"|nothing|impossible|forbidden|prohibited|lacks?)\b"
)
_APART = re.compile(r"(?<=\w) ?['’] ?(s|m|re|ve|ll|d|t)\b(?=\s)")


@lru_cache(maxsize=2048)
def plain(text: str) -> str:
    """A text without Markdown signs and citation markers; link texts and addresses stay."""
    text = _CITATION.sub("", text)
    text = _LINKED.sub(r"\1 \2", text)
    text = _APART.sub(r"'\1", text)
    return re.sub(r"\s+", " ", _MARKUP.sub(" ", text)).strip()


def weight(term: str) -> float:
    """What a term tells: nothing for function words, else its rarity; numbers like a plain word."""
    if term.startswith("#"):
        return _NUMBER_WEIGHT
    return 0.0 if term in _STOPPED else rarity(term)


def canonical_terms(text: str) -> tuple[str, ...]:
    """The terms of a text in order, numbers and dates in their normal form (``#30``, ``day``)."""
    found: list[str] = []
    at = 0
    for fact in facts(text):
        if fact.kind in (Kind.NUMBER, Kind.DATE):
            found += [*terms(text[at : fact.start]), f"#{fact.value}"]
            if fact.unit and fact.unit != "rank":
                found.append(fact.unit)
            at = fact.end
    return (*found, *terms(text[at:]))


_NUMBER_WEIGHT = 4.0
_STOPPED = frozenset(t for w in STOP_WORDS for t in terms(w)) | {"s", "t"}


def negated(text: str) -> bool:
    """Whether a text denies."""
    return bool(_NEGATION.search(text.casefold().replace("’", "'")))


def denied(text: str) -> tuple[frozenset[str], ...]:
    """What each denial in a text is about: the telling terms just before and after it."""
    folded = text.casefold().replace("’", "'")
    found = []
    for match in _NEGATION.finditer(folded):
        before = [
            t for t in terms(folded[max(0, match.start() - 60) : match.start()])[-4:] if weight(t)
        ]
        after = [t for t in terms(folded[match.end() : match.end() + 80])[:5] if weight(t)]
        found.append(frozenset(before[-2:] + after[:2]))
    return tuple(found)


def denies(focuses: Sequence[frozenset[str]], shared: frozenset[str]) -> bool:
    """An odd number of denials about what both texts speak of."""
    return sum(2 * len(f & shared) >= len(f) and bool(f) for f in focuses) % 2 == 1


def neighbours(listed: Sequence[str], reach: int) -> set[frozenset[str]]:
    """Telling terms that stand next to each other, in either order."""
    telling = [t for t in listed if weight(t)]
    return {
        frozenset(pair)
        for step in range(1, reach + 1)
        for pair in zip(telling, telling[step:], strict=False)
    }


@dataclass(frozen=True, slots=True)
class Bound:
    """A fact and the codes and labels of the row and column it stands in."""

    fact: Fact
    labels: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Piece:
    """A unit of a passage, read: ``passage_text[start:end]``."""

    start: int
    end: int
    text: str
    terms: tuple[str, ...]
    found: frozenset[str]
    facts: tuple[Bound, ...]
    codes: frozenset[str]
    negated: bool
    denied: tuple[frozenset[str], ...]
    pairs: frozenset[frozenset[str]]


class PassageText:
    """A passage, read as far as it is asked for: what quotes it word for word needs its words
    alone, and reading its units takes ten times as long."""

    def __init__(self, text: str, above: str = "") -> None:
        self._text = text
        self._above = above
        self.words, self.places = spelled(text)
        self.said = f" {' '.join(self.words)} "  # no word holds a space

    @cached_property
    def units(self) -> tuple[Sentence, ...]:
        """Its sentences, items, rows and blocks as they stand; the values of a record in words."""
        return tuple(record_lines(self._text) if is_record(self._text) else split(self._text))

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """Its units in order, under their headings."""
        return tuple(_pieces(self.units, self._above))

    @cached_property
    def found(self) -> frozenset[str]:
        """All its terms."""
        return frozenset().union(*(p.found for p in self.pieces))


def _codes(found: Sequence[Fact]) -> frozenset[str]:
    return frozenset(f.value for f in found if f.kind is Kind.CODE)


def _cells(row: str) -> list[str]:
    return [c.strip() for c in row.strip().strip("|").split("|")]


def _row_facts(row: str, header: str) -> tuple[Bound, ...]:
    """The facts of a table row, each with the codes of its column and of its row's label."""
    labels, columns = _cells(row), _cells(header)
    own = _codes(facts(plain(labels[0])))
    bound: list[Bound] = []
    for index, cell in enumerate(labels):
        column = _codes(facts(plain(columns[index]))) if index < len(columns) else frozenset()
        bound += [Bound(f, own | column) for f in facts(plain(cell))]
    return tuple(bound)


def _piece(unit: Sentence, header: str, before: str) -> Piece:
    body = plain(unit.text)
    text = f"{before} {plain(header)} {body}".strip()
    listed = canonical_terms(text)
    if unit.unit is Unit.ROW and header:
        held = (*_row_facts(unit.text, header), *(Bound(f) for f in facts(plain(header))))
    else:
        held = tuple(Bound(f) for f in facts(text))
    codes = frozenset(b.fact.value for b in held if b.fact.kind is Kind.CODE)
    return Piece(
        unit.start,
        unit.end,
        text,
        listed,
        frozenset(listed),
        held,
        codes,
        negated(body),
        denied(body),
        frozenset(neighbours(listed, 2)),
    )


_TOKEN = re.compile(r"[^\W_]+(?:[.,:@'’/+-][^\W_]+)*")


def spelled(text: str) -> tuple[tuple[str, ...], tuple[tuple[int, int], ...]]:
    """The words of a text as written, folded, with their places."""
    found = list(_TOKEN.finditer(text))
    return (
        tuple(m.group().casefold().replace("’", "'") for m in found),
        tuple(m.span() for m in found),
    )


@lru_cache(maxsize=1024)
def read_passage(text: str, above: str = "") -> PassageText:
    """A passage with what the check needs of it; ``above`` is its heading path."""
    return PassageText(text, above)


def _pieces(units: Sequence[Sentence], above: str) -> Iterator[Piece]:
    header = ""
    heading = plain(above)
    for index, unit in enumerate(units):
        if unit.unit is not Unit.ROW:
            header = ""
        elif index == 0 or units[index - 1].unit is not Unit.ROW:
            header = unit.text
            yield _piece(unit, "", heading)
            continue
        if unit.unit is Unit.HEADING:
            heading = f"{plain(above)} {plain(unit.text)}".strip()
        if unit.unit is Unit.ROW and _RULE.match(unit.text):
            continue
        yield _piece(unit, header, "" if unit.unit is Unit.HEADING else heading)


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of an answer, read; ``weights`` of its telling terms."""

    text: str
    terms: tuple[str, ...]
    weights: dict[str, float]
    facts: tuple[Fact, ...]
    codes: frozenset[str]
    denied: tuple[frozenset[str], ...]
    personal: bool


_PERSONAL = re.compile(
    r"\b(?:i|my|me|i'm|i've|i'd|imho|mine)\b|\b(?:think|guess|feel|love|loved|like|hope|wonder"
    r"|believe|seen|watch|watched|favorite|favourite|agree|heard|remember)\b"
)


def read_statement(text: str, asked: frozenset[str] = frozenset()) -> Statement:
    """A sentence without its wrapping; words that the question used weigh half."""
    listed = canonical_terms(text)
    weights = {t: weight(t) * (0.5 if t in asked else 1.0) for t in listed if weight(t)}
    held = facts(text)
    return Statement(
        text,
        listed,
        weights,
        held,
        _codes(held),
        denied(text),
        bool(_PERSONAL.search(text.casefold())),
    )


def telling_words(text: str) -> list[str]:
    """The words of a text that carry content, as written."""
    return [w for w in words(text) if any(weight(t) for t in terms(w))]
