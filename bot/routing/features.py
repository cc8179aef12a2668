"""Features of a message for the route classifier: hashed words, word pairs and word pieces.

Words that small talk never had count too: what nobody says in passing is asked about.

Pieces (3 to 5 characters inside a word) carry over misspellings; hashing (CRC-32) keeps the
model a flat table without a vocabulary. Case, accents, digits and punctuation tell nothing, so
that what a data set happens to look like is not learnt.
"""

from __future__ import annotations

import re
from itertools import pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from bot.lexical import fold

BUCKETS = 1 << 16
CHARACTERS = 600
"""How much of a message is read: its first part says what it wants."""

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_DIGITS = re.compile(r"\d+")


def spell(text: str) -> list[str]:
    """The words of a message as the classifier sees them: folded, numbers as ``0``."""
    return _WORD.findall(_DIGITS.sub("0", fold(text[:CHARACTERS])))


def names(words: list[str]) -> list[str]:
    """The features of a message by name: ``w:word``, ``b:word pair``, ``c:piece``, ``n:length``."""
    found = [f"w:{w}" for w in words]
    edges = ["^", *words, "$"]
    found += [f"b:{a} {b}" for a, b in pairwise(edges)]
    for word in words:
        edged = f"<{word}>"
        for size in (3, 4, 5):
            found += [f"c:{edged[i : i + size]}" for i in range(len(edged) - size + 1)]
    found.append(f"n:{min(len(words), 12)}")
    return found


def place(name: str) -> int:
    """The bucket of a feature."""
    return crc32(name.encode()) % BUCKETS


def buckets(words: list[str], known: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The distinct buckets of a message's features, shape ``[features]``; each counts once.

    ``known``, shape ``[BUCKETS]``, marks the words that small talk is made of.
    """
    found = {place(name) for name in names(words)}
    strange = sum(not known[place(f"w:{word}")] for word in set(words))
    found.add(place(f"u:{min(strange, 4)}"))
    found.add(place(f"s:{round(4 * strange / max(len(set(words)), 1))}"))
    return np.array(sorted(found), np.int64)
