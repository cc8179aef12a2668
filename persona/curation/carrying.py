"""Whether the shown passages carry a text, and which of them each sentence comes from.

What the check said of an answer when it was given settles it. A text that somebody wrote is checked
exactly first (numbers, dates, codes, names, links as :mod:`bot.facts` reads them), then by the
grounder, unless a passage has the sentence word by word, and within a budget: what is over it needs
most of each sentence's words in one passage.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from bot.citing import CitationBook, cited_indexes, without_markers
from bot.conversation import Turn
from bot.evidence import Passage
from bot.facts import Fact, Kind, facts, same_number
from bot.lexical import query_terms, terms, words
from bot.ports import Grounder, GroundingCheck, Verdict
from bot.sentences import Piece, SentenceStream
from persona.curation.showing import chunks_of, renumbered

BUDGET = 1_000
"""Sentences that the grounder is asked about for one data set; about 8 ms each."""

_MOST_OF = 0.75  # of a sentence's telling terms, in one passage, where no grounder is asked
_LEADING = 2  # words
_DENYING = frozenset("no not never none cannot nein nicht nie kein keine".split())
_SHORT = 3  # telling terms of a sentence that states hardly anything


@dataclass(slots=True)
class Settled:
    """How sentences were settled, for the card."""

    stored: int = 0
    asked: int = 0
    exact: int = 0


@dataclass
class Carrier:
    """Checks texts against what is shown; ``budget`` is what is left of sentences to ask about."""

    grounder: Grounder | None = None
    budget: int = BUDGET
    counts: Settled = field(default_factory=Settled)
    names: str = ""
    """What may be named without a source: the persona."""

    def stands(self, turn: Turn) -> bool:
        """Whether the answer of a turn was found to be carried when it was given."""
        claims = turn.grounding.claims
        settled = bool(claims) and turn.grounding.supported
        self.counts.stored += len(claims) if settled else 0
        return settled

    def states_facts(self, text: str) -> bool:
        """Whether small talk states what would need a source. A capital that opens a sentence
        makes no name."""
        bare = without_markers(text)
        stated = [fact for fact in facts(bare) if not _opens(fact, bare)]
        return not _known(stated, (self.names,))

    async def cited(self, text: str, shown: Sequence[Passage], question: str, turn: Turn) -> str:
        """The text with the numbers of the passages that carry its sentences; empty where one of
        them is carried by none."""
        sources = (*(p.chunk.text for p in shown), *(p.chunk.header for p in shown), self.names)
        bare = without_markers(text)
        if not _exact(bare, sources):
            return ""
        known = {_plain(c.text): c.passage for c in turn.grounding.claims if c.supported}
        check = _Check(self, shown, question, turn, known)
        stream = SentenceStream()
        book = CitationBook(shown)
        out = []
        for piece in (*stream.feed(text), *stream.finish()):
            verdict = await check.verdict(piece)
            if not verdict.supported:
                return ""
            out.append(book.place(piece.text, piece.unit, verdict))
        out.append(book.finish())
        return _as_shown("".join(out).strip(), book, shown)


class _Check:
    """The check of one text."""

    def __init__(
        self,
        carrier: Carrier,
        shown: Sequence[Passage],
        question: str,
        turn: Turn,
        known: dict[str, int | None],
    ) -> None:
        self._carrier = carrier
        self._shown = shown
        self._question = question
        self._turn = turn
        self._known = known
        self._opened: GroundingCheck | None = None
        self._said = [f" {_plain(passage.chunk.text)} " for passage in shown]
        self._places = {passage.chunk.id: n for n, passage in enumerate(shown)}

    async def verdict(self, piece: Piece) -> Verdict:
        """Whether a sentence is carried, by what is cheapest to know it from."""
        bare = _plain(piece.text)
        if bare in self._known:
            self._carrier.counts.stored += 1
            return Verdict(True, 1.0, self._place(self._known[bare]))
        verbatim = next((n for n, s in enumerate(self._said) if f" {bare} " in s), None)
        if verbatim is not None and bare.count(" ") >= _SHORT:
            self._carrier.counts.exact += 1
            return Verdict(True, 1.0, verbatim)
        if _says_nothing(bare):
            return Verdict(True, 1.0)
        telling = query_terms(bare)
        if self._carrier.grounder is None or self._carrier.budget <= 0:
            self._carrier.counts.exact += 1
            return _worded(telling, self._shown)
        self._carrier.budget -= 1
        self._carrier.counts.asked += 1
        if self._opened is None:
            chunks = [passage.chunk for passage in self._shown]
            self._opened = self._carrier.grounder.open(
                [c.text for c in chunks], self._question, [c.header for c in chunks]
            )
        return await self._opened.check(piece.text.strip(), self._hints(piece.text))

    def _place(self, index: int | None) -> int | None:
        """Where a passage of the turn is shown now."""
        if index is None or index >= len(self._turn.passages):
            return None
        return self._places.get(self._turn.passages[index].chunk.id)

    def _hints(self, text: str) -> list[int]:
        """The shown passages that the text's own markers mean."""
        cited = {citation.n: citation.chunk for citation in self._turn.citations}
        chunks = (cited.get(index + 1, "") for index in cited_indexes(text, 999))
        return [self._places[chunk] for chunk in chunks if chunk in self._places]


def _says_nothing(bare: str) -> bool:
    """Whether a sentence is a word or two that lead in or out: "Sure.", "Good question!"."""
    said = bare.split()
    return len(said) <= _LEADING and not _DENYING.intersection(said) and not facts(bare)


def _as_shown(text: str, book: CitationBook, shown: Sequence[Passage]) -> str:
    """The numbers of the book moved to those of the prompt."""
    cited = {citation.n: citation.chunk for citation in book.citations}
    return renumbered(text, cited, chunks_of(shown)) or ""


def _plain(text: str) -> str:
    return " ".join(words(without_markers(text)))


def _worded(telling: Sequence[str], shown: Sequence[Passage]) -> Verdict:
    """Without a grounder: most of the words stand in one passage."""
    if len(telling) < _SHORT:
        return Verdict(True, 0.5)
    shares = [sum(t in _terms(p.chunk.text) for t in telling) / len(telling) for p in shown]
    best = max(range(len(shares)), key=shares.__getitem__, default=None)
    if best is None or shares[best] < _MOST_OF:
        return Verdict(False, 0.0)
    return Verdict(True, shares[best], best)


@lru_cache(maxsize=8_192)
def _terms(text: str) -> frozenset[str]:
    return frozenset(terms(text))


def _exact(text: str, sources: Sequence[str]) -> bool:
    """Whether the sources have every fact of a text, in its exact form."""
    return _known(facts(text), sources)


def _opens(fact: Fact, text: str) -> bool:
    """Whether a name is one word at the beginning of a sentence."""
    before = text[: fact.start].rstrip()
    alone = fact.kind is Kind.NAME and " " not in fact.text
    return alone and (not before or before[-1] in ".!?:\n")


def _known(stated: Sequence[Fact], sources: Sequence[str]) -> bool:
    """Whether the sources have each of these facts; those that stand there as they are written
    need no reading."""
    together = "\n".join(sources)
    stated = [fact for fact in stated if not _stands(fact.text, together)]
    if not stated:
        return True
    known = [fact for source in sources for fact in facts(source)]
    values = {(fact.kind, fact.value) for fact in known}
    numbers = [fact for fact in known if fact.kind is Kind.NUMBER]
    said = frozenset().union(*map(_terms, sources))
    return all((fact.kind, fact.value) in values or _held(fact, numbers, said) for fact in stated)


def _stands(text: str, source: str) -> bool:
    """Whether a text stands in another one, between its words."""
    if text not in source:
        return False
    return re.search(rf"(?<![\w.,]){re.escape(text)}(?![\w]|[.,]\d)", source) is not None


def _held(fact: Fact, numbers: Sequence[Fact], said: frozenset[str]) -> bool:
    """Whether the sources have a fact in other words."""
    if fact.kind is Kind.NUMBER:
        return any(same_number(fact, number) for number in numbers)
    if fact.kind is Kind.NAME:
        return said.issuperset(fact.value.split())
    return False
