"""Passages that say the same: copies of a page, its versions, text that a site repeats.

Two passages say the same where one holds every word of the other, in the same order, with at most
a tenth more and nothing weighty among that: no number, code or version, no negation, no limit. What
replaces a word never counts as the same: of pairs that share 85 % of their words a third differ in
just the word that matters ("barbarian" and "sorcerer", "connect" and "receive").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from bot.evidence import Passage
from bot.lexical import fold
from knowledge.ranking import said

MORE = 0.1
"""So many more words, as a share, may the fuller one of two passages have."""

ALONE = 20
"""From so many words on a text stands for itself; a shorter one means what its header says."""

_WEIGHTY = frozenset(
    """no not nor never none neither without only unless except until cannot nothing nobody
    hardly rarely barely if but instead than less more most least before after
    nicht nichts kein keine keinen keinem keiner keines nie niemals ohne nur ausser wenn
    ne pas ni jamais sans aucun aucune rien seulement sauf si
    sin nunca jamas nada nadie ningun ninguna solo solamente salvo
    non mai senza niente nessun nessuna
    nao nem sem apenas niet geen nooit zonder alleen""".split()
)
_TOKEN = re.compile(r"[^\s()\[\]{}|\"]+")
_DIGIT = re.compile(r"\d")
_SIGNS = re.compile("!=|[<>≤≥≠=±%‰$€£¥°]")
_AROUND = ".,;:!?'*_`"


def same(one: Passage, other: Passage) -> bool:
    """Whether two passages say the same; symmetric."""
    return _same((one, _words(one)), (other, _words(other)))


def merged(ranked: Iterable[Passage]) -> tuple[Passage, ...]:
    """Passages best first, of those that say the same only the best; where another says it more
    fully, that one, in the place and with the scores of the best."""
    kept: list[_Worded] = []
    for passage in ranked:
        found = passage, _words(passage)
        at = next((n for n, there in enumerate(kept) if _same(found, there)), None)
        if at is None:
            kept.append(found)
        elif len(found[1]) > len(kept[at][1]):
            kept[at] = replace(kept[at][0], chunk=passage.chunk), found[1]
    return tuple(passage for passage, _ in kept)


_Worded = tuple[Passage, list[str]]


def _words(passage: Passage) -> list[str]:
    return said(passage.chunk.text).split()


def _same(one: _Worded, other: _Worded) -> bool:
    (a, short), (b, full) = sorted((one, other), key=lambda worded: len(worded[1]))
    if not _holds(full, short):
        return False
    headers = a.chunk.header, b.chunk.header
    if headers[0] != headers[1]:
        alike = said(headers[0]) == said(headers[1])
        if (len(short) < ALONE and not alike) or _figures(headers[0]) != _figures(headers[1]):
            return False
    if not full and a.chunk.text != b.chunk.text:
        return False  # no word in it: tables of signs, emoji
    return _figures(a.chunk.text) == _figures(b.chunk.text)


def _holds(full: list[str], short: list[str]) -> bool:
    """Whether one holds all words of the other in their order, and little else, all harmless."""
    if short == full:
        return True
    room = int(MORE * len(short))
    if len(full) - len(short) > room or (short and short[0] not in full[: room + 1]):
        return False
    at = 0
    for word in full:
        if at < len(short) and short[at] == word:
            at += 1
            continue
        room -= 1
        if room < 0 or not _harmless(word):
            return False
    return at == len(short)


def _figures(text: str) -> list[str]:
    """Everything with a digit or a sign as it stands, in its order."""
    folded = fold(text)
    numbered = [t.strip(_AROUND) for t in _TOKEN.findall(folded) if _DIGIT.search(t)]
    return numbered + _SIGNS.findall(folded)


def _harmless(word: str) -> bool:
    return word.isascii() and word.isalpha() and word not in _WEIGHTY
