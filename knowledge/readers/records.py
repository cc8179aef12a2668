"""Rows and records as Markdown: a table where it reads well, a section a record elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_WIDE = 300
"""Characters of an average row above which a table is harder to read than sections."""

_LONGEST_HEADING = 120


def cell(value: object) -> str:
    """One table cell: on one line, its pipes escaped."""
    return " ".join(str(value).split()).replace("|", "\\|")


def row(values: Sequence[object]) -> str:
    """One table row."""
    return f"| {' | '.join(cell(v) for v in values)} |"


def table(header: Sequence[object], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; short rows are filled up."""
    width = max(len(header), *(len(r) for r in rows)) if rows else len(header)
    lines = [row([*header, *[""] * (width - len(header))]), row(["---"] * width)]
    lines += [row([*r, *[""] * (width - len(r))]) for r in rows]
    return "\n".join(lines)


def sections(header: Sequence[str], rows: Sequence[Sequence[str]], level: int = 2) -> str:
    """Each row as a section: its first value as the heading where it is short, then each field."""
    parts: list[str] = []
    for number, values in enumerate(rows, 1):
        name = " ".join(values[0].split()) if values else ""
        short = 0 < len(name) <= _LONGEST_HEADING
        lines = [f"{'#' * level} {name if short else f'{number}'}", ""]
        for key, value in list(zip(header, values, strict=False))[1 if short else 0 :]:
            if value.strip():
                lines += [f"{key}: {value.strip()}" if key else value.strip(), ""]
        lines += [f"{v.strip()}\n" for v in values[len(header) :] if v.strip()]
        parts.append("\n".join(lines).rstrip())
    return "\n\n".join(parts)


def rendered(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The rows as a table, or as sections where they are long, as questions with answers are."""
    total = sum(len(v) for r in rows for v in r)
    many_lines = sum("\n" in v.strip() for r in rows for v in r)
    if rows and (total / len(rows) > _WIDE or many_lines > len(rows) / 2):
        return sections(header, rows)
    return table(header, rows)


def flat(record: Mapping[str, object]) -> bool:
    """Whether a record holds plain values only."""
    return not any(isinstance(v, dict | list) for v in record.values())
