"""A question on its way to its answer: what was asked, decided and found so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.answering import Answering
from bot.attaching import searched_for
from bot.conversation import Message, Question, Route, RouteDecision
from bot.evidence import Passage, Retrieval
from bot.live import Current
from bot.ports import Brief
from bot.ports_costs import CachedAnswer
from bot.routing import SHIPPED, Thresholds
from bot.store.ids import new_id

_UNDECIDED = RouteDecision(Route.HYBRID, 0.0, ("nothing was decided",))


@dataclass(slots=True)
class Exchange:
    """What is known of a turn in the making; ``turn`` and ``thread`` are its ids."""

    question: Question
    turn: str
    thread: str
    answering: Answering
    said: str
    query: str
    history: tuple[Message, ...] = ()
    live: Current = field(default_factory=lambda: Current(None))
    files: tuple[Passage, ...] = ()
    thresholds: Thresholds = SHIPPED
    decision: RouteDecision = _UNDECIDED
    found: Retrieval = field(default_factory=lambda: Retrieval(()))
    repeated: CachedAnswer | None = None

    @classmethod
    def of(cls, question: Question, answering: Answering) -> Exchange:
        """A question of which nothing is known yet but its ids and who answers."""
        turn, thread, said = new_id("turn"), question.thread or new_id("thread"), question.text
        return cls(question, turn, thread, answering, said=said, query=said)

    def brief(self) -> Brief:
        """What the voice is told."""
        wanted = searched_for(self.query, self.question.attachments)
        return Brief(self.said, wanted, self.history, self.found.passages, self.decision.route)
