"""The words of a conversation: who asks, for whom, where, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.evidence import Citation, Grounding, Passage


class Platform(StrEnum):
    """Where a message came from."""

    SLACK = "slack"
    DISCORD = "discord"
    WEB = "web"
    TERMINAL = "terminal"
    API = "api"


class Role(StrEnum):
    """Who spoke in a thread."""

    USER = "user"
    ASSISTANT = "assistant"


TRIED_IN = "playground"
"""The channel of turns that an operator tried out and kept: nobody asked them."""


class Outcome(StrEnum):
    """How a turn ended."""

    ANSWERED = "answered"
    ABSTAINED = "abstained"
    CLARIFY = "clarify"
    HANDOFF = "handoff"
    ERROR = "error"


class Route(StrEnum):
    """Which way a question takes through the engine."""

    RAG = "rag"
    VOICE = "voice"
    HYBRID = "hybrid"
    LIVE = "live"
    HANDOFF = "handoff"


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a message. ``key`` is ``platform:id``, as in ``slack:U024BE7LH``."""

    platform: Platform
    id: str
    name: str = ""

    @property
    def key(self) -> str:
        return f"{self.platform}:{self.id}"


@dataclass(frozen=True, slots=True)
class Principal:
    """What an answer may use: the groups of everybody who will read it.

    A document without groups is public. Deny by default: no groups, public only.
    """

    groups: frozenset[str] = frozenset()

    def may_see(self, groups: frozenset[str]) -> bool:
        """Whether a document with these groups may be shown."""
        return not groups or not self.groups.isdisjoint(groups)

    def covers(self, audience: frozenset[str]) -> bool:
        """Whether what was answered for an audience of these groups may be read."""
        return self.groups.issuperset(audience)


@dataclass(frozen=True, slots=True)
class Message:
    """One utterance in a thread."""

    role: Role
    text: str
    author: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A text that the asker brought along; evidence for this one question, never stored."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """What an adapter hands to the engine.

    ``thread`` names an existing or new thread (``None``: a thread of its own).
    ``history`` replaces the stored thread history where a caller brings its own.
    ``key`` makes a repeated request the same turn (an event id, an idempotency key).
    """

    text: str
    author: Author
    principal: Principal = field(default_factory=Principal)
    channel: str = ""
    thread: str | None = None
    history: tuple[Message, ...] | None = None
    key: str | None = None
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class RouteDecision:
    """The route taken, how sure the policy was (0 to 1), and why, in words.

    ``odds`` are the classifier's probabilities by name, where it was asked: thresholds are
    learned from them.
    """

    route: Route
    confidence: float
    reasons: tuple[str, ...]
    odds: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a model charged, and their price in US dollars where one is set."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cost_usd + other.cost_usd,
        )


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and its answer, with everything that led from one to the other.

    It feeds history, audit, metrics, curation and evaluation. ``passages`` are those that
    were given to the voice; ``withheld`` names documents that access control kept back and
    is never shown to the asker. ``timings_ms`` maps a stage to its wall time. ``notes`` say in
    words what went otherwise than usual: a model that was down, a budget that is spent.
    ``cached_from`` names the turn whose answer this one repeats, ``saved_usd`` what that cost then.
    ``style`` says how well the answer keeps to the persona, 0 to 1; ``None``: it was not scored.
    ``begun`` is when it was asked, of a turn that is just being stored.
    """

    id: str
    thread: str
    question: str
    query: str
    author: Author
    channel: str
    audience: frozenset[str]
    route: RouteDecision
    answer: str
    outcome: Outcome
    citations: tuple[Citation, ...]
    grounding: Grounding
    passages: tuple[Passage, ...]
    withheld: tuple[str, ...]
    model: str
    persona: str
    usage: Usage
    timings_ms: dict[str, float]
    at: datetime
    error: str = ""
    notes: tuple[str, ...] = ()
    cached_from: str = ""
    saved_usd: float = 0.0
    style: float | None = None
    begun: datetime | None = field(default=None, compare=False)


class Rating(StrEnum):
    """A thumb."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Feedback:
    """What one person thinks of one turn; the last word of an author counts."""

    turn: str
    author: Author
    rating: Rating
    reason: str = ""
    correction: str = ""
    expert: bool = False
