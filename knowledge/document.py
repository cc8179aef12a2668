"""A document and the way into it: what a source hands over, what a reader makes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path, PurePosixPath

from bot.errors import UnreadableDocumentError
from knowledge.days import day_said

DEFAULT_LIMIT = 25_000_000
"""Bytes of the largest document that is read unless told otherwise."""

LONGEST_NAME = 1000

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_NEWLINE = re.compile("\r\n?|\u2028|\u2029|\x85")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_LINKABLE = frozenset({"http", "https", "mailto"})


def clean(text: str) -> str:
    """Text that every store accepts: no NULs, no lone surrogates, one kind of line end."""
    if "\r" in text or not text.isascii():
        text = _NEWLINE.sub("\n", text)
    return _CONTROL.sub(" ", text)


def checked_uri(uri: str) -> str:
    """An address that may become a link; raises ValueError for ``javascript:`` and its kind."""
    uri = clean(uri).strip()
    scheme = _SCHEME.match(uri)
    if scheme and scheme.group(1).lower() not in _LINKABLE:
        raise ValueError("uri must begin with http:// or https://, or be a path")
    if any(c.isspace() for c in uri):
        uri = re.sub(r"\s", "%20", uri)
    return uri


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a source, as text.

    Every offset of a chunk or citation points into ``text``: Markdown with ``#`` headings,
    ``|`` table rows and fenced code, whatever the format was. ``groups`` are those that the
    document names itself, ``dated`` the day it says it was updated (``2026-03-03``; empty: none).
    ``hash`` changes whenever title, address or text do.
    """

    source: str
    name: str
    title: str
    text: str
    uri: str
    groups: frozenset[str] = frozenset()
    dated: str = ""
    hash: str = field(init=False)

    def __post_init__(self) -> None:
        digest = sha256()
        for part in (self.title, self.uri, self.text):
            content = part.encode()
            digest.update(b"%d:" % len(content))
            digest.update(content)
        object.__setattr__(self, "hash", digest.hexdigest())

    @property
    def revision(self) -> str:
        """The name of this state of the document."""
        return self.hash[:16]


@dataclass(frozen=True, slots=True)
class FailedDocument:
    """A document that could not be read, and why, in one sentence.

    ``document`` is a file, ``file.jsonl:12`` for a line, or a folder. ``keeps`` names the documents
    that stay as they were because of it; ``None``: whatever this item gave before. ``gone`` says
    that the item is not there any more, so that what it gave before is removed.
    """

    document: str
    error: str
    keeps: frozenset[str] | None = None
    gone: bool = False


@dataclass(frozen=True, slots=True)
class RawDocument:
    """An item as its source hands it over: a file to read, or the bytes themselves.

    ``format`` is a suffix like ``.md``; ``fingerprint`` is a cheap sign of being unchanged, empty
    where there is none; ``extra`` is kept with the document (JSON), like the commit it was read at.
    Travels between processes.
    """

    source: str
    name: str
    format: str
    uri: str = ""
    fingerprint: str = ""
    path: Path | None = None
    content: bytes = b""
    extra: Mapping[str, str] = field(default_factory=dict)

    def read(self, limit: int = DEFAULT_LIMIT) -> bytes:
        """The bytes; raises UnreadableDocumentError for missing, oversized and empty ones."""
        content = self.content
        if self.path is not None:
            try:
                with self.path.open("rb") as file:
                    content = file.read(limit + 1)
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                raise UnreadableDocumentError(reason=f"{reason}.") from error
        if len(content) > limit:
            raise UnreadableDocumentError(reason=f"it is larger than {limit / 1e6:g} MB; split it.")
        if not content.strip():
            raise UnreadableDocumentError(reason="it is empty.")
        return content

    def document(
        self,
        text: str,
        *,
        title: str = "",
        uri: str = "",
        groups: frozenset[str] = frozenset(),
        dated: str = "",
        name: str | None = None,
    ) -> Document:
        """The document that a reader found in it. An empty text is unreadable."""
        text = clean(text).strip("\n")
        if not text.strip():
            raise UnreadableDocumentError(reason="it is empty: there is no text in it.")
        own = self.name if name is None else name
        return Document(
            source=self.source,
            name=own,
            title=" ".join(clean(title).split())[:LONGEST_NAME] or readable_name(own),
            text=text,
            uri=uri or (self.uri if name is None else "") or own,
            groups=groups,
            dated=dated or day_said(text),
        )


def readable_name(name: str) -> str:
    """A title made from a file's name: ``guide/getting-started.md`` is "Getting started"."""
    path = PurePosixPath(name)
    stem = path.stem
    if stem.lower() in {"index", "readme", "_index"} and path.parent.name:
        stem = path.parent.name
    words = " ".join(re.sub(r"[-_]+|(?<=\D)\.(?=\D)", " ", stem).split())
    return words[:1].upper() + words[1:] if words else name


_HEADING_MARKS = re.compile(r"^\s{0,3}#{1,6}\s+|\s+#+\s*$|\s*\{[#.:][^}\n]*\}\s*$")
_IMAGE = re.compile(r"!\[([^\]\n]*)\]\([^)\n]*\)")
_LINK = re.compile(r"\[([^\]\n]+)\](?:\([^)\n]*\)|\[[^\]\n]*\])")
_TAG = re.compile(r"</?[A-Za-z][^<>\n]{0,500}>")
_EMPHASIS = re.compile(r"(\*\*|__|\*|`+|~~)(?=\S)(.+?)(?<=\S)\1")


def plain_heading(line: str) -> str:
    """A heading as people read it: without marks, links, emphasis and anchors."""
    line = line[:1000]
    for _ in range(3):
        line = _HEADING_MARKS.sub("", line)
    line = _LINK.sub(r"\1", _IMAGE.sub(r"\1", line))
    line = _TAG.sub("", line)
    line = _EMPHASIS.sub(r"\2", _EMPHASIS.sub(r"\2", line))
    return " ".join(re.sub(r"\\([\\`*_{}\[\]()#+\-.!<>|])", r"\1", line).split())
