"""The audit trail: a hash chain over what was done, for whom, from which evidence.

Each entry's hash covers its place, its moment, its content's digest and the hash before it; the
last hash stands in a row of its own, so that a cut tail shows as well. Contents live apart from
the chain: one can be erased later, which is itself an entry, and the chain still holds.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from bot.conversation import Turn
from bot.errors import NotFoundError, UsageError
from bot.store.acting import role_of
from bot.store.audit_chain import (
    ERASURE,
    OPERATOR,
    TURN,
    BrokenEntry,
    Walk,
    chain,
    digest_of,
    erasures,
    erasures_of,
    link_of,
    moment_of,
    of_turn,
    parsed,
    strays,
    with_content,
    workspaces,
)
from bot.store.audit_record import turn_content
from bot.store.base import Database, insert_new
from bot.store.columns import clean, to_json
from bot.store.tables import audit, audit_contents, audit_heads

__all__ = [
    "ERASURE",
    "OPERATOR",
    "TURN",
    "AuditEntry",
    "AuditTrail",
    "BrokenEntry",
    "Head",
    "Wanted",
]

T = TypeVar("T")

_PAGE = 1000
_BEYOND = 2**62
_HASH = re.compile("[0-9a-f]{64}")

_new_entry, _new_content = sa.insert(audit), sa.insert(audit_contents)
_here = audit_heads.c.workspace == sa.bindparam("of")
_locked_head = sa.select(audit_heads.c.sequence, audit_heads.c.hash).where(_here).with_for_update()
_moved_head = sa.update(audit_heads).where(_here)
_mine = audit_contents.c.workspace == sa.bindparam("of")
_this = _mine & (audit_contents.c.sequence == sa.bindparam("place"))
_no_content = sa.delete(audit_contents).where(_this)
_new_words = sa.update(audit_contents).where(_this)

Progress = Callable[[int, int], None]
"""Told how many entries were checked, and how many there were at the beginning."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry. ``content`` holds ``turn`` and ``at`` (ISO 8601, UTC), and until it is erased for
    a turn what :func:`bot.store.audit_record.turn_content` says; for an operator's deed
    ``action``, ``actor`` and its details."""

    sequence: int
    at: datetime
    kind: str
    turn: str
    content: Mapping[str, Any]
    hash: str
    erased: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends: whoever keeps this elsewhere can tell later whether it was rewritten."""

    sequence: int
    hash: str

    def __str__(self) -> str:
        return f"{self.hash}@{self.sequence}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """As printed, ``HASH@SEQUENCE``. Raises UsageError."""
        link, _, number = text.strip().partition("@")
        if not _HASH.fullmatch(link) or not number.isdecimal() or int(number) < 1:
            raise UsageError(
                f'"{text}" is no head; write it as printed by `wellspoken audit head`.'
            )
        return cls(int(number), link)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: from one moment on, until before another, of a kind, of an author or actor
    (the whole key; ``owned``: or who got or had what it is about), of an action, about a turn."""

    kind: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    author: str | None = None
    action: str | None = None
    turn: str | None = None
    owned: bool = False

    def of(self, workspace: str) -> sa.Select[Any]:
        """The entries with their contents, in no order yet."""
        query = with_content.where(audit.c.workspace == workspace)
        if self.turn is not None:
            query = of_turn(workspace, self.turn)
        if self.kind is not None:
            query = query.where(audit.c.kind == self.kind)
        if self.since is not None:
            query = query.where(audit.c.at >= self.since)
        if self.until is not None:
            query = query.where(audit.c.at < self.until)
        if self.author is not None:
            names = ("author", "actor", "owner", "before")[: 4 if self.owned else 2]
            query = query.where(sa.or_(*(_says(name, self.author) for name in names)))
        if self.action is not None:
            query = query.where(_says("action", self.action))
        return query


def _says(name: str, value: str) -> sa.ColumnElement[bool]:
    """Whether a content gives a name this value, as it stands in canonical JSON."""
    pair = f"{to_json(name)}:{to_json(value)}"
    return audit_contents.c.content.contains(pair, autoescape=True)


class AuditTrail:
    """The chain of one workspace."""

    def __init__(self, db: Database, workspace: str = "main") -> None:
        self._db = db
        self._workspace = workspace

    # -- adding -----------------------------------------------------------------------------

    def turn_in(self, connection: sa.Connection, turn: Turn) -> str:
        """Add a turn inside the caller's transaction; the new entry's hash."""
        return self.append_in(connection, TURN, turn_content(turn), turn=turn.id, at=turn.at)

    async def operator(self, action: str, actor: str, turn: str = "", /, **details: object) -> str:
        """Add what an operator did (``kind`` is ``operator``), found by a turn or not; its hash."""
        content = {"action": action, "actor": actor, **details}
        return await self._db.write(lambda c: self.append_in(c, OPERATOR, content, turn=turn))

    def append_in(
        self,
        connection: sa.Connection,
        kind: str,
        content: Mapping[str, Any],
        *,
        turn: str = "",
        at: datetime | None = None,
    ) -> str:
        """Add an entry inside the caller's transaction, as its last step: it holds the chain's
        lock until the commit. The new entry's hash."""
        if kind == OPERATOR and "role" not in content and (role := role_of(content.get("actor"))):
            content = {**content, "role": role}
        text = to_json(dict(content), canonical=True)
        salt = secrets.token_hex(16)  # without it an erased author could be guessed from the hash
        at, turn = at or datetime.now(UTC), clean(turn)
        last, previous = self._lock_head(connection)
        sequence, digest = last + 1, digest_of(salt, text)
        link = link_of(self._workspace, sequence, at, kind, turn, digest, previous)
        place = {"workspace": self._workspace, "sequence": sequence}
        entry = {"at": at, "kind": kind, "turn": turn, "digest": digest, "previous": previous}
        connection.execute(_new_entry, [{**place, **entry, "hash": link}])
        connection.execute(_new_content, [{**place, "salt": salt, "content": text}])
        connection.execute(_moved_head, {"of": self._workspace, "sequence": sequence, "hash": link})
        return link

    def _lock_head(self, connection: sa.Connection) -> tuple[int, str]:
        here = {"of": self._workspace}
        row = connection.execute(_locked_head, here).one_or_none()
        if row is None:
            first = {"workspace": self._workspace, "sequence": 0, "hash": ""}
            connection.execute(insert_new(connection, audit_heads), first)
            row = connection.execute(_locked_head, here).one()
        return row.sequence, row.hash

    # -- erasing ----------------------------------------------------------------------------

    def redact_in(
        self, connection: sa.Connection, contents: Mapping[int, Mapping[str, Any] | None]
    ) -> None:
        """Replace the contents of entries (``None``: erase), inside the caller's transaction.

        An entry of kind ``erasure`` says which, so that the chain tells it from tampering.
        """
        digests, gone, changed = dict[str, str](), list[Any](), list[Any]()
        for sequence, content in contents.items():
            this, digests[str(sequence)] = {"of": self._workspace, "place": sequence}, ""
            if content is None:
                gone.append(this)
                continue
            text, salt = to_json(dict(content), canonical=True), secrets.token_hex(16)
            changed.append({**this, "salt": salt, "content": text})
            digests[str(sequence)] = digest_of(salt, text)
        for statement, rows in ((_no_content, gone), (_new_words, changed)):
            if rows:  # in one go: one by one is a way to the server each
                connection.execute(statement, rows)
        self.append_in(connection, ERASURE, {"entries": digests})

    async def mentioning(self, text: str) -> list[int]:
        """The sequences of the entries whose content holds a text."""
        place, here = audit_contents.c.sequence, audit_contents.c.workspace == self._workspace
        holds = audit_contents.c.content.contains(text, autoescape=True)
        query = sa.select(place).where(here, holds).order_by(place)
        return await self._db.read(lambda connection: list(connection.scalars(query)))

    def contents_in(
        self, connection: sa.Connection, sequences: Sequence[int]
    ) -> dict[int, dict[str, Any] | None]:
        """What is left of the contents of entries, as :meth:`redact_in` takes them; ``None`` for
        one that was damaged."""
        query = sa.select(audit_contents.c.sequence, audit_contents.c.content).where(
            audit_contents.c.workspace == self._workspace,
            audit_contents.c.sequence.in_(sequences),
        )
        return {row.sequence: parsed(row.content) for row in connection.execute(query)}

    # -- reading ----------------------------------------------------------------------------

    async def read(self, op: Callable[[sa.Connection, str], T]) -> T:
        """Look something up: ``op`` is given a connection and the workspace of the chain."""
        return await self._db.read(lambda connection: op(connection, self._workspace))

    async def listing(
        self,
        *,
        kind: str | None = None,
        limit: int | None = None,
        after: int = 0,
        wanted: Wanted | None = None,
    ) -> list[AuditEntry]:
        """Entries, oldest first; ``after`` is the sequence of the last one of the page before."""
        query = (wanted or Wanted(kind)).of(self._workspace).where(audit.c.sequence > after)
        ordered = query.order_by(audit.c.sequence).limit(limit)
        return await self._db.read(lambda c: [entry_of(r) for r in c.execute(ordered)])

    async def newest(
        self, limit: int, *, before: int | None = None, wanted: Wanted | None = None
    ) -> list[AuditEntry]:
        """Entries, newest first; ``before`` is the sequence of the last one of the page before."""
        query = (wanted or Wanted()).of(self._workspace)
        if before is not None:
            query = query.where(audit.c.sequence < before)
        ordered = query.order_by(audit.c.sequence.desc()).limit(limit)
        return await self._db.read(lambda c: [entry_of(r) for r in c.execute(ordered)])

    async def each(self, wanted: Wanted | None = None) -> AsyncIterator[AuditEntry]:
        """Every entry that was there at the beginning, oldest first, a page in memory at a time."""
        last, after = (await self.head()).sequence, 0
        while page := await self.listing(limit=_PAGE, after=after, wanted=wanted):
            for entry in page:
                if entry.sequence > last:
                    return
                yield entry
            after = page[-1].sequence

    async def entry(self, sequence: int) -> AuditEntry:
        """One entry by its place. Raises NotFoundError."""
        inside = 0 < sequence < _BEYOND
        found = await self.listing(limit=1, after=sequence - 1) if inside else []
        if not found or found[0].sequence != sequence:
            raise NotFoundError(kind="audit entry", id=sequence)
        return found[0]

    async def head(self) -> Head:
        """Where the chain ends; sequence 0 where it has no entry."""
        query = sa.select(audit_heads.c.sequence, audit_heads.c.hash).where(
            audit_heads.c.workspace == self._workspace
        )
        row = await self._db.read(lambda c: c.execute(query).one_or_none())
        return Head(0, "") if row is None else Head(row.sequence, row.hash)

    async def show(self, turn: str) -> AuditEntry:
        """The entry of a turn. Raises NotFoundError."""
        query = of_turn(self._workspace, turn).order_by(audit.c.sequence).limit(1)
        row = await self._db.read(lambda c: c.execute(query).one_or_none())
        if row is None:
            raise NotFoundError(kind="audited turn", id=turn)
        return entry_of(row)

    async def standing(self, turn: str) -> tuple[AuditEntry, BrokenEntry | None]:
        """The entry of a turn, and what does not hold of it or of its link to the one before;
        the whole chain is :meth:`verify`'s. Raises NotFoundError."""
        entry = await self.show(turn)
        pair = chain.where(
            audit.c.workspace == self._workspace,
            audit.c.sequence.between(entry.sequence - 1, entry.sequence),
        ).order_by(audit.c.sequence)
        rows = await self._rows(pair)
        before = {row.sequence: row.hash for row in rows}.get(entry.sequence - 1)
        if before is None and entry.sequence > 1:
            return entry, BrokenEntry(entry.sequence - 1, "", "the entry is missing")
        walk = Walk(self._workspace, entry.sequence - 1, before or "")
        own = next(row for row in rows if row.sequence == entry.sequence)
        broken = walk.step(own)
        if walk.unexplained() is not None:
            for row in await self._rows(erasures_of(self._workspace, entry.sequence)):
                walk.explain(row)
        return entry, broken or walk.unexplained()

    async def verify(
        self, known: Iterable[Head] = (), progress: Progress | None = None
    ) -> BrokenEntry | None:
        """Walk the whole chain; the first entry that does not hold, ``None`` where all do.

        It finds entries that were changed, removed, inserted, reordered or cut off at the end.
        ``known`` are heads that were kept elsewhere: with them it is also found where everything
        after one of them, the last hash too, was written anew. Entries added meanwhile are walked.
        """
        walk = Walk(self._workspace, known=_by_sequence(known))
        last: object = (await self.head()).sequence
        total = last if isinstance(last, int) else 0  # somebody may have put a word there
        while True:
            page = await self._page(walk.sequence or -_BEYOND)
            if broken := await asyncio.to_thread(walk.steps, page):
                return await self._first(walk, broken)
            if progress is not None:
                progress(walk.sequence, max(total, walk.sequence))
            if len(page) < _PAGE:
                stray = await self._db.read(
                    lambda c: c.scalar(strays, {"workspace": self._workspace})
                )
                return walk.finish((await self.head()).sequence, stray)

    async def verify_all(
        self, known: Iterable[Head] = (), progress: Progress | None = None
    ) -> BrokenEntry | None:
        """As :meth:`verify`, and then every other chain of the database: nobody can hide one."""
        if broken := await self.verify(known, progress):
            return broken
        found = await self._db.read(lambda c: list(c.scalars(workspaces)))
        for name in sorted(set(found) - {self._workspace}, key=str):
            if not isinstance(name, str):
                return BrokenEntry(1, "", "it is in a workspace that has no name", str(name))
            if broken := await AuditTrail(self._db, name).verify():
                return replace(broken, workspace=name)
        return None

    async def _first(self, walk: Walk, broken: BrokenEntry) -> BrokenEntry:
        """What of two things stands first: a broken link, or a content before it that differs and
        that no erasure, also of those behind, owns up to."""
        for row in await self._rows(erasures(self._workspace, walk.sequence)):
            walk.explain(row, moved=True)
        content = walk.unexplained()
        return broken if content is None else min(content, broken, key=lambda b: b.sequence)

    async def _page(self, after: int) -> list[sa.Row[Any]]:
        query = (
            chain.where(audit.c.workspace == self._workspace, audit.c.sequence > after)
            .order_by(audit.c.sequence)
            .limit(_PAGE)
        )
        return await self._rows(query)

    async def _rows(self, query: sa.Select[Any]) -> list[sa.Row[Any]]:
        return await self._db.read(lambda connection: list(connection.execute(query)))


def _by_sequence(heads: Iterable[Head]) -> dict[int, str]:
    """Their hashes; of two that differ the one that was named first counts."""
    found: dict[int, str] = {}
    for head in heads:
        found.setdefault(head.sequence, head.hash)
    return found


def entry_of(row: Any) -> AuditEntry:
    """An entry; of one that was damaged what is left, so that the others can be read."""
    erased = row.content is None
    at = moment_of(row.at)
    content: dict[str, Any] = {"turn": row.turn, "at": at.isoformat()}
    if not erased:
        content |= {"damaged": True} if (told := parsed(row.content)) is None else told
    return AuditEntry(row.sequence, at, row.kind, row.turn, content, row.hash, erased)
