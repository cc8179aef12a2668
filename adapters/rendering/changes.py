"""What an edit took away and what it added, by words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

LONGEST = 1_500
"""Words of a text that is compared: the time grows with the square of them."""
_PAIRS = 50_000
"""Pairs of equal words that a comparison may go through: a text of one word over and over has
millions. Two texts of 1,500 words of English have about 30,000."""
_ALIKE = 0.25
"""Below this share of common words nothing is told by marking the others."""
_WORDS = re.compile(r"\s*\S+")


class Change(StrEnum):
    """What became of a piece of text."""

    KEPT = "kept"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words; of those that were kept with the space before them."""

    change: Change
    text: str


def changes(before: str, after: str) -> tuple[Piece, ...] | None:
    """The pieces of an edit in the order in which they are read, what was removed before what
    stands in its place; ``None`` where both have too little in common, are too long, or
    repeat themselves too much."""
    old, new = (_WORDS.findall(text.strip()) for text in (before, after))
    if not old or not new or max(len(old), len(new)) > LONGEST:
        return None
    bare_old, bare_new = ([word.strip() for word in words] for words in (old, new))
    counted = Counter(bare_new)
    if sum(count * counted[word] for word, count in Counter(bare_old).items()) > _PAIRS:
        return None
    matcher = SequenceMatcher(None, bare_old, bare_new, autojunk=False)
    if matcher.quick_ratio() < _ALIKE or matcher.ratio() < _ALIKE:
        return None
    pieces = []
    for tag, i, j, k, n in matcher.get_opcodes():
        if tag == "equal":
            # The first word of the new text has no space before it, but may stand behind others.
            space = old[i][: -len(bare_old[i])] if k == 0 else ""
            pieces.append(Piece(Change.KEPT, space + "".join(new[k:n])))
            continue
        pieces += _marked(Change.REMOVED, old[i:j])
        pieces += _marked(Change.ADDED, new[k:n])
    return tuple(pieces)


def _marked(change: Change, words: Sequence[str]) -> list[Piece]:
    """Words with a mark; the space before them has none."""
    text = "".join(words)
    bare = text.lstrip()
    if not bare:
        return []
    space = text[: len(text) - len(bare)]
    return [*([Piece(Change.KEPT, space)] if space else []), Piece(change, bare)]
