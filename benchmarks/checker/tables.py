"""Rows of tables told in sentences, and with the cell of another row."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from benchmarks.checker.pairs import ClaimPair
from benchmarks.checker.sources import Sets, plain_markdown

_CELL = re.compile(r"[\w$€£%.,'’&/+() -]{1,40}$")


def _tables(sets: Sets) -> Iterator[tuple[str, str, str, list[list[str]]]]:
    """Set, group, text and rows (header first) of each table."""
    for row in sets.rows("bipia/table_train"):
        yield "made:bipia", row["id"], row["context"], _rows(row["context"])
    for name in ("docs_plausible", "docs_wsl", "docs_powershell"):
        for row in sets.rows(f"{name}/pages"):
            if name == "docs_powershell" and not re.match(r"reference/(7\.6|docs-conc)", row["id"]):
                continue
            for found in re.finditer(
                r"(?:^[ \t]*\|.*\|[ \t]*\n){3,}", plain_markdown(row["text"]) + "\n", re.MULTILINE
            ):
                yield f"made:{name}", f"{name}:{row['id']}", found[0], _rows(found[0])


def _rows(text: str) -> list[list[str]]:
    rows = []
    for line in text.strip().splitlines():
        cells = [c.strip(" `*") for c in line.strip().strip("|").split("|")]
        if not all(re.fullmatch(r":?-{2,}:?", c) for c in cells):
            rows.append(cells)
    return [r for r in rows if len(r) == len(rows[0])]


def table_claims(sets: Sets, seed: int) -> Iterator[ClaimPair]:
    """A cell of a row in words, and the cell of another row in its place."""
    dice = random.Random(f"{seed} tables")
    taken: dict[str, int] = {}
    for name, group, text, rows in _tables(sets):
        if not 3 <= len(rows) <= 40 or len(text.split()) > 400:
            continue
        header, body = rows[0], rows[1:]
        keys = [r[0] for r in body]
        if len(set(keys)) < len(keys) or not all(header):
            continue
        for row in dice.sample(body, min(5, len(body))):
            column = dice.randrange(1, len(header)) if len(header) > 1 else 0
            value = row[column]
            others = sorted({r[column] for r in body} - {value, ""})
            if not column or not value or not others or not row[0]:
                continue
            wrong = dice.choice(others)
            if not all(_CELL.match(c) for c in (value, wrong, header[column], row[0])):
                continue
            if value.lower() in wrong.lower() or wrong.lower() in value.lower():
                continue
            taken[name] = taken.get(name, 0) + 1
            if taken[name] > 500:
                break
            template = dice.choice(
                [
                    "The {h} of {k} is {v}.",
                    "For {k}, the {h} is {v}.",
                    "{k} has {v} as its {h}.",
                    "{k}: the {h} is {v}.",
                    "In the row for {k} ({o}), the {h} is {v}.",
                    "The table gives {v} as the {h} for {k}.",
                ]
            )
            said = {
                "h": header[column].lower()
                if header[column].istitle() or header[column][1:].islower()
                else header[column],
                "k": row[0],
                "o": f"{header[0]}",
            }
            yield ClaimPair(
                name, "row", (text.strip(),), template.format(v=value, **said), "", 1, group
            )
            yield ClaimPair(
                name, "row_wrong", (text.strip(),), template.format(v=wrong, **said), "", 0, group
            )
