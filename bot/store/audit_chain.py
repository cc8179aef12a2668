"""The chain of the audit trail: how an entry's hash is made, and the walk that checks them all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import sqlalchemy as sa

from bot.store.tables import audit, audit_contents, audit_heads

TURN, OPERATOR, ERASURE = "turn", "operator", "erasure"
_SQLITE_MOMENT = 26
"""Characters of a moment as SQLite keeps it: ``2026-01-31 09:15:00.000000``, in UTC."""

_CHANGED = "the entry was changed"
_ADDED = "the entry was added where none belongs"

_at = sa.type_coerce(audit.c.at, sa.types.NullType()).label("at")
"""As it stands in the table: a moment that is none must be found, not be a fault."""

with_content = sa.select(
    audit.c.sequence,
    _at,
    audit.c.kind,
    audit.c.turn,
    audit.c.hash,
    audit_contents.c.content,
).outerjoin(
    audit_contents,
    (audit_contents.c.workspace == audit.c.workspace)
    & (audit_contents.c.sequence == audit.c.sequence),
)
"""Entries with what is left of their contents."""

chain = (
    sa.select(
        audit.c.sequence,
        _at,
        audit.c.kind,
        audit.c.turn,
        audit.c.digest,
        audit.c.previous,
        audit.c.hash,
        audit_contents.c.salt,
        audit_contents.c.content,
        audit_heads.c.sequence.label("head_sequence"),
        audit_heads.c.hash.label("head_hash"),
    )
    .outerjoin(
        audit_contents,
        (audit_contents.c.workspace == audit.c.workspace)
        & (audit_contents.c.sequence == audit.c.sequence),
    )
    .outerjoin(audit_heads, audit_heads.c.workspace == audit.c.workspace)
)
"""What a walk needs of each entry."""

strays = sa.select(sa.func.min(audit_contents.c.sequence)).where(
    audit_contents.c.workspace == sa.bindparam("workspace"),
    ~sa.exists().where(
        audit.c.workspace == audit_contents.c.workspace,
        audit.c.sequence == audit_contents.c.sequence,
    ),
)
"""The first content without an entry."""

workspaces = sa.union(
    *(sa.select(table.c.workspace) for table in (audit, audit_contents, audit_heads))
)
"""Every chain that the database has, or has parts of."""


_of = sa.literal_column("audit.workspace || ''", audit.c.workspace.type)
"""The workspace as no index has it: where a turn is asked for, SQLite would otherwise walk the
chain to its entry, from the beginning, to have the entries in order."""


def of_turn(workspace: str, turn: str) -> sa.Select[Any]:
    """The entries of a turn with their contents, in no order yet: looked up by the turn."""
    return with_content.where(_of == workspace, audit.c.turn == turn)


def erasures(workspace: str, after: int) -> sa.Select[Any]:
    """All erasures behind a place in the chain, for :meth:`Walk.explain`."""
    mine = chain.where(audit.c.workspace == workspace, audit.c.kind == ERASURE)
    return mine.where(audit.c.sequence > after).order_by(audit.c.sequence)


def erasures_of(workspace: str, sequence: int) -> sa.Select[Any]:
    """The later erasures that name an entry. They are of no turn themselves, so they are looked for
    among the few entries that have none, not in the whole chain."""
    named = audit_contents.c.content.contains(f'"{sequence}":', autoescape=True)
    mine = chain.where(_of == workspace, audit.c.turn == "", audit.c.kind == ERASURE)
    return mine.where(audit.c.sequence > sequence, named).order_by(audit.c.sequence)


@dataclass(frozen=True, slots=True)
class BrokenEntry:
    """The first place where the chain does not hold, and why; ``workspace`` where the chain is not
    the one that we write."""

    sequence: int
    turn: str
    reason: str
    workspace: str = ""

    def __str__(self) -> str:
        turn = f" (turn {self.turn})" if self.turn else ""
        chain = f" of workspace {self.workspace!r}" if self.workspace else ""
        return f"entry {self.sequence}{chain}{turn}: {self.reason}"


def digest_of(salt: str, content: str) -> str:
    """The digest of a content; its salt keeps an erased one from being guessed."""
    return hashlib.sha256(f"{salt}\n{content}".encode()).hexdigest()


def link_of(
    workspace: str, sequence: int, at: datetime, kind: str, turn: str, digest: str, previous: str
) -> str:
    """The hash of an entry: over all that it is and the hash before it."""
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    return _hash([workspace, sequence, moment, kind, turn, digest, previous])


def _hash(fields: list[object]) -> str:
    return hashlib.sha256(orjson.dumps(fields)).hexdigest()


def _stored_link(workspace: str, row: Any) -> str:
    """The hash of an entry as it stands in the table; empty where it cannot be one of ours."""
    at = row.at
    if isinstance(at, str):
        if len(at) != _SQLITE_MOMENT or at[10] != " ":
            return ""
        moment = f"{at[:10]}T{at[11:]}+00:00"
    elif isinstance(at, datetime) and at.tzinfo is not None:
        moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    else:
        return ""
    try:
        return _hash(
            [workspace, row.sequence, moment, row.kind, row.turn, row.digest, row.previous]
        )
    except TypeError:  # bytes, where a text should be
        return ""


def _content_digest(row: Any) -> str:
    """The digest of a content as it stands in the table; empty where there is none."""
    if row.content is None and row.salt is None:
        return ""
    if not isinstance(row.content, str) or not isinstance(row.salt, str):
        return "none of ours"
    return digest_of(row.salt, row.content)


def parsed(content: object) -> dict[str, Any] | None:
    """A content as it stands in the table; ``None`` for what is none of ours."""
    try:
        told = orjson.loads(content)  # type: ignore[arg-type]  # whatever stands in the table
    except (ValueError, TypeError):
        return None
    return told if isinstance(told, dict) else None


def moment_of(at: object) -> datetime:
    """As SQLite and PostgreSQL give it; the year 1 for what is none."""
    try:
        found = at if isinstance(at, datetime) else datetime.fromisoformat(str(at))
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


class Walk:
    """The walk along the chain. ``known`` are hashes that entries had before, by sequence."""

    def __init__(
        self,
        workspace: str,
        sequence: int = 0,
        previous: str = "",
        known: Mapping[int, str] | None = None,
    ) -> None:
        self.sequence = sequence
        self._workspace = workspace
        self._previous = previous
        self._known = known or {}
        self._head: tuple[int | None, str | None] = (0, "")
        self._differing: dict[int, tuple[str, str]] = {}  # contents that an erasure must explain

    def steps(self, rows: Iterable[Any]) -> BrokenEntry | None:
        """Check more entries, up to the first that does not hold."""
        return next((broken for row in rows if (broken := self.step(row))), None)

    def step(self, row: Any) -> BrokenEntry | None:
        """Check one more entry."""
        expected = self.sequence + 1
        if not isinstance(row.sequence, int) or row.sequence < expected:
            number = row.sequence if isinstance(row.sequence, int) else expected
            return BrokenEntry(number, str(row.turn), _ADDED)
        if row.sequence != expected:
            return BrokenEntry(expected, "", "the entry is missing")
        if row.previous != self._previous:
            return BrokenEntry(expected, str(row.turn), "it does not follow the entry before it")
        if row.hash != _stored_link(self._workspace, row):
            return BrokenEntry(expected, str(row.turn), _CHANGED)
        if self._known.get(expected, row.hash) != row.hash:
            return BrokenEntry(expected, row.turn, self._rewritten(expected))
        self._weigh(row)
        self.sequence, self._previous = row.sequence, row.hash
        self._head = (row.head_sequence, row.head_hash)
        return None

    def _rewritten(self, sequence: int) -> str:
        """What an anchor tells that does not fit."""
        kept = max((n for n in self._known if n < sequence), default=0)
        since = f"after entry {kept}" if kept else "from the first entry on"
        return f"it is not the entry that was anchored; the trail was written anew {since}"

    def _weigh(self, row: Any) -> None:
        """Keep a content that differs, until an erasure owns up to it."""
        found = _content_digest(row)
        if found != row.digest:
            self._differing[row.sequence] = (found, row.turn)
        elif row.kind == ERASURE:
            self._explain(row.content)

    def explain(self, row: Any, *, moved: bool = False) -> None:
        """Take the differences that a later erasure owns up to, if it is what it was; ``moved``:
        it may stand at another place, as behind an entry that was taken out."""
        whole = moved or row.hash == _stored_link(self._workspace, row)
        if whole and row.kind == ERASURE and row.digest == _content_digest(row):
            self._explain(row.content)

    def _explain(self, content: str | None) -> None:
        """One that was not written by us, or is erased, explains nothing."""
        try:
            entries = dict(orjson.loads(content or "{}").get("entries", {}))
        except (ValueError, TypeError, AttributeError):
            return
        for sequence, digest in entries.items():
            place = int(sequence) if str(sequence).isdecimal() else 0
            if self._differing.get(place, (None, ""))[0] == digest:
                del self._differing[place]

    def unexplained(self) -> BrokenEntry | None:
        """The first content that differs and that nothing explains."""
        broken = [
            BrokenEntry(n, turn, "its content was changed or removed")
            for n, (_, turn) in self._differing.items()
        ]
        return min(broken, key=lambda b: b.sequence, default=None)

    def finish(self, head: object, stray: object = None) -> BrokenEntry | None:
        """Check the end: contents that nothing explains, the head, and what was anchored."""
        sequence, link = self._head
        broken = [each for each in (self.unexplained(),) if each is not None]
        if not isinstance(sequence, int) or (sequence == self.sequence and link != self._previous):
            broken.append(
                BrokenEntry(self.sequence, "", "the anchor of the last entry was changed")
            )
        elif sequence < self.sequence:
            broken.append(BrokenEntry(sequence + 1, "", "the entry was added at the end"))
        elif sequence > self.sequence or (self.sequence == 0 and head != 0):
            broken.append(BrokenEntry(self.sequence + 1, "", "the end was cut off"))
        if max(self._known, default=0) > self.sequence:
            broken.append(
                BrokenEntry(
                    self.sequence + 1, "", "the end was cut off: a later entry was anchored"
                )
            )
        if stray is not None:
            number = stray if isinstance(stray, int) else self.sequence + 1
            broken.append(BrokenEntry(number, "", "a content was added that has no entry"))
        return min(broken, key=lambda b: b.sequence, default=None)
