"""The numbered sources below an answer, as far as there is room for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from adapters.rendering.mentions import visible
from adapters.rendering.splitting import Size
from bot.evidence import Citation

MOST_SOURCES = 10
_LONGEST_TITLE = 120


def source_lines(
    citations: Sequence[Citation], room: int, line: Callable[[Citation, str], str], size: Size
) -> list[str]:
    """One line a citation, written by ``line`` from it and its title; at most ten, then their
    number. Never half of one; joined with line ends they are at most ``room`` long."""
    lines: list[str] = []
    left = room - size(line_of_more(len(citations)))
    for citation in citations[:MOST_SOURCES]:
        written = line(citation, title_of(citation))
        left -= size(written) + 1
        if left < 0:
            break
        lines.append(written)
    more = len(citations) - len(lines)
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
