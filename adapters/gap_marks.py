"""A gap's answer as somebody saw it, so that nobody replaces unseen what a colleague published."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.errors import UsageError
from bot.store.gaps import GapState

if TYPE_CHECKING:
    from bot.store.gaps import Gap
    from knowledge.ledger import DocumentRecord


class Change(StrEnum):
    """What became of a gap since somebody looked at it. ``REPLACED``: its document is another one,
    and it is not noted yet who published that; ``UNKNOWN``: it is not known what they saw."""

    MERGED = "merged"
    PUBLISHED = "published"
    REPLACED = "replaced"
    REMOVED = "removed"
    DISMISSED = "dismissed"
    REOPENED = "reopened"
    UNKNOWN = "unknown"


class ChangedError(UsageError):
    """The gap was changed meanwhile, and nothing was published; look at it, and publish again."""

    def __init__(self, change: Change) -> None:
        self.change = change
        super().__init__()


@dataclass(frozen=True, slots=True)
class Mark:
    """A gap's answer at one moment: whose gap's, whether it was put aside, when it was answered,
    and which document was there. Being asked again changes none of it."""

    gap: str
    aside: str
    answered: str
    document: str

    def __str__(self) -> str:
        return " ".join((self.gap, self.aside, self.answered, self.document))


def mark_of(gap: Gap, record: DocumentRecord | None) -> Mark:
    """How a gap stands; ``record`` is of the document that answers it."""
    document = "-"
    if record is not None:
        seen = "\n".join((record.document, record.hash, *sorted(record.groups)))
        document = hashlib.sha256(seen.encode()).hexdigest()[:16]
    return Mark(
        gap.id,
        "aside" if gap.state is GapState.DISMISSED else "-",
        gap.answered_at.isoformat() if gap.answered_at else "-",
        document,
    )


def changed(seen: str, now: Mark) -> Change | None:
    """What became of a gap since it stood as ``seen`` says, the words of a mark; ``None``: nothing
    that whoever answers it has to know."""
    parts = seen.split(" ")
    if len(parts) != len(str(now).split(" ")):
        return Change.UNKNOWN
    was = Mark(*parts)
    if was.gap != now.gap:
        return Change.MERGED
    if was.aside != now.aside:
        return Change.DISMISSED if now.aside != "-" else Change.REOPENED
    if was.answered != now.answered:
        return Change.PUBLISHED if now.answered != "-" else Change.REOPENED
    if was.document != now.document:
        return Change.REPLACED if now.document != "-" else Change.REMOVED
    return None
