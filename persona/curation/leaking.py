"""Whether a text holds words of the asker: what they said that no source says. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from bot.evidence import Passage
from bot.facts import UNKNOWN_RARITY, rarity
from bot.lexical import STOP_WORDS, terms, words
from persona.curation.neutral import runs

_TELLING = 3.5
"""Rarity from which on a word of a run is more than everyday talk."""


@lru_cache(maxsize=8_192)
def _said(text: str) -> str:
    """The words of a text in their order, each between spaces."""
    return f" {' '.join(words(text))} "


def holds(
    text: str,
    asked: Sequence[str],
    sources: Iterable[Passage],
    *,
    known: str = "",
    name: str = "",
    own: bool = False,
) -> bool:
    """Whether a text repeats the asker: their name, a rare word or a figure of theirs, or three
    words in a row with a telling one among them, that neither the sources nor ``known`` have.

    ``own``: a person wrote or approved the text; then words in a row are that person's.
    """
    said = set(words(text))
    theirs = {word for each in asked for word in words(each)}
    rare = {word for word in said & theirs if _rare(word)}
    rare |= {word for word in words(name) if word in said and len(word) > 2}
    lent = set() if own else _shared_runs(text, asked)
    if not rare and not lent:
        return False
    for source in (*(f"{p.chunk.header}\n{p.chunk.text}" for p in sources), known):
        there = _said(source)
        rare = {word for word in rare if f" {word} " not in there}
        lent = {run for run in lent if f" {' '.join(run)} " not in there}
    return bool(rare or lent)


def _rare(word: str) -> bool:
    """Whether a word points at somebody or something: a figure, or one that is in no dictionary."""
    if word in STOP_WORDS:
        return False
    if any(c.isdigit() for c in word):
        return True
    stems = terms(word)
    return len(word) > 2 and bool(stems) and max(map(rarity, stems)) >= UNKNOWN_RARITY


def _shared_runs(text: str, asked: Sequence[str]) -> set[tuple[str, ...]]:
    shared = runs(text) & frozenset[tuple[str, ...]]().union(*map(runs, asked))
    return {run for run in shared if any(_telling(word) for word in run)}


def _telling(word: str) -> bool:
    return word not in STOP_WORDS and max(map(rarity, terms(word)), default=0.0) >= _TELLING
