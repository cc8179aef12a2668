"""The numbered sources below an answer, as far as there is room for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from adapters.rendering.mentions import visible
from adapters.rendering.splitting import Size
from bot.evidence import Citation

MOST_SOURCES = 10
_LONGEST_TITLE = 120


def source_lines(
    citations: Sequence[Citation],
    room: int,
    line: Callable[[str, Citation, str], str],
    size: Size,
) -> list[str]:
    """One line a document, written by ``line`` from its markers, a citation of it and its title; at
    most ten, then the number of those left out. Never half of one; joined with line ends they are
    at most ``room`` long."""
    documents: dict[tuple[str, str, str], list[Citation]] = {}
    for citation in citations:
        documents.setdefault((citation.document, citation.uri, citation.title), []).append(citation)
    lines: list[str] = []
    left = room - size(line_of_more(len(documents)))
    for cited in list(documents.values())[:MOST_SOURCES]:
        markers = " ".join(f"[{citation.n}]" for citation in cited)
        written = line(markers, cited[0], title_of(cited[0]))
        left -= size(written) + 1
        if left < 0:
            break
        lines.append(written)
    more = len(documents) - len(lines)
    if more and size(line_of_more(more)) <= room:
        lines.append(line_of_more(more))
    return lines


def line_of_more(count: int) -> str:
    """What stands for sources that are not shown."""
    return f"and {count} more"


def title_of(citation: Citation) -> str:
    """A title in one line, shortened where it is long."""
    title = " ".join(visible(citation.title or citation.document).split())
    return title if len(title) <= _LONGEST_TITLE else title[: _LONGEST_TITLE - 1].rstrip() + "…"
