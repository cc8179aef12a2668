"""Search hits and ratings in the forms that people and scripts read. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from adapters.rendering import plain
from bot.evidence import Passage

if TYPE_CHECKING:
    from bot.store.feedback import RatedTurn

_SHOWN = 300


def passage_json(passage: Passage) -> dict[str, Any]:
    """One hit of ``search --json``."""
    chunk = passage.chunk
    return {
        "document": chunk.document,
        "chunk": chunk.id,
        "title": chunk.title,
        "uri": chunk.uri,
        "text": chunk.text,
        "score": round(passage.score, 6),
    }


def passages_text(passages: Sequence[Passage]) -> str:
    """Hits for a terminal, best first."""
    if not passages:
        return "Nothing was found."
    blocks = []
    for number, passage in enumerate(passages, 1):
        chunk = passage.chunk
        text = " ".join(plain(chunk.text).split())
        shown = text if len(text) <= _SHOWN else text[:_SHOWN].rstrip() + " …"
        header = plain(chunk.header or chunk.document)
        blocks.append(
            f"{number}. {header}  ({passage.score:.2f})\n   {plain(chunk.uri)}\n   {shown}"
        )
    return "\n\n".join(blocks)


def rating_json(rated: RatedTurn) -> dict[str, Any]:
    """One entry of ``feedback list --json``."""
    return {
        "turn": rated.turn,
        "platform": rated.platform,
        "author": rated.author,
        "rating": rated.rating,
        "reason": rated.reason,
        "correction": rated.correction,
        "question": rated.question,
        "answer": rated.answer,
        "created_at": rated.created_at.isoformat(),
    }
