"""A turn as safe HTML.

An answer is Markdown that a model wrote, so it is never trusted: no raw HTML, no images, no control
characters, and only addresses of its own citations become links.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from adapters.rendering.cleaning import is_web_address, plain
from adapters.rendering.links import is_allowed, linkable
from bot.conversation import Turn
from bot.evidence import Citation

_BEGIN, _END = "\ue000", "\ue001"
_NO_FENCEPOSTS = {ord(_BEGIN): None, ord(_END): None}
_BLOCK_START = re.compile(
    r"\s*(?:(?:`{3,}|~{3,})[^\n]*\n|(?:(?:[-*+>]|\d{1,3}[.)]|#{1,6})\s+|\|\s*)*)"
)
_BLOCK_END = re.compile(r"(?:\n[ \t]*(?:`{3,}|~{3,})|\s*\|)?\s*$")
_TEXT_RUN = re.compile(r"((?:^|>)\s*)([^<>\s][^<>]*)")

SourceHref = Callable[[int], str]
"""The page that shows the passage behind citation ``n``."""

_MARKER = re.compile(r"\[(\d{1,3})\]")


def answer_html(turn: Turn, source_href: SourceHref | None = None) -> str:
    """The answer as safe HTML; ``[n]`` links to ``source_href(n)`` where that is given."""
    return markdown_html(turn.answer, linkable(turn), source_href)


def markdown_html(
    text: str, citations: Sequence[Citation] = (), source_href: SourceHref | None = None
) -> str:
    """Untrusted Markdown as safe HTML.

    Links to a citation's web address stay; links to a citation that has only a path lead to
    ``source_href``; every other link becomes its text. Headings start at ``h3``, below those of
    a page, and leave out no rank.
    """
    tokens = safe_tokens(text, citations, source_href)
    for opened, inline in itertools.pairwise(tokens):
        if opened.type == "paragraph_open" and _is_lone_marker(inline.children or ()):
            opened.attrs["class"] = "lone"
    html = str(_RENDERER.render(tokens, _MARKDOWN.options, {}))
    # What scrolls sideways must be reachable by keyboard; text cannot bring a tag of its own.
    return html.replace("<pre>", '<pre tabindex="0">')


def safe_tokens(
    text: str, citations: Sequence[Citation] = (), source_href: SourceHref | None = None
) -> list[Token]:
    """Untrusted Markdown, read: links lead where they may, markers are tokens of their own."""
    tokens = _MARKDOWN.parse(plain(text))
    addresses = _addresses(citations, source_href)
    above: list[int] = []  # the ranks of the headings that the next one stands below
    for token in tokens:
        if token.type == "heading_open":
            above = [rank for rank in above if rank < int(token.tag[1])] + [int(token.tag[1])]
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, 2 + len(above))}"
        align = str(token.attrs.pop("style", ""))
        if align:  # a strict content security policy forbids inline styles
            token.attrs["class"] = align.replace("text-align:", "align-")
        if token.children is not None:
            children = _only_links_to(addresses, token.children)
            token.children = list(_with_markers(children, citations, source_href))
    return tokens


def passage_html(before: str, quote: str, after: str) -> str:
    """A passage as safe HTML with its quote marked, word for word, across any markup."""
    around = [plain(part).translate(_NO_FENCEPOSTS) for part in (before, quote, after)]
    lead = _BLOCK_START.match(around[1])
    start = lead.end() if lead else 0
    end = max(start, len(_BLOCK_END.sub("", around[1])))
    marked = f"{around[1][:start]}{_BEGIN}{around[1][start:end]}{_END}{around[1][end:]}"
    html = markdown_html(around[0] + marked + around[2])
    head, begun, rest = html.partition(_BEGIN)
    middle, ended, tail = rest.partition(_END)
    if not (begun and ended):  # the quote lies where Markdown shows nothing, as in an address
        text = [escapeHtml(part) for part in around]
        return f'<div class="verbatim">{text[0]}<mark>{text[1]}</mark>{text[2]}</div>'
    return head + _TEXT_RUN.sub(r"\1<mark>\2</mark>", middle) + tail


class _Renderer(RendererHTML):
    """Adds citation markers, and a scroll container around wide tables."""

    def citation(
        self, tokens: Sequence[Token], idx: int, _options: OptionsDict, _env: EnvType
    ) -> str:
        token = tokens[idx]
        n = escapeHtml(token.content)
        href, title = token.meta.get("href"), escapeHtml(token.meta.get("title", ""))
        if not href:
            return f'<sup class="marker">{n}</sup>'
        label = f"Source {n}: {title}" if title else f"Source {n}"
        return (
            f'<sup class="marker"><a href="{escapeHtml(href)}" data-source'
            f' aria-label="{label}">{n}</a></sup>'
        )

    def table_open(
        self, _tokens: Sequence[Token], _idx: int, _options: OptionsDict, _env: EnvType
    ) -> str:
        return '<div class="table" role="group" aria-label="Table" tabindex="0"><table>\n'

    def table_close(
        self, _tokens: Sequence[Token], _idx: int, _options: OptionsDict, _env: EnvType
    ) -> str:
        return "</table></div>\n"

    def th_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """An empty cell of a table's head heads nothing: it is a plain one."""
        if not tokens[idx + 1].content.strip():
            tokens[idx].tag = tokens[idx + 2].tag = "td"
        return self.renderToken(tokens, idx, options, env)


_MARKDOWN = (
    MarkdownIt("commonmark", {"html": False, "breaks": True})
    .enable(["table", "strikethrough"])
    .disable(["image", "reference", "html_block", "html_inline"])
)
_RENDERER = _Renderer()


def _without_fragment(uri: str) -> str:
    return uri.partition("#")[0]


def _addresses(citations: Sequence[Citation], source_href: SourceHref | None) -> dict[str, str]:
    """Cited address, as written, to what a link to it may lead to."""
    allowed: dict[str, str] = {}
    for citation in citations:
        if is_web_address(citation.uri):
            allowed[_without_fragment(citation.uri)] = citation.uri
        elif citation.uri and source_href:
            allowed[_without_fragment(citation.uri)] = source_href(citation.n)
    return allowed


def _only_links_to(addresses: dict[str, str], tokens: Sequence[Token]) -> Iterator[Token]:
    kept = True
    for token in tokens:
        if token.type == "link_open":
            target = str(token.attrs.get("href", ""))
            known = addresses.get(_without_fragment(target))
            if known is None and is_web_address(target) and is_allowed(target):
                known = target
            kept = known is not None
            if known is None:
                continue
            if is_web_address(target):
                token.attrs = {"href": target, "rel": "noopener noreferrer", "target": "_blank"}
            else:
                token.attrs = {"href": known, "data-source": ""}
        elif token.type == "link_close" and not kept:
            continue
        yield token


def _with_markers(
    tokens: Iterator[Token], citations: Sequence[Citation], source_href: SourceHref | None
) -> Iterator[Token]:
    """Splits ``[n]`` out of running text, where citation ``n`` exists, but not in a link."""
    titles = {str(c.n): c.title for c in citations}
    inside_link = False
    for token in tokens:
        if token.type in ("link_open", "link_close"):
            inside_link = token.type == "link_open"
        if token.type != "text" or inside_link:
            yield token
            continue
        at = 0
        for marker in _MARKER.finditer(token.content):
            n = marker.group(1)
            if citations and n not in titles:
                continue
            yield Token("text", "", 0, content=token.content[at : marker.start()].rstrip(" "))
            href = source_href(int(n)) if source_href and n in titles else None
            meta = {"href": href, "title": titles.get(n, "")}
            yield Token("citation", "", 0, content=n, meta=meta)
            at = marker.end()
        yield Token("text", "", 0, content=token.content[at:])


def _is_lone_marker(children: Sequence[Token]) -> bool:
    """Whether a paragraph is nothing but markers, as below a table or a block of code."""
    shown = [t for t in children if t.type != "softbreak" and (t.type != "text" or t.content)]
    return bool(shown) and all(t.type == "citation" for t in shown)
