"""Documents to chunks: along the structure, in whole sentences, with exact spans.

A chunk holds about 256 word pieces: larger ones are clearly worse when a prompt has room for 1,000
(gold-span recall .751 against .874 for 512 against 256, lexical with heading path), smaller ones
cost twice the vectors. Title and heading path are not part of a chunk's text but of its header,
which both legs of the search put before it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.evidence import Chunk
from bot.sentences import Sentence, Unit, split
from knowledge.document import Document, plain_heading

LIMIT = 256
"""Word pieces of the largest chunk, its header included."""

SMALL = 40
"""Word pieces below which a section is joined with its neighbour."""

VERSION = 1
"""Goes up with every change that makes other chunks of the same text; then all is read again."""

_NAMESPACE = uuid.UUID("6f9d0c3e-0b1a-5c55-9a54-3b0c2f1f7a10")
_LEAST_TEXT = LIMIT // 2
_LONGEST_COLUMNS = 200
_LONGEST_HEADING = 500
_WORD = re.compile(r"\w+")
_MARK = re.compile(r"[^\w\s]|_")
_FOREIGN = re.compile("[\u0370-\U0010ffff]")
_LEVEL = re.compile(r"#{1,6}")


def pieces(text: str) -> float:
    """About how many word pieces the built-in embedder's tokenizer makes of a text.

    A least-squares fit over 18,640 sentences, table rows and code blocks of product documentation,
    Wikipedia and news: over 256 pieces it is within 7% (one standard deviation) of the tokenizer,
    which is 20 times slower. Scripts beyond Latin give nearly a piece a character.
    """
    count = 0.077 * len(text) + 0.645 * len(_WORD.findall(text)) + 1.17 * len(_MARK.findall(text))
    return count if text.isascii() else count + 0.8 * len(_FOREIGN.findall(text))


@dataclass(frozen=True, slots=True)
class _Block:
    """Units that belong together. ``columns`` is the header row of the table they continue;
    ``leads``: it announces what follows, as in "The steps:"."""

    start: int
    end: int
    cost: float
    columns: str = ""
    leads: bool = False


@dataclass(frozen=True, slots=True)
class _Section:
    """What stands between two headings. ``start`` is that of its heading's line."""

    path: tuple[str, ...]
    start: int
    blocks: tuple[_Block, ...]
    heading_cost: float

    @property
    def cost(self) -> float:
        return sum(b.cost for b in self.blocks)


@dataclass(frozen=True, slots=True)
class _Span:
    """A chunk to be."""

    start: int
    end: int
    path: tuple[str, ...]


def chunk(
    document: Document, *, groups: frozenset[str] | None = None, limit: int = LIMIT
) -> list[Chunk]:
    """The chunks of a document, in order.

    ``chunk.text == document.text[chunk.start:chunk.end]``; every sentence is in exactly one chunk,
    headings are in the text or in ``headings``. Ids depend on source, name and ordinal alone.
    ``groups`` replaces the document's own.
    """
    text = document.text
    sections = list(_sections(text, limit))
    spans = [span for group in _joined(sections, limit) for span in _packed(group, limit)]
    if not spans:  # nothing but headings
        start = len(text) - len(text.lstrip())
        spans = [_Span(start, len(text.rstrip()), ())]
    audience = document.groups if groups is None else groups
    return [
        Chunk(
            id=chunk_id(document.source, document.name, ordinal),
            document=document.name,
            source=document.source,
            revision=document.revision,
            ordinal=ordinal,
            title=document.title,
            headings=span.path,
            text=text[span.start : span.end],
            start=span.start,
            end=span.end,
            uri=document.uri,
            groups=audience,
        )
        for ordinal, span in enumerate(spans)
    ]


def chunk_id(source: str, name: str, ordinal: int) -> str:
    """The id of a chunk: it depends on source, name and ordinal alone."""
    return str(uuid.uuid5(_NAMESPACE, f"{source}\n{name}\n{ordinal}"))


def _sections(text: str, limit: int) -> Iterator[_Section]:
    """The text cut at its headings, each part with the path of headings above it."""
    path: list[tuple[int, str]] = []
    start = 0
    heading_cost = 0.0
    units: list[Sentence] = []

    def section() -> _Section:
        return _Section(
            tuple(title for _, title in path), start, tuple(_blocks(units, limit)), heading_cost
        )

    for unit in split(text):
        if unit.unit is not Unit.HEADING or len(unit.text) > _LONGEST_HEADING:
            units.append(unit)
            continue
        if units or path:
            yield section()
        level = len(_LEVEL.match(unit.text).group())  # type: ignore[union-attr]  # it is a heading
        path = [(depth, title) for depth, title in path if depth < level]
        title = plain_heading(unit.text)
        if title:
            path.append((level, title))
        units, start, heading_cost = [], unit.start, pieces(unit.text)
    yield section()


def _blocks(units: Sequence[Sentence], limit: int) -> Iterator[_Block]:
    """Sentences as they are, tables whole where they fit, what is over the limit in parts."""
    at = 0
    while at < len(units):
        unit = units[at]
        if unit.unit is Unit.ROW:
            end = at
            while end < len(units) and units[end].unit is Unit.ROW:
                end += 1
            yield from _table(units[at:end], limit)
            at = end
            continue
        cost = pieces(unit.text)
        if cost > limit:
            yield from _parts(unit, cost, limit)
        else:
            yield _Block(unit.start, unit.end, cost, leads=unit.text.endswith(":"))
        at += 1


def _table(rows: Sequence[Sentence], limit: int) -> Iterator[_Block]:
    """A table: one block where it fits, else a block a row that knows the names of its columns."""
    costs = [pieces(row.text) for row in rows]
    if sum(costs) <= limit:
        yield _Block(rows[0].start, rows[-1].end, sum(costs))
        return
    headed = len(rows) > 1 and set(rows[1].text) <= set("|:- \t")
    columns = ""
    if headed:
        columns = " ".join(rows[0].text.strip().strip("|").split())[:_LONGEST_COLUMNS]
    for number, (row, cost) in enumerate(zip(rows, costs, strict=True)):
        named = columns if number > 1 else ""
        if cost > limit:
            for part in _parts(row, cost, limit):
                yield _Block(part.start, part.end, part.cost, named)
        else:
            yield _Block(row.start, row.end, cost, named, leads=headed and number < 2)


def _parts(unit: Sentence, cost: float, limit: int) -> Iterator[_Block]:
    """A unit over the limit, cut at line ends, else at spaces, else anywhere."""
    size = max(int(len(unit.text) * limit / cost * 0.9), 1)
    at = 0
    text = unit.text
    while at < len(text):
        end = min(at + size, len(text))
        if end < len(text):
            for mark in ("\n", " "):
                found = text.rfind(mark, at + size // 2, end)
                if found > 0:
                    end = found
                    break
        part = text[at:end]
        body = part.strip()
        if body:
            start = unit.start + at + len(part) - len(part.lstrip())
            yield _Block(start, start + len(body), min(pieces(body), limit))
        at = end


def _joined(sections: Sequence[_Section], limit: int) -> Iterator[list[_Section]]:
    """Small neighbours under one parent together, the others alone."""
    group: list[_Section] = []
    cost = 0.0
    for section in sections:
        if not section.blocks:
            continue
        more = section.cost + section.heading_cost
        if (
            group
            and min(cost, more) < SMALL
            and cost + more <= limit / 2
            and _near(group[-1].path, section.path)
        ):
            group.append(section)
            cost += more
            continue
        if group:
            yield group
        group, cost = [section], section.cost
    if group:
        yield group


def _near(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Siblings, or parent and child."""
    parent = one[:-1]
    return other[: len(parent)] == parent and len(other) <= len(one) + 1


def _packed(group: Sequence[_Section], limit: int) -> Iterator[_Span]:
    """The spans of one section, or of small ones together."""
    if len(group) > 1:
        path = group[0].path
        for section in group[1:]:
            shared = [a for a, b in zip(path, section.path, strict=False) if a == b]
            path = path[: len(shared)]
        first = group[0]
        # The first heading is part of the text unless the path already says it.
        start = first.blocks[0].start if path == first.path else first.start
        yield _Span(start, group[-1].blocks[-1].end, path)
        return
    section = group[0]
    room = max(limit - sum(pieces(h) + 1 for h in section.path), _LEAST_TEXT * limit / LIMIT)
    count = max(1, -(-int(section.cost) // int(room)))
    # Even parts: a short rest at the end of a section would be a poor chunk.
    target = min(room, section.cost / count * 1.1)
    current: list[_Block] = []
    cost = 0.0
    for block in section.blocks:
        full = cost + block.cost > room or (cost >= target * 0.9 and cost + block.cost > target)
        if current and full:
            carried = _carried(current)
            yield _span(current, section.path)
            current, cost = carried, sum(b.cost for b in carried)
        current.append(block)
        cost += block.cost
    if current:
        yield _span(current, section.path)


def _carried(current: list[_Block]) -> list[_Block]:
    """Take a trailing line that leads to what follows ("The steps:") out, into the next chunk."""
    if len(current) > 1 and current[-1].leads and not current[-2].leads:
        return [current.pop()]
    return []


def _span(blocks: Sequence[_Block], path: tuple[str, ...]) -> _Span:
    columns = blocks[0].columns
    return _Span(blocks[0].start, blocks[-1].end, (*path, columns) if columns else path)
