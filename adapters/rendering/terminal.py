"""A turn for a terminal."""

from __future__ import annotations

import io

from adapters.rendering.cleaning import plain
from bot.conversation import Turn


def answer_ansi(turn: Turn, *, width: int = 80, color: bool = True) -> str:
    """The answer and its sources for a terminal of ``width`` columns."""
    return _terminal(plain(turn.answer), width, color) + sources_ansi(turn, color=color)


def sources_ansi(turn: Turn, *, color: bool = True) -> str:
    """The numbered sources, one a line with its quote below; empty without citations."""
    bold, dim, off = ("\x1b[1m", "\x1b[2m", "\x1b[0m") if color else ("", "", "")
    lines: list[str] = []
    for c in turn.citations:
        title = " ".join(plain(c.title or c.document).split())
        uri = "".join(plain(c.uri).split())
        lines.append(f"  {bold}[{c.n}]{off} {title}" + (f"  {dim}{uri}{off}" if uri else ""))
        quote = " ".join(plain(c.quote).split())
        if quote:
            lines.append(f"      {dim}“{_shortened(quote)}”{off}")
    return "\n" + "\n".join(lines) + "\n" if lines else ""


def _shortened(quote: str, limit: int = 240) -> str:
    return quote if len(quote) <= limit else quote[: limit - 1].rsplit(" ", 1)[0] + "…"


def _terminal(text: str, width: int, color: bool) -> str:
    # rich costs 60 ms to import: only a terminal pays for it.
    from rich.console import Console
    from rich.markdown import Markdown

    out = io.StringIO()
    console = Console(
        file=out, width=width, force_terminal=color, color_system="standard" if color else None
    )
    console.print(Markdown(text, hyperlinks=False))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"
