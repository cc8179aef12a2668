"""Groups: who may see a document.

A group is a name, compared exactly after surrounding space is dropped and Unicode is composed
(NFC), so that a name typed on one machine matches the same name typed on another. No group means
public; whoever names no group reads public documents only.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

LONGEST_GROUP = 200


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
