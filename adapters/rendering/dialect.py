"""What differs between the chat platforms: how they write bold, a link, a list, code.

A :class:`Dialect` writes the parts of running text; :mod:`adapters.rendering.layout` puts them into
paragraphs, lists and tables. What is the same everywhere is decided here: which links stay, what
becomes of bare addresses, and that nobody is pinged.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence

from adapters.rendering.links import Address, Links, Marker
from adapters.rendering.mentions import ZWSP, disarm
from adapters.rendering.parsing import Node
from bot.evidence import Citation

_DIGITS = re.compile(r"\[?(\d{1,3})\]?")
_INFO = re.compile(r"[\w+#.-]{1,30}")
_RUN = re.compile(r"`+")


_SIGNS = re.compile(
    r"[\\`]"
    r"|~(?=~)|(?<=~)~|\|(?=\|)|(?<=\|)\|"
    r"|(?<!\s)\*|\*(?!\s|$)|^\*"
    r"|(?<![^\W_])_|_(?![^\W_])"
    r"|(?<=\])[(\[:]|!(?=\[)"
)
_LINE_MARK = re.compile(r"\s*(?:(?=[>|]|[#=+*-]+(?:\s|$)|([=*+-])\1|-#)|\d{1,9}(?=[.)](?:\s|$)))")


def escaped(text: str) -> str:
    """Text whose signs are not read as marks: no bold, code, spoiler or link comes of it."""
    return _SIGNS.sub(lambda m: "\\" + m.group(), text)


def line_escaped(text: str) -> str:
    """The same at the beginning of a line: no heading, list, quote or rule comes of it."""
    mark = _LINE_MARK.match(text)
    return f"{text[: mark.end()]}\\{text[mark.end() :]}" if mark else text


class Dialect(ABC):
    """Markdown as most platforms take it. ``line_start`` says that the text begins a line."""

    bullets: tuple[str, ...] = ("-",)
    """One a depth; the last is kept for all deeper ones."""
    quote = "> "
    rule = "---"

    def __init__(self, citations: Sequence[Citation] = ()) -> None:
        self.links = Links(citations)

    # -- what a platform may write in its own way ---------------------------------------------

    @abstractmethod
    def words(self, text: str, line_start: bool) -> str:
        """Text that stands for itself."""

    def link(self, label: str, uri: str) -> str:
        """A link; ``label`` is written already, ``uri`` is safe."""
        return f"[{label}]({uri})"

    def marker(self, n: int, uri: str) -> str:
        """The marker of citation ``n``; ``uri`` may be empty."""
        return self.link(f"[{n}]", uri) if uri else f"[{n}]"

    def address(self, address: Address) -> str:
        """A bare address. A foreign one is code without its scheme: no platform makes a link of
        that, and it can still be read and copied."""
        if not address.uri:
            return self.code(address.without_scheme)
        return self.link(self.label(address.text), address.uri)

    def strong(self, inner: str, markup: str) -> str:
        return f"{markup}{inner}{markup}"

    def emphasis(self, inner: str, markup: str) -> str:
        return f"{markup}{inner}{markup}"

    def struck(self, inner: str) -> str:
        return f"~~{inner}~~"

    def code(self, text: str) -> str:
        """Code inside a line."""
        text = disarm(text)
        around = "`" * (max((len(run) for run in _RUN.findall(text)), default=0) + 1)
        space = " " if text.startswith("`") or text.endswith("`") else ""
        return f"{around}{space}{text}{space}{around}"

    def fence(self, text: str, info: str) -> list[str]:
        """Lines of code."""
        text = disarm(text)
        longest = max((len(run) for run in _RUN.findall(text)), default=0)
        around = "`" * max(3, longest + 1)
        language = _INFO.match(disarm(info))
        return [around + (language.group() if language else ""), *text.split("\n"), around]

    def heading(self, nodes: Sequence[Node], level: int) -> str:
        return f"{'#' * level} {self.inline(nodes, line_start=False)}".rstrip()

    def number(self, n: int) -> str:
        return f"{n}."

    # -- what is the same everywhere ----------------------------------------------------------

    def inline(self, nodes: Sequence[Node], line_start: bool) -> str:
        """Running text."""
        out = ""
        for node in nodes:
            written = self._part(node, out.endswith("\n") if out else line_start)
            out += between(out, written) + written
        return disarm(out)  # once more: two parts may make a mention together

    def _part(self, node: Node, line_start: bool) -> str:
        match node.type:
            case "text":
                written = self.running(node.content, line_start)
            case "softbreak" | "hardbreak":
                written = "\n"
            case "code_inline":
                written = self.code(node.content)
            case "strong" | "em" | "s":
                written = self._marked(node)
            case "link":
                written = self._link(node, line_start)
            case _:  # an image: loading it would tell somebody that the answer was read
                written = self.inline(node.children, line_start)
        return written

    def running(self, text: str, line_start: bool) -> str:
        """Text without marks of its own: with links from its markers and cited addresses."""
        out = ""
        for part in self.links.parts(text):
            match part:
                case Marker(n, uri):
                    written = self.marker(n, uri)
                case Address():
                    written = self.address(part)
                case _:
                    written = self.words(part.text, line_start and not out)
            out += between(out, written) + written
        return out

    def _marked(self, node: Node) -> str:
        inner = self.inline(node.children, line_start=False)
        if not inner.strip():
            return inner
        if node.type == "s":
            return self.struck(inner)
        mark = self.strong if node.type == "strong" else self.emphasis
        return mark(inner, node.markup)

    def _link(self, node: Node, line_start: bool) -> str:
        label = plain_text(node.children)
        number = _DIGITS.fullmatch(label.strip())
        if number:
            marker = self.links.marker(int(number.group(1)))
            return self.marker(marker.n, marker.uri)
        uri = self.links.target(str(node.attrs.get("href", "")))
        if not uri:
            return self.inline(node.children, line_start)
        return self.link(self.label(label), uri) if label.strip() else ""

    def label(self, text: str) -> str:
        """The words of a link: nothing in them is a link of its own."""
        shown = "".join(
            part.without_scheme if isinstance(part, Address) else _source(part)
            for part in self.links.parts(" ".join(text.split()))
        )
        return self.words(shown, False)


def between(before: str, link: str) -> str:
    """What keeps an exclamation mark from making an image of the link after it."""
    return ZWSP if before.endswith("!") and link.startswith("[") and "](" in link else ""


def _source(part: object) -> str:
    return f"[{part.n}]" if isinstance(part, Marker) else getattr(part, "text", "")


def plain_text(nodes: Sequence[Node]) -> str:
    """Running text without its marks, for places where none are possible."""
    out: list[str] = []
    for node in nodes:
        if node.type in ("softbreak", "hardbreak"):
            out.append(" ")
        elif node.children:
            out.append(plain_text(node.children))
        elif node.type in ("text", "text_special", "code_inline", "image"):
            out.append(node.content)
    return "".join(out)
