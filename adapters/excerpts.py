"""A quote as its document has it around: what a reviewer needs to see to judge it. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_AROUND = 240  # characters


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A quote in its document: what stands before and behind it, and its pieces, each with whether
    it is an answer."""

    before: str
    pieces: tuple[tuple[str, bool], ...]
    behind: str


def excerpt_of(text: str, quote: str, answers: Sequence[str]) -> Excerpt:
    """A quote in a text, its answers told apart; around it as much as shows where it stands."""
    at = text.find(quote) if quote else -1
    before = _whole(text, at) if at >= 0 else ""
    behind = _begun(text[at + len(quote) :].partition("\n#")[0]) if at >= 0 else ""
    wanted = sorted((a for a in answers if a), key=len, reverse=True)
    if not wanted:
        return Excerpt(before, ((quote, False),) if quote else (), behind)
    pattern = "|".join(rf"(?<!\w){re.escape(a)}(?!\w)" for a in wanted)
    pieces = re.split(f"({pattern})", quote, flags=re.IGNORECASE)
    told = tuple((p, bool(n % 2)) for n, p in enumerate(pieces) if p)
    return Excerpt(before, told, behind)


def _whole(text: str, end: int) -> str:
    """What stands before a place, from the beginning of a line or, in a long one, of a word."""
    start = max(0, end - _AROUND)
    cut = text[start:end]
    if not start or text[start - 1] == "\n":
        return cut
    line = cut.find("\n")
    if 0 <= line < len(cut) - 1:
        return cut[line + 1 :].lstrip("\n")
    return f"… {cut.partition(' ')[2]}"


def _begun(rest: str) -> str:
    """What stands behind a place, to the end of a word."""
    if len(rest) <= _AROUND:
        return rest
    return f"{rest[:_AROUND].rpartition(' ')[0]} …"
