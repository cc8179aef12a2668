"""The protocol of a source: where documents come from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from knowledge.document import FailedDocument, RawDocument


class Item(Protocol):
    """One thing that a source holds: a file, a page. It may turn out to be several documents."""

    @property
    def name(self) -> str:
        """Its name inside the source, the same on every run."""
        ...

    async def load(self, known: str = "") -> RawDocument | FailedDocument | None:
        """The item to read; ``None``: it is as it was when its fingerprint was ``known``."""
        ...


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something in a format that is not read; counted, not reported."""

    name: str


class Source(Protocol):
    """A named origin of documents."""

    @property
    def name(self) -> str: ...

    def items(self) -> AsyncIterator[Item | Skipped | FailedDocument]:
        """Everything in the source, in the same order on every run.

        Raises MissingFileError or SourceUnavailableError where the source itself cannot be
        reached: then nothing is known to be gone.
        """
        ...

    async def close(self) -> None:
        """Let go of connections; called after every reading-in, and harmless twice."""
        ...


@runtime_checkable
class Versioned(Protocol):
    """A source whose whole state has a name, like the commit of a repository."""

    @property
    def commit(self) -> str:
        """The state that was read; known once the items were listed, empty where there is none."""
        ...
