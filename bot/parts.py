"""The parts of a question that asks for several things, and which of them an answer leaves open.

"How long is the warranty, and does it support HomeKit?" has two, of which documents may tell one.
Pure and careful: what is not certainly a second question is none, and a part is called open only by
who has looked for it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.conversation import Message, Role
from bot.facts import rarity
from bot.languages import FUNCTION_WORDS, GERMAN
from bot.lexical import query_terms, terms
from bot.query import rewrite

MOST = 3
"""Parts that a question is taken apart into; a longer list of questions is left whole."""

_SPOKEN_OF = 0.5  # of a part's own words, by rarity, from which an answer has taken it up
_HELPING = (
    r"(?:is|are|was|were|do|does|did|can|could|will|would|should|must|may|has|have|had|isn['’]t"
    r"|aren['’]t|don['’]t|doesn['’]t|can['’]t|won['’]t|ist|sind|war|waren|kann|können|darf|muss|wird"
    r"|werden|hat|haben|gibt|geht|gilt|kostet|braucht|dauert)"
)
_ASKING = (
    r"(?:how|what|when|where|who|why|which|whose|wie|was|wann|wo|wer|warum|wieso|welche[rsnm]?)"
)
_OPENS = (
    # "and how it works" is no question of its own: the verb stands before its subject in one.
    rf"(?:{_HELPING}|(?:how|what|when|where|who)['’]s|{_ASKING}(?:\s+[^\s?,;]+){{0,3}}?\s+{_HELPING})\b(?!\s*[?,.;])"
)
_COURTESY = r"(?:(?:hi|hello|hey|please|so|ok(?:ay)?|well|hallo|bitte)\b[\s,!.]*)*"
_QUESTION = re.compile(rf"\W*(?P<courtesy>{_COURTESY}){_OPENS}", re.IGNORECASE)
_JOINT = re.compile(
    rf"(?:\?+\s+(?:(?:and|also|und)\b,?\s+)?|,?\s+(?:and|und)\s+(?:also\s+|then\s+|auch\s+)?)"
    rf"(?={_OPENS})",
    re.IGNORECASE,
)
_COMPARED = re.compile(
    r"\b(?:differ\w*|compar\w+|versus|vs|between|both|better|unterschied\w*|beide)\b",
    re.IGNORECASE,
)

_GERMAN = frozenset(t for word in FUNCTION_WORDS[GERMAN] for t in terms(word))


@dataclass(frozen=True, slots=True)
class Part:
    """One of the things asked: as a question that stands alone, as it was said, and the words that
    only it has."""

    question: str
    said: str
    own: frozenset[str]

    def taken_up(self, answer: str) -> bool:
        """Whether an answer speaks of it, be it to say that it does not know."""
        held = set(terms(answer))
        total = sum(map(rarity, self.own))
        return sum(rarity(t) for t in self.own & held) >= _SPOKEN_OF * total


def parts(question: str) -> tuple[Part, ...]:
    """The questions that a question is made of, in their order; empty where it is a single one, or
    where one of them would not stand alone."""
    if _COMPARED.search(question):
        return ()
    pieces = [piece.strip(" ,;?!\n") for piece in _JOINT.split(question)]
    found = [_QUESTION.match(piece) for piece in pieces]
    if not 2 <= len(pieces) <= MOST:
        return ()
    said: list[str] = []
    for piece, match in zip(pieces, found, strict=True):
        if match is None:
            return ()
        said.append(f"{_capital(piece[match.end('courtesy') :])}?")
    whole = said[:1]
    for each in said[1:]:
        whole.append(rewrite(each, [Message(Role.USER, before) for before in whole]))
    own = [_own(n, said, whole) or _own(n, said, said) for n in range(len(said))]
    if not all(own):
        return ()
    return tuple(map(Part, whole, said, own))


def _own(n: int, said: Sequence[str], others: Sequence[str]) -> frozenset[str]:
    """The terms of a part that none of the others has."""
    return _asked(said[n]).difference(*(_asked(o) for i, o in enumerate(others) if i != n))


def _asked(question: str) -> frozenset[str]:
    """The terms that a question asks about."""
    return frozenset(query_terms(question)) - _GERMAN


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
