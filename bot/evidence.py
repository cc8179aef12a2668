"""The words of evidence: stored pieces, found pieces, pointers to them, and the check."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stored piece of a document's revision.

    ``text`` is ``document_text[start:end]`` (offsets in Python characters), so a citation
    can point at its sentence. ``headings`` is the path above it, outermost first.
    """

    id: str
    document: str
    source: str
    revision: str
    ordinal: int
    title: str
    headings: tuple[str, ...]
    text: str
    start: int
    end: int
    uri: str
    groups: frozenset[str] = frozenset()

    @property
    def header(self) -> str:
        """Title and heading path, put before the text in both legs of the search."""
        path = [h for h in self.headings if h != self.title]
        return " > ".join([self.title, *path]) if self.title else " > ".join(path)


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk that a search found.

    ``score`` is the fused score (0 to 1, relative to its own query). ``lexical`` (raw BM25)
    and ``cosine`` (-1 to 1, ``None`` while the chunk has no vector yet) are absolute and are
    what abstention decides on.
    """

    chunk: Chunk
    score: float
    lexical: float = 0.0
    cosine: float | None = None


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What a search brought: passages best first, and the documents withheld from the caller.

    ``withheld`` goes into the audit record, never to the asker; ``degraded`` says in words what
    did not work.
    """

    passages: tuple[Passage, ...]
    withheld: tuple[str, ...] = ()
    degraded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Citation:
    """A pointer to evidence: marker ``[n]`` in the answer stands for this place.

    ``quote`` is ``document_text[start:end]`` of the named revision.
    """

    n: int
    document: str
    title: str
    uri: str
    quote: str
    chunk: str = ""
    revision: str = ""
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of an answer, ``answer[start:end] == text``, and the verdict on it.

    ``passage`` is the index of the passage that carries it best, ``None`` where none does.
    ``finding`` says in words what is wrong with it.
    """

    start: int
    end: int
    text: str
    supported: bool
    score: float
    passage: int | None = None
    finding: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A sentence of the voice that did not pass the check, and why in words.

    ``became`` is what was said in its place after the voice was asked again; empty: it was
    removed. ``text`` has been shown to nobody.
    """

    text: str
    finding: str = ""
    score: float = 0.0
    became: str = ""


@dataclass(frozen=True, slots=True)
class Grounding:
    """The check of an answer against its passages. ``score``: share of claims supported.

    ``rejected`` are the sentences that were kept back, in the order they were spoken.
    """

    claims: tuple[Claim, ...] = field(default=())
    rejected: tuple[Rejected, ...] = field(default=())

    @property
    def score(self) -> float:
        if not self.claims:
            return 1.0
        return sum(c.supported for c in self.claims) / len(self.claims)

    @property
    def supported(self) -> bool:
        return all(c.supported for c in self.claims)

    @property
    def unsupported(self) -> tuple[Claim, ...]:
        return tuple(c for c in self.claims if not c.supported)


class NotKnowing(StrEnum):
    """Why there is no answer."""

    NOTHING = "nothing"
    """Nothing was found at all: no documents, or none that this audience may see."""
    OUTSIDE = "outside"
    """What was found is about something else: the question is none of these documents'."""
    TASK = "task"
    """It is no question that documents answer: a sum, a poem."""
    LANGUAGE = "language"
    """It is asked in another language than the documents are in: they may well tell it."""
    NEAR = "near"
    """The passages are about it, but do not answer."""
    UNSUPPORTED = "unsupported"
    """Something was said, but nothing of it passed the check."""
    CONTRADICTING = "contradicting"
    """Documents say different things, and nothing else was left to say."""
    PART = "part"
    """The documents answer another part of the question, and not this one."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """What is not known, of which kind, and why in words for the turn's story.

    ``missing`` are words of the question, as written, that none of the passages holds.
    """

    kind: NotKnowing
    reason: str
    missing: tuple[str, ...] = ()
