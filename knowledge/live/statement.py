"""A statement with ``:parameters``: one single select, its values bound, never spliced. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_TOKEN = re.compile(
    r"(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))"
    r"|(?P<escaped>\b[eE]'(?:[^'\\]|''|\\.)*(?:'|\Z))"
    r"|(?P<literal>'(?:[^']|'')*(?:'|\Z))"
    r'|(?P<quoted>"(?:[^"]|"")*(?:"|\Z)|`[^`]*(?:`|\Z)|\[[A-Za-z_][\w ]*\])'
    r"|(?P<dollar>\$(?P<tag>[A-Za-z_]*)\$.*?(?:\$(?P=tag)\$|\Z))"
    r"|(?P<cast>::)"
    r"|(?P<hole>:[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<numbered>\?\d*|\$\d+|@[A-Za-z_]\w*|(?<![\w\]]):\d+)"
    r"|(?P<end>;)"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<other>.)",
    re.DOTALL,
)
_READS = ("select", "with", "values")
_CHANGES = frozenset(
    """insert update delete merge into drop alter create truncate grant revoke attach detach pragma
    copy call vacuum reindex analyze set reset begin commit rollback savepoint lock listen notify
    execute prepare do load install checkpoint cluster refresh explain""".split()
)


@dataclass(frozen=True)
class Statement:
    """A select; made by :func:`statement`. ``pieces`` lie before, between and after the holes."""

    pieces: tuple[str, ...]
    holes: tuple[str, ...]

    def written(self, hole: Callable[[str], str]) -> str:
        """The statement with each hole as a driver writes it: ``:code``, ``$1``."""
        out = self.pieces[0]
        for name, piece in zip(self.holes, self.pieces[1:], strict=True):
            out += hole(name) + piece
        return out


def statement(sql: str) -> Statement:
    """Read a statement. Raises ValueError that says what is wrong with it."""
    pieces, holes, kept = [""], [], []
    for token in _TOKEN.finditer(sql):
        kind, text = token.lastgroup or "", token.group()
        kind = "dollar" if kind == "tag" else kind
        _refuse_open(kind, text)
        if kind == "comment":
            pieces[-1] += " "
            continue
        if kind == "numbered":
            raise ValueError("its sql names parameters like :code, not by ? or number")
        if kind == "hole":
            holes.append(text[1:])
            pieces.append("")
        else:
            pieces[-1] += text
        if text.strip():
            kept.append((kind, text.lower()))
    while kept and kept[-1][0] == "end":
        kept.pop()
    _refuse_other(kept)
    pieces[-1] = pieces[-1].rstrip("; \n\t\r")
    return Statement(tuple(pieces), tuple(holes))


def _refuse_open(kind: str, text: str) -> None:
    """A quote or a comment that nothing closes."""
    closed = {
        "literal": len(text) > 1 and text.endswith("'"),
        "escaped": len(text) > 2 and text.endswith("'"),
        "quoted": len(text) > 1,
        "comment": text.startswith("--") or (len(text) > 3 and text.endswith("*/")),
        "dollar": text.endswith("$") and text.count("$") >= 4,
    }
    if not closed.get(kind, True):
        raise ValueError("its sql has a quote or a comment that does not end")


def _refuse_other(kept: list[tuple[str, str]]) -> None:
    """Whatever is not one select."""
    words = [text for kind, text in kept if kind == "word"]
    opening = next((text for kind, text in kept if text != "("), "")
    if opening not in _READS:
        raise ValueError("its sql must be one select; only reading is allowed")
    if any(kind == "end" for kind, _ in kept):
        raise ValueError("its sql holds more than one statement; write one select")
    changing = next((w for w in words if w in _CHANGES), "")
    if changing:
        raise ValueError(
            f'its sql holds the word "{changing}"; only reading is allowed (quote a column of '
            "that name)"
        )
