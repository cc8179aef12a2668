"""Long Markdown in parts that each fit a limit and read well alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from adapters.rendering.parsing import Node, blocks, is_settled

Size = Callable[[str], int]
"""How a platform counts: Discord in code points (its API is Python, says
github.com/discord/discord-api-docs/issues/1315), others in UTF-16 units, to be sure."""

_SENTENCE = re.compile(r"(?:[.!?…][\"'”’)\]*_]*(?:\s?\[\d{1,3}\])*(?=\s)|[。！？])")
_WORD = re.compile(r"(?<=\S)(?=\s)")
_FENCE = re.compile(r"(`{3,}|~{3,}).*")
_NUMBER = re.compile(r"(\s*)(\d{1,9})(?=[.)]\s)")


def utf16_units(text: str) -> int:
    """The length of a text as JavaScript counts it."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, limit: int, size: Size = len) -> str:
    """A text shortened to the limit, at a word where one is near, with a sign that it goes on."""
    if size(text) <= limit:
        return text
    fitting = _prefix(text, limit - 1, size)
    word = fitting.rstrip().rfind(" ")
    if word > len(fitting) // 2:
        fitting = fitting[:word]
    return fitting.rstrip() + "…"


def split_markdown(text: str, limit: int, size: Size = len) -> list[str]:
    """Parts of at most ``limit``, none of them blank; joined they are the text.

    Cut between paragraphs, else between lines, else between sentences, else between words. Code
    that is cut is closed and opened again with its language, a table gets its head again, and an
    ordered list goes on counting. Raises :class:`ValueError` for a limit below 1.
    """
    if limit < 1:
        raise ValueError("a part holds at least one character")
    parts: list[str] = []
    part = _Part(limit, size)
    for block in _read(text, limit, size):
        if not part.fits(block) and (part.mostly_full or _Part(limit, size).fits(block)):
            parts += part.take()
        for line in block:
            for piece in _pieces(line, limit, size):
                if not part.fits([piece]):
                    parts += part.take()
                part.add(piece)
    return parts + part.take()


Written = TypeVar("Written")


def split_written(
    text: str,
    limit: int,
    write: Callable[[str], Written],
    fullness: Callable[[Written], float],
    size: Size = len,
) -> list[Written]:
    """The parts of a text as ``write`` writes them, which may be longer than their source.

    ``fullness`` is the share of its limit that a written part takes; none takes more than 1.
    """
    while True:
        written = [write(part) for part in split_markdown(text, limit, size)]
        over = max((fullness(part) for part in written), default=0.0)
        if over <= 1 or limit == 1:
            return written
        limit = max(1, int(limit / over * 0.9))


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the source, and what a part needs that begins or ends with it."""

    text: str
    before: str = ""
    """What a part repeats that begins with it: the opening of code, a table's head."""
    after: str = ""
    """What a part adds that ends with it: the end of code."""
    first: str = ""
    """How it reads at the beginning of a part, where that differs: an item's real number."""
    leads: bool = False
    """Whether it is what others have as ``before``: a part does not end with it."""
    closes: bool = False
    """Whether it ends code: a part does not begin with it."""


class _Part:
    """A part that is being filled."""

    def __init__(self, limit: int, size: Size) -> None:
        self._limit = limit
        self._size = size
        self._lines: list[_Line] = []

    @property
    def mostly_full(self) -> bool:
        return self._size(_joined(self._lines)) * 4 > self._limit * 3

    def fits(self, lines: list[_Line]) -> bool:
        return self._size(_joined([*self._lines, *lines])) <= self._limit

    def add(self, line: _Line) -> None:
        if self._lines or (line.text.strip() and not line.closes):
            self._lines.append(line)

    def take(self) -> list[str]:
        """The part, if there is anything in it; the next one begins."""
        lines, self._lines = self._lines, []
        while lines and (lines[-1].leads or not lines[-1].text.strip()):
            lines.pop()
        return [_joined(lines)] if lines else []


def _joined(lines: list[_Line]) -> str:
    if not lines:
        return ""
    head = lines[0]
    texts = _dedented([head.first or head.text, *(line.text for line in lines[1:])])
    if head.before:
        texts.insert(0, head.before)
    if lines[-1].after:
        texts.append(lines[-1].after)
    return "\n".join(texts)


def _dedented(texts: list[str]) -> list[str]:
    """What began deep inside a list, as far out as it can stand alone."""
    indent = len(texts[0]) - len(texts[0].lstrip(" "))
    if indent < 4:
        return texts
    out: list[str] = []
    for n, text in enumerate(texts):
        if text.strip() and not text.startswith(" " * indent):
            return out + texts[n:]
        out.append(text[indent:])
    return out


# -- reading ----------------------------------------------------------------------------------


def _read(text: str, limit: int, size: Size) -> Iterator[list[_Line]]:
    """The lines of a text, in groups that belong together: blocks, and items of lists."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = [_Line(line) for line in text.split("\n")]
    starts = {0}
    for node in blocks(text):
        _mark(node, lines, starts)
    room = limit // 2
    lines = [_lean(line) if size(line.before) + size(line.after) > room else line for line in lines]
    group: list[_Line] = []
    for n, line in enumerate(lines):
        if n in starts and group:
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _lean(line: _Line) -> _Line:
    return replace(line, before="", after="", leads=False, closes=False)


def _mark(node: Node, lines: list[_Line], starts: set[int], top: bool = True) -> None:
    """Note in the lines of a block what its parts need."""
    start, end = node.map or (0, 0)
    end = min(end, len(lines))
    if top and not _follows_heading(lines, start):
        starts.add(start)
    match node.type:
        case "fence":
            _mark_code(lines, start, end)
        case "table":
            _mark_table(lines, start, end)
        case "ordered_list":
            _mark_numbers(lines, [(item.map or (0, 0))[0] for item in node.children])
    for child in node.children:
        if child.map and child.type not in ("inline", "thead", "tbody"):
            _mark(child, lines, starts, top and child.type == "list_item")


def _follows_heading(lines: list[_Line], at: int) -> bool:
    above = next((n for n in range(at - 1, -1, -1) if lines[n].text.strip()), None)
    return above is not None and lines[above].text.startswith("#")


def _mark_code(lines: list[_Line], start: int, end: int) -> None:
    opening = _FENCE.search(lines[start].text)
    if opening is None:
        return
    margin = lines[start].text[: opening.start()]
    quotes = "> " * margin.count(">")
    before = quotes + opening.group()
    after = re.sub(r"[^\s>]", " ", margin) + opening.group(1)
    last = lines[end - 1].text.strip().lstrip("> ")
    closed = end - 1 > start and last.startswith(opening.group(1)) and not last.strip("`~")
    lines[start] = replace(lines[start], leads=end - start > 1 + closed, after=after)
    for n in range(start + 1, end - closed):
        lines[n] = replace(lines[n], before=before, after=after)
    if closed:
        lines[end - 1] = replace(lines[end - 1], closes=True)


def _mark_numbers(lines: list[_Line], at: list[int]) -> None:
    """Note what items count as that are all called 1."""
    found = [_NUMBER.match(lines[n].text) for n in at]
    numbers = [int(match[2]) for match in found if match]
    if len(numbers) != len(at) or len(set(numbers)) > 1:
        return
    for n, line in enumerate(at):
        numbered = _NUMBER.sub(rf"\g<1>{numbers[0] + n}", lines[line].text, count=1)
        lines[line] = replace(lines[line], first=numbered)


def _mark_table(lines: list[_Line], start: int, end: int) -> None:
    names, rule = (line.text.lstrip() for line in lines[start : start + 2])
    head = f"{names}\n{rule}"
    lines[start] = replace(lines[start], leads=True)
    lines[start + 1] = replace(lines[start + 1], before=names, leads=end - start > 2)
    for n in range(start + 2, end):
        lines[n] = replace(lines[n], before=head)


# -- lines that are too long ------------------------------------------------------------------


def _pieces(line: _Line, limit: int, size: Size) -> Iterator[_Line]:
    """A line, cut where it does not fit into a part of its own."""
    around = size(line.before) + size(line.after) + bool(line.before) + bool(line.after)
    room = max(1, limit - around)
    if size(line.text) <= room and size(line.first) <= room:
        yield line
        return
    code = bool(line.after)
    rest = line.text
    while size(rest) > room:
        at = _best_cut(rest, room, size, code)
        yield replace(line, text=rest[:at], first="")
        rest = rest[at:] if code else rest[at:].lstrip()
    if rest.strip():
        yield replace(line, text=rest, first="")


def _best_cut(text: str, room: int, size: Size, code: bool) -> int:
    """After the last sentence that fits, else the last word, but not inside a link or a mark."""
    fitting = _prefix(text, room, size)
    words = [m.end() for m in _WORD.finditer(fitting)]
    if not code:
        near = len(fitting) // 3
        sentences = [m.end() for m in _SENTENCE.finditer(fitting) if m.end() > near]
        for end in (*reversed(sentences[-20:]), *reversed(words[-20:])):
            if is_settled(fitting[:end]):
                return end
    return words[-1] if words else len(fitting)


def _prefix(text: str, room: int, size: Size) -> str:
    """As many characters as fit, at least one."""
    fitting = text[: max(1, room)]
    while len(fitting) > 1 and size(fitting) > room:
        fitting = fitting[: len(fitting) - max(1, (size(fitting) - room) // 2)]
    return fitting
