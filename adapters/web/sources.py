"""The place behind a citation: the quote inside the text that it was taken from."""

from __future__ import annotations

from dataclasses import dataclass, replace

from adapters.rendering import plain
from bot.conversation import Turn
from bot.errors import NotFoundError
from bot.evidence import Citation, Passage


@dataclass(frozen=True, slots=True)
class CitedPlace:
    """A quote with what stands before and after it in its document."""

    citation: Citation
    headings: tuple[str, ...]
    before: str
    quote: str
    after: str


def cited_place(turn: Turn, n: int) -> CitedPlace:
    """The place of citation ``n``; raises NotFoundError."""
    for citation in turn.citations:
        if citation.n == n:
            return _place(citation, turn.passages)
    raise NotFoundError(kind="source", id=str(n))


def quote_alone(place: CitedPlace) -> CitedPlace:
    """The same without what stands around the quote: its document is not for the reader any more,
    or gone."""
    return replace(place, headings=(), before="", after="")


def _place(citation: Citation, passages: tuple[Passage, ...]) -> CitedPlace:
    for passage in passages:
        chunk = passage.chunk
        if chunk.id != citation.chunk and chunk.document != citation.document:
            continue
        start = citation.start - chunk.start
        if start < 0 or chunk.text[start : start + len(citation.quote)] != citation.quote:
            start = chunk.text.find(citation.quote)
        if start < 0:
            continue
        end = start + len(citation.quote)
        return CitedPlace(
            citation,
            tuple(heading for heading in chunk.headings if heading != citation.title),
            before=plain(chunk.text[:start]).lstrip("\n"),
            quote=plain(citation.quote),
            after=plain(chunk.text[end:]).rstrip("\n"),
        )
    return CitedPlace(citation, (), "", plain(citation.quote), "")
