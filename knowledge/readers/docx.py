"""DOCX: headings, lists and tables of a Word document."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator

import docx
from docx.opc.exceptions import OpcError
from docx.table import Table
from docx.text.paragraph import Paragraph

from bot.errors import UnreadableDocumentError
from knowledge.days import day_of
from knowledge.document import DEFAULT_LIMIT, Document, RawDocument
from knowledge.readers.markup import MarkdownText

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UNPACKED = 4 * DEFAULT_LIMIT
_PARTS = 10_000
_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)
_LIST = re.compile(r"list (bullet|number)(?: (\d))?|list paragraph", re.IGNORECASE)
_BROKEN = "it is broken: no Word document could be found in it."


def _check(content: bytes) -> None:
    """Refuse what must not be unpacked: other formats, encrypted files, zip bombs."""
    if content.startswith(_OLE):
        raise UnreadableDocumentError(
            reason="it is password-protected (encrypted) or an old .doc; save it as a plain .docx."
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise UnreadableDocumentError(reason=_BROKEN) from error
    if len(parts) > _PARTS or sum(p.file_size for p in parts) > _UNPACKED:
        raise UnreadableDocumentError(
            reason=f"it is larger than {_UNPACKED / 1e6:g} MB when unpacked."
        )
    if any(p.flag_bits & 1 for p in parts):
        raise UnreadableDocumentError(
            reason="it is password-protected (encrypted); save a copy without the password."
        )


def _paragraph(out: MarkdownText, paragraph: Paragraph) -> None:
    text = paragraph.text
    if not text.strip():
        return
    style = (paragraph.style.name if paragraph.style else "") or ""
    heading = _HEADING.match(style)
    if heading:
        out.heading(int(heading.group(1)), text)
    elif style == "Title":
        out.heading(1, text)
    elif found := _LIST.match(style):
        out.item(text, int(found.group(2) or 1) - 1)
    elif levels := paragraph._p.xpath("./w:pPr/w:numPr/w:ilvl/@w:val"):
        out.item(text, int(levels[0]))
    else:
        out.paragraph(text)


def _cells(row: list[tuple[int, str]]) -> list[str]:
    """The texts of a row, a cell that spans several columns once."""
    return [text for n, (cell, text) in enumerate(row) if n == 0 or cell != row[n - 1][0]]


def read(content: bytes, raw: RawDocument) -> Iterator[Document]:
    """One document."""
    _check(content)
    try:
        file = docx.Document(io.BytesIO(content))
    except (OpcError, KeyError, ValueError, zipfile.BadZipFile, SyntaxError) as error:
        raise UnreadableDocumentError(reason=_BROKEN) from error
    out = MarkdownText()
    for block in file.iter_inner_content():
        if isinstance(block, Table):
            rows = [[(id(c._tc), c.text) for c in row.cells] for row in block.rows]
            out.table([_cells(row) for row in rows])
        else:
            _paragraph(out, block)
    title = out.title or (file.core_properties.title or "")
    yield raw.document(out.text, title=title, dated=_changed(file))


def _changed(file: docx.document.Document) -> str:
    """When the file was last saved by somebody; empty for one that a template made."""
    try:
        return day_of(file.core_properties.modified)
    except ValueError:  # a property that is no date
        return ""
