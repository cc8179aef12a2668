"""A Markdown text built block by block, by the readers whose formats are no text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from knowledge.readers.records import table

_SPACE = re.compile(r"[ \t\xa0]+")
_LOOKS_LIKE_BLOCK = re.compile(r"^(?=#{1,6}\s|\||```|~~~)")


def flowing(text: str) -> str:
    """Running text: spaces drawn together, no blank lines; line breaks stay."""
    lines = (_SPACE.sub(" ", line).strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


class MarkdownText:
    """Blocks in, text out."""

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._in_list = False
        self.title = ""

    def __bool__(self) -> bool:
        return bool(self._blocks)

    def _add(self, block: str, *, item: bool = False) -> None:
        if item and self._in_list:
            self._blocks[-1] += "\n" + block
        else:
            self._blocks.append(block)
        self._in_list = item

    def heading(self, level: int, text: str) -> None:
        """A heading; the first one of level 1 is the title."""
        text = " ".join(text.split())
        if not text:
            return
        if level <= 1 and not self.title:
            self.title = text
        self._add(f"{'#' * max(1, min(level, 6))} {text}")

    def paragraph(self, text: str) -> None:
        """Running text."""
        text = flowing(text)
        if text:
            self._add(_LOOKS_LIKE_BLOCK.sub("\\\\", text))

    def item(self, text: str, depth: int = 0, mark: str = "-") -> None:
        """An item of a list; items that follow one another are one block."""
        text = flowing(text)
        if text:
            indent = "  " * min(depth, 8)
            hanging = indent + " " * (len(mark) + 1)
            self._add(f"{indent}{mark} " + text.replace("\n", "\n" + hanging), item=True)

    def code(self, text: str, language: str = "") -> None:
        """Code, fenced by more backticks than it holds itself."""
        text = text.strip("\n").rstrip()
        if text.strip():
            longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
            fence = "`" * (longest + 1)
            self._add(f"{fence}{language}\n{text}\n{fence}")

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """A table; its first row names the columns. One of a single cell is a paragraph."""
        filled = [r for r in rows if any(v.strip() for v in r)]
        if not filled:
            return
        if max(len(r) for r in filled) == 1:
            for values in filled:
                self.paragraph(values[0])
            return
        self._add(table(filled[0], filled[1:]))

    @property
    def text(self) -> str:
        return "\n\n".join(self._blocks)
