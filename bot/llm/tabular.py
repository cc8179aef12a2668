"""What a table says: the row that a question looks up, the rows that it compares, a table whole.

A table tells by place: "Weight | 480 g" below the title "MG-200" shares one word with "How heavy is
the MG-200?". So what is asked has to be found in the row, in the names of the columns and in the
titles above together, and what is wanted of it by its label or by its shape.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from bot.evidence import Passage
from bot.facts import Kind
from bot.lexical import fold, terms
from bot.llm.asking import Asked, Asks, holds_type
from bot.llm.attributes import ATTRIBUTES, Attribute
from bot.llm.manners import Manner, manner
from bot.llm.units import Span, parts
from bot.sentences import Sentence, Unit

_RULE = re.compile(r"^\s*\|[\s:|\-]+\|\s*$")
_SEPARATOR = re.compile(r"[/_.-]+")
COVERED = 0.85
_KIND_COVERED = 0.6  # where the rows are the things of the kind that is asked for
_MOST_ROWS = 6
_LONGEST_TABLE = 1_500
_MOST_COMPARED = 4
_TABLE = re.compile(r"\b(?:table|list|overview|chart|matrix)\b")
KIND = re.compile(r"^\W*(?:what|which)(?: \w+)?? (\w{3,}s\b|\w{3,}(?= (?:do|does|can|are)\b))")
_FILLER = frozenset(
    t for w in "table list overview chart matrix compare comparison compared difference different"
    " versus vs between both number numbers value values rating data maximum max".split()
    for t in terms(w)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A row below the head of a table."""

    span: Span
    cells: tuple[str, ...]

    @property
    def found(self) -> frozenset[str]:
        return frozenset(t for cell in self.cells for t in terms(cell))


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a passage.

    ``head`` is quoted with each row; ``above`` are the terms of titles, headings and the document's
    name, ``near`` those of the last heading and of the line that leads to the table.
    """

    index: int
    head: Span | None
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    lead: Span | None
    above: frozenset[str]
    near: frozenset[str]

    def quoted(self, rows: Sequence[Row]) -> list[Span]:
        """Head and rows; neighbours as one piece."""
        spans = [self.head] if self.head else []
        for row in rows:
            joined = spans and (spans[-1] == self.head and row is self.rows[0])
            if joined or (spans and row.span[0] - spans[-1][1] <= 1):
                spans[-1] = (spans[-1][0], row.span[1])
            else:
                spans.append(row.span)
        return spans

    @property
    def whole(self) -> list[Span]:
        """All of it, with the line before."""
        return [*([self.lead] if self.lead else []), *self.quoted(self.rows)]


@dataclass(frozen=True, slots=True)
class LookedUp:
    """Spans to quote of each passage; the share of the question that they and the titles say."""

    spans: tuple[tuple[int, tuple[Span, ...]], ...]
    covered: float


def _cells(row: str) -> tuple[str, ...]:
    return tuple(cell.strip(" *`_") for cell in row.strip().strip("|").split("|"))


def _runs(units: Sequence[Sentence]) -> Iterator[tuple[int, int]]:
    at = 0
    while at < len(units):
        end = at
        while end < len(units) and units[end].unit is Unit.ROW:
            end += 1
        if end > at:
            yield at, end
        at = max(end, at + 1)


def tables(passages: Sequence[Passage]) -> list[Table]:
    """The tables of the passages, in their order."""
    found = []
    for index, passage in enumerate(passages):
        chunk = passage.chunk
        for number, part in enumerate(parts(chunk.text)):
            heading = part.heading or (chunk.headings[-1] if chunk.headings and not number else "")
            for first, end in _runs(part.units):
                rows = part.units[first:end]
                before = part.units[first - 1] if first else None
                lead = before if before and before.unit is Unit.PROSE else None
                ruled = len(rows) > 1 and bool(_RULE.match(rows[1].text))
                above = chunk.headings[-1] if chunk.headings else ""
                columns = _cells(rows[0].text) if ruled else _cells(above)
                if not ruled and len(columns) != len(_cells(rows[0].text)):
                    columns = ()
                near = f"{heading} {lead.text if lead else ''}"
                name = _SEPARATOR.sub(" ", chunk.document)
                found.append(
                    Table(
                        index,
                        (rows[0].start, rows[1].end) if ruled else None,
                        columns,
                        tuple(
                            Row((r.start, r.end), _cells(r.text)) for r in rows[2 if ruled else 0 :]
                        ),
                        (lead.start, lead.end) if lead and lead.text.endswith(":") else None,
                        frozenset(terms(f"{chunk.header} {near} {name}")),
                        frozenset(terms(near)),
                    )
                )
    return [t for t in found if t.rows]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked about, by weight, and the attribute that is asked for."""

    weights: dict[str, float]
    attribute: Attribute | None
    codes: frozenset[str]
    named: bool = False  # nothing is asked but what the thing is

    def covered(self, found: AbstractSet[str]) -> float:
        total = sum(self.weights.values())
        return sum(w for t, w in self.weights.items() if t in found) / total if total else 1.0


def read_wanted(asked: Asked) -> Wanted:
    """What a question asks of a table."""
    folded = fold(asked.text)
    attribute = next((a for a in ATTRIBUTES if a.asked.search(folded)), None)
    said = attribute.asked.findall(folded) if attribute else []
    spent = _FILLER | set(terms(" ".join(said)))
    weights = {t: w for t, w in asked.weights.items() if t not in spent}
    codes = frozenset(f.value for f in asked.facts if f.kind is Kind.CODE)
    named = asked.asks is Asks.DEFINITION or manner(asked.text) is Manner.KEYWORDS
    return Wanted(weights, attribute, codes, named)


def _tells(table: Table, row: Row, attribute: Attribute) -> bool:
    """Whether a row has a value of this attribute: by its own label, its column's, or its shape."""
    shaped = any(attribute.value.search(fold(cell)) for cell in row.cells)
    if attribute.strict and not shaped:
        return False
    if attribute.label.search(fold(row.cells[0])) and any(row.cells[1:]):
        return True
    named = [
        cell
        for column, cell in zip(table.columns, row.cells, strict=False)
        if attribute.label.search(fold(column))
    ]
    if named:
        return any(any(c.isalnum() for c in cell) for cell in named)
    return shaped


def _is_named(wanted: Wanted, row: Row) -> bool:
    """Whether it is asked what the very thing is that a row is about."""
    return wanted.named and frozenset(terms(row.cells[0])) == wanted.weights.keys()


def _one_row(wanted: Wanted, table: Table, row: Row) -> tuple[float, float]:
    """How much of what is asked a row says with its columns and titles, and how much alone."""
    named = frozenset(t for column in table.columns for t in terms(column))
    own = row.found
    if wanted.attribute and not _tells(table, row, wanted.attribute):
        return 0.0, 0.0
    if wanted.attribute and not wanted.weights:
        return float(wanted.attribute.ours), 0.0
    key = frozenset(terms(row.cells[0]))
    if _is_named(wanted, row):
        return 1.0, 1.0
    alone = wanted.covered(own)
    labelled = wanted.attribute and wanted.attribute.label.search(fold(row.cells[0]))
    several = wanted.weights.keys() & (named - key) or len(own & wanted.weights.keys()) > 1
    if not labelled and not (alone and (wanted.attribute or several)):
        return 0.0, 0.0
    return wanted.covered(own | named | table.above), alone


def _typed(asked: Asked, table: Table, row: Row) -> bool:
    """Whether a row holds what is asked for, besides the words of the question."""
    if asked.asks in (Asks.WHY, Asks.HOW, Asks.DEFINITION, Asks.PERSON, Asks.PLACE):
        return False
    text = " ".join((*table.columns, *row.cells))
    return asked.asks is not Asks.NUMBER or holds_type(asked, text)


def _rows(asked: Asked, wanted: Wanted, found: Sequence[Table]) -> LookedUp | None:
    """The row or rows that say what is asked, where they are few."""
    scored = [
        (*_one_row(wanted, table, row), table, row)
        for table in found
        for row in table.rows
        if wanted.attribute or _is_named(wanted, row) or _typed(asked, table, row)
    ]
    good = [s for s in scored if s[0] >= COVERED]
    if not good:
        return None
    best = max(good, key=lambda s: (s[0], s[1], -s[2].index))
    table = best[2]
    rows = [s[3] for s in good if s[2] is table and s[:2] == best[:2]]
    if len(rows) > _MOST_ROWS:
        return None
    return LookedUp(((table.index, tuple(table.quoted(rows))),), best[0])


def _compared(wanted: Wanted, found: Sequence[Table]) -> LookedUp | None:
    """Two things beside each other: columns or rows of one table, or the same rows of two."""
    for table in found:
        columns = [wanted.weights.keys() & set(terms(c)) for c in table.columns[1:]]
        named = frozenset(t for c in table.columns for t in terms(c))
        if len({frozenset(c) for c in columns if c}) > 1:
            told = [r for r in table.rows if _is_about(wanted, r, named)]
            rows = told or table.rows
            text = frozenset(t for r in rows for t in terms(r.cells[0]))
            if wanted.covered(named | text | table.above) >= COVERED:
                return LookedUp(((table.index, tuple(table.quoted(rows))),), 1.0)
    for table in found:
        named = frozenset(t for c in table.columns for t in terms(c))
        told = [r for r in table.rows if wanted.weights.keys() & set(terms(r.cells[0]))]
        keys = {frozenset(wanted.weights.keys() & set(terms(r.cells[0]))) for r in told}
        text = frozenset(t for r in told for t in r.found)
        attributed = wanted.attribute is None or all(
            _tells(table, r, wanted.attribute) for r in told
        )
        few = len(keys) > 1 and len(told) <= _MOST_COMPARED
        if few and attributed and wanted.covered(named | text | table.above) >= COVERED:
            return LookedUp(((table.index, tuple(table.quoted(told))),), 1.0)
    return _beside(wanted, found)


def _is_about(wanted: Wanted, row: Row, named: frozenset[str]) -> bool:
    """Whether a row's key is asked for, beyond the things that are compared."""
    key = frozenset(terms(row.cells[0]))
    if wanted.attribute:
        return bool(wanted.attribute.label.search(fold(row.cells[0])))
    return bool(wanted.weights.keys() & (key - named))


def _beside(wanted: Wanted, found: Sequence[Table]) -> LookedUp | None:
    """What is asked of each of some products, from a table below the title of each."""
    if len(wanted.codes) < 2:
        return None
    chosen: list[tuple[int, tuple[Span, ...]]] = []
    for code in sorted(wanted.codes):
        own = set(terms(code))
        of = [t for t in found if own <= t.above and not _others(wanted, code) & t.above]
        named = frozenset(own)
        for table in of:
            rows = [r for r in table.rows if _is_about(wanted, r, named)]
            asks = wanted.attribute or wanted.weights.keys() - set().union(
                *map(terms, wanted.codes)
            )
            rows = rows if asks else list(table.rows)
            if rows:
                chosen.append((table.index, tuple(table.quoted(rows))))
                break
    return LookedUp(tuple(chosen), 1.0) if len(chosen) == len(wanted.codes) else None


def _others(wanted: Wanted, code: str) -> frozenset[str]:
    """The terms that the other codes have and this one has not."""
    return frozenset(t for c in wanted.codes - {code} for t in terms(c)) - set(terms(code))


def _column(asked: Asked, wanted: Wanted, found: Sequence[Table]) -> LookedUp | None:
    """A table whole, where a column of values has the name of what is asked, of no thing in
    particular: "How long is the warranty?" of one with the columns product and warranty."""
    if not wanted.weights or asked.asks not in (Asks.NUMBER, Asks.DEFINITION, Asks.OTHER):
        return None
    for table in found:
        thing = set(terms(table.columns[0])) if table.columns else set()
        size = table.rows[-1].span[1] - (table.head or table.rows[0].span)[0]
        if wanted.named and thing == wanted.weights.keys() and size <= _LONGEST_TABLE:
            return LookedUp(((table.index, tuple(table.whole)),), 1.0)
        valued = [set(terms(c)) for c in table.columns[1:]]
        values = [c for c in valued if c and wanted.covered(c) >= COVERED]
        if len(valued) != 1 or not values or not 1 < len(table.rows) <= _MOST_ROWS:
            continue
        if wanted.attribute and not all(_tells(table, r, wanted.attribute) for r in table.rows):
            continue
        if all(_typed(asked, table, row) for row in table.rows):
            return LookedUp(((table.index, tuple(table.whole)),), 1.0)
    return None


def _lists_kind(asked: Asked, table: Table) -> bool:
    """Whether things of some kind are asked for, and the table's rows are those."""
    kind = KIND.match(fold(asked.text))
    return bool(kind and table.columns and set(terms(kind[1])) & set(terms(table.columns[0])))


def _whole(asked: Asked, wanted: Wanted, found: Sequence[Table]) -> LookedUp | None:
    """A table whole, where one or a list is asked for and its titles and columns say of what."""
    enough = COVERED
    if not (asked.lists or _TABLE.search(fold(asked.text))):
        found = [t for t in found if _lists_kind(asked, t)]
        enough = _KIND_COVERED
    good = []
    for table in found:
        named = frozenset(t for column in table.columns for t in terms(column))
        attributed = wanted.attribute is None or any(
            wanted.attribute.label.search(fold(c)) for c in table.columns
        )
        near = table.near | named
        own = wanted.weights.keys() & near if wanted.weights else attributed
        size = table.rows[-1].span[1] - (table.head or table.rows[0].span)[0]
        covered = wanted.covered(near | table.above)
        if attributed and own and covered >= enough and size <= _LONGEST_TABLE:
            titled = any(t in table.above for t in terms(asked.text))
            good.append((covered, wanted.covered(near), titled, -table.index, table))
    if not good:
        return None
    best = max(good, key=lambda g: g[:4])
    return LookedUp(((best[4].index, tuple(best[4].whole)),), best[0])


def look_up(asked: Asked, passages: Sequence[Passage]) -> LookedUp | None:
    """What the tables among the passages say to a question; nothing where they only touch on it."""
    found = tables(passages)
    steps = asked.steps and manner(asked.text) is not Manner.TROUBLE
    if not found or steps or asked.asks is Asks.WHY:
        return None
    wanted = read_wanted(asked)
    if asked.compares:
        return _compared(wanted, found)
    if not wanted.weights and wanted.attribute is None:
        return None
    return (
        _whole(asked, wanted, found) or _column(asked, wanted, found) or _rows(asked, wanted, found)
    )
