"""One reading of an answer's Markdown for all chat platforms: CommonMark, tables, strikethrough.

Left out on purpose: raw HTML and link definitions (they could hide where a link leads), and
underlined headings (with them a paragraph could become a heading after it was shown; a line of
dashes under a paragraph is a rule). A table's first row begins with ``|``, for the same reason.
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.table import table
from markdown_it.tree import SyntaxTreeNode as Node

__all__ = ["Node", "blocks", "children", "inline", "is_settled"]


def _piped_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    begin = state.bMarks[start] + state.tShift[start]
    return state.src[begin : begin + 1] == "|" and table(state, start, end, silent)


def _any_address(url: str) -> bool:  # noqa: ARG001 - the hook's signature
    return True


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True})
    parser.enable(["table", "strikethrough"])
    parser.disable(["reference", "html_block", "html_inline", "lheading"])
    parser.block.ruler.at("table", _piped_table, {"alt": ["paragraph"]})
    # Which links stay is decided by an answer's citations; the others lose their address.
    parser.validateLink = _any_address  # type: ignore[method-assign]  # its documented hook
    return parser


_PARSER = _parser()


def blocks(text: str) -> list[Node]:
    """The blocks of a text, in order; ``map`` holds their lines."""
    return Node(_PARSER.parse(text)).children


def inline(text: str) -> list[Node]:
    """The parts of running text."""
    return [part for line in Node(_PARSER.parseInline(text)).children for part in line.children]


def children(node: Node) -> list[Node]:
    """The parts of the running text in a paragraph, a heading or a table's cell."""
    return [part for line in node.children for part in line.children]


_MARKER = re.compile(r"\[\d{1,3}\]")
_UNSETTLED = re.compile(
    r"[`\[\]\\]|~~|!$"  # code, a link, an escape, strikethrough, an image
    r"|(?<!\s)\*|\*(?!\s)|(?<![^\W_])_|_(?![^\W_])"  # emphasis, but not 2 * 3 or a_b
    r"|<\S*$|\S*(?:://|www\.)\S*$"  # an address that may go on
)


def is_settled(text: str) -> bool:
    """Whether running text reads the same whatever follows it: nothing in it is still open."""
    if not _UNSETTLED.search(_MARKER.sub("", text)):
        return True  # nothing that could be a mark: it need not be read
    return not any(
        node.type == "text" and _UNSETTLED.search(_MARKER.sub("", node.content))
        for node in inline(text)
    )
