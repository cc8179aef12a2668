"""The protocol of a shelf: the indexes that one knowledge base has, of which one is live.

An index is a :class:`~knowledge.stores.base.VectorStore` built for one embedder and one way of
chunking. Another embedder means another index: it is built beside the live one, compared, and
switched to while questions are answered; the one before is kept for a way back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from knowledge.stores.base import VectorStore


@dataclass(frozen=True, slots=True)
class IndexSpec:
    """What an index is built for: the embedder's :attr:`~bot.ports.Embedder.model`, the length of
    its vectors, and the version of the chunking."""

    model: str
    dimensions: int
    chunking: int


IndexState = Literal["live", "previous", "building"]


@dataclass(frozen=True, slots=True)
class IndexRecord:
    """One index on the shelf. ``name`` is the store's own (a file's, a collection's)."""

    name: str
    spec: IndexSpec
    state: IndexState
    built_at: datetime


class IndexShelf(Protocol):
    """Where indexes stand. Every method raises StoreUnavailableError where it cannot be reached."""

    @property
    def place(self) -> str:
        """Where that is, for a sentence: a folder, an address; no secret in it."""
        ...

    async def close(self) -> None: ...

    async def live(self) -> str | None:
        """The name of the index that answers; ``None`` where there is none yet. Cheap enough to be
        asked before every write."""
        ...

    async def records(self) -> list[IndexRecord]:
        """Every index, oldest first."""
        ...

    async def create(self, spec: IndexSpec) -> IndexRecord:
        """A new, empty index in state "building"."""
        ...

    def store(self, record: IndexRecord) -> VectorStore:
        """The store of an index, not opened yet; closing it leaves the shelf open."""
        ...

    async def switch(self, name: str) -> None:
        """Make an index the live one, in one step for every process; the one that was live becomes
        the "previous" one. Raises NotFoundError."""
        ...

    async def drop(self, name: str) -> None:
        """Delete an index. Raises UsageError for the live one, NotFoundError."""
        ...
