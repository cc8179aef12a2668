"""Cases for a suite from approved turns: a question, the fact of its answer, and its sources.

What may be taught may be asked: consent, verdicts and thumbs count as for data sets. Without
``use_user_messages`` the question is a neutral one, made of what the sources call it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.citing import without_markers
from bot.conversation import Platform, Rating, Turn
from bot.evidence import Passage
from bot.facts import Kind, facts
from bot.store.rated import Rated
from bot.store.suites import CaseDraft, Origin, Proposal
from persona.curation.choosing import OPERATORS, Candidate, Consent, Format, Taught, choose
from persona.curation.neutral import question_for
from persona.curation.preparing import Policy
from persona.curation.privacy import Finder
from persona.curation.showing import seed_of

_NO_TRAINING = frozenset({Platform.SLACK, Platform.DISCORD})
_LONGEST_QUESTION = 400
_TELLING = ((Kind.NUMBER, Kind.DATE), (Kind.CODE, Kind.LINK))


class Unfit(StrEnum):
    """Why a rated turn is no case."""

    NOT_APPROVED = "nobody approved its answer"
    NO_SOURCE = "its answer cites nothing"
    NO_FACT = "its answer has no single fact to tell it by"
    NO_QUESTION = "no neutral question can be made"
    USERS_WORDS = "its question may not be used as asked"
    PERSONAL = "personal data"


@dataclass(frozen=True, slots=True)
class _Source:
    passage: Passage
    quote: str


def case_of(rated: Rated, consent: Consent, policy: Policy, finder: Finder) -> Proposal | Unfit:
    """The case of a rated turn, or why there is none.

    It holds one person's words at most: the asker's question, or a reader's better answer.
    """
    candidate = _approved(rated, consent)
    if candidate is None:
        return Unfit.NOT_APPROVED
    turn, text = rated.turn, without_markers(candidate.text).strip()
    sources = _sources(turn)
    if not sources:
        return Unfit.NO_SOURCE
    question, author = _question(candidate, sources, consent, policy)
    if not question:
        return Unfit.NO_QUESTION
    answer = _fact(text, question)
    if not answer:
        return Unfit.NO_FACT
    if finder.find(question) or finder.find(answer):
        return Unfit.PERSONAL
    groups = frozenset[str]().union(*(s.passage.chunk.groups for s in sources))
    case = CaseDraft(
        id=f"turn-{hashlib.sha256(turn.id.encode()).hexdigest()[:10]}",
        question=question,
        answers=(answer,),
        gold=tuple(dict.fromkeys(s.passage.chunk.document for s in sources)),
        groups=tuple(sorted(groups)),
    )
    carried = next((s.quote for s in sources if answer in s.quote), sources[0].quote)
    return Proposal(case, Origin.TURN, turn.id, carried, author)


def _approved(rated: Rated, consent: Consent) -> Candidate | None:
    """The text of a turn that a person wrote or approved, or an expert's thumb went up for."""
    for candidate in choose(rated, Format.SFT, consent).found:
        if candidate.kind is not Taught.ANSWER:
            return candidate
        if rated.rewritten is not None and rated.rewritten.approved:
            return candidate
        liked = (s for s in rated.said if s.rating is Rating.UP)
        if any(s.expert or s.author in OPERATORS for s in liked):
            return candidate
    return None


def _sources(turn: Turn) -> list[_Source]:
    """What the answer cites, with the quotes."""
    by_chunk = {p.chunk.id: p for p in turn.passages}
    by_document = {p.chunk.document: p for p in reversed(turn.passages)}
    found = []
    for citation in turn.citations:
        passage = by_chunk.get(citation.chunk) or by_document.get(citation.document)
        if passage is not None:
            found.append(_Source(passage, citation.quote))
    return found


def _question(
    candidate: Candidate, sources: Sequence[_Source], consent: Consent, policy: Policy
) -> tuple[str, str]:
    """The question, and the key of whose words the case then holds; empty: nobody's."""
    turn, writer = candidate.turn, candidate.author
    if candidate.prompt:
        return candidate.prompt, writer
    agreed = consent.choices.get(turn.author.key) is True
    may = policy.asked and (agreed or turn.author.platform not in _NO_TRAINING)
    if (
        may
        and not writer
        and len(turn.question) <= _LONGEST_QUESTION
        and turn.query == turn.question
    ):
        return turn.question, turn.author.key
    cited = [(s.passage, s.quote) for s in sources]
    seed = seed_of(*(s.passage.chunk.id for s in sources))
    return question_for((turn.question, turn.query), cited, candidate.text, seed), writer


def _fact(text: str, question: str) -> str:
    """The one fact that an answer is told by; empty where there are several, or none."""
    asked = {f.value for f in facts(question)}
    found = [f for f in facts(text) if f.value not in asked]
    for kinds in _TELLING:  # "The warranty of the MG-200 is 24 months": the code is the subject
        told = [f for f in found if f.kind in kinds]
        if told:
            return told[0].text if len({f.value for f in told}) == 1 else ""
    return ""
