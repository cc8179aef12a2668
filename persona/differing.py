"""Two personas beside each other: the lines in which they differ. Pure: values in, values out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

import yaml

_AROUND = 2
"""Lines that stay as they are and are shown around one that changed."""
_WIDE = 90


class Change(StrEnum):
    """What became of a line."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the comparison; of ``SKIPPED`` ones ``text`` says how many there are."""

    change: Change
    text: str


def as_yaml(content: Mapping[str, Any]) -> str:
    """What a kept persona says, without what it leaves empty."""
    said = {name: value for name, value in content.items() if value not in ("", [], (), None)}
    return yaml.safe_dump(said, sort_keys=False, allow_unicode=True, width=_WIDE)


def compared(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Line, ...]:
    """From one persona's content to another's, line by line; empty where they say the same."""
    old, new = (as_yaml(content).splitlines() for content in (before, after))
    if old == new:
        return ()
    found: list[Line] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            found += _unchanged(old[a:b], first=a == 0, last=b == len(old))
            continue
        found += [Line(Change.REMOVED, line) for line in old[a:b]]
        found += [Line(Change.ADDED, line) for line in new[c:d]]
    return tuple(found)


def _unchanged(lines: Sequence[str], *, first: bool, last: bool) -> list[Line]:
    """Lines that stay: those next to a change, and how many lie between."""
    head = [] if first else lines[:_AROUND]
    tail = [] if last else lines[max(len(head), len(lines) - _AROUND) :]
    skipped = len(lines) - len(head) - len(tail)
    said = "1 line stays as it is" if skipped == 1 else f"{skipped} lines stay as they are"
    between = [Line(Change.SKIPPED, said)] if skipped else []
    return [*(Line(Change.SAME, x) for x in head), *between, *(Line(Change.SAME, x) for x in tail)]
