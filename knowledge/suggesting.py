"""Questions to suggest: such as the knowledge base asks or answers in its headings.

Each one is tried before it is suggested: the search for this reader must find its document, the
evidence must not be weak, and the built-in reader must find an answer there, where it is given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bot.conversation import Principal, Route
from bot.evidence import Passage, Retrieval
from bot.guardrails import evidence_is_weak
from bot.lexical import query_terms
from bot.ports import Retriever
from bot.routing import decide
from knowledge.headings import LONGEST_TITLE, Asked, questions
from knowledge.ledger import DocumentRecord, Ledger

if TYPE_CHECKING:
    from bot.llm.extractive import Extract

_LISTED = 2_000
"""Documents looked at by their names; of a larger knowledge base the first ones."""

_READ = 40
"""Documents whose headings are read, about 1 ms each."""

_TRIES = 5
"""Questions tried for each one wanted; a try is a search and a reading, about 20 ms."""

_NEAR = 12
_LONG_MESSAGE = 60
_ALIKE = 0.6

_HELPFUL = (
    re.compile(r"faq|frequently[-_ ]asked|questions", re.IGNORECASE),
    re.compile(
        r"how[-_ ]?to|getting[-_ ]?started|get[-_ ]started|quick[-_ ]?start|first[-_ ]steps|set"
        r"(?:ting)?[-_ ]?up|welcome|install|guide|tutorial|basics|overview",
        re.IGNORECASE,
    ),
)
_UNHELPFUL = re.compile(
    r"release|changelog|change[-_ ]?log|what'?s[-_ ]new|history|licen[cs]e|legal|terms|privacy"
    r"|deprecat|migrat|upgrad|security|internal|contribut|code[-_ ]of|archive|v?\d+\.\d+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A question to press: ``title`` (at most 40 characters) is shown, ``message`` is asked."""

    title: str
    message: str


class Reader(Protocol):
    """What tells whether passages answer: :class:`bot.llm.extractive.ExtractiveReader`."""

    async def read(self, question: str, passages: Sequence[Passage], /) -> Extract: ...


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A question and the document that answers it."""

    asked: Asked
    source: str
    document: str


async def suggest(
    ledger: Ledger,
    retriever: Retriever,
    principal: Principal,
    near: str = "",
    count: int = 4,
    *,
    reader: Reader | None = None,
) -> tuple[Suggestion, ...]:
    """At most ``count`` questions that the knowledge base answers for this principal.

    Those near a channel's name and topic first; of different documents where there are enough.
    The same knowledge gives the same suggestions. It costs a few searches and readings, 0.1 to
    0.5 s of work: keep the result for some minutes. Raises KnowledgeError, StorageError.
    """
    tests = _Tests(retriever, reader, principal, _TRIES * count)
    chosen: list[_Candidate] = []
    for shelf in (_near(ledger, retriever, principal, near), _everything(ledger, principal)):
        if len(chosen) < count:
            candidates = _in_order(await shelf)
            await _choose(candidates, chosen, count, tests)
    return tuple(Suggestion(c.asked.title, c.asked.message) for c in chosen)


async def _choose(
    candidates: Sequence[_Candidate], chosen: list[_Candidate], count: int, tests: _Tests
) -> None:
    """Add the first candidates that pass: one a document, then further ones."""
    for another_of_it in (False, True):
        for candidate in candidates:
            if len(chosen) >= count or tests.left <= 0:
                return
            known = {(c.source, c.document) for c in chosen}
            if ((candidate.source, candidate.document) in known) is not another_of_it:
                continue
            if any(_alike(candidate, other) for other in chosen):
                continue
            if await tests.passes(candidate):
                chosen.append(candidate)


class _Tests:
    """Asks questions in earnest, but not too many, and none twice."""

    def __init__(
        self, retriever: Retriever, reader: Reader | None, principal: Principal, most: int
    ) -> None:
        self.left = most
        self._retriever = retriever
        self._reader = reader
        self._principal = principal
        self._known: dict[str, bool] = {}

    async def passes(self, candidate: _Candidate) -> bool:
        message = candidate.asked.message
        if message not in self._known:
            self.left -= 1
            self._known[message] = await self._answered(candidate)
        return self._known[message]

    async def _answered(self, candidate: _Candidate) -> bool:
        message = candidate.asked.message
        if decide(message).route in (Route.VOICE, Route.HANDOFF):
            return False
        found = await self._retriever.retrieve(message, self._principal)
        if not _finds(found, candidate) or evidence_is_weak(message, found):
            return False
        if self._reader is None:
            return True
        return (await self._reader.read(message, found.passages)).answered


def _finds(found: Retrieval, candidate: _Candidate) -> bool:
    """Whether the search leads to the document: it also holds what the reader may see."""
    places = [(p.chunk.source, p.chunk.document) for p in found.passages]
    return (candidate.source, candidate.document) in places


def _alike(candidate: _Candidate, other: _Candidate) -> bool:
    """Whether two questions ask nearly the same."""
    one, two = (set(query_terms(c.asked.message)) for c in (candidate, other))
    return len(one & two) >= _ALIKE * min(len(one), len(two))


# -- where questions come from ------------------------------------------------------------------


async def _near(
    ledger: Ledger, retriever: Retriever, principal: Principal, near: str
) -> list[_Candidate]:
    """The questions of documents that are about what a channel is about."""
    if not near.strip():
        return []
    found = await retriever.retrieve(near, principal, _NEAR)
    if evidence_is_weak(near, found):
        return []
    places = [(p.chunk.source, p.chunk.document) for p in found.passages]
    titles = {(p.chunk.source, p.chunk.document): p.chunk.title for p in found.passages}
    texts = await ledger.texts(places)
    wanted = set(query_terms(near))
    asked = [c for place in titles if place in texts for c in _asked(place, titles, texts)]
    return [c for c in asked if wanted & set(query_terms(c.asked.message))] or asked


async def _everything(ledger: Ledger, principal: Principal) -> list[_Candidate]:
    """The questions of the documents that look most like help."""
    records = [r for r in await ledger.page(_LISTED) if principal.may_see(r.groups)]
    records.sort(key=_helpfulness)
    titles = {(r.source, r.document): r.title for r in records[:_READ]}
    texts = await ledger.texts(list(titles))
    return [c for place in titles if place in texts for c in _asked(place, titles, texts)]


def _helpfulness(record: DocumentRecord) -> tuple[int, int, str]:
    name = f"{record.document} {record.title}"
    if _UNHELPFUL.search(name):
        return len(_HELPFUL) + 1, 0, name
    kind = next((i for i, hint in enumerate(_HELPFUL) if hint.search(name)), len(_HELPFUL))
    return kind, record.document.count("/"), name


def _asked(
    place: tuple[str, str], titles: dict[tuple[str, str], str], texts: dict[tuple[str, str], str]
) -> Iterator[_Candidate]:
    for asked in questions(titles[place], texts[place]):
        yield _Candidate(asked, *place)


def _in_order(candidates: Iterable[_Candidate]) -> list[_Candidate]:
    """Questions before instructions, short ones before long ones; else in the order of their
    documents."""

    def key(candidate: _Candidate) -> tuple[int, bool]:
        message = candidate.asked.message
        return candidate.asked.rank + (len(message) > _LONG_MESSAGE), len(message) > LONGEST_TITLE

    return sorted(candidates, key=key)
