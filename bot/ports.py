"""The ports: what the engine needs from the rest of the house.

``knowledge`` and ``persona`` implement them and never meet; every implementation of a port
passes the contract suite of that port in ``tests/contracts``.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bot.conversation import Message, Principal, Route, Usage
from bot.evidence import Passage, Rejected, Retrieval, Unknown

Vectors = NDArray[np.float32]
"""Unit-length float32 vectors, shape ``[n, dimensions]``."""


class Clock(Protocol):
    """The present moment, timezone-aware, in UTC."""

    def __call__(self) -> datetime: ...


class Embedder(Protocol):
    """Text to vectors."""

    @property
    def model(self) -> str:
        """A name that changes whenever the vectors would."""
        ...

    @property
    def dimensions(self) -> int: ...

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit-length vectors of documents, shape ``[len(texts), dimensions]``, float32."""
        ...

    async def embed_query(self, text: str) -> Vectors:
        """The vector of one query, shape ``[dimensions]``; goes before waiting documents."""
        ...


class Retriever(Protocol):
    """Search for a principal; nothing that the principal may not see comes back."""

    async def retrieve(self, query: str, principal: Principal, k: int = 6) -> Retrieval: ...


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message of a prompt; ``role`` is ``system``, ``user`` or ``assistant``."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """A piece of a streamed answer; the last piece carries the usage and an empty text."""

    text: str = ""
    usage: Usage | None = None


class ChatModel(Protocol):
    """A general or fine-tuned model behind a chat completion API."""

    @property
    def id(self) -> str: ...

    def stream(
        self, messages: Sequence[ChatMessage], *, max_tokens: int | None = None
    ) -> AsyncGenerator[Spoken, None]:
        """The answer piece by piece. Raises :class:`bot.errors.ModelError`."""
        ...


class Rewriter(Protocol):
    """Follow-up questions to search queries that are understood without their thread."""

    async def rewrite(
        self,
        question: str,
        history: Sequence[Message],
        spend: Callable[[Usage], None] | None = None,
    ) -> str:
        """The query to search by; a first question as it is. Never fails: what helps nothing
        comes back as it was asked. ``history`` is what everybody who reads the answer may know;
        ``spend`` hears what a model charged for it."""
        ...


@dataclass(frozen=True, slots=True)
class Brief:
    """What the voice is told: the question in its thread, and the numbered evidence.

    ``passages[0]`` is cited as ``[1]``. ``rejected`` is set when the voice is asked again: for
    each of these sentences one that the passages carry is wanted; ``shown`` is what of the answer
    stands already.
    """

    question: str
    query: str
    history: tuple[Message, ...]
    passages: tuple[Passage, ...]
    route: Route
    rejected: tuple[Rejected, ...] = ()
    shown: str = ""


class Voice(Protocol):
    """Who speaks: turns a brief into an answer with ``[n]`` markers, in the persona's voice."""

    @property
    def model(self) -> str:
        """The id of the model that speaks, as kept on the turn."""
        ...

    @property
    def persona(self) -> str:
        """The persona's name and content version, as kept on the turn."""
        ...

    def speak(self, brief: Brief) -> AsyncGenerator[Spoken, None]:
        """The answer piece by piece. An empty answer means: the passages do not say."""
        ...

    def decline(self, brief: Brief, why: Unknown | None = None) -> str:
        """In the persona's words: I do not know, what exactly, and what is near."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """The check of one sentence.

    ``score`` is the estimated probability (0 to 1) that the passages carry it; ``passage`` the
    index of the one that does it best, and ``quote`` the span ``(start, end)`` in that passage's
    text of the sentences that carry it: what a citation shows.
    """

    supported: bool
    score: float
    passage: int | None = None
    quote: tuple[int, int] | None = None
    finding: str = ""


class GroundingCheck(Protocol):
    """Passages opened for checking; one sentence at a time, as an answer streams."""

    async def check(self, sentence: str, cited: Sequence[int] = ()) -> Verdict:
        """Whether the passages carry the sentence; ``cited`` are indexes it points to itself.

        A sentence that states nothing (a greeting, a question) is supported.
        """
        ...


class Grounder(Protocol):
    """The check of answers against their sources."""

    @property
    def id(self) -> str:
        """A name that changes whenever verdicts may."""
        ...

    def open(
        self, passages: Sequence[str], question: str = "", headers: Sequence[str] = ()
    ) -> GroundingCheck:
        """Read the passages; ``headers`` are their titles and heading paths, where known."""
        ...


ANSWERS = "answers"
"""The source of documents made of people's answers: their titles are questions as asked."""


# -- live facts -----------------------------------------------------------------------------

LIVE = "live"
"""The source that passages of live facts name."""


@dataclass(frozen=True, slots=True)
class LiveWant:
    """A live source and the values to ask it with: ``(("code", "AX-100"),)``.

    ``topics`` says what of its answer was asked for ("price"), ``said`` are the question's words.
    """

    source: str
    values: tuple[tuple[str, str], ...] = ()
    topics: frozenset[str] = frozenset()
    said: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LivePlan:
    """What a question wants of live sources, decided before anything is fetched.

    ``reason`` says why, in words for the route; empty: no live source that the asker may see is
    about it. ``ask`` is the question back where a value is missing. ``more`` is what it asks
    besides, which documents may tell. ``left`` counts the facts that are too many
    for one question. ``withheld`` names the sources that access control kept back.
    """

    reason: str = ""
    wants: tuple[LiveWant, ...] = ()
    ask: str = ""
    more: str = ""
    left: int = 0
    withheld: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LiveFigure:
    """A number of a live fact: ``kind`` is what it counts ("price"), ``unit`` may be empty;
    ``asked`` whether the question asked for it."""

    kind: str
    value: Decimal
    unit: str = ""
    asked: bool = True


@dataclass(frozen=True, slots=True)
class LiveFinding:
    """A fact as it is now, as a passage in memory.

    ``spans`` are the places in its text that answer the question, ``stamp`` its time in words
    ("10:42 UTC"); ``values`` and ``figures`` are what documents are compared with.
    """

    passage: Passage
    spans: tuple[tuple[int, int], ...]
    stamp: str
    values: tuple[str, ...] = ()
    figures: tuple[LiveFigure, ...] = ()


@dataclass(frozen=True, slots=True)
class LiveFindings:
    """What live sources told. ``missing`` says in sentences for the asker what could not be looked
    up or is not there, ``errors`` why, for the log and the turn."""

    found: tuple[LiveFinding, ...] = ()
    missing: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A document says another value than a live source: ``quote`` is the span in the text of
    ``passages[passage]``, ``value`` its words ("59 €")."""

    passage: int
    quote: tuple[int, int]
    value: str
    title: str


class LiveFacts(Protocol):
    """Facts that are fetched when asked for: never indexed, never stored."""

    def plan(
        self, question: str, query: str, history: Sequence[Message], principal: Principal
    ) -> LivePlan:
        """Which facts a question asks for; ``query`` is the question rewritten to stand alone."""
        ...

    async def look_up(self, plan: LivePlan) -> LiveFindings:
        """Fetch them side by side, each within its time; a source that fails raises nothing."""
        ...

    def contradictions(
        self, found: Sequence[LiveFinding], passages: Sequence[Passage]
    ) -> tuple[Contradiction, ...]:
        """Where the passages state another value for the same thing."""
        ...

    def disagrees(self, found: Sequence[LiveFinding], sentence: str) -> bool:
        """Whether a sentence of an answer states another value for the same thing."""
        ...
