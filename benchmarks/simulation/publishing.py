"""Writes the sizing into ``docs/operations.md``, between its markers."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.keeping import Result
from benchmarks.open_sets import ROOT
from benchmarks.simulation.telling import NAME, fed_with, told

OPERATIONS = ROOT / "docs" / "operations.md"
_BEGIN, _END = f"<!-- begin: {NAME} (python -m benchmarks.simulation) -->", f"<!-- end: {NAME} -->"


def is_current(results: Mapping[str, Result]) -> bool:
    """Whether what stands there was made of these results."""
    return fed_with(results) in OPERATIONS.read_text("utf-8")


def write(results: Mapping[str, Result]) -> str:
    """Simulate, and write; what was written. Raises ValueError where the markers are missing."""
    page = OPERATIONS.read_text("utf-8")
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"{OPERATIONS.name} has no {_BEGIN} … {_END}")
    section = told(results)
    OPERATIONS.write_text(f"{before}{_BEGIN}\n\n{section}\n\n{_END}{after}", "utf-8")
    return section
