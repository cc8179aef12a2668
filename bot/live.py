"""Live facts in an answer: told as they are now, stamped with their time, above documents.

The voice speaks from them as from documents. What a document says otherwise is no answer, but is
pointed out; without a model, and where a model passes them over, they are told in their own words.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field, replace

from bot.attaching import from_file
from bot.citing import without_markers
from bot.conversation import Message, Principal
from bot.errors import WellspokenError
from bot.evidence import Passage, Retrieval
from bot.guardrails import evidence_is_weak
from bot.ports import (
    LIVE,
    Brief,
    Contradiction,
    GroundingCheck,
    LiveFacts,
    LiveFinding,
    LiveFindings,
    LivePlan,
    Verdict,
)
from bot.reply import Certain, PassOn, Reply
from bot.sentences import Piece, Unit
from bot.telemetry import log

_LONGEST_TITLE = 100


def from_live(passage: Passage) -> bool:
    """Whether a passage is a live fact."""
    return passage.chunk.source == LIVE


def without_values(passages: Sequence[Passage]) -> tuple[Passage, ...]:
    """The passages as they may be stored: of live facts nothing but the source's name."""
    return tuple(_without_text(p) if from_live(p) else p for p in passages)


def documents_alone(brief: Brief, question: str = "") -> Brief:
    """A brief in which only documents have texts, each in its place; ``question`` replaces what
    is asked."""
    passages = tuple(
        _without_text(p) if from_live(p) or from_file(p) else p for p in brief.passages
    )
    if not question:
        return replace(brief, passages=passages)
    return replace(brief, passages=passages, question=question, query=question)


def _without_text(passage: Passage) -> Passage:
    return replace(passage, chunk=replace(passage.chunk, text="", start=0, end=0))


@dataclass(slots=True)
class Current:
    """What live sources have to do with one question: the plan, then what they told."""

    facts: LiveFacts | None
    plan: LivePlan = field(default_factory=LivePlan)
    findings: LiveFindings = field(default_factory=LiveFindings)
    unread: str = ""  # why documents could not be searched, where the facts answer alone

    @classmethod
    def of(
        cls,
        facts: LiveFacts | None,
        question: str,
        query: str,
        history: Sequence[Message],
        principal: Principal,
    ) -> Current:
        """What is wanted from live sources for a question, as far as its reader may know them."""
        if facts is None:
            return cls(None)
        return cls(facts, facts.plan(question, query, history, principal))

    @property
    def found(self) -> tuple[LiveFinding, ...]:
        return self.findings.found

    @property
    def missing(self) -> tuple[str, ...]:
        return self.findings.missing

    async def beside(self, retrieving: Awaitable[Retrieval]) -> Retrieval:
        """Fetch while documents are searched; what was withheld is named. Keeps what was told."""
        if self.facts is None or not self.plan.wants:
            found = await retrieving
        else:
            looking = self.facts.look_up(self.plan)
            found, self.findings, self.unread = await _side_by_side(retrieving, looking)
        return replace(found, withheld=(*found.withheld, *self.plan.withheld))

    def above(self, query: str, found: Retrieval) -> Retrieval:
        """The facts, then the documents, unless those are far from the question."""
        if not self.found:
            return found
        near = () if evidence_is_weak(query, found) else found.passages
        return replace(found, passages=(*(f.passage for f in self.found), *near))

    def check(self, check: GroundingCheck, passages: Sequence[Passage]) -> GroundingCheck:
        """The check with the facts before everything."""
        if self.facts is None or not self.found:
            return check
        return _LiveCheck(check, self.facts, self.found, passages)

    def contradictions(self, brief: Brief) -> tuple[Contradiction, ...]:
        """What the documents of a brief say otherwise."""
        if self.facts is None or not self.found:
            return ()
        return self.facts.contradictions(self.found, documents_alone(brief).passages)


async def _side_by_side(
    retrieving: Awaitable[Retrieval], looking: Awaitable[LiveFindings]
) -> tuple[Retrieval, LiveFindings, str]:
    """Documents and live facts, whichever takes longer. A knowledge base that fails does not take
    the facts away, and its reason comes with them; raises its error where there are none."""
    unread = ""
    found, live = await asyncio.gather(retrieving, looking, return_exceptions=True)
    if isinstance(live, BaseException):
        raise live
    if isinstance(found, WellspokenError) and live.found:
        log.warning("answered from live facts alone", error=str(found))
        unread = found.public
        found = Retrieval((), degraded=(unread,))
    if isinstance(found, BaseException):
        raise found
    return found, live, unread


class _LiveCheck:
    """A :class:`~bot.ports.GroundingCheck` in which live facts come first.

    Their own words are carried by them; a sentence with another value than theirs is not
    supported, whatever a document says.
    """

    def __init__(
        self,
        check: GroundingCheck,
        facts: LiveFacts,
        found: Sequence[LiveFinding],
        passages: Sequence[Passage],
    ) -> None:
        self._check = check
        self._facts = facts
        self._found = found
        self._passages = passages

    async def check(self, sentence: str, cited: Sequence[int] = ()) -> Verdict:
        said = without_markers(sentence).strip()
        for index, passage in enumerate(self._passages):
            at = passage.chunk.text.find(said) if from_live(passage) else -1
            if said and at >= 0:
                return Verdict(True, 1.0, index, (at, at + len(said)))
        if self._facts.disagrees(self._found, said):
            return Verdict(False, 0.0, finding="a live source says otherwise")
        return await self._check.check(sentence, cited)


async def tell(found: Sequence[LiveFinding], pass_on: PassOn, reply: Reply) -> None:
    """Facts in their own words: the sentences that answer the question, and their time."""
    for finding in found:
        for start, end in finding.spans:
            sentence = finding.passage.chunk.text[start:end]
            await pass_on(Piece(f" {sentence}", Unit.PROSE))
    await reply.say(reply.book.finish() + _stamp(found, reply.text))


async def complete(brief: Brief, live: Current, pass_on: PassOn, reply: Reply) -> None:
    """What an answer leaves out: facts that it passes over, their time, what documents say
    otherwise, and what could not be looked up."""
    cited = {c.chunk for c in reply.book.citations}
    over = [f for f in live.found if f.passage.chunk.id not in cited]
    await tell(over, pass_on, reply)
    await reply.say(_stamp(live.found, reply.text))
    for other in live.contradictions(brief):
        if other.value not in reply.text:
            sure = Certain(other.passage, other.quote)
            await pass_on(Piece(f" {_noted(other)}", Unit.PROSE), sure)
    await reply.say(reply.book.finish())
    for sentence in live.missing:
        await reply.say(f"\n\n{sentence}")
    reply.error = reply.error or " ".join(live.findings.errors)


def rest_untold(live: Current) -> str:
    """That nothing is told of the rest of a question, and why."""
    if live.unread:
        return f"\n\nI could not look up the rest of your question: {live.unread}."
    return "\n\nI found nothing in the documentation about the rest of your question."


def _stamp(found: Sequence[LiveFinding], answer: str) -> str:
    """When the facts were as told, for the end of an answer; empty where it says so already."""
    times = [
        s
        for s in dict.fromkeys(f.stamp for f in found)
        if f"as of {s}".lower() not in answer.lower()
    ]
    if not times:
        return ""
    last = answer.rstrip().rsplit("\n", maxsplit=1)[-1]
    space = "\n\n" if last.startswith(("```", "~~~", "|")) else " "
    return f"{space}(as of {' and '.join(times)})"


def _noted(other: Contradiction) -> str:
    """That a document says otherwise, in one sentence."""
    name = " ".join(other.title.replace('"', "'").split())[:_LONGEST_TITLE]
    return f'Note: the page "{name}" says {other.value}.'
