"""What the samples of a day say: whether memory is flat, and what the database grew by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Row = dict[str, Any]

WARM_TURNS = 10_000
"""Until then caches fill; of a shorter run the first half."""
_T_95 = (12.7, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23)  # Student's t, 1 to 10 degrees
_MB = 2**20


@dataclass(frozen=True, slots=True)
class Slope:
    """Megabytes in 10,000 turns with the ends of the 95 % interval, over so many turns."""

    value: float
    low: float
    high: float
    turns: int


@dataclass(frozen=True, slots=True)
class Growth:
    """Of one table: bytes and rows a turn over the whole time; ``told`` is what the second half
    should have grown by, by its rows and what a row took in the first half, ``grown`` what it
    did."""

    table: str
    bytes_a_turn: float
    rows_a_turn: float
    told: float
    grown: float


def longest_run(samples: Sequence[Row]) -> list[Row]:
    """The samples of the process that answered most."""
    runs: dict[int, list[Row]] = {}
    for row in samples:
        if not row.get("end"):
            runs.setdefault(row["run"], []).append(row)
    return max(runs.values(), key=lambda rows: rows[-1]["turns"] - rows[0]["turns"])


def slope(rows: Sequence[Row], what: str = "resident") -> Slope | None:
    """By least squares over what comes after the warm-up; ``None`` for fewer than three samples."""
    first, last = rows[0]["turns"], rows[-1]["turns"]
    warm = first + min(WARM_TURNS, (last - first) // 2)
    kept = [row for row in rows if row["turns"] >= warm]
    if len(kept) < 3:
        return None
    turns = np.array([row["turns"] / 10_000 for row in kept])
    size = np.array([row[what] / _MB for row in kept])
    aside = turns - turns.mean()
    found = float(aside @ size / (aside @ aside))
    left = size - size.mean() - found * aside
    error = float(np.sqrt(left @ left / (len(kept) - 2) / (aside @ aside)))
    width = _T_95[min(len(kept) - 3, len(_T_95) - 1)] * error
    return Slope(found, found - width, found + width, kept[-1]["turns"] - kept[0]["turns"])


def growth(samples: Sequence[Row]) -> list[Growth]:
    """Of each table that grew, the largest first; nothing for fewer than three hourly samples."""
    hourly = [row for row in samples if row["tables"] and not row.get("end")]
    if len(hourly) < 3:
        return []
    first, last = hourly[0], hourly[-1]
    aim = (first["turns"] + last["turns"]) / 2
    middle = min(hourly[1:-1], key=lambda row: abs(row["turns"] - aim))
    turns = last["turns"] - first["turns"]
    found = []
    for table in {**first["tables"], **last["tables"]}:
        size = [row["tables"].get(table, 0) for row in (first, middle, last)]
        count = [row["rows"].get(table, 0) for row in (first, middle, last)]
        if size[2] == size[0]:
            continue
        before = count[1] - count[0]
        each = (size[1] - size[0]) / before if before else 0.0
        told = each * (count[2] - count[1])
        bytes_a_turn, rows_a_turn = (size[2] - size[0]) / turns, (count[2] - count[0]) / turns
        found.append(Growth(table, bytes_a_turn, rows_a_turn, told, float(size[2] - size[1])))
    return sorted(found, key=lambda each: -each.bytes_a_turn)


def explained(found: Sequence[Growth]) -> float:
    """The share of the growth of the second half that its rows account for: 1 less what they tell
    too much or too little, table by table."""
    grown = sum(each.grown for each in found)
    missed = sum(abs(each.grown - each.told) for each in found)
    return 1 - missed / grown if grown else 1.0
