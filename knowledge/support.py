"""How far passages carry a statement: the signals of the grounding check.

Each statement is compared with windows of one or two neighbouring units of a passage. What must
agree exactly (numbers, dates, codes, links, names, denials) puts a ceiling on the score.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.facts import Fact, Kind, same_number
from bot.lexical import terms
from knowledge.statements import (
    PassageText,
    Piece,
    Statement,
    denies,
    negated,
    neighbours,
    plain,
    spelled,
)

_QUANTITY = re.compile(r"\d")
_YEAR = re.compile(r"1\d{3}|20\d{2}")
# Capitals make these look like names.
_NO_NAMES = frozenset(
    terms(
        "AM PM nobody everybody everyone someone neither both mondays tuesdays wednesdays"
        " thursdays fridays saturdays sundays"
    )
)


def exact(fact: Fact) -> bool:
    """Whether a fact must agree to the letter: ``two`` alone or a stray ``1`` need not."""
    if fact.kind is Kind.NUMBER:
        return bool(_QUANTITY.search(fact.text)) or bool(fact.unit and fact.unit != "rank")
    return fact.kind is not Kind.NAME


def agree(fact: Fact, other: Fact) -> bool:
    """Whether a fact of a statement says what ``other``, of a passage, says."""
    if fact.kind is Kind.NUMBER and other.kind is Kind.NUMBER:
        return same_number(fact, other)
    if fact.kind is Kind.DATE and other.kind is Kind.DATE:
        return fact.value == other.value or fact.value.lstrip("-") in (
            other.value[-5:],
            other.value.lstrip("-"),
        )
    if fact.kind is Kind.NUMBER and other.kind is Kind.DATE:  # "in 1969", of August 14, 1969
        return bool(_YEAR.fullmatch(fact.value)) and other.value.startswith(f"{fact.value}-")
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


def ceiling(signals: Sequence[float], judged: float = 0.0) -> float:
    """The highest score that what must agree exactly leaves to a statement.

    A number, date, code or link that no passage holds; a name that nobody mentions; a denial of
    what the passages affirm. That a fact stands elsewhere than the best window is weighed against
    ``judged``, the probability by a checker that has read all lines: a sentence may sum up many.
    """
    if signals[_PLACE["numbers_missing_all"]] > 0:
        return 0.1
    if signals[_PLACE["names_missing_all"]] > 0:
        return 0.3
    opposite = signals[_PLACE["negation_differs"]] > 0 and signals[_PLACE["covered"]] > 0.8
    if opposite:
        return 0.3
    return 0.3 if signals[_PLACE["numbers_missing"]] > 0 and judged < 0.5 else 1.0


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
    weights = statement.weights.items()
    total = sum(statement.weights.values())
    for index, passage in enumerate(passages):
        held = [[_held(f, p, statement.codes) for f in strict] for p in passage.pieces]
        for at, piece in enumerate(passage.pieces):
            for pieces in ((piece,), passage.pieces[at : at + 2])[: len(passage.pieces) - at]:
                first, last = piece.found, pieces[-1].found
                told = sum(w for t, w in weights if t in first or t in last)
                worth = (told / total if total else 1.0) - 0.04 * (len(pieces) - 1)
                facts_held = sum(map(any, zip(*held[at : at + len(pieces)], strict=True)))
                window = Window(index, pieces)
                ranked.append((worth + 0.15 * facts_held / (len(strict) or 1), window))
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


def _joined_date(fact: Fact, pieces: Sequence[Piece], everything: frozenset[str]) -> bool:
    """Whether a date's day and its year stand in different places."""
    year, day = fact.value[:4], fact.value[4:]
    return (
        fact.kind is Kind.DATE
        and f"#{year}" in everything
        and any(b.fact.kind is Kind.DATE and b.fact.value == day for p in pieces for b in p.facts)
    )


def support(statement: Statement, passages: Sequence[PassageText]) -> Support:
    """What the passages hold of a statement."""
    ranked = _windows(statement, passages)
    if not ranked:
        return Support(None, (0.0,) * len(SIGNALS), statement.facts, (), False)
    window = ranked[0][1]
    found = window.found
    everything = frozenset().union(*(p.found for p in passages))
    strict = [f for f in statement.facts if exact(f)]
    names = [f for f in statement.facts if f.kind is Kind.NAME and f.value not in _NO_NAMES]
    pieces = [p for passage in passages for p in passage.pieces]
    missing = [f for f in strict if not any(_held(f, p, statement.codes) for p in pieces)]
    joined = [f for f in missing if _joined_date(f, pieces, everything)]
    missing = [f for f in missing if f not in joined]
    outside = joined + [
        f
        for f in strict
        if f not in (*missing, *joined)
        and not any(_held(f, p, statement.codes) for p in window.pieces)
    ]
    gaps = [w for t, w in statement.weights.items() if t not in found]
    listed = [t for p in window.pieces for t in p.terms]
    pairs = neighbours(statement.terms, 1)
    pairs_all = sum(any(pair in p.pairs for p in pieces) for pair in pairs)
    nearest = max(window.pieces, key=lambda p: _share(statement.weights, p.found))
    shared = nearest.found & frozenset(statement.terms)
    differs = denies(statement.denied, shared) != denies(nearest.denied, shared)
    covered = _share(statement.weights, found)
    signals = {
        "covered": covered,
        "covered_passage": max(_share(statement.weights, p.found) for p in passages),
        "covered_all": _share(statement.weights, everything),
        "missing_heaviest": max(gaps, default=0.0) / 7,
        "missing_count": min(len(gaps), 10) / 10,
        "pairs": len(pairs & neighbours(listed, 2)) / len(pairs) if pairs else covered,
        "pairs_all": pairs_all / len(pairs) if pairs else covered,
        "run": _longest_run(statement.terms[:60], listed[:200]) / (len(statement.terms[:60]) or 1),
        "numbers_missing": len(missing + outside) / (len(strict) or 1),
        "numbers_missing_all": len(missing) / (len(strict) or 1),
        "names_missing": sum(
            not any(_held(f, p, frozenset()) for p in window.pieces) for f in names
        )
        / (len(names) or 1),
        "names_missing_all": sum(not set(f.value.split()) <= everything for f in names)
        / (len(names) or 1),
        "negation_differs": float(differs),
        "personal": float(statement.personal),
    }
    opposite = differs and covered > 0.8
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
    said = f" {' '.join(wanted)} "
    for index, passage in enumerate(passages):
        if said not in passage.said:
            continue
        for at, word in enumerate(passage.words):
            if word == wanted[0] and passage.words[at : at + len(wanted)] == wanted:
                start = passage.places[at][0]
                end = passage.places[at + len(wanted) - 1][1]
                around = [u for u in passage.units if u.start < end and u.end > start]
                if not negated(text) and any(negated(plain(u.text)) for u in around):
                    continue
                if around:
                    start, end = min(p.start for p in around), max(p.end for p in around)
                return index, (start, end)
    return None
