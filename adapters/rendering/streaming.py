"""An answer written in a platform's dialect while it comes in, piece by piece.

What was handed out never has to be taken back: a block is written when the next one has begun, a
paragraph goes out sentence by sentence, a list item by item. A sentence in which something is still
open (emphasis, a link, code, an address) waits for its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from adapters.rendering.dialect import Dialect, between
from adapters.rendering.layout import block_lines, first_number, item_lines
from adapters.rendering.mentions import visible
from adapters.rendering.parsing import Node, blocks, inline, is_settled

_STOP = re.compile(r"(?<=[^\s(\[])[.!?…]|[。！？]")

# An unfinished line whose kind cannot change any more, however it goes on: an item with a word, or
# a word with at most its opening marks before it.
_KIND_IS_FIXED = re.compile(
    r"[ \t]*(?!```)(?:(?:[-*+]|\d{1,9}[.)])[ ]+[^\W_]"
    r"|(?:\*\*?|__?|`{1,2}|[\"'“‘„«(\[¿¡])*(?:[^\W\d_]|\d+[^\W_\d]|\d+[.,:]\d|\d+ ))"
)
_PATIENCE = 8
"""After so many sentences with something open, the rest of a paragraph waits for its end."""
_MID = "."
"""Stands for the part of a paragraph that was written already."""


class MarkdownStream:
    """Writes an answer piece by piece; all that :meth:`feed` and :meth:`finish` return, joined, is
    the same however the answer was cut."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._buffer = ""
        self._held = ""
        self._last = ""
        self._mid = False
        self._begun = False
        self._gap = ""
        self._end = ""
        self._list = ""
        self._number: int | None = None
        self.text = ""
        """All that was written so far."""

    def feed(self, piece: str) -> str:
        """Take a piece of Markdown; the text that can be shown now, which may be empty."""
        self._take(piece)
        return self._write(final=False)

    def finish(self, piece: str = "") -> str:
        """The rest, after a last piece if there is one."""
        self._take(piece)
        return self._write(final=True)

    def _take(self, piece: str) -> None:
        piece = self._held + piece
        self._held = "\r" if piece.endswith("\r") else ""  # half of a line's end
        seen = visible(piece.removesuffix("\r"), self._last)
        self._last = seen[-1:] or self._last
        self._buffer += seen

    def _write(self, final: bool) -> str:
        source = (_MID if self._mid else "") + self._buffer
        known = source if final else source[: _known(source)]
        starts = _line_starts(known)
        out: list[str] = []
        found = blocks(known)
        at = len(_MID) if self._mid else 0
        for n, node in enumerate(found):
            start, end = (starts[line] for line in node.map or (0, 0))
            whole = final or n < len(found) - 1
            if node.type == "paragraph":
                at = start + self._paragraph(known[start:end], whole, out)
            elif node.type in ("bullet_list", "ordered_list"):
                at = self._items(node, starts, whole, out)
            elif whole:
                self._begin("\n\n")
                self._put("\n".join(block_lines(node, self._dialect)), out)
            if whole:
                at = end
                self._mid = False
        self._buffer = "" if final else source[at:]
        written = "".join(out)
        self.text += written
        return written

    def _begin(self, gap: str, kind: str = "") -> None:
        """What is put next begins a block, or an item of a list of this kind."""
        self._gap, self._list = gap, kind

    def _put(self, written: str, out: list[str]) -> None:
        if self._gap:
            written = written.lstrip("\n")
        if written:
            gap = self._gap or between(self._end, written)
            out.append((gap if self._begun else "") + written)
            self._begun, self._gap, self._end = True, "", written[-1]

    def _paragraph(self, source: str, whole: bool, out: list[str]) -> int:
        """Write the sentences that are complete; how much of the source is done."""
        body = source.lstrip()
        lead = len(source) - len(body)
        body = body.rstrip()
        at = len(_MID) if self._mid else 0
        for end in self._sentences(body, at, whole):
            if not self._mid:
                self._begin("\n\n")
                self._mid = True
            parts = inline(body[at:end])
            self._put(self._dialect.inline(parts, line_start=bool(self._gap)), out)
            at = end
        return lead + at if at else 0

    @staticmethod
    def _sentences(body: str, at: int, whole: bool) -> Iterator[int]:
        open_for = 0
        for stop in _STOP.finditer(body, at):
            line = body[body.rfind("\n", 0, stop.end()) + 1 : stop.end()]
            if not line.lstrip().startswith("|") and is_settled(body[at : stop.end()]):
                yield stop.end()
                at, open_for = stop.end(), 0
            elif (open_for := open_for + 1) == _PATIENCE:
                break
        if whole and at < len(body):
            yield len(body)

    def _items(self, node: Node, starts: list[int], whole: bool, out: list[str]) -> int:
        """Write the items that are complete; where the source goes on."""
        kind = node.type + node.markup
        if self._list != kind:
            self._number = first_number(node)
        for item in node.children if whole else node.children[:-1]:
            self._begin("\n" if self._list == kind else "\n\n", kind)
            self._put("\n".join(item_lines(item, self._dialect, self._number)), out)
            self._number = None if self._number is None else self._number + 1
        last = node.children[-1].map or (0, 0)
        return starts[last[1] if whole else last[0]]


def _known(source: str) -> int:
    """How much of a growing text may be read as blocks."""
    line = source.rfind("\n") + 1
    goes_on = line == 0 and source.startswith(_MID)
    return len(source) if goes_on or _KIND_IS_FIXED.match(source, line) else line


def _line_starts(text: str) -> list[int]:
    return [0, *(m.end() for m in re.finditer("\n", text)), len(text)]


def write(text: str, dialect: Dialect) -> str:
    """A whole answer."""
    return MarkdownStream(dialect).finish(text)
