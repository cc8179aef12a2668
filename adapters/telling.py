"""The whole story of a turn, for the console and the command line: from the question to the check,
and what people thought of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from adapters.rendering import turn_json
from bot.conversation import Feedback, Principal, Turn
from bot.errors import NotFoundError
from bot.evidence import Citation, Claim, Passage

if TYPE_CHECKING:
    from bot.store.audit import AuditEntry, AuditTrail, BrokenEntry

READER = "extractive"
"""What the built-in reader is called where a turn names its model."""

EARLIER = 10
"""Turns of the thread before this one; the voice sees the newest of them."""


class Turns(Protocol):
    """Stored turns."""

    async def turn(self, id: str, /) -> Turn:  # noqa: A002 - the store's own word
        """One turn; raises NotFoundError."""
        ...

    async def of_thread(self, thread: str, limit: int = 50) -> Sequence[Turn]:
        """The last turns of a thread, oldest first."""
        ...


class Ratings(Protocol):
    """What people thought of turns."""

    async def of(self, turn: str, /) -> Sequence[Feedback]: ...


class Parts(Protocol):
    """Where a story is kept: fulfilled by ``adapters.assembly.Application``."""

    @property
    def history(self) -> Turns: ...
    @property
    def feedback(self) -> Ratings: ...
    @property
    def audit(self) -> AuditTrail: ...


@dataclass(frozen=True, slots=True)
class Audited:
    """The audit entry of a turn; ``broken`` says what does not hold of it, empty: it holds."""

    entry: AuditEntry
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """A turn with what stands around it.

    ``earlier`` are the turns of its thread before it that its readers may know, oldest first.
    ``audited`` is ``None`` where the trail knows nothing of it.
    """

    turn: Turn
    earlier: tuple[Turn, ...]
    feedback: tuple[Feedback, ...]
    audited: Audited | None

    @property
    def asked_before(self) -> bool:
        """Whether tokens went to models whose words did not become the answer: the built-in
        reader, which takes none, has the last word."""
        return self.turn.model == READER and self.turn.usage.prompt_tokens > 0

    @property
    def cited(self) -> dict[str, list[Citation]]:
        """The citations of each chunk."""
        return cited(self.turn)


def cited(turn: Turn) -> dict[str, list[Citation]]:
    """The citations of each chunk of a turn."""
    found: dict[str, list[Citation]] = {}
    for citation in turn.citations:
        found.setdefault(citation.chunk, []).append(citation)
    return found


async def story_of(parts: Parts, turn: str) -> Story:
    """The story of a turn. Raises NotFoundError."""
    found = await parts.history.turn(turn)
    thread = await parts.history.of_thread(found.thread, 5 * EARLIER)
    reader = Principal(found.audience)
    before = [
        t for t in thread if (t.at, t.id) < (found.at, found.id) and reader.covers(t.audience)
    ]
    return Story(
        found,
        tuple(before[-EARLIER:]),
        tuple(await parts.feedback.of(found.id)),
        await audited(parts.audit, found.id),
    )


async def audited(trail: AuditTrail, turn: str) -> Audited | None:
    """What the audit trail says of a turn, and whether that holds."""
    try:
        entry, broken = await trail.standing(turn)
    except NotFoundError:
        return None
    return Audited(entry, _words(broken))


def _words(broken: BrokenEntry | None) -> str:
    return "" if broken is None else str(broken)


# -- for scripts ----------------------------------------------------------------------------------


def story_json(story: Story) -> dict[str, Any]:
    """What ``audit show --json`` prints: the object of ``ask`` and everything around it."""
    turn = story.turn
    return {
        **turn_json(turn),
        "thread": turn.thread,
        "at": turn.at.isoformat(),
        "author": turn.author.key,
        "channel": turn.channel,
        "audience": sorted(turn.audience),
        "question": turn.question,
        "query": turn.query,
        "confidence": round(turn.route.confidence, 4),
        "odds": {name: round(odds, 4) for name, odds in turn.route.odds},
        "reasons": list(turn.route.reasons),
        "earlier": [
            {"turn": t.id, "question": t.question, "answer": t.answer} for t in story.earlier
        ],
        "passages": [_passage_json(p, story) for p in turn.passages],
        "withheld": list(turn.withheld),
        "claims": [_claim_json(c) for c in turn.grounding.claims],
        "rejected": [
            {"text": r.text, "finding": r.finding, "score": round(r.score, 4), "became": r.became}
            for r in turn.grounding.rejected
        ],
        "notes": list(turn.notes),
        "error": turn.error,
        "persona": turn.persona,
        "cached_from": turn.cached_from,
        "saved_usd": turn.saved_usd,
        "feedback": [
            {"author": f.author.key, "rating": f.rating.value, "reason": f.reason,
             "correction": f.correction, "expert": f.expert}
            for f in story.feedback
        ],
        "audit": None if story.audited is None else audit_json(story.audited),
    }  # fmt: skip


def audit_json(found: Audited) -> dict[str, Any]:
    """The entry itself, its hash, and whether it holds."""
    return {
        "sequence": found.entry.sequence,
        "hash": found.entry.hash,
        "holds": not found.broken,
        "broken": found.broken,
        "erased": found.entry.erased,
        "content": dict(found.entry.content),
    }


def _passage_json(passage: Passage, story: Story) -> dict[str, Any]:
    chunk = passage.chunk
    return {
        "document": chunk.document,
        "chunk": chunk.id,
        "revision": chunk.revision,
        "title": chunk.title,
        "uri": chunk.uri,
        "text": chunk.text,
        "score": round(passage.score, 6),
        "lexical": round(passage.lexical, 4),
        "cosine": None if passage.cosine is None else round(passage.cosine, 4),
        "cited": [c.n for c in story.cited.get(chunk.id, ())],
    }


def _claim_json(claim: Claim) -> dict[str, Any]:
    return {
        "start": claim.start,
        "end": claim.end,
        "text": claim.text,
        "supported": claim.supported,
        "score": round(claim.score, 4),
        "passage": claim.passage,
        "finding": claim.finding,
    }
