"""The protocol of a knowledge store.

A store keeps chunks with their groups and vectors and answers hybrid searches. Access control is
part of every read: a search without a :class:`~bot.conversation.Principal` does not type-check, and
filtering happens inside the search, so that a filtered search returns as many hits as there are.
``tests/contracts`` holds the suite that every store passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from bot.conversation import Principal
from bot.evidence import Chunk, Passage
from bot.ports import Vectors


@dataclass(frozen=True, slots=True)
class DocumentKey:
    """A document is known by its source and its name inside it."""

    source: str
    document: str


Fusion = Literal["relative", "ranked"]
"""How the two legs of a search become one list: by scores spread over 0 to 1 (relative score
fusion), or by places alone (reciprocal rank fusion)."""


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """One hybrid search.

    ``vector`` has shape ``[dimensions]``; ``None`` searches by words alone. ``alpha`` is the share
    of the dense leg (0 to 1), always explicit: it belongs to the embedder, not to the store.
    ``spare`` asks for so many more passages after the best ``k``, to replace some of them by.
    """

    text: str
    principal: Principal
    vector: Vectors | None = None
    k: int = 6
    alpha: float = 0.5
    spare: int = 0
    fusion: Fusion = "relative"


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Passages best first; ``withheld`` are documents that would have been among the best ``k``
    had the principal been allowed to see them (for the audit record, never for the asker)."""

    passages: tuple[Passage, ...]
    withheld: tuple[str, ...] = ()
    degraded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WaitingChunk:
    """A chunk that is searchable by words and waits for its vector. ``text`` is what to embed:
    the header, a newline, the chunk's text. ``id`` is the store's own name for exactly this text,
    not the chunk's id, which may meanwhile stand for another."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk with its vector, shape ``[dimensions]``; ``None`` while it waits for one."""

    chunk: Chunk
    vector: Vectors | None = None


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document whole, its chunks in their order: what is copied from store to store."""

    key: DocumentKey
    chunks: tuple[StoredChunk, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """A stored document without its text: enough to see whether it is up to date."""

    revision: str
    groups: frozenset[str]
    chunks: int


@dataclass(frozen=True, slots=True)
class StoreStats:
    """Counts of what is stored; ``waiting`` chunks have no vector yet."""

    documents: int
    chunks: int
    waiting: int


class VectorStore(Protocol):
    """Chunks in, passages out."""

    async def open(self) -> None:
        """Connect, create what is missing; raises StoreUnavailableError, StoreMismatchError."""
        ...

    async def close(self) -> None: ...

    async def put(self, key: DocumentKey, chunks: Sequence[Chunk]) -> None:
        """Replace a document by these chunks, searchable by words at once. Idempotent. Chunks
        whose text and header did not change keep their vector."""
        ...

    async def put_many(self, documents: Sequence[tuple[DocumentKey, Sequence[Chunk]]]) -> None:
        """As :meth:`put` for several documents, together where the store can."""
        ...

    async def remove(self, keys: Sequence[DocumentKey]) -> None:
        """Forget documents; unknown ones are no error."""
        ...

    async def set_groups(self, key: DocumentKey, groups: frozenset[str]) -> None:
        """Change who may see a document; holds for the next search in every process."""
        ...

    async def waiting(self, limit: int) -> list[WaitingChunk]:
        """Chunks without a vector, oldest first."""
        ...

    async def set_vectors(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Vectors of waiting chunks by :attr:`WaitingChunk.id`, shape ``[len(ids), dimensions]``;
        ids gone meanwhile are skipped."""
        ...

    async def search(self, request: SearchRequest) -> SearchResult: ...

    async def chunk(self, id: str, principal: Principal) -> Chunk | None:  # noqa: A002
        """One chunk by its id; ``None`` where there is none that the principal may see."""
        ...

    async def visible(self, keys: Sequence[DocumentKey], principal: Principal) -> set[DocumentKey]:
        """Those of some documents that a search for the principal goes through; unknown ones are
        none of them."""
        ...

    async def documents(self, source: str | None = None) -> set[DocumentKey]:
        """Every document stored (operators only)."""
        ...

    async def outlines(self, source: str | None = None) -> dict[DocumentKey, Outline]:
        """Every document stored, without its text (operators only)."""
        ...

    async def read(self, keys: Sequence[DocumentKey]) -> list[StoredDocument]:
        """Documents whole, in the order of the keys; unknown ones are left out (operators
        only)."""
        ...

    async def load(self, documents: Sequence[StoredDocument]) -> None:
        """As :meth:`put_many`, with the vectors that are known already."""
        ...

    async def stats(self) -> StoreStats: ...
