"""The review: what waits for an operator's verdict, and what a verdict does.

Two things wait: what readers found wanting, and people's answers that were proposed as knowledge.
An approved answer is published at once. The command line and the console share this.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bot.errors import NotFoundError, UsageError
from bot.store.reviews import ReviewBook
from bot.store.rewrites import Draft, Verdict
from knowledge.answers import publish, readers_of, withdraw
from knowledge.sources.answers import Answer

if TYPE_CHECKING:
    from datetime import datetime

    from bot.handoff import Handoff, HandoffBook
    from bot.store.audit import AuditTrail
    from bot.store.base import Database
    from bot.store.feedback import FeedbackBook, RatedTurn
    from bot.store.history import History
    from bot.store.rewrites import LastVerdict, Rewrite, RewriteBook
    from knowledge.ingest import Ingestor

_PRIVATE = frozenset({"direct", "group"})


@dataclass(frozen=True, slots=True)
class Proposal:
    """A person's answer that was proposed as knowledge.

    ``readers`` are the groups that its document would get, ``None`` where an operator has to say;
    ``audience`` are those of everybody who could read the answer.
    """

    handoff: Handoff
    audience: frozenset[str]
    readers: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many wait in all: readers' words, proposed answers, answers with a thumb up."""

    corrections: int = 0
    proposals: int = 0
    liked: int = 0


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for a verdict: readers' words, and proposed answers, oldest first; ``liked`` are
    answers with a thumb up that may be approved as they are."""

    corrections: Sequence[RatedTurn]
    proposals: Sequence[Proposal]
    liked: Sequence[RatedTurn] = ()
    counts: Counts = Counts()


@dataclass(frozen=True, slots=True)
class Judged:
    """What a verdict on a turn did; ``document`` is what was published of it, else empty."""

    turn: str
    corrections: int
    document: str = ""
    groups: frozenset[str] = frozenset()


class Review:
    """The review of one home. ``ingestor`` is asked for when an answer is published."""

    def __init__(
        self,
        *,
        feedback: FeedbackBook,
        reviews: ReviewBook,
        rewrites: RewriteBook,
        handoffs: HandoffBook,
        history: History,
        audit: AuditTrail,
        ingestor: Callable[[], Ingestor],
    ) -> None:
        self._feedback = feedback
        self._reviews = reviews
        self._rewrites = rewrites
        self._handoffs = handoffs
        self._history = history
        self._audit = audit
        self._ingestor = ingestor

    async def queue(
        self,
        limit: int | None = None,
        offset: int = 0,
        turn: str = "",
        without: Collection[str] = (),
        *,
        liked: bool | None = None,
    ) -> Queue:
        """What waits; at most ``limit`` of each kind behind the first ``offset``; with ``turn``
        what waits of that one, never of those in ``without``; ``liked``: thumbs up alone, or all
        but those. All of it is counted."""
        proposed = await self._handoffs.proposals()
        count = len(proposed)
        proposed = [h for h in proposed if turn in ("", h.turn) and h.turn not in without]
        waiting, thumbs = await self._feedback.counts()
        counts = Counts(waiting, count, thumbs)
        up = () if liked is False else await self._feedback.liked(limit, offset, turn, without)
        if liked:
            return Queue((), (), up, counts)
        return Queue(
            await self._feedback.to_review(limit, offset, turn, without),
            [await self._proposal(h) for h in proposed[offset:][:limit]],
            up,
            counts,
        )

    async def waiting(self) -> int:
        """How many readers' words and proposed answers wait in all."""
        return await self._feedback.waiting() + len(await self._handoffs.proposals())

    async def counts(self, of: Collection[str]) -> Counts:
        """How much waits of some turns."""
        proposed = [h for h in await self._handoffs.proposals() if h.turn in of]
        waiting, liked = await self._feedback.counts(of)
        return Counts(waiting, len(proposed), liked)

    async def still_waits(self, turns: Collection[str]) -> set[str]:
        """Those of some turns of which anything waits now."""
        proposed = {h.turn for h in await self._handoffs.proposals() if h.turn in turns}
        return proposed | await self._feedback.still_wait(turns)

    async def standing(self, turn: str) -> Rewrite | None:
        """The last word of an operator on what a turn may teach."""
        return await self._rewrites.of(turn)

    async def check(
        self, turn: str, verdict: Verdict, groups: frozenset[str] | None = None
    ) -> Proposal | None:
        """Whether :meth:`judge` would be heard: the proposed answer of the turn, where it has one.

        Raises what that raises."""
        proposal = await self._proposed(turn)
        waits = await self._reviews.waiting(turn) or await self._reviews.liked(turn)
        if proposal is None and not waits:
            await self._history.turn(turn)
            if (standing := await self._rewrites.of(turn)) is not None:
                raise UsageError(
                    f"{turn} was {standing.verdict} before; take that back with `wellspoken "
                    f"feedback review --undo {turn}`."
                )
            raise NotFoundError(kind="turn that waits for review", id=turn)
        if proposal is not None and verdict is Verdict.APPROVED:
            _readers(proposal, groups)
        return proposal

    async def judge(
        self,
        turn: str,
        verdict: Verdict,
        by: str,
        *,
        groups: frozenset[str] | None = None,
        draft: Draft | None = None,
    ) -> Judged:
        """Judge everything of a turn that waits: all readers' words, and the proposed answer; of
        a turn with nothing but thumbs up the answer as it is.

        ``by`` is the operator's key, ``draft`` what the operator made of the answer; ``groups`` are
        the readers of the document that a person's approved answer becomes (empty: everybody),
        ``None``: those who could read the answer. Raises NotFoundError where nothing waits,
        UsageError where it cannot be told who may read it.
        """
        proposal = await self.check(turn, verdict, groups)
        document, readers = "", frozenset[str]()
        if proposal is not None:
            readers = await self._judge_answer(proposal, verdict, by, groups)
            document = proposal.handoff.id if verdict is Verdict.APPROVED else ""
        judged = 0
        if await self._reviews.waiting(turn):
            judged = await self._reviews.judge(turn, verdict, by, draft=draft)
        elif proposal is None:
            await self._judge_liked(turn, verdict, by, draft)
            judged = 1
        return Judged(turn, judged, document, readers)

    async def judge_words(
        self, turn: str, author: str, verdict: Verdict, by: str, draft: Draft | None = None
    ) -> None:
        """Judge what one reader said of a turn; ``draft`` is what the operator made of it.

        Raises NotFoundError where it does not wait, UsageError for a draft that is too long.
        """
        await self._reviews.judge(turn, verdict, by, author=author, draft=draft)

    async def was_right(self, turn: str, author: str, by: str) -> None:
        """The answer was right as it was, and the reader wrong. Raises NotFoundError,
        JudgedBeforeError."""
        await self._reviews.judge(turn, Verdict.REJECTED, by, author=author)
        await self._rewrites.approve(turn, by=by)

    async def teach(self, turn: str, by: str, draft: Draft) -> None:
        """Let the voice learn from a turn, as it is or as ``draft`` has it.

        Raises NotFoundError, UsageError, JudgedBeforeError."""
        text, prompt = draft.text, draft.prompt
        await self._rewrites.approve(turn, by=by, text=text, prompt=prompt, first=True)

    async def keep_out(self, turn: str, by: str) -> None:
        """Let nothing of a turn be taught. Raises NotFoundError, JudgedBeforeError."""
        await self._rewrites.reject(turn, by=by, first=True)

    async def judge_words_of_all(
        self, words: Sequence[tuple[str, str]], verdict: Verdict, by: str
    ) -> list[tuple[str, str]]:
        """Judge words (turn, author) in one go; those that still waited."""
        return await self._reviews.judge_all(words, verdict, by)

    async def judge_liked_of_all(
        self, turns: Sequence[str], verdict: Verdict, by: str
    ) -> list[str]:
        """Approve liked answers as they are, or keep them out, in one go; those that nobody had
        judged. Raises UsageError for a gap: readers liked them."""
        if verdict is Verdict.GAP:
            raise UsageError("Readers liked these answers; there is no gap to mark.")
        return await self._rewrites.judge_all(turns, verdict, by)

    async def take_back_own(self, turns: Sequence[str], by: str) -> list[str]:
        """Take back an operator's own verdicts on some turns, in one go; of which. Raises
        NotFoundError where none stands."""
        return await self._rewrites.undo_own(turns, by=by)

    async def take_back(self, turn: str, by: str) -> None:
        """Take back the verdicts on a turn. Raises NotFoundError where there is none."""
        await self._rewrites.undo(turn, by=by)

    async def last(self, by: str, since: datetime) -> LastVerdict | None:
        """What an operator did last, since a moment."""
        return await self._rewrites.last(by, since)

    async def _judge_liked(self, turn: str, verdict: Verdict, by: str, draft: Draft | None) -> None:
        if verdict is Verdict.GAP:
            raise UsageError(f"Readers liked the answer of {turn}; there is no gap to mark.")
        if verdict is Verdict.APPROVED:
            await self.teach(turn, by, draft or Draft())
        else:
            await self._rewrites.reject(turn, by=by)

    async def judge_answer(
        self, turn: str, verdict: Verdict, by: str, *, groups: frozenset[str] | None = None
    ) -> None:
        """Judge the proposed answer of a turn alone. Raises NotFoundError, JudgedBeforeError,
        UsageError."""
        proposal = await self._proposed(turn)
        if proposal is None:
            handoff = await self._handoffs.of_turn(turn)
            if handoff is not None:  # the book knows who was faster
                await self._handoffs.judge(handoff.id, verdict is Verdict.APPROVED, by)
            raise NotFoundError(kind="proposed answer of the turn", id=turn)
        await self._judge_answer(proposal, verdict, by, groups)

    # -- proposed answers -------------------------------------------------------------------------

    async def _proposed(self, turn: str) -> Proposal | None:
        handoff = await self._handoffs.of_turn(turn)
        if handoff is None or handoff.proposal != "proposed":
            return None
        return await self._proposal(handoff)

    async def _proposal(self, handoff: Handoff) -> Proposal:
        audience = (await self._history.turn(handoff.turn)).audience
        private = handoff.place.get("kind", "direct") in _PRIVATE
        return Proposal(handoff, audience, readers_of(audience, private=private))

    async def _judge_answer(
        self, proposal: Proposal, verdict: Verdict, by: str, groups: frozenset[str] | None
    ) -> frozenset[str]:
        """Publish or reject; the document's readers. It is published first: where that fails, the
        proposal still waits."""
        handoff, readers = proposal.handoff, frozenset[str]()
        if verdict is Verdict.APPROVED:
            readers = _readers(proposal, groups)
            answer = Answer(handoff.id, handoff.question, handoff.answer)
            await publish(self._ingestor(), answer, readers)
        try:
            await self._handoffs.judge(handoff.id, verdict is Verdict.APPROVED, by)
        except NotFoundError:  # somebody was faster
            if (await self._handoffs.get(handoff.id)).proposal != "approved":
                await withdraw(self._ingestor(), handoff.id)
            raise
        await self._audit.operator(
            f"answer {verdict}",
            by,
            subject=handoff.turn,
            document=handoff.id,
            groups=sorted(readers),
        )
        return readers


def _readers(proposal: Proposal, groups: frozenset[str] | None) -> frozenset[str]:
    """Whose the document is: as said, else as the answer was read. Raises UsageError."""
    readers = proposal.readers if groups is None else groups
    if readers is not None:
        return readers
    turn = proposal.handoff.turn
    if proposal.audience:
        named = ", ".join(sorted(proposal.audience))
        raise UsageError(
            f"The answer to {turn} was for readers with several groups ({named}); say whose the"
            " document shall be: --group NAME."
        )
    raise UsageError(
        f"The answer to {turn} was given in private; say who may read the document: --group NAME,"
        " or --public."
    )


class Parts(Protocol):
    """What the review is made of: fulfilled by ``adapters.assembly.Application``."""

    @property
    def database(self) -> Database: ...
    @property
    def feedback(self) -> FeedbackBook: ...
    @property
    def history(self) -> History: ...
    @property
    def audit(self) -> AuditTrail: ...
    @property
    def ingestor(self) -> Ingestor: ...


def review_of(parts: Parts) -> Review:
    """The review of an application."""
    from bot.handoff import HandoffBook
    from bot.store.rewrites import RewriteBook

    return Review(
        feedback=parts.feedback,
        reviews=ReviewBook(parts.database, parts.audit),
        rewrites=RewriteBook(parts.database, parts.audit),
        handoffs=HandoffBook(parts.database),
        history=parts.history,
        audit=parts.audit,
        ingestor=lambda: parts.ingestor,
    )
