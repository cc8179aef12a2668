"""How far passages carry a statement: signals for the grounding check.

Passages are read once; each statement is compared with windows of one or two neighbouring
units. Table cells carry their row label and column header, so that a number in the column of
the MG-200 does not vouch for the MG-400.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.facts import Fact, Kind, facts, rarity, same_number
from bot.lexical import STOP_WORDS, terms, words
from bot.sentences import Sentence, Unit, split

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
_QUANTITY = re.compile(r"\d")


def plain(text: str) -> str:
    """A text without Markdown signs and citation markers; link texts and addresses stay."""
    text = _CITATION.sub("", text)
    text = _LINKED.sub(r"\1 \2", text)
    text = _APART.sub(r"'\1", text)
    return re.sub(r"\s+", " ", _MARKUP.sub(" ", text)).strip()


def weight(term: str) -> float:
    """What a term tells: nothing for function words, else its rarity."""
    return 0.0 if term in _STOPPED else rarity(term)


_STOPPED = frozenset(t for w in STOP_WORDS for t in terms(w)) | {"s", "t"}


def negated(text: str) -> bool:
    """Whether a text denies."""
    return len(_NEGATION.findall(text.casefold().replace("’", "'"))) % 2 == 1


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
    pairs: frozenset[frozenset[str]]


@dataclass(frozen=True, slots=True)
class PassageText:
    """A passage, read: its pieces in order, and its words with their offsets."""

    pieces: tuple[Piece, ...]
    found: frozenset[str]
    words: tuple[str, ...]
    places: tuple[tuple[int, int], ...]


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
    listed = tuple(terms(text))
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
        frozenset(_neighbours(listed, 2)),
    )


_TOKEN = re.compile(r"[^\W_]+(?:[.,:@'’/+-][^\W_]+)*")


def spelled(text: str) -> tuple[tuple[str, ...], tuple[tuple[int, int], ...]]:
    """The words of a text as written, folded, with their places."""
    found = list(_TOKEN.finditer(text))
    return (
        tuple(m.group().casefold().replace("’", "'") for m in found),
        tuple(m.span() for m in found),
    )


@lru_cache(maxsize=512)
def read_passage(text: str) -> PassageText:
    """A passage's units with what the check needs of them."""
    pieces: list[Piece] = []
    header = heading = ""
    units = split(text)
    for index, unit in enumerate(units):
        if unit.unit is not Unit.ROW:
            header = ""
        elif index == 0 or units[index - 1].unit is not Unit.ROW:
            header = unit.text
            pieces.append(_piece(unit, "", ""))
            continue
        if unit.unit is Unit.HEADING:
            heading = plain(unit.text)
        if unit.unit is Unit.ROW and _RULE.match(unit.text):
            continue
        pieces.append(_piece(unit, header, "" if unit.unit is Unit.HEADING else heading))
    spelling, places = spelled(text)
    found = frozenset().union(*(p.found for p in pieces)) if pieces else frozenset()
    return PassageText(tuple(pieces), found, spelling, places)


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of an answer, read; ``weights`` of its telling terms."""

    text: str
    terms: tuple[str, ...]
    weights: dict[str, float]
    facts: tuple[Fact, ...]
    codes: frozenset[str]
    negated: bool
    personal: bool


_PERSONAL = re.compile(
    r"\b(?:i|my|me|i'm|i've|i'd|imho|mine)\b|\b(?:think|guess|feel|love|loved|like|hope|wonder"
    r"|believe|seen|watch|watched|favorite|favourite|agree|heard|remember)\b"
)


def read_statement(text: str, asked: frozenset[str] = frozenset()) -> Statement:
    """A sentence without its wrapping; words that the question used weigh half."""
    listed = tuple(terms(text))
    weights = {t: weight(t) * (0.5 if t in asked else 1.0) for t in listed if weight(t)}
    held = facts(text)
    return Statement(
        text,
        listed,
        weights,
        held,
        _codes(held),
        negated(text),
        bool(_PERSONAL.search(text.casefold())),
    )


def exact(fact: Fact) -> bool:
    """Whether a fact must agree to the letter: ``two`` alone or a stray ``1`` need not."""
    if fact.kind is Kind.NUMBER:
        return bool(_QUANTITY.search(fact.text)) or bool(fact.unit and fact.unit != "rank")
    return fact.kind is not Kind.NAME


def agree(fact: Fact, other: Fact) -> bool:
    """Whether two facts say the same."""
    if fact.kind is Kind.NUMBER and other.kind is Kind.NUMBER:
        return same_number(fact, other)
    if fact.kind is Kind.DATE and other.kind is Kind.DATE:
        return fact.value == other.value or fact.value.lstrip("-") in (
            other.value[-5:],
            other.value.lstrip("-"),
        )
    return fact.kind is other.kind and fact.value == other.value


def _held(fact: Fact, piece: Piece, codes: frozenset[str]) -> bool:
    """Whether a piece holds a fact, and not about another product than the statement names."""
    if fact.kind is Kind.NAME:
        return all(t in piece.found for t in fact.value.split())
    for bound in piece.facts:
        about = bound.labels or piece.codes
        free = fact.kind is Kind.CODE or not codes or not about or about & codes
        if free and agree(fact, bound.fact):
            return True
    if fact.kind in (Kind.LINK, Kind.CODE):
        return fact.value in piece.text.casefold()
    return False


SIGNALS = (
    "covered", "covered_passage", "covered_all", "missing_heaviest", "missing_count", "pairs",
    "pairs_all", "run", "numbers_missing", "numbers_missing_all", "names_missing",
    "names_missing_all", "personal", "negation_differs",
)  # fmt: skip


_PLACE = {name: index for index, name in enumerate(SIGNALS)}


def ceiling(signals: Sequence[float]) -> float:
    """The highest score that what must agree exactly leaves to a statement.

    A number, date, code or link that no passage holds; one that stands elsewhere only; a name
    that nobody mentions; a denial of what the passages affirm.
    """
    if signals[_PLACE["numbers_missing_all"]] > 0:
        return 0.1
    opposite = signals[_PLACE["negation_differs"]] > 0 and signals[_PLACE["covered"]] > 0.8
    if opposite or signals[_PLACE["numbers_missing"]] > 0:
        return 0.3
    return 0.3 if signals[_PLACE["names_missing_all"]] > 0 else 1.0


@dataclass(frozen=True, slots=True)
class Window:
    """One or two neighbouring pieces of passage ``index``."""

    index: int
    pieces: tuple[Piece, ...]

    @property
    def span(self) -> tuple[int, int]:
        return self.pieces[0].start, self.pieces[-1].end

    @property
    def found(self) -> frozenset[str]:
        return frozenset().union(*(p.found for p in self.pieces))


def _share(weights: dict[str, float], found: frozenset[str]) -> float:
    total = sum(weights.values())
    return sum(w for t, w in weights.items() if t in found) / total if total else 1.0


def _windows(statement: Statement, passages: Sequence[PassageText]) -> list[tuple[float, Window]]:
    """Every window with its worth: coverage, facts held, a little less for two pieces."""
    ranked = []
    strict = [f for f in statement.facts if exact(f)]
    for index, passage in enumerate(passages):
        for at, piece in enumerate(passage.pieces):
            for pieces in ((piece,), passage.pieces[at : at + 2]):
                if len(pieces) == 2 or pieces == (piece,):
                    window = Window(index, tuple(pieces))
                    held = sum(any(_held(f, p, statement.codes) for p in pieces) for f in strict)
                    worth = _share(statement.weights, window.found) - 0.04 * (len(pieces) - 1)
                    ranked.append((worth + 0.15 * held / (len(strict) or 1), window))
    ranked.sort(key=lambda item: -item[0])
    return ranked


def _longest_run(statement: Sequence[str], found: Sequence[str]) -> int:
    """The longest stretch of terms that both have in the same order."""
    best = 0
    previous = [0] * (len(found) + 1)
    for term in statement:
        row = [0] * (len(found) + 1)
        for at, other in enumerate(found):
            if term == other:
                row[at + 1] = previous[at] + 1
                best = max(best, row[at + 1])
        previous = row
    return best


@dataclass(frozen=True, slots=True)
class Support:
    """The best window for a statement, its signals, and the facts that nothing holds."""

    window: Window | None
    signals: tuple[float, ...]
    missing: tuple[Fact, ...]
    elsewhere: tuple[Fact, ...]
    opposite: bool


def _neighbours(listed: Sequence[str], reach: int) -> set[frozenset[str]]:
    """Telling terms that stand next to each other, in either order."""
    telling = [t for t in listed if weight(t)]
    return {
        frozenset(pair)
        for step in range(1, reach + 1)
        for pair in zip(telling, telling[step:], strict=False)
    }


def support(statement: Statement, passages: Sequence[PassageText]) -> Support:
    """What the passages hold of a statement."""
    ranked = _windows(statement, passages)
    if not ranked:
        return Support(None, (0.0,) * len(SIGNALS), statement.facts, (), False)
    window = ranked[0][1]
    found = window.found
    everything = frozenset().union(*(p.found for p in passages))
    strict = [f for f in statement.facts if exact(f)]
    names = [f for f in statement.facts if f.kind is Kind.NAME]
    pieces = [p for passage in passages for p in passage.pieces]
    missing = [f for f in strict if not any(_held(f, p, statement.codes) for p in pieces)]
    outside = [
        f
        for f in strict
        if f not in missing and not any(_held(f, p, statement.codes) for p in window.pieces)
    ]
    gaps = [w for t, w in statement.weights.items() if t not in found]
    listed = [t for p in window.pieces for t in p.terms]
    pairs = _neighbours(statement.terms, 1)
    pairs_all = {pair for p in pieces for pair in p.pairs} if pairs else set()
    nearest = max(window.pieces, key=lambda p: _share(statement.weights, p.found))
    negates = nearest.negated
    covered = _share(statement.weights, found)
    signals = {
        "covered": covered,
        "covered_passage": max(_share(statement.weights, p.found) for p in passages),
        "covered_all": _share(statement.weights, everything),
        "missing_heaviest": max(gaps, default=0.0) / 7,
        "missing_count": min(len(gaps), 10) / 10,
        "pairs": len(pairs & _neighbours(listed, 2)) / len(pairs) if pairs else covered,
        "pairs_all": len(pairs & pairs_all) / len(pairs) if pairs else covered,
        "run": _longest_run(statement.terms[:60], listed[:200]) / (len(statement.terms[:60]) or 1),
        "numbers_missing": len(missing + outside) / (len(strict) or 1),
        "numbers_missing_all": len(missing) / (len(strict) or 1),
        "names_missing": sum(
            not any(_held(f, p, frozenset()) for p in window.pieces) for f in names
        )
        / (len(names) or 1),
        "names_missing_all": sum(not set(f.value.split()) <= everything for f in names)
        / (len(names) or 1),
        "negation_differs": float(statement.negated != negates),
        "personal": float(statement.personal),
    }
    opposite = statement.negated != negates and covered > 0.8
    return Support(
        window,
        tuple(float(signals[name]) for name in SIGNALS),
        tuple(missing),
        tuple(outside),
        opposite,
    )


def quoted(text: str, passages: Sequence[PassageText]) -> tuple[int, tuple[int, int]] | None:
    """Where a text stands word for word; a denial in the sentence it was cut from spoils it."""
    wanted, _ = spelled(text)
    if not wanted:
        return None
    for index, passage in enumerate(passages):
        for at, word in enumerate(passage.words):
            if word == wanted[0] and passage.words[at : at + len(wanted)] == wanted:
                start = passage.places[at][0]
                end = passage.places[at + len(wanted) - 1][1]
                around = [p for p in passage.pieces if p.start < end and p.end > start]
                if any(p.negated for p in around) and not negated(text):
                    continue
                if around:
                    start, end = min(p.start for p in around), max(p.end for p in around)
                return index, (start, end)
    return None


def telling_words(text: str) -> list[str]:
    """The words of a text that carry content, as written."""
    return [w for w in words(text) if any(weight(t) for t in terms(w))]
