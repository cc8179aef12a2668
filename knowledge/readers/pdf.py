"""PDF: the text of its pages; large lines become headings, running heads are dropped."""

from __future__ import annotations

import io
import logging
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pypdf
from pypdf.errors import PyPdfError

from bot.errors import UnreadableDocumentError
from knowledge.days import day_of
from knowledge.document import Document, RawDocument

# It reports every blemish of a file on its own logger; what matters comes as an exception.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)

_BROKEN = "it is broken: no PDF could be found in it."
_HYPHEN = re.compile(r"(?<=[a-zà-ÿ])[-\u00ad]\n(?=[a-zà-ÿ])")
_NUMBERS = re.compile(r"\d+")
_PAGES = 5_000


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    size: float


def _lines(page: pypdf.PageObject) -> list[_Line]:
    """The lines of a page with the size of their largest letters, in points."""
    found: list[_Line] = []
    text = ""
    size = 0.0

    def close() -> None:
        nonlocal text, size
        body = " ".join(text.split())
        if body:
            found.append(_Line(body, size))
        text, size = "", 0.0

    def visit(
        piece: str, cm: list[float], tm: list[float], _font: object, font_size: float
    ) -> None:
        nonlocal text, size
        scale = abs(tm[3] or tm[1]) * abs(cm[3] or cm[1]) if tm and cm else 1.0
        for number, part in enumerate(piece.split("\n")):
            if number:
                close()
            if part.strip():
                size = max(size, round(float(font_size or 0) * (scale or 1.0), 1))
            text += part

    page.extract_text(visitor_text=visit)
    close()
    return found


def _running_heads(pages: list[list[_Line]]) -> set[str]:
    """Lines that stand at the edge of most pages, whatever numbers they hold."""
    if len(pages) < 4:
        return set()
    edges: Counter[str] = Counter()
    for page in pages:
        edges.update({_NUMBERS.sub("0", line.text) for line in (*page[:2], *page[-2:])})
    return {text for text, count in edges.items() if count > len(pages) / 2}


def _heading_levels(pages: list[list[_Line]]) -> dict[float, int]:
    """Sizes that mark headings: clearly larger than that of most letters, three levels."""
    letters: Counter[float] = Counter()
    for page in pages:
        for line in page:
            letters[line.size] += len(line.text)
    if not letters:
        return {}
    body = letters.most_common(1)[0][0]
    total = sum(letters.values())
    larger = sorted(
        (s for s, n in letters.items() if s >= 1.15 * body and n < 0.25 * total), reverse=True
    )
    return {size: min(rank, 3) for rank, size in enumerate(larger, 1)}


def _text(pages: list[list[_Line]]) -> str:
    heads = _running_heads(pages)
    levels = _heading_levels(pages)
    blocks: list[str] = []
    prose: list[str] = []

    def close() -> None:
        if prose:
            blocks.append(_HYPHEN.sub("", "\n".join(prose)))
            prose.clear()

    previous: _Line | None = None
    for page in pages:
        for line in page:
            if heads and _NUMBERS.sub("0", line.text) in heads:
                continue
            level = levels.get(line.size, 0) if len(line.text) <= 150 else 0
            if not level:
                prose.append(line.text)
            elif previous and not prose and previous.size == line.size and blocks:
                blocks[-1] += f" {line.text}"  # a heading that takes two lines
            else:
                close()
                blocks.append(f"{'#' * level} {line.text}")
            previous = line
        if prose and prose[-1].endswith((".", "!", "?", ":", "…")):
            close()
    close()
    return "\n\n".join(blocks)


def _open(content: bytes) -> pypdf.PdfReader:
    reader = pypdf.PdfReader(io.BytesIO(content))
    if reader.is_encrypted and not reader.decrypt(""):
        raise UnreadableDocumentError(
            reason="it is password-protected (encrypted); save a copy without the password."
        )
    if len(reader.pages) > _PAGES:
        raise UnreadableDocumentError(reason=f"it has more than {_PAGES} pages; split it.")
    return reader


def read(content: bytes, raw: RawDocument) -> Iterator[Document]:
    """One document."""
    try:
        reader = _open(content)
        pages = [_lines(page) for page in reader.pages]
        said = reader.metadata.title if reader.metadata else None
    except (PyPdfError, KeyError, ValueError, TypeError, AttributeError, OSError) as error:
        raise UnreadableDocumentError(reason=_BROKEN) from error
    text = _text(pages)
    if not text.strip():
        raise UnreadableDocumentError(
            reason="its pages hold no text (a scan?); run text recognition over it first."
        )
    heading = re.search(r"^# (.+)$", text, re.MULTILINE)
    title = heading.group(1) if heading else str(said or "")
    yield raw.document(text, title="" if _made_up(title) else title, dated=_day(reader))


def _day(reader: pypdf.PdfReader) -> str:
    """When the file was changed, or made, by its properties."""
    try:
        said = reader.metadata
        return day_of((said.modification_date or said.creation_date) if said else None)
    except (PyPdfError, ValueError, TypeError, AttributeError):  # a property that is no date
        return ""


def _made_up(title: str) -> bool:
    """Titles that programs write when nobody gave one."""
    lowered = title.lower()
    return lowered in {"untitled", "anonymous", "(anonymous)"} or lowered.endswith(
        (".doc", ".docx", ".indd", ".tex", ".dvi")
    )
