"""Groups: who may see a document.

A group is a name, compared exactly after surrounding space is dropped and Unicode is composed
(NFC), so that a name typed on one machine matches the same name typed on another. No group means
public; whoever names no group reads public documents only.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

LONGEST_GROUP = 200

_KEYS = frozenset({"group", "groups"})
_LINE = re.compile(r"[\W_]*groups?[\W_]*?[:=]", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_FENCES = ("---", "+++")
_TOP = 16_384
_MOST_LINES = 200


def normal_group(name: str) -> str:
    """One group's name in its compared form; raises ValueError where it is no name."""
    group = unicodedata.normalize("NFC", name).strip()
    if not group or len(group) > LONGEST_GROUP or not group.isprintable():
        raise ValueError(f'"{name[:40]}" is no name of a group')
    return group


def normal_groups(names: Iterable[str]) -> frozenset[str]:
    """The set of groups that the names stand for."""
    return frozenset(normal_group(name) for name in names)


def named_groups(value: object) -> frozenset[str]:
    """Groups as a person writes them in front matter or JSON: a list, one name, or nothing.

    One text may hold several names with commas between them. Raises ValueError for anything else:
    a document whose groups cannot be understood must not become public.
    """
    if value is None:
        return frozenset()
    if isinstance(value, str):
        return normal_groups(value.split(","))
    if isinstance(value, list | tuple):
        names = [str(v) if isinstance(v, str | int) else None for v in value]
        if any(name is None or isinstance(v, bool) for name, v in zip(names, value, strict=True)):
            raise ValueError("groups must be a list of names")
        return normal_groups(name for name in names if name is not None)
    raise ValueError("groups must be a list of names")


def groups_said(
    values: Mapping[object, object] | Mapping[str, object], block: str = ""
) -> frozenset[str]:
    """The groups in front matter or a JSON object, under ``groups`` or ``group`` however these are
    written; ``block`` is the text that the values were read from. Raises ValueError where they are
    said twice: the last word must not open what the first one closed."""
    said = {named_groups(v) for k, v in values.items() if _folded(str(k)).strip() in _KEYS}
    said.discard(frozenset())
    lines = [line for line in block.split("\n") if not line[:1].isspace() and _LINE.match(line)]
    if len(said) > 1 or len(lines) > 1:
        raise ValueError("groups are named twice")
    return said.pop() if said else frozenset()


def seems_to_name_groups(text: str) -> bool:
    """Whether the top of a text looks as if somebody meant to say there who may see it: a line like
    ``groups: …`` behind a fence, be it indented, misspelt, or below a comment.

    Where nothing could be made of it, the document must not become public.
    """
    return any(_LINE.match(line) for line in _fenced(text))


def _fenced(text: str) -> Iterator[str]:
    """The lines behind the fence at the top of a text, to the next one; none where there is no
    fence. Blank lines, comments and imports may come first."""
    top = text[:_TOP]
    if not any(fence in top for fence in _FENCES):
        return
    if "<!--" in top:
        top = _COMMENT.sub("", top)
    lines = iter(top.split("\n", _MOST_LINES)[:_MOST_LINES])
    for line in lines:
        if line.strip() and not line.startswith(("import ", "export ")):
            fence = line.strip()[:3]
            if fence in _FENCES:
                yield from map(_folded, _until(fence, lines))
            return


def _until(fence: str, lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if line.strip().startswith(fence):
            return
        yield line


def _folded(text: str) -> str:
    """As it looks: without case, invisible characters and forms for other widths."""
    seen = "".join(c for c in text if unicodedata.category(c) != "Cf")
    return unicodedata.normalize("NFKC", seen).casefold()
