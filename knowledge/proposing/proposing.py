"""From documents to cases for review: candidates by rule or model, tried on the search."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from bot.conversation import Principal
from bot.evidence import Retrieval
from bot.facts import Kind, facts
from bot.ports import Retriever
from bot.sentences import split
from bot.store.suites import CaseDraft, Origin, Proposal
from knowledge.proposing.choosing import Dropped, Merged, alike, case_id, merged, spread
from knowledge.proposing.headed import from_heading
from knowledge.proposing.material import Candidate, Material, parts, plain, stems
from knowledge.proposing.missing import unanswerable
from knowledge.proposing.naming import Names
from knowledge.proposing.stated import from_sentences
from knowledge.proposing.tables import from_tables

MISSING = 0.15
"""Share of the cases that no document answers."""

_DEEP = 5  # passages among which the document must be
_CARRIED = 0.75  # of a question's telling stems, in a sentence that answers it as well
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Proposed:
    """What was made, and how many candidates were dropped for what."""

    cases: tuple[Proposal, ...]
    dropped: Counter[Dropped] = field(default_factory=Counter)


def by_rule(materials: Sequence[Material], names: Names) -> list[Candidate]:
    """Every candidate that the rules find, in the order of the documents."""
    found: list[Candidate] = []
    for material in materials:
        for part in parts(material.text):
            found += from_heading(material, part, names)
            found += from_tables(material, part, names)
            found += from_sentences(material, part)
    return found


async def propose(
    materials: Sequence[Material],
    retriever: Retriever,
    count: int,
    *,
    seed: int = 0,
    known: Sequence[str] = (),
    written: AsyncIterator[Candidate] | None = None,
    dropped: Counter[Dropped] | None = None,
    progress: Progress = lambda _done, _total: None,
) -> Proposed:
    """At most ``count`` cases from documents, about one in seven without an answer.

    ``known`` are questions that the suite has already; ``written`` are candidates of a model, taken
    before those of the rules. The same documents and seed give the same cases. Raises
    KnowledgeError where the search fails.
    """
    names = await asyncio.to_thread(Names, [f"{m.title}\n{m.text}" for m in materials])
    everybody = frozenset[str]().union(*(m.groups for m in materials))
    counts = Counter[Dropped]() if dropped is None else dropped
    trial = _Trial(retriever, count, known, everybody, progress, counts)
    wanted = count - round(MISSING * count)
    if written is not None:
        async for candidate in written:
            if len(trial.kept) >= wanted:
                break
            await trial.take(Merged(candidate, (candidate.material.document,)))
    made = await asyncio.to_thread(by_rule, materials, names)  # seconds, where there are thousands
    for each in spread(merged(made, trial.dropped), seed):
        if len(trial.kept) >= wanted:
            break
        await trial.take(each)
    none = await asyncio.to_thread(lambda: list(unanswerable(materials, names)))
    missing = merged(none, Counter())
    most = len(trial.kept) + min(
        count - len(trial.kept), max(1, round(MISSING / (1 - MISSING) * len(trial.kept)))
    )
    for each in _turns(missing, seed):
        if len(trial.kept) >= most:
            break
        await trial.take(each)
    progress(count, count)
    return Proposed(tuple(trial.kept), trial.dropped)


def _turns(missing: Sequence[Merged], seed: int) -> list[Merged]:
    """Those of neighbours and those that people ask anywhere by turns."""
    near = list(spread([m for m in missing if m.candidate.rule.endswith("neighbour")], seed))
    other = list(spread([m for m in missing if not m.candidate.rule.endswith("neighbour")], seed))
    both = [each for pair in zip(near, other, strict=False) for each in pair]
    rest = min(len(near), len(other))
    return both + other[rest:] + near[rest:]


class _Trial:
    """Asks the search for each candidate, and keeps those that pass."""

    def __init__(
        self,
        retriever: Retriever,
        count: int,
        known: Sequence[str],
        everybody: frozenset[str],
        progress: Progress,
        dropped: Counter[Dropped],
    ) -> None:
        self.kept: list[Proposal] = []
        self.dropped = dropped
        self._retriever = retriever
        self._count = count
        self._known = [stems(question) for question in known]
        self._everybody = everybody
        self._progress = progress

    async def take(self, each: Merged) -> None:
        candidate = each.candidate
        asked = stems(candidate.question)
        if any(alike(asked, other) for other in self._known):
            self.dropped[Dropped.ALIKE] += 1
            return
        groups = candidate.material.groups if candidate.answerable else frozenset()
        principal = Principal(groups if candidate.answerable else self._everybody)
        found = await self._retriever.retrieve(candidate.question, principal, _DEEP)
        why, gold = judged(each, found)
        if why is not None:
            self.dropped[why] += 1
            return
        self._known.append(asked)
        place = candidate.material.document if candidate.answerable else ""
        case = CaseDraft(
            id=case_id(place or "missing", candidate.question),
            question=candidate.question,
            answers=candidate.answers,
            gold=gold,
            answerable=candidate.answerable,
            groups=tuple(sorted(groups)),
            paraphrases=candidate.paraphrases[:2],
        )
        self.kept.append(Proposal(case, Origin.DOCUMENT, place, candidate.quote))
        self._progress(len(self.kept), self._count)


def judged(each: Merged, found: Retrieval) -> tuple[Dropped | None, tuple[str, ...]]:
    """Why a candidate is no case, after a search for its question; else its gold documents."""
    candidate = each.candidate
    if not candidate.answerable:
        told = any(_tells(candidate.question, p.chunk.text) for p in found.passages)
        return (Dropped.TOLD if told else None), ()
    places = [p.chunk.document for p in found.passages]
    if not set(each.gold) & set(places):
        return Dropped.NOT_FOUND, ()
    gold = list(each.gold)
    for passage in found.passages:
        document = passage.chunk.document
        if document in gold:
            continue
        said = _said(candidate, passage.chunk.text)
        if said is False:
            return Dropped.ELSEWHERE, ()
        if said:
            gold.append(document)
    return None, tuple(gold)


def _tells(question: str, text: str) -> bool:
    """Whether a sentence has every telling word of a question."""
    wanted = stems(question)
    return any(wanted <= stems(unit.text) for unit in split(text))


def _said(candidate: Candidate, text: str) -> bool | None:
    """Whether another document answers the question too: with the same value, with another one
    (``False``), or not at all (``None``)."""
    wanted, answer = stems(candidate.question), candidate.answers[0].casefold()
    numbers = {f.unit for f in facts(candidate.answers[0]) if f.kind is Kind.NUMBER}
    other = False
    for unit in split(text):
        body = plain(unit.text)
        if len(wanted & stems(body)) < _CARRIED * len(wanted):
            continue
        if answer in body.casefold():
            return True
        other = other or any(f.kind is Kind.NUMBER and f.unit in numbers for f in facts(body))
    return False if other else None
