"""Where a document states another value than a live source: a pure, careful comparison.

It speaks up only about the same code, the same kind of number and the same unit, in a sentence or a
table row that holds one such number; whatever could mean something else is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.evidence import Passage
from bot.facts import Kind, facts
from bot.lexical import terms, words
from bot.ports import Contradiction, LiveFigure, LiveFinding
from bot.sentences import Sentence, Unit, split
from knowledge.live.amounts import CURRENCIES, Amount, amounts, unit_of
from knowledge.live.topics import PARTS

MOST = 2
"""Contradictions that an answer points out."""

_PRICE = re.compile(
    r"\bpri(?:ce|cing)s?\b|\bpriced\b|\bcosts?\b|\bpreise?\b|\bkostet\b|\bkosten\b|\bprix\b"
    r"|\bco[uû]te\b|\bprecios?\b|\bcuesta\b",
    re.IGNORECASE,
)
_STOCK = re.compile(
    r"\b(?:in|units in|on) stock\b|\bstock\b|\bauf lager\b|\blagerbestand\b|\ben stock\b",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"\b(?:from|starting|start(?:s|ing)? at|up to|at least|at most|more than|less than|over|under"
    r"|about|around|approx\w*|roughly|per|each|every|a (?:month|year|week|day)|monthly|yearly"
    r"|annual\w*|was|were|used to|formerly|previous\w*|earlier|before|until|instead|old|former|rrp"
    r"|msrp|sale|discount\w*|off|save[sd]?|voucher|coupon|net|excl\w*|plus|extra|additional|surcharge"
    r"|minimum|maximum|not|never|if|when|once|example|e\.g|for every|set of|pack of|second"
    r"|used|refurbished|bulk|dealers?|wholesale"
    r"|ab|bis|mindestens|h[oö]chstens|pro|je|monat\w*|j[aä]hrlich|statt|fr[uü]her|bisher|war"
    r"|zzgl|zuz[uü]glich|netto|rabatt\w*|nicht|wenn|gebraucht\w*)\b|/|~|\bca\.",
    re.IGNORECASE,
)
_CODE_MARKS = re.compile(r"[^0-9a-z]")


@dataclass(frozen=True, slots=True)
class _Said:
    """A statement of a document about one code: its amounts, and where it stands."""

    text: str
    start: int
    end: int
    amounts: tuple[Amount, ...]
    priced: bool
    stocked: bool


def contradictions(
    found: Sequence[LiveFinding], passages: Sequence[Passage]
) -> tuple[Contradiction, ...]:
    """What the passages state otherwise, each title and value once, at most two."""
    out: dict[tuple[str, str], Contradiction] = {}
    for finding in found:
        if len(finding.values) != 1 or not any(c.isdigit() for c in finding.values[0]):
            continue
        for index, passage in enumerate(passages):
            for said in _about(finding.values[0], passage):
                for figure in finding.figures:
                    amount = _other_value(figure, said) if figure.asked else None
                    if amount is None:
                        continue
                    value = said.text[amount.start : amount.end].strip()
                    title = passage.chunk.title or passage.chunk.document
                    other = Contradiction(index, (said.start, said.end), value, title)
                    out.setdefault((title, value), other)
    return tuple(out.values())[:MOST]


def disagrees(finding: LiveFinding, sentence: str) -> bool:
    """Whether a sentence states another value for what the finding tells, and not its value too."""
    if len(finding.values) != 1:
        return False
    said = _statement(finding.values[0], sentence, 0, len(sentence), "")
    return said is not None and any(_other_value(f, said) for f in finding.figures)


def _other_value(figure: LiveFigure, said: _Said) -> Amount | None:
    """The one amount of the figure's kind in a statement, where it is another one."""
    if figure.kind == "price":
        listed = [a for a in said.amounts if a.unit in CURRENCIES]
        if not listed and said.priced and figure.unit:
            listed = [a for a in said.amounts if not a.unit]
            if len(listed) != len(said.amounts):
                return None
    elif said.stocked:
        listed = [a for a in said.amounts if a.unit in ("", "unit")]
        if len(listed) != len(said.amounts):
            return None
    else:
        return None
    if any(figure.value in a.readings for a in listed) or len(listed) != 1:
        return None
    amount = listed[0]
    if figure.unit and amount.unit and figure.unit != amount.unit:
        return None
    return amount


# -- statements -----------------------------------------------------------------------------------


def _about(code: str, passage: Passage) -> Iterator[_Said]:
    """The statements of a passage about a code."""
    chunk = passage.chunk
    if _bare(code) not in _bare(f"{chunk.header}\n{chunk.text}"):
        return
    head: list[str] = []
    for unit in split(chunk.text):
        if unit.unit is Unit.ROW:
            cells = _cells(unit.text)
            if not head:
                head = cells
            elif said := _row(code, unit, head, cells):
                yield said
            continue
        head = []
        if unit.unit in (Unit.PROSE, Unit.ITEM):
            said = _statement(code, unit.text, unit.start, unit.end, chunk.header)
            if said:
                yield said


def _statement(code: str, text: str, start: int, end: int, header: str) -> _Said | None:
    """A sentence as a statement about a code, where it names it and no other."""
    rest = text
    named = _codes(text)
    if named:
        if named != {_bare(code)}:
            return None
        for fact in reversed(facts(text)):
            if fact.kind is Kind.CODE:
                rest = rest[: fact.start] + " " * (fact.end - fact.start) + rest[fact.end :]
    elif _codes(header) != {_bare(code)}:
        return None
    if _OTHER.search(rest) or any(w in PARTS for w in words(rest)):
        return None
    listed = amounts(rest)
    money = any(a.unit in CURRENCIES for a in listed)
    if not listed:
        return None
    priced = bool(_PRICE.search(rest))
    stocked = bool(_STOCK.search(rest))
    if not (priced or stocked or (money and len(terms(rest)) <= 12)):
        return None
    return _Said(text, start, end, listed, priced, stocked)


def _row(code: str, unit: Sentence, head: list[str], cells: list[str]) -> _Said | None:
    """A row of a table that names the code, with its price or its stock by the column's head."""
    if len(head) != len(cells) or [_bare(c) for c in cells].count(_bare(code)) != 1:
        return None
    for kind, pattern in (("price", _PRICE), ("stock", _STOCK)):
        columns = [i for i, title in enumerate(head) if pattern.search(title)]
        if len(columns) != 1 or _OTHER.search(head[columns[0]]) or _OTHER.search(unit.text):
            continue
        cell = cells[columns[0]]
        listed = amounts(cell)
        if len(listed) != 1:
            continue
        offset = unit.text.rfind(cell)
        amount = listed[0]
        currency = next((a for a in _currencies(head[columns[0]])), "")
        placed = Amount(
            amount.readings,
            amount.unit or (currency if kind == "price" else ""),
            amount.start + offset,
            amount.end + offset,
        )
        return _Said(unit.text, unit.start, unit.end, (placed,), kind == "price", kind == "stock")
    return None


def _currencies(title: str) -> list[str]:
    """The currencies that a column's head names: "Price (EUR)"."""
    return [u for w in re.findall(r"[^\W\d]+|[€$£¥]", title) if (u := unit_of(w)) in CURRENCIES]


def _cells(row: str) -> list[str]:
    return [cell.strip(" *`_") for cell in row.strip().strip("|").split("|")]


def _codes(text: str) -> set[str]:
    return {_bare(f.value) for f in facts(text) if f.kind is Kind.CODE}


def _bare(text: str) -> str:
    return _CODE_MARKS.sub("", text.casefold())
