"""Blocks of an answer in a platform's dialect: paragraphs, lists, quotes, code, tables."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from adapters.rendering.dialect import Dialect, plain_text
from adapters.rendering.parsing import Node, children

WIDEST_TABLE = 90
"""Columns; a wider table would wrap in its block of code and is written as a list."""

_INDENT = "    "  # deep enough for "1. " and for readers that count in fours
_GAP = "  "


def block_lines(node: Node, dialect: Dialect, depth: int = 0) -> list[str]:
    """The lines of one block; no line is left open."""
    lines: list[str] = []
    match node.type:
        case "paragraph":
            lines = dialect.inline(children(node), line_start=True).split("\n")
        case "heading":
            level = int(node.tag[1:])
            lines = [" ".join(dialect.heading(children(node), level).split("\n"))]
        case "fence" | "code_block":
            lines = dialect.fence(node.content.rstrip("\n"), node.info)
        case "hr":
            lines = [dialect.rule]
        case "blockquote":
            inner = join_blocks([block_lines(n, dialect, depth) for n in node.children])
            lines = [(dialect.quote + line).rstrip() for line in inner]
        case "bullet_list" | "ordered_list":
            lines = list_lines(node, dialect, depth)
        case "table":
            lines = table_lines(node, dialect)
    return lines


def join_blocks(written: Sequence[list[str]]) -> list[str]:
    """Blocks under each other, with an empty line between them."""
    lines: list[str] = []
    for block in written:
        if block:
            lines += ([""] if lines else []) + block
    return lines


def list_lines(node: Node, dialect: Dialect, depth: int = 0) -> list[str]:
    """The lines of a list."""
    first = first_number(node)
    return [
        line
        for n, item in enumerate(node.children)
        for line in item_lines(item, dialect, None if first is None else first + n, depth)
    ]


def first_number(node: Node) -> int | None:
    """The number at which an ordered list begins."""
    return int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None


def item_lines(item: Node, dialect: Dialect, number: int | None, depth: int = 0) -> list[str]:
    """The lines of an item of a list; what belongs to it is indented."""
    bullet = dialect.bullets[min(depth, len(dialect.bullets) - 1)]
    mark = bullet if number is None else dialect.number(number)
    lines: list[str] = []
    for n, child in enumerate(item.children):
        if n and child.type == "paragraph":
            lines.append("")
        lines += block_lines(child, dialect, depth + 1)
    if not lines:
        return [mark]
    if item.children[0].type != "paragraph":
        lines.insert(0, "")
    rest = [(_INDENT + line) if line else "" for line in lines[1:]]
    return [f"{mark} {lines[0]}".rstrip(), *rest]


# -- tables -----------------------------------------------------------------------------------


def table_lines(node: Node, dialect: Dialect) -> list[str]:
    """A table as an aligned block of code where it is narrow, else as a list, an entry a row."""
    rows = [list(row.children) for part in node.children for row in part.children]
    texts = [[" ".join(plain_text(children(cell)).split()) for cell in row] for row in rows]
    widths = [max(width(cell) for cell in column) for column in zip(*texts, strict=True)]
    if sum(widths) + len(_GAP) * (len(widths) - 1) <= WIDEST_TABLE:
        rights = ["right" in str(cell.attrs.get("style", "")) for cell in rows[0]]
        lines = [_aligned(row, widths, rights) for row in texts]
        lines.insert(1, _GAP.join("-" * size for size in widths))
        return dialect.fence("\n".join(lines), "")
    return _table_as_list(rows, dialect)


def _aligned(row: Sequence[str], widths: Sequence[int], rights: Sequence[bool]) -> str:
    cells = []
    for text, size, right in zip(row, widths, rights, strict=True):
        space = " " * (size - width(text))
        cells.append(space + text if right else text + space)
    return _GAP.join(cells).rstrip()


def _table_as_list(rows: Sequence[Sequence[Node]], dialect: Dialect) -> list[str]:
    names = [plain_text(children(cell)).strip().rstrip(":") for cell in rows[0]]
    lines = []
    for row in rows[1:]:
        entries = []
        for name, cell in zip(names, row, strict=True):
            value = dialect.inline(children(cell), line_start=False).strip()
            if value:
                label = dialect.strong(dialect.words(name, False), "**") + ": " if name else ""
                entries.append(label + value)
        lines.append(f"{dialect.bullets[0]} {'; '.join(entries)}".rstrip())
    return lines or [dialect.words(", ".join(filter(None, names)), True)]


def width(text: str) -> int:
    """Columns that a text takes in a fixed-width font."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)
