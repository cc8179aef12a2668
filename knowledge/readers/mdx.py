"""MDX: Markdown whose components give way to the words in them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from knowledge.document import Document, RawDocument, clean
from knowledge.readers.encoding import decode
from knowledge.readers.front_matter import split_front_matter
from knowledge.readers.markdown import (
    document_of,
    outside_code,
    with_hash_headings,
    without_comments,
    without_spans,
)

# An import or export reaches to the next blank line, as the MDX parser reads it.
_MODULE = re.compile(
    r"^(?:import|export)[ \t{*](?:[^\n]*\n?)(?:(?![ \t]*\n)[^\n]+\n?)*", re.MULTILINE
)
# The body of a tag is bounded, so that a text full of "<" cannot make the search quadratic.
_TAG = re.compile(
    r"(?P<code>`[^`\n]*`)"
    r"|<(?:>|/>|/?(?P<name>[A-Za-z][\w.:-]*)"
    r"(?P<attributes>(?:[^<>\"'{}/]++|/(?!>)|\"[^\"]{0,2000}\"|'[^']{0,2000}'"
    r"|\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}){0,80})/?>)"
)
_SPOKEN = re.compile(r"\b(?:title|label|summary|heading|alt)=(?:\{?)(?:\"([^\"]*)\"|'([^']*)')")
_TEXT_EXPRESSION = re.compile(r"\{\s*(?:\"([^\"{}\n]*)\"|'([^'{}\n]*)'|`([^`{}$\n]*)`)\s*\}")
_INDENTED = re.compile(r"^[ \t]{4,}(?=\S)", re.MULTILINE)


def _spoken(tag: re.Match[str]) -> str:
    """What a reader of the page would see of a tag: its title or label."""
    if tag["code"]:
        return tag["code"]
    said = [a or b for a, b in _SPOKEN.findall(tag["attributes"] or "")]
    return f"{' '.join(said)}\n" if any(said) else ""


def _readable(prose: str) -> str:
    prose = _MODULE.sub("", prose)
    prose = without_spans(prose, "{/*", "*/}")
    changed = _TAG.sub(_spoken, prose)
    changed = _TEXT_EXPRESSION.sub(lambda m: m[1] or m[2] or m[3] or "", changed)
    if changed != prose:  # text inside components is indented, but it is no code
        changed = _INDENTED.sub("", changed)
    return re.sub(r"\n[ \t]*\n(?:[ \t]*\n)+", "\n\n", changed)


def read(content: bytes, raw: RawDocument) -> Iterator[Document]:
    """One document: imports, exports, tags and comments dropped, their text kept."""
    front = split_front_matter(clean(decode(content)))
    body = outside_code(without_comments(front.body), _readable)
    yield document_of(raw, front, with_hash_headings(body))
