"""Passages that say the same: copies of a page, its versions, text that a site repeats.

Two passages say the same where one holds every word of the other, in the same order, with at most
a tenth more and nothing weighty among that: no number, code or version, no negation, no limit. What
replaces a word never counts as the same: of pairs that share 85 % of their words a third differ in
just the word that matters ("barbarian" and "sorcerer", "connect" and "receive").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot.evidence import Passage
from bot.lexical import fold, words

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
_TOKEN_ENDS = re.compile(r"[\s()\[\]{}|\"]+")
_SIGNS = re.compile("!=|[<>≤≥≠=±%‰$€£¥°]")
_AROUND = ".,;:!?'*_`"


@dataclass(frozen=True, slots=True)
class _Wording:
    """What is compared: words in order, and everything with a digit or a sign as it stands."""

    words: tuple[str, ...]
    figures: tuple[str, ...]
    header: tuple[str, ...]

    @classmethod
    def of(cls, passage: Passage) -> _Wording:
        header, text = passage.chunk.header, passage.chunk.text
        figures = (*_figures(header), "\n", *_figures(text))
        return cls(tuple(words(text)), figures, tuple(words(header)))


def same(one: Passage, other: Passage) -> bool:
    """Whether two passages say the same; symmetric."""
    return _same(_Wording.of(one), _Wording.of(other))


def merged(ranked: Iterable[Passage]) -> tuple[Passage, ...]:
    """Passages best first, of those that say the same only the best; where another says it more
    fully, that one, in the place and with the scores of the best."""
    kept: list[tuple[_Wording, Passage]] = []
    for passage in ranked:
        wording = _Wording.of(passage)
        for at, (there, best) in enumerate(kept):
            if not _same(wording, there):
                continue
            if len(wording.words) > len(there.words):
                kept[at] = wording, replace(best, chunk=passage.chunk)
            break
        else:
            kept.append((wording, passage))
    return tuple(passage for _, passage in kept)


def _figures(text: str) -> list[str]:
    folded = fold(text)
    tokens = _TOKEN_ENDS.split(folded)
    numbered = [t.strip(_AROUND) for t in tokens if any(c.isdigit() for c in t)]
    return numbered + _SIGNS.findall(folded)


def _same(one: _Wording, other: _Wording) -> bool:
    if one.figures != other.figures:
        return False
    short, full = sorted((one.words, other.words), key=len)
    if one.header != other.header and len(short) < ALONE:
        return False
    if short == full:
        return bool(full) or one.header == other.header
    if len(full) - len(short) > MORE * len(short):
        return False
    more = _more(short, full)
    return more is not None and all(_harmless(word) for word in more)


def _more(short: tuple[str, ...], full: tuple[str, ...]) -> list[str] | None:
    """The words that ``full`` has beyond ``short``; ``None`` where it lacks one, or their order."""
    more: list[str] = []
    at = 0
    for word in full:
        if at < len(short) and short[at] == word:
            at += 1
        else:
            more.append(word)
    return more if at == len(short) else None


def _harmless(word: str) -> bool:
    return word.isascii() and word.isalpha() and word not in _WEIGHTY
