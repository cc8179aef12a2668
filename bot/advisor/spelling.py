"""Slips of the pen in a task: a word that nobody knows becomes the known one that it nearly is.

Only slips that hardly turn one word into another: two letters that changed places in words of five
letters or more, and one letter too many, too few or wrong in words of eight or more, never the
first one.
"""

from __future__ import annotations

import re
from functools import cache

from bot.advisor.words import FAMILIES
from bot.lexical import STOP_WORDS, fold, terms

_WORD = re.compile(r"[a-z]+")
_SWAPPED, _EDITED = 5, 8
_ASIDES = """audit auditor auditors budget regulated hallucination hallucinations hallucinate
    invent invented sources citations deployed launch artificial intelligence machine learning
    provenance traceable fabricate fabricated shoestring unacceptable"""
"""Words of the patterns of ``tasks`` that no family has."""


def mended(text: str) -> str:
    """A text, folded, with slips of the pen put right as far as they can be told."""
    return _WORD.sub(lambda found: _known_as(found[0]), fold(text))


@cache
def _known() -> tuple[frozenset[str], frozenset[str]]:
    """Every word that means something here, and the stems of all of them."""
    listed = " ".join((*FAMILIES.values(), _ASIDES)).casefold()
    found = frozenset(_WORD.findall(listed))
    return found, frozenset(term for word in found for term in terms(word))


def _known_as(word: str) -> str:
    found, stemmed = _known()
    if len(word) < _SWAPPED or word in STOP_WORDS or terms(word)[0] in stemmed:
        return word
    stem = terms(word)[0]
    for candidate in sorted(found):
        if candidate[0] == word[0] and _is_slip(word, candidate):
            return candidate
    for candidate in sorted(stemmed):
        if candidate[0] == stem[0] and _is_slip(stem, candidate):
            return candidate
    return word


def _is_slip(word: str, known: str) -> bool:
    """Whether a word is a known one with one slip."""
    if min(len(word), len(known)) < _SWAPPED or abs(len(word) - len(known)) > 1:
        return False
    at = next((n for n, (a, b) in enumerate(zip(word, known, strict=False)) if a != b), len(known))
    swapped = word[:at] + word[at + 1 : at + 2] + word[at : at + 1] + word[at + 2 :]
    if swapped == known:
        return True
    if max(len(word), len(known)) < _EDITED:
        return False
    longer, shorter = sorted((word, known), key=len, reverse=True)
    if len(longer) == len(shorter):
        return word[at + 1 :] == known[at + 1 :]
    return longer[at + 1 :] == shorter[at:]
