"""What a model is shown of a turn's passages: the cited ones among others, newly numbered. Pure.

As in RAFT (arXiv 2403.10131): the answer is taught with its sources in the prompt, distractors
among them, so that the model learns to read and to cite, and the facts stay where they are.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence

from bot.conversation import Turn
from bot.evidence import Passage

MOST = 6
"""Passages of one example, as many as are retrieved for a question."""

_MARKER = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]*`"  # code has numbers in brackets of its own
    r"|(?P<space>[ \t]*)\[(?P<numbers>\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\](?!\()",
    re.DOTALL,
)
_NUMBER = re.compile(r"\d{1,3}")


def chunks_of(shown: Sequence[Passage]) -> tuple[str, ...]:
    """The ids of what is shown, in its order."""
    return tuple(passage.chunk.id for passage in shown)


def seed_of(*parts: str) -> int:
    """A number that is the same for the same texts, in every process."""
    return zlib.crc32("\x1f".join(parts).encode("utf-8", "surrogatepass"))


def cited_by(turn: Turn) -> dict[int, str]:
    """The chunk that each number of the answer stands for; numbers without a stored passage are
    missing."""
    there = {passage.chunk.id for passage in turn.passages}
    by_document = {passage.chunk.document: passage.chunk.id for passage in reversed(turn.passages)}
    found = {}
    for citation in turn.citations:
        chunk = citation.chunk if citation.chunk in there else ""
        chunk = chunk or (by_document.get(citation.document, "") if not citation.chunk else "")
        if chunk:
            found[citation.n] = chunk
    return found


def shown(
    passages: Sequence[Passage], cited: Sequence[str], spare: Sequence[Passage], seed: int
) -> tuple[Passage, ...]:
    """At most ``MOST`` passages with all that are cited, as they were found or, every second time,
    shuffled. ``spare`` are of other questions: one joins where nothing stands beside the cited."""
    must = set(cited)
    room = MOST - len(must)
    kept = []
    for passage in passages:
        if passage.chunk.id in must:
            kept.append(passage)
        elif room > 0:
            kept.append(passage)
            room -= 1
    if len(kept) == len(must):
        documents = {passage.chunk.document for passage in kept}
        others = [p for p in spare if p.chunk.document not in documents]
        kept += others[seed % len(others) :][: min(room, 2)] if others else []
    if seed & 1:
        kept.sort(key=lambda p: seed_of(str(seed), p.chunk.id))
    return tuple(kept)


def renumbered(text: str, cited: Mapping[int, str], shown: Sequence[str]) -> str | None:
    """An answer with its markers moved to the numbers of the shown chunks; ``None`` where one of
    them points to nothing that is shown."""
    places = {chunk: n for n, chunk in enumerate(shown, 1)}
    lost = False

    def moved(marker: re.Match[str]) -> str:
        nonlocal lost
        if marker["numbers"] is None:
            return marker.group()
        numbers = [int(n) for n in _NUMBER.findall(marker["numbers"])]
        found = [places.get(cited.get(n, ""), 0) for n in numbers]
        lost = lost or not all(found)
        return marker["space"] + "".join(f"[{n}]" for n in dict.fromkeys(found) if n)

    text = _MARKER.sub(moved, text)
    return None if lost else text
