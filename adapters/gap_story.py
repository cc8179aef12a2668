"""A gap as an operator sees it, on the command line and in the console: values and words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.conversation import Principal
from bot.evidence import Passage
from bot.store.gaps import Asked, Gap, Told
from knowledge.answers import readers_of
from knowledge.gaps.drafting import Draft
from knowledge.gaps.naming import Name

if TYPE_CHECKING:
    from knowledge.ledger import DocumentRecord


@dataclass(frozen=True, slots=True)
class Shown:
    """A gap in the list."""

    gap: Gap
    name: Name


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of gaps. ``waiting`` questions have not been put into a gap yet."""

    gaps: tuple[Shown, ...]
    waiting: int
    more: bool


@dataclass(frozen=True, slots=True)
class Near:
    """A passage that came near; ``for_all``: everybody who asked may see it."""

    passage: Passage
    for_all: bool


@dataclass(frozen=True, slots=True)
class Story:
    """All of a gap. ``readers`` are those that its document would get, ``None``: an operator has
    to say; ``record`` and ``text`` are the document that answered it last, where it is there, and
    that would be replaced."""

    gap: Gap
    name: Name
    asked: tuple[Asked, ...]
    near: tuple[Near, ...]
    told: tuple[Told, ...]
    draft: Draft
    readers: frozenset[str] | None
    groups: tuple[str, ...]
    title: str
    record: DocumentRecord | None
    text: str
    can_write: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of an answer: the gap as it is now, its document, and who may read that."""

    gap: Gap
    document: str
    title: str
    groups: frozenset[str]


def in_words(gap: Gap) -> str:
    """How often and by whom a gap was asked: ``asked 7 times by 5 people, last on 3 Nov 2026``."""
    if not gap.turns or gap.last_at is None:
        return "its questions were erased"
    times = {1: "once", 2: "twice"}.get(gap.turns, f"{gap.turns:,} times")
    people = "1 person" if gap.askers == 1 else f"{gap.askers:,} people"
    return f"asked {times} by {people}, last on {gap.last_at.day} {gap.last_at:%b %Y}"


def since_answered(gap: Gap) -> str:
    """What became of the answer: ``answered on 3 Nov 2026, asked again twice since``; empty
    without one."""
    if gap.answered_at is None:
        return ""
    told = f"answered on {gap.answered_at.day} {gap.answered_at:%b %Y}"
    if gap.again:
        times = {1: "once", 2: "twice"}.get(gap.again, f"{gap.again:,} times")
        told += f", asked again {times} since"
    return told


def readers_for(
    gap: Gap, record: DocumentRecord | None, *, private: bool, own: bool
) -> frozenset[str] | None:
    """Whose the document that answers a gap shall be, as far as it can be told.

    A group that all have who asked; everybody where all asked in public and nobody was answered in
    ``private``. A document that is replaced, of that ``record``, stays whose it is: nobody is shown
    it by the way. What others said, not the operator's ``own`` words, comes into one only where
    both are the same. ``None``: an operator has to say, since no single group fits or it would
    become wider.
    """
    if record is not None and own:
        return record.groups
    fitting = None
    if gap.audiences and (gap.common or not gap.mixed):
        fitting = readers_of(gap.common, private=private)
    return fitting if record is None or record.groups == fitting else None


def for_all(passage: Passage, gap: Gap) -> bool:
    """Whether everybody who asked may see a passage."""
    groups = passage.chunk.groups
    return all(Principal(audience).may_see(groups) for audience in gap.audiences)


def unclear(gap: Gap, record: DocumentRecord | None) -> str:
    """Why it cannot be told whose the document shall be, in one sentence."""
    said = "; say whose the document shall be: --group NAME, or --public."
    if record is not None:
        whose = ", ".join(sorted(record.groups)) or "everybody"
        return f"What was said to {gap.id} may not be for {whose}, as its document is{said}"
    if not gap.audiences:
        return f"It is not known any more who asked {gap.id}{said}"
    if gap.mixed or gap.common:
        sets = " / ".join(", ".join(sorted(a)) or "public" for a in gap.audiences)
        return f"Those who asked {gap.id} have different groups ({sets}){said}"
    return f"A question of {gap.id} was answered in private{said}"
