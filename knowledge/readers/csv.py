"""CSV: a table, or a section a row where rows are long."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from bot.errors import UnreadableDocumentError
from knowledge.document import Document, RawDocument, clean
from knowledge.readers.encoding import decode
from knowledge.readers.records import rendered

_SAMPLE = 16_384
_LONGEST_FIELD = 5_000_000


def _dialect(text: str) -> type[csv.Dialect] | csv.Dialect:
    """The delimiter that fits the sample; commas where nothing does."""
    try:
        return csv.Sniffer().sniff(text[:_SAMPLE], delimiters=",;\t|")
    except csv.Error:
        return csv.excel


def read(content: bytes, raw: RawDocument) -> Iterator[Document]:
    """One document; the first row names the columns."""
    text = clean(decode(content))
    csv.field_size_limit(_LONGEST_FIELD)
    dialect = _dialect(text)
    try:
        found = [r for r in csv.reader(io.StringIO(text), dialect) if any(v.strip() for v in r)]
    except csv.Error as error:
        raise UnreadableDocumentError(reason=f"it is no CSV ({error}).") from error
    if not found:
        raise UnreadableDocumentError(reason="it is empty.")
    header = [" ".join(name.split()) for name in found[0]]
    yield raw.document(rendered(header, found[1:]))
