"""Other spellings of a question's words, for those that no page has as they were written.

``MG200`` finds ``MG-200`` and ``MG 200``, ``e-mail`` finds ``email``, ``waranty`` finds
``warranty``. Codes and numbers are never guessed at: ``E-204`` is not ``E-205``. A word that a page
holds is left alone, so a question without slips costs nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from itertools import pairwise
from string import ascii_lowercase

from bot.lexical import STOP_WORDS, terms

SLIP = 0.7
"""Weight of a word that is one letter away from the one that was written."""

PLAIN = 0.5
"""Weight of ``email`` where ``e-mail`` was asked, and pages hold both."""

NAME = 1.0
"""Weight of ``mg200`` where ``MG 200`` was asked, beside that of both words: over six sets none
loses (``docs_wsl`` .877 to .883 nDCG@10, northwind .758 to .760)."""

EXACT = 1.5
"""Weight of ``mg200`` where no page has the ``MG-200`` that was asked: what that itself would
weigh, as a term and as a word as written."""

_LONGEST_JOINED = 24
_MOST_PARTS = 4
_LONGEST_NAME = 10
_SHORTEST_SLIP, _LONGEST_SLIP = 5, 20
_MOST_SLIPS = 3

_COMPOUND = re.compile(r"[^\W_]+(?:[-_./][^\W_]+)+")
_MARKS = re.compile(r"[-_./]")
_LETTERS_DIGITS = re.compile(r"[^\W\d_]+|\d+")

Known = Callable[[Collection[str]], set[str]]
"""Which of some terms stand in a chunk that the asker may see."""


def joined(word: str) -> str:
    """A folded compound without its marks: ``ax-100`` as ``ax100``; empty for other words, and for
    numbers, as ``2.5`` is not ``25``."""
    if not _COMPOUND.fullmatch(word):
        return ""
    parts = _MARKS.split(word)
    whole = "".join(parts)
    if len(parts) > _MOST_PARTS or len(whole) > _LONGEST_JOINED or whole.isdecimal():
        return ""
    return whole


def adjoined(words: Sequence[str]) -> list[str]:
    """``mg200`` for each ``mg 200``: a word and the number behind it."""
    return [
        a + b
        for a, b in pairwise(words)
        if b[0].isdecimal()
        and len(a) <= _LONGEST_NAME
        and len(b) <= _LONGEST_NAME
        and a.isalpha()
        and a not in STOP_WORDS
    ]


def respelled(words: Sequence[str], known: Known) -> dict[str, float]:
    """Weighted terms to look for beside those of a question's folded words."""
    telling = [word for word in dict.fromkeys(words) if word not in STOP_WORDS]
    names = adjoined(words)
    there = known({*names, *(t for word in telling for t in _own(word))})
    found = dict.fromkeys(there.intersection(names), NAME)
    slips = 0
    for word in telling:
        if whole := joined(word):
            weight = EXACT if word not in there else PLAIN if whole.isalpha() else 0
            found.update((t, weight) for t in there.intersection(terms(whole)) if weight)
        elif not there.isdisjoint(_own(word)):
            continue
        elif not word.isalpha():
            parts = set(_LETTERS_DIGITS.findall(word))
            found.update(dict.fromkeys(parts if known(parts) == parts else (), 1.0))
        elif slips < _MOST_SLIPS and (near := _near(word)):
            slips += 1
            found.update(_mended(known({f"={other}" for other in near})))
    return found


def _own(word: str) -> set[str]:
    """The terms by which a word is found, and those of its joined form."""
    return {f"={word}", *terms(word), *terms(joined(word))}


def _mended(written: set[str]) -> dict[str, float]:
    """Terms of words as written, weighted, their stems too."""
    mended = dict.fromkeys((t for word in written for t in terms(word[1:])), SLIP)
    mended.update(dict.fromkeys(written, SLIP * PLAIN))
    return mended


def _near(word: str) -> set[str]:
    """What a word was meant to be, should one letter be wrong, missing, too many or swapped with
    the next; about 54 words for each letter. The first letter is taken to be right, and in a short
    word no letter for wrong: ``slack`` is not ``stack``."""
    if not word.isascii() or not _SHORTEST_SLIP <= len(word) <= _LONGEST_SLIP:
        return set()
    cuts = [(word[:i], word[i:]) for i in range(1, len(word) + 1)]
    near = {a + b[1:] for a, b in cuts if b}
    near.update(a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1)
    near.update(a + c + b for a, b in cuts for c in ascii_lowercase)
    if len(word) > _SHORTEST_SLIP:
        near.update(a + c + b[1:] for a, b in cuts if b for c in ascii_lowercase)
    near.discard(word)
    return near
