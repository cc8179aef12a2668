"""An answer as Slack shows it.

Slack reads two languages. ``markdown_text`` (chat.startStream, appendStream, stopStream) and the
``markdown`` block take standard Markdown; ``text`` and the text of other blocks take mrkdwn.

What is known about the first, and what was chosen where it is not:

- Bold, italics, links, lists, strikethrough, headings (all of one size), code, quotes and backslash
  escapes are documented, at most 12,000 characters in all ``markdown`` blocks of a payload together
  (docs.slack.dev/reference/block-kit/blocks/markdown-block).
- ``<!here>``, ``<@U1>`` and ``<url|label>`` are obeyed inside it; ``&lt;`` and ``&gt;`` are shown
  as the characters and not read again, and ``&amp;`` is not decoded in a link's target (measured
  on a workspace by others: github.com/PostHog/posthog/pull/95054). So ``<`` is always written as an
  entity in running text; in code, where entities stay what they are, a zero-width space breaks
  what could be a mention.
- Whether code is scanned for mentions and addresses is not documented: mentions are broken there
  too, addresses in code are left as they are, because a command must stay copyable.
- A bare address becomes a link, greedily (github.com/pymc-labs/daimon/pull/83): foreign ones are
  written as code without their scheme, and cited ones as links of the explicit form.
- Tables came to the markdown block in 2026 and not to every client: they are written as code that
  is aligned, or as a list.

Slack counts characters; nothing says which, so lengths are measured in UTF-16 units, the larger
count.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from adapters.rendering.dialect import Dialect, escaped, line_escaped
from adapters.rendering.links import linkable
from adapters.rendering.mentions import ZWSP, disarm, visible
from adapters.rendering.parsing import Node
from adapters.rendering.slack_incoming import unescape
from adapters.rendering.sources import source_lines
from adapters.rendering.splitting import cut, split_written, utf16_units
from adapters.rendering.streaming import MarkdownStream, write
from bot.conversation import Turn
from bot.evidence import Citation

__all__ = [
    "LONGEST_MARKDOWN",
    "LONGEST_TEXT",
    "SlackPart",
    "SlackStream",
    "mrkdwn",
    "mrkdwn_begun",
    "mrkdwn_cut",
    "slack_markdown",
    "slack_parts",
    "unescape",
]

LONGEST_TEXT = 3_900
"""UTF-16 units of ``text``; chat.update takes 4,000 characters."""
LONGEST_MARKDOWN = 9_000
"""UTF-16 units of Markdown in a message. All blocks together may hold about 13,200 characters: this
leaves room for the sources and for three blocks of buttons."""
LONGEST_SOURCES = 2_400
"""UTF-16 units; a text object takes 3,000 characters."""

_ENTITY = re.compile(r"&(?=#?\w+;)")


class _Markdown(Dialect):
    """Standard Markdown for Slack. What stands for itself is escaped where it could be read."""

    def words(self, text: str, line_start: bool) -> str:
        text = escaped(disarm(text))
        text = _ENTITY.sub("&amp;", text).replace("<", "&lt;")
        return line_escaped(text) if line_start else text


_GRAVE = "\u02cb"
"""Looks like a backtick, which mrkdwn cannot escape."""


class _Mrkdwn(Dialect):
    """Slack's own markup (docs.slack.dev/messaging/formatting-message-text). It has no escape for
    its signs but the entities for ``& < >``."""

    bullets = ("•", "◦", "▪")
    rule = "──────────"

    def words(self, text: str, line_start: bool) -> str:  # noqa: ARG002 - nothing differs there
        return _entities(disarm(text)).replace("`", _GRAVE)

    def link(self, label: str, uri: str) -> str:
        return f"<{_entities(uri.replace('|', '%7C'))}|{label}>"

    def strong(self, inner: str, markup: str) -> str:  # noqa: ARG002
        return f"*{inner}*"

    def emphasis(self, inner: str, markup: str) -> str:  # noqa: ARG002
        return f"_{inner}_"

    def struck(self, inner: str) -> str:
        return f"~{inner}~"

    def code(self, text: str) -> str:
        return f"`{_entities(disarm(text)).replace('`', _GRAVE)}`"

    def fence(self, text: str, info: str) -> list[str]:  # noqa: ARG002
        inner = _entities(disarm(text)).replace("```", f"`{ZWSP}`{ZWSP}`")
        return ["```", *inner.split("\n"), "```"]

    def heading(self, nodes: Sequence[Node], level: int) -> str:  # noqa: ARG002
        inner = self.inline([n for node in nodes for n in _unmarked(node)], line_start=False)
        return f"*{inner}*" if inner.strip() else ""


def _unmarked(node: Node) -> list[Node]:
    """The parts of a heading, without bold in what is bold already."""
    if node.type == "strong":
        return [n for child in node.children for n in _unmarked(child)]
    return [node]


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def slack_markdown(text: str, citations: Sequence[Citation] = ()) -> str:
    """Untrusted Markdown for ``markdown_text`` and ``markdown`` blocks."""
    return write(text, _Markdown(citations))


def mrkdwn(text: str, citations: Sequence[Citation] = ()) -> str:
    """Untrusted Markdown as mrkdwn, for ``text`` and for the text of sections."""
    return write(text, _Mrkdwn(citations))


def mrkdwn_cut(text: str, limit: int) -> str:
    """Written mrkdwn shortened to the limit (UTF-16 units), with a sign that it goes on."""
    if utf16_units(text) <= limit:
        return text
    short = cut(text, limit, utf16_units).removesuffix("…")
    return mrkdwn_begun(short, len(short)).rstrip() + "…"


def mrkdwn_begun(text: str, limit: int) -> str:
    """The beginning of written mrkdwn, at most so many characters: no link and no entity in it is
    cut in half."""
    begun = text[:limit]
    for opening, closing in (("<", ">"), ("&", ";")):
        last = begun.rfind(opening)
        if last > 0 and closing not in begun[last:]:
            begun = begun[:last]
    return begun


class SlackStream(MarkdownStream):
    """:func:`slack_markdown` piece by piece: what :meth:`feed` returns can be appended now.

    An answer's citations are known when it is done, so a stream shows markers without links; where
    :attr:`text` differs from the only part of :func:`slack_parts`, the message is to be replaced.
    """

    def __init__(self, citations: Sequence[Citation] = ()) -> None:
        super().__init__(_Markdown(citations))


@dataclass(frozen=True, slots=True)
class SlackPart:
    """One message. ``text`` (mrkdwn, at most 3,900) says everything that ``blocks`` show, for
    notifications and where blocks are refused; ``markdown`` is the answer in the blocks."""

    text: str
    blocks: list[dict[str, Any]]
    markdown: str


def slack_parts(turn: Turn, note: str = "") -> list[SlackPart]:
    """A turn as final messages, at least one, each within every limit.

    ``note`` is a sentence of the house below the answer. Each part leaves room for three blocks and
    1,500 characters of buttons. The sources stand on the last part.
    """
    answer = visible(f"{turn.answer}\n\n{note}" if note else turn.answer)
    written = _written(answer, linkable(turn))
    parts = []
    for n, (text, markdown) in enumerate(written):
        blocks: list[dict[str, Any]] = [{"type": "markdown", "text": markdown}]
        if turn.citations and n == len(written) - 1:
            sources = _sources(turn.citations, LONGEST_SOURCES)
            element = {"type": "mrkdwn", "text": sources, "verbatim": True}
            blocks.append({"type": "context", "elements": [element]})
            below = _sources(turn.citations, LONGEST_TEXT - utf16_units(text) - 2)
            text = f"{text}\n\n{below}".rstrip()  # noqa: PLW2901 - the last one alone
        parts.append(SlackPart(text, blocks, markdown))
    return parts


def _written(answer: str, citations: Sequence[Citation]) -> list[tuple[str, str]]:
    """The answer in both languages, in pieces that fit in both."""

    def both(source: str) -> tuple[str, str]:
        return mrkdwn(source, citations), slack_markdown(source, citations)

    def fullness(piece: tuple[str, str]) -> float:
        text, markdown = piece
        return max(utf16_units(text) / LONGEST_TEXT, utf16_units(markdown) / LONGEST_MARKDOWN)

    pieces = split_written(answer, LONGEST_TEXT, both, fullness, utf16_units)
    return [(text or "…", shown) for text, shown in pieces if shown.strip()] or [("…", "…")]


def _sources(citations: Sequence[Citation], room: int) -> str:
    """The numbered sources, titles as links where they have an address."""
    dialect = _Mrkdwn(citations)

    def line(markers: str, citation: Citation, title: str) -> str:
        uri = dialect.links.marker(citation.n).uri
        shown = dialect.link(dialect.label(title), uri) if uri else dialect.running(title, False)
        return f"{markers} {shown}"

    return "\n".join(source_lines(citations, room, line, utf16_units))
