"""Readers: bytes to documents, one module a format.

A reader takes the bytes of one item and gives its documents, one by one; a document that fails
does not stop the next. :func:`read` chooses by suffix and turns whatever goes wrong inside a
format's library into one sentence about the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Protocol, cast

from bot.errors import UnreadableDocumentError
from knowledge.access import seems_to_name_groups
from knowledge.document import DEFAULT_LIMIT, Document, FailedDocument, RawDocument


class Reader(Protocol):
    """What a module of this package offers."""

    def read(self, content: bytes, raw: RawDocument) -> Iterable[Document | FailedDocument]:
        """The documents in these bytes. Raises UnreadableDocumentError where there are none."""
        ...


# Modules are imported at first use: a format's library costs nothing until its first file.
_MODULES = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".mdx": "mdx",
    ".rst": "restructured",
    ".txt": "plain",
    ".html": "html",
    ".htm": "html",
    ".pdf": "pdf",
    ".docx": "docx",
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
}

FORMATS = frozenset(_MODULES)
"""Suffixes that are read, in lower case, with the dot."""

_TOP = 16_384
_WITHOUT_FRONT_MATTER = frozenset({".csv", ".json"})

SLOW_FORMATS = frozenset({".pdf", ".docx", ".rst"})
"""Formats whose libraries take 10 to 100 times as long a byte as Markdown does."""


def reader_for(suffix: str) -> Reader:
    """The reader of a format; KeyError for one that is not read."""
    return cast("Reader", import_module(f"{__name__}.{_MODULES[suffix.lower()]}"))


def read(raw: RawDocument, limit: int = DEFAULT_LIMIT) -> Iterator[Document | FailedDocument]:
    """Every document of an item, and every failure; raises nothing that the item can cause."""
    try:
        content = raw.read(limit)
        if raw.format.lower() in _WITHOUT_FRONT_MATTER:
            _restricted_nowhere(content)
        yield from reader_for(raw.format).read(content, raw)
    except UnreadableDocumentError as error:
        yield FailedDocument(raw.name, str(error))
    except RecursionError:
        yield FailedDocument(raw.name, _sentence("it is nested too deeply."))
    except MemoryError:
        yield FailedDocument(raw.name, _sentence("it takes more memory than there is."))
    except Exception as error:  # noqa: BLE001 - a format's library met a file it was not made for
        yield FailedDocument(raw.name, _sentence(f"it is broken ({type(error).__name__}: {error})"))


def _restricted_nowhere(content: bytes) -> None:
    """Raises UnreadableDocumentError for a front matter with groups where none is read."""
    if seems_to_name_groups(content[:_TOP].decode("utf-8", "replace")):
        reason = "its groups are not read in this format; give them to its source, or with --group."
        raise UnreadableDocumentError(reason=reason)


def _sentence(reason: str) -> str:
    return str(UnreadableDocumentError(reason=" ".join(reason.split())[:300]))
