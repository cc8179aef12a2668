"""Markdown: the readable source, without front matter and comments."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from knowledge.document import Document, RawDocument, clean, plain_heading
from knowledge.readers.encoding import decode
from knowledge.readers.front_matter import FrontMatter, split_front_matter

_FENCE = re.compile(r"^ {0,3}(```+|~~~+)", re.MULTILINE)
_BLANK_REST = re.compile(r"[ \t]*\n?")
_UNDERLINED = re.compile(r"^[^\n]++\n {0,3}(?:=+|-+)[ \t]*$", re.MULTILINE)
_FIRST_HEADING = re.compile(r"^ {0,3}#[ \t]+\S[^\n]*", re.MULTILINE)
_PARSED = 2_000_000


def code_and_prose(text: str) -> Iterator[tuple[bool, str]]:
    """The text cut at its fenced code: ``(is_code, piece)``; joined pieces are the text."""
    at = 0
    while opening := _FENCE.search(text, at):
        mark = opening.group(1)
        closing = re.compile(rf"^ {{0,3}}{mark[0]}{{{len(mark)},}}[ \t]*$", re.MULTILINE).search(
            text, opening.end()
        )
        end = closing.end() if closing else len(text)
        yield False, text[at : opening.start()]
        yield True, text[opening.start() : end]
        at = end
    yield False, text[at:]


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """The text with everything but its fenced code changed."""
    return "".join(piece if code else change(piece) for code, piece in code_and_prose(text))


def without_comments(text: str) -> str:
    """Without HTML comments; those inside code stay."""
    if "<!--" not in text:
        return text
    return outside_code(text, lambda piece: without_spans(piece, "<!--", "-->"))


def without_spans(text: str, opening: str, closing: str) -> str:
    """Without what stands between two marks, the marks included; code in backticks stays. An
    opening mark that is never closed is text. Takes time in proportion to the text."""
    found = re.compile(rf"`[^`\n]*`|{re.escape(opening)}")
    kept: list[str] = []
    at = 0
    while start := found.search(text, at):
        end = start.end()
        if start.group() == opening:
            close = text.find(closing, end)
            if close < 0:
                break
            kept.append(text[at : start.start()])
            rest = _BLANK_REST.match(text, close + len(closing))
            end = rest.end() if rest else close + len(closing)
        else:
            kept.append(text[at:end])
        at = end
    kept.append(text[at:])
    return "".join(kept)


def with_hash_headings(text: str) -> str:
    """Underlined headings rewritten with ``#``, so that one splitter serves all formats."""
    if len(text) > _PARSED or not _UNDERLINED.search(text):
        return text
    from markdown_it import MarkdownIt  # most files have no underlined heading

    lines = text.split("\n")
    for token in MarkdownIt("commonmark").enable("table").disable("inline").parse(text):
        if token.type == "heading_open" and token.markup in ("=", "-") and token.map:
            first, after = token.map
            if token.level == 0:
                title = " ".join(line.strip() for line in lines[first : after - 1])
                lines[first:after] = [f"{'#' * int(token.tag[1])} {title}"] + [""] * (
                    after - first - 1
                )
    return "\n".join(lines)


def first_heading(text: str) -> str:
    """The first heading of the first level outside code, as people read it."""
    for code, piece in code_and_prose(text):
        found = None if code else _FIRST_HEADING.search(piece)
        if found:
            return plain_heading(found.group())
    return ""


def document_of(raw: RawDocument, front: FrontMatter, text: str) -> Document:
    """The document of a Markdown text with its front matter."""
    return raw.document(
        text,
        title=front.title or first_heading(text),
        uri=front.uri,
        groups=front.groups,
        dated=front.dated,
    )


def read(content: bytes, raw: RawDocument) -> Iterator[Document]:
    """One document."""
    front = split_front_matter(clean(decode(content)))
    yield document_of(raw, front, with_hash_headings(without_comments(front.body)))
