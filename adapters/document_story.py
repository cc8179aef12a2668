"""A document as an operator sees it, and as somebody with other eyes does: values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.store.cited import Citing, Reach, Thumbs, Use
from knowledge.catalogue import Place

if TYPE_CHECKING:
    from bot.evidence import Chunk
    from knowledge.ledger import DocumentRecord


@dataclass(frozen=True, slots=True)
class Tally:
    """How many answers cited something, and the thumbs that they got."""

    answers: int = 0
    thumbs: Thumbs = field(default_factory=Thumbs)


@dataclass(frozen=True, slots=True)
class Piece:
    """A chunk as it is stored. ``lines`` are its first and last line in the text that was read,
    ``None`` where that is of another revision; ``waits``: it has no vector yet."""

    chunk: Chunk
    lines: tuple[int, int] | None
    waits: bool
    cited: Tally


@dataclass(frozen=True, slots=True)
class Revision:
    """A state of a document that answers cited."""

    name: str
    cited: Tally
    last: Citing | None


@dataclass(frozen=True, slots=True)
class DocumentStory:
    """All of a document, with some of its ``chunks``. ``indexed`` is the revision that the search
    has, empty where it has none. ``namesakes`` are the other sources that have a document of this
    name."""

    record: DocumentRecord
    pieces: tuple[Piece, ...]
    chunks: int
    indexed: str
    cited: Tally
    revisions: tuple[Revision, ...]
    turns: tuple[tuple[Citing, Thumbs], ...]
    reach: Reach
    namesakes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gone:
    """What is known of a document that is not there: the sources that have one of its name, and
    the newest answers that cited it."""

    source: str
    document: str
    elsewhere: tuple[DocumentRecord, ...]
    turns: tuple[Citing, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of documents. ``more`` is where the next one begins; ``reached`` is where a look ended
    that went through so many that it stopped before the page was full."""

    records: tuple[DocumentRecord, ...]
    more: Place | None = None
    reached: Place | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of documents with how many answers cited each lately, by name; ``shared`` are names
    that several sources have, whose citations are counted together."""

    page: Page
    cited: Mapping[str, int]
    shared: frozenset[str]
    reach: Reach


@dataclass(frozen=True, slots=True)
class Sight:
    """A page of what an audience may see: ``count`` documents ``of`` all. ``held`` more of this
    page are theirs, but the index does not give them now."""

    page: Page
    count: int
    of: int
    held: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an audience may see one document. ``groups`` are those that it is for in the index;
    ``None``: the index holds nothing of it."""

    record: DocumentRecord
    sees: bool
    groups: frozenset[str] | None
    by: frozenset[str]


def tally(uses: Sequence[Use], thumbs: Mapping[str, Thumbs]) -> Tally:
    """Answers, each counted once, and their thumbs."""
    turns = dict.fromkeys(use.turn for use in uses)
    rated = (thumbs[turn] for turn in turns if turn in thumbs)
    return Tally(len(turns), sum(rated, Thumbs()))
