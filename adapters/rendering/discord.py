"""An answer as Discord shows it.

What is known, and what was chosen where it is not:

- A message holds 2,000 characters, counted in code points, because the API is written in Python
  (github.com/discord/discord-api-docs/issues/1315).
- Markdown without tables, rules, images and entities; headings of three levels; ``__text__`` is
  underlined, ``||text||`` a spoiler, ``-# text`` small (Discord's "Markdown Text 101"). A block of
  code ends at the next three backticks, however many opened it.
- A masked link is shown as it stands where its label holds an address or an emoji
  (github.com/discord/discord-api-docs/issues/7721, mattcone/markdown-guide/issues/178): labels lose
  both. ``<address>`` in angle brackets gets no preview.
- Mentions are broken as ``discord.utils.escape_mentions`` breaks them, in code too. Discord says
  itself that this is not a fence: whoever sends must set ``AllowedMentions.none()`` as well.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from adapters.rendering.dialect import Dialect, escaped, line_escaped
from adapters.rendering.links import Address, linkable
from adapters.rendering.mentions import ZWSP, disarm, visible
from adapters.rendering.parsing import Node
from adapters.rendering.sources import source_lines
from adapters.rendering.splitting import split_written
from adapters.rendering.streaming import MarkdownStream, write
from bot.conversation import Turn
from bot.evidence import Citation

__all__ = ["LONGEST_MESSAGE", "DiscordStream", "discord_markdown", "discord_parts"]

LONGEST_MESSAGE = 2_000
"""Characters (code points) of a message."""
_LONGEST_SOURCES = 1_200

# A command to press, a moment, an emoji, a place in the server: nobody's text becomes one.
_OBJECT = re.compile(r"<(?=/[^<>\n]{1,100}:\d|t:-?\d|a?:\w+:\d|id:\w|sound:\d)")


class _Discord(Dialect):
    """Discord's Markdown."""

    rule = "──────────"

    def words(self, text: str, line_start: bool) -> str:
        text = _OBJECT.sub(f"<{ZWSP}", escaped(disarm(text)))
        return line_escaped(text) if line_start else text

    def link(self, label: str, uri: str) -> str:
        shown = "".join(c for c in label if unicodedata.category(c) not in ("So", "Sk")).strip()
        return f"[{shown}](<{uri}>)" if shown else f"<{uri}>"

    def marker(self, n: int, uri: str) -> str:  # noqa: ARG002 - the sources below are the links
        return f"[{n}]"  # a masked link inside brackets is not shown alike by all clients

    def address(self, address: Address) -> str:
        return f"<{address.uri}>" if address.uri else super().address(address)

    def strong(self, inner: str, markup: str) -> str:  # noqa: ARG002 - "__" would underline
        return f"**{inner}**"

    def code(self, text: str) -> str:
        return super().code(text.replace("``", f"`{ZWSP}`"))  # three would begin a block

    def heading(self, nodes: Sequence[Node], level: int) -> str:
        return super().heading(nodes, min(level, 3))

    def fence(self, text: str, info: str) -> list[str]:
        return super().fence(text.replace("```", f"`{ZWSP}`{ZWSP}`"), info)


def discord_markdown(text: str, citations: Sequence[Citation] = ()) -> str:
    """Untrusted Markdown for a message's ``content``, of any length."""
    return write(text, _Discord(citations))


class DiscordStream(MarkdownStream):
    """:func:`discord_markdown` piece by piece: :attr:`text` is what can be shown so far."""

    def __init__(self, citations: Sequence[Citation] = ()) -> None:
        super().__init__(_Discord(citations))


def discord_parts(turn: Turn, note: str = "") -> list[str]:
    """A turn as final messages, at least one, each of 1 to 2,000 characters.

    ``note`` is a sentence of the house below the answer. The sources stand at the end of the last
    part, or on one of their own where it has no room for all.
    """
    answer = visible(f"{turn.answer}\n\n{note}" if note else turn.answer)
    allowed = linkable(turn)
    written = split_written(
        answer,
        LONGEST_MESSAGE,
        lambda source: discord_markdown(source, allowed),
        lambda piece: len(piece) / LONGEST_MESSAGE,
    )
    parts = [piece for piece in written if piece.strip()]
    sources = _sources(turn.citations)
    if sources and parts and len(parts[-1]) + 2 + len(sources) <= LONGEST_MESSAGE:
        parts[-1] += f"\n\n{sources}"
    elif sources:
        parts.append(sources)
    return parts or ["…"]


def _sources(citations: Sequence[Citation]) -> str:
    """The numbered sources in small print, with their addresses."""
    dialect = _Discord(citations)

    def line(markers: str, citation: Citation, title: str) -> str:
        uri = dialect.links.marker(citation.n).uri
        shown = f"{dialect.label(title)} <{uri}>" if uri else dialect.running(title, False)
        return f"-# {markers} {shown}"

    lines = source_lines(citations, _LONGEST_SOURCES, line, len)
    return "\n".join(text if text.startswith("-# ") else f"-# {text}" for text in lines)
