"""Pages that are made alike for different things: products, plans, versions, languages, years.

What stands in one of them says nothing against the other.
"""

from __future__ import annotations

import re
from collections.abc import Set

from bot.evidence import Passage
from bot.facts import Kind, facts
from bot.lexical import STOP_WORDS, terms

_PARTS = re.compile(r"[/\\?#&=]+")
_FORMAT = re.compile(r"\.[A-Za-z0-9]{1,8}$")
_GENERIC = frozenset(
    stem
    for word in """page pages faq faqs frequently asked questions question answer answers guide
    guides overview policy policies term terms condition conditions help handbook manual
    documentation docs document info information general about introduction welcome index readme
    article articles
    support center centre knowledge base note notes old older new newer current archive archived
    archives legacy former previous copy draft drafts outdated deprecated backup intranet wiki site
    website web blog post posts content public internal seite seiten haufige fragen hilfe ubersicht
    richtlinie alt archiv md html htm www com org net example http https""".split()
    for stem in terms(word)
) | {t for w in STOP_WORDS for t in terms(w)}  # fmt: skip


def are_siblings(one: Passage, other: Passage, said: Set[str]) -> bool:
    """Whether title, headings or address of two passages tell two things apart.

    ``said`` are the terms of the two statements: what they say themselves is no difference.
    """
    return _other_titles(one, other, said) or _other_places(one, other)


def _other_titles(one: Passage, other: Passage, said: Set[str]) -> bool:
    mine, theirs = _telling(one.chunk.header), _telling(other.chunk.header)
    ours = mine - theirs - said - _held(other)
    yours = theirs - mine - said - _held(one)
    if _names(one.chunk.header, theirs | _held(other)) or _names(
        other.chunk.header, mine | _held(one)
    ):
        return True
    # "Grow plan" and "Estate plan" share a word, and each has one of its own.
    return bool((mine & theirs) - said and (ours or yours)) or bool(
        mine & theirs and ours and yours
    )


def _names(header: str, known: Set[str]) -> bool:
    """Whether a header has a code, a number or a year that the other passage does not hold."""
    return any(
        fact.kind in (Kind.CODE, Kind.NUMBER, Kind.DATE) and not set(terms(fact.text)) <= known
        for fact in facts(header)
    )


def _held(passage: Passage) -> frozenset[str]:
    return frozenset(terms(f"{passage.chunk.header}\n{passage.chunk.text}"))


def _telling(text: str) -> frozenset[str]:
    return frozenset(terms(text)) - _GENERIC


def _other_places(one: Passage, other: Passage) -> bool:
    """Whether the addresses of two pages differ in nothing but a folder or two: the same page for
    another version, language or product."""
    return _parallel(one.chunk.document, other.chunk.document) or _parallel(
        one.chunk.uri, other.chunk.uri
    )


def _parallel(one: str, other: str) -> bool:
    mine, theirs = _steps(one), _steps(other)
    if not mine or not theirs or one == other:
        return False
    apart = [s for s in (*mine, *theirs) if (s in mine) != (s in theirs)]
    telling = [s for s in apart if not set(terms(s)) <= _GENERIC]
    if mine[-1] == theirs[-1]:  # the same name in other folders
        return bool(telling)
    bare = [re.sub(r"\d+", "0", s) for s in (one, other)]
    return bare[0] == bare[1]  # "limits-v1", "limits-v2"


def _steps(address: str) -> list[str]:
    return [p for p in _PARTS.split(_FORMAT.sub("", address.casefold())) if p]
