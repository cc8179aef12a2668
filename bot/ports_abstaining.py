"""What the engine asks of others where documents disagree: who finds it, and how old they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from bot.evidence import Passage

DocumentKey = tuple[str, str]
"""Source and document."""


class DatedBy(StrEnum):
    """What a document's day rests on, the surest first."""

    ITSELF = "itself"
    """The document says when it was updated: front matter, a page's metadata, a file's properties.
    """
    SERVER = "server"
    """The web server says when it was modified."""
    COMMIT = "commit"
    """The commit that brought this text."""
    FILE = "file"
    """The file's time; a copy may have changed it."""
    READ = "read"
    """Nothing says more than when this text was first read in."""

    @property
    def sure(self) -> bool:
        """Whether two such days tell which document is the newer."""
        return self in (DatedBy.ITSELF, DatedBy.SERVER, DatedBy.COMMIT)


@dataclass(frozen=True, slots=True)
class Dated:
    """The day of a document's text, and how it is known."""

    on: date
    by: DatedBy


@dataclass(frozen=True, slots=True)
class Side:
    """What one document states: ``quote`` is the span in the text of ``passages[passage]`` that
    says it, ``value`` its words ("30 days"), ``meant`` their normal form."""

    passage: int
    quote: tuple[int, int]
    value: str
    meant: str
    title: str
    key: DocumentKey


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two documents state different values for what was asked; ``reason`` says so in words for the
    turn's story."""

    sides: tuple[Side, Side]
    reason: str


class Disagreements(Protocol):
    """Finds where the passages for one question disagree about what it asks."""

    def among(self, question: str, passages: Sequence[Passage]) -> tuple[Disagreement, ...]:
        """At most a few, surest first; none where there is any doubt. The passages are what the
        audience may see: nobody else's document takes part."""
        ...


class DocumentDates(Protocol):
    """Looks up how old documents are; asked only where a disagreement was found."""

    async def dated(self, documents: Sequence[DocumentKey]) -> Mapping[DocumentKey, Dated]:
        """The days of those that are known. Raises StorageError."""
        ...
