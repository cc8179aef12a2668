"""The audit trail: a hash chain over what was done, for whom, from which evidence.

Each entry's hash covers its place, its moment, its content's digest and the hash before it; the
last hash stands in a row of its own, so that a cut tail shows as well. Contents live apart from
the chain: one can be erased later, which is itself an entry, and the chain still holds.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import sqlalchemy as sa

from bot.conversation import Turn
from bot.errors import NotFoundError
from bot.store.base import Database, insert
from bot.store.columns import clean, to_json
from bot.store.tables import audit, audit_contents, audit_heads

TURN, OPERATOR, ERASURE = "turn", "operator", "erasure"
_PAGE = 1000

_with_content = sa.select(audit, audit_contents.c.salt, audit_contents.c.content).outerjoin(
    audit_contents,
    (audit_contents.c.workspace == audit.c.workspace)
    & (audit_contents.c.sequence == audit.c.sequence),
)
_chain = _with_content.add_columns(
    audit_heads.c.sequence.label("head_sequence"), audit_heads.c.hash.label("head_hash")
).outerjoin(audit_heads, audit_heads.c.workspace == audit.c.workspace)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry. ``content`` holds ``turn`` and ``at`` (ISO 8601, UTC), and until it is erased for
    a turn ``author``, ``audience``, ``route``, ``reasons``, ``used`` (documents), ``evidence``
    (chunks with their revision), ``withheld``, ``model``, ``grounding``, ``outcome``; for an
    operator's deed ``action``, ``actor`` and its details."""

    sequence: int
    at: datetime
    kind: str
    turn: str
    content: Mapping[str, Any]
    hash: str
    erased: bool = False


@dataclass(frozen=True, slots=True)
class BrokenEntry:
    """The first place where the chain does not hold, and why."""

    sequence: int
    turn: str
    reason: str

    def __str__(self) -> str:
        turn = f" (turn {self.turn})" if self.turn else ""
        return f"entry {self.sequence}{turn}: {self.reason}"


def _digest(salt: str, content: str) -> str:
    return hashlib.sha256(f"{salt}\n{content}".encode()).hexdigest()


def _link(
    workspace: str, sequence: int, at: datetime, kind: str, turn: str, digest: str, previous: str
) -> str:
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    fields = [workspace, sequence, moment, kind, turn, digest, previous]
    return hashlib.sha256(orjson.dumps(fields)).hexdigest()


def turn_content(turn: Turn) -> dict[str, Any]:
    """What the trail keeps of a turn: everything that decided it, but not what was said."""
    chunks = [p.chunk for p in turn.passages]
    return {
        "author": turn.author.key,
        "audience": sorted(turn.audience),
        "route": turn.route.route.value,
        "reasons": list(turn.route.reasons),
        "used": list(dict.fromkeys(c.document for c in chunks)),
        "evidence": [
            {"source": c.source, "document": c.document, "revision": c.revision, "chunk": c.id}
            for c in chunks
        ],
        "withheld": list(turn.withheld),
        "model": turn.model,
        "grounding": {
            "score": float(turn.grounding.score),
            "supported": bool(turn.grounding.supported),
            "rejected": len(turn.grounding.rejected),
        },
        "cached_from": turn.cached_from,
        "outcome": turn.outcome.value,
    }


class AuditTrail:
    """The chain of one workspace."""

    def __init__(self, db: Database, workspace: str = "main") -> None:
        self._db = db
        self._workspace = workspace

    # -- adding -----------------------------------------------------------------------------

    def turn_in(self, connection: sa.Connection, turn: Turn) -> str:
        """Add a turn inside the caller's transaction; the new entry's hash."""
        return self.append_in(connection, TURN, turn_content(turn), turn=turn.id, at=turn.at)

    async def operator(self, action: str, actor: str, **details: object) -> str:
        """Add what an operator did (``kind`` is ``operator``); the new entry's hash."""
        content = {"action": action, "actor": actor, **details}
        return await self._db.write(lambda c: self.append_in(c, OPERATOR, content))

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
        text = to_json(dict(content), canonical=True)
        salt = secrets.token_hex(16)  # without it an erased author could be guessed from the hash
        at, turn = at or datetime.now(UTC), clean(turn)
        last, previous = self._lock_head(connection)
        sequence, digest = last + 1, _digest(salt, text)
        link = _link(self._workspace, sequence, at, kind, turn, digest, previous)
        place = {"workspace": self._workspace, "sequence": sequence}
        entry = {"at": at, "kind": kind, "turn": turn, "digest": digest, "previous": previous}
        connection.execute(sa.insert(audit), [{**place, **entry, "hash": link}])
        connection.execute(sa.insert(audit_contents), [{**place, "salt": salt, "content": text}])
        connection.execute(
            sa.update(audit_heads).where(audit_heads.c.workspace == self._workspace),
            {"sequence": sequence, "hash": link},
        )
        return link

    def _lock_head(self, connection: sa.Connection) -> tuple[int, str]:
        head = (
            sa.select(audit_heads.c.sequence, audit_heads.c.hash)
            .where(audit_heads.c.workspace == self._workspace)
            .with_for_update()
        )
        row = connection.execute(head).one_or_none()
        if row is None:
            first = {"workspace": self._workspace, "sequence": 0, "hash": ""}
            connection.execute(insert(connection, audit_heads).on_conflict_do_nothing(), first)
            row = connection.execute(head).one()
        return row.sequence, row.hash

    # -- erasing ----------------------------------------------------------------------------

    def redact_in(
        self, connection: sa.Connection, contents: Mapping[int, Mapping[str, Any] | None]
    ) -> None:
        """Replace the contents of entries (``None``: erase), inside the caller's transaction.

        An entry of kind ``erasure`` says which, so that the chain tells it from tampering.
        """
        digests: dict[str, str] = {}
        for sequence, content in contents.items():
            here = (audit_contents.c.workspace == self._workspace) & (
                audit_contents.c.sequence == sequence
            )
            if content is None:
                connection.execute(sa.delete(audit_contents).where(here))
                digests[str(sequence)] = ""
                continue
            text, salt = to_json(dict(content), canonical=True), secrets.token_hex(16)
            change = sa.update(audit_contents).where(here)
            connection.execute(change, {"salt": salt, "content": text})
            digests[str(sequence)] = _digest(salt, text)
        self.append_in(connection, ERASURE, {"entries": digests})

    async def mentioning(self, text: str) -> list[int]:
        """The sequences of the entries whose content holds a text."""
        holds = audit_contents.c.content.contains(text, autoescape=True)
        query = sa.select(audit_contents.c.sequence).where(
            audit_contents.c.workspace == self._workspace, holds
        )
        ordered = query.order_by(audit_contents.c.sequence)
        return await self._db.read(lambda connection: list(connection.scalars(ordered)))

    def contents_in(
        self, connection: sa.Connection, sequences: Sequence[int]
    ) -> dict[int, dict[str, Any]]:
        """What is left of the contents of entries, as :meth:`redact_in` takes them."""
        query = sa.select(audit_contents.c.sequence, audit_contents.c.content).where(
            audit_contents.c.workspace == self._workspace,
            audit_contents.c.sequence.in_(sequences),
        )
        return {row.sequence: orjson.loads(row.content) for row in connection.execute(query)}

    # -- reading ----------------------------------------------------------------------------

    async def listing(
        self, *, kind: str | None = None, limit: int | None = None, after: int = 0
    ) -> list[AuditEntry]:
        """Entries, oldest first; ``after`` is the sequence of the last one of the page before."""
        here = (audit.c.workspace == self._workspace) & (audit.c.sequence > after)
        query = _with_content.where(here).order_by(audit.c.sequence).limit(limit)
        if kind is not None:
            query = query.where(audit.c.kind == kind)
        return await self._db.read(lambda c: [_entry(r) for r in c.execute(query)])

    async def show(self, turn: str) -> AuditEntry:
        """The entry of a turn. Raises NotFoundError."""
        here = (audit.c.workspace == self._workspace) & (audit.c.turn == turn)
        query = _with_content.where(here).order_by(audit.c.sequence).limit(1)
        row = await self._db.read(lambda c: c.execute(query).one_or_none())
        if row is None:
            raise NotFoundError(kind="audited turn", id=turn)
        return _entry(row)

    async def standing(self, turn: str) -> tuple[AuditEntry, BrokenEntry | None]:
        """The entry of a turn, and what does not hold of it or of its link to the one before;
        the whole chain is :meth:`verify`'s. Raises NotFoundError."""
        entry = await self.show(turn)
        here = audit.c.workspace == self._workspace
        pair = _chain.where(here, audit.c.sequence.in_((entry.sequence - 1, entry.sequence)))
        erasures = _chain.where(
            here, audit.c.kind == ERASURE, audit.c.sequence > entry.sequence
        ).order_by(audit.c.sequence)
        rows = await self._db.read(
            lambda c: [*c.execute(pair.order_by(audit.c.sequence)), *c.execute(erasures)]
        )
        before = {row.sequence: row.hash for row in rows}.get(entry.sequence - 1)
        if before is None and entry.sequence > 1:
            return entry, BrokenEntry(entry.sequence - 1, "", "the entry is missing")
        walk = _Walk(self._workspace, entry.sequence - 1, before or "")
        own = next(row for row in rows if row.sequence == entry.sequence)
        broken = walk.step(own)
        for row in rows:
            if row.sequence > entry.sequence:
                walk.explain(row)
        return entry, broken or walk.unexplained()

    async def verify(self) -> BrokenEntry | None:
        """Walk the whole chain; the first entry that does not hold, ``None`` where all do.

        It finds entries that were changed, removed, inserted, reordered or cut off at the end.
        Entries added while it runs are walked too.
        """
        walk = _Walk(self._workspace)
        while True:
            page = await self._page(walk.sequence)
            for row in page:
                if broken := walk.step(row):
                    return broken
            if len(page) < _PAGE:
                return walk.finish(await self._head_sequence())

    async def _page(self, after: int) -> list[sa.Row[Any]]:
        query = (
            _chain.where(audit.c.workspace == self._workspace, audit.c.sequence > after)
            .order_by(audit.c.sequence)
            .limit(_PAGE)
        )
        return await self._db.read(lambda connection: list(connection.execute(query)))

    async def _head_sequence(self) -> int:
        query = sa.select(audit_heads.c.sequence).where(audit_heads.c.workspace == self._workspace)
        return await self._db.read(lambda c: c.scalar(query)) or 0


class _Walk:
    """The walk along the chain."""

    def __init__(self, workspace: str, sequence: int = 0, previous: str = "") -> None:
        self.sequence = sequence
        self._workspace = workspace
        self._previous = previous
        self._head: tuple[int | None, str | None] = (0, "")
        self._differing: dict[int, tuple[str, str]] = {}  # contents that an erasure must explain

    def step(self, row: Any) -> BrokenEntry | None:
        """Check one more entry."""
        expected = self.sequence + 1
        if row.sequence != expected:
            return BrokenEntry(expected, "", "the entry is missing")
        link = _link(
            self._workspace, row.sequence, row.at, row.kind, row.turn, row.digest, row.previous
        )
        if row.previous != self._previous:
            return BrokenEntry(row.sequence, row.turn, "it does not follow the entry before it")
        if row.hash != link:
            return BrokenEntry(row.sequence, row.turn, "the entry was changed")
        found = "" if row.content is None else _digest(row.salt, row.content)
        if found != row.digest:
            self._differing[row.sequence] = (found, row.turn)
        elif row.kind == ERASURE:
            self.explain(row)
        self.sequence, self._previous = row.sequence, row.hash
        self._head = (row.head_sequence, row.head_hash)
        return None

    def explain(self, row: Any) -> None:
        """Take the differences that an erasure owns up to."""
        for sequence, digest in orjson.loads(row.content or '{"entries":{}}')["entries"].items():
            if self._differing.get(int(sequence), (None, ""))[0] == digest:
                del self._differing[int(sequence)]

    def unexplained(self) -> BrokenEntry | None:
        """The first content that differs and that nothing explains."""
        broken = [
            BrokenEntry(n, turn, "its content was changed or removed")
            for n, (_, turn) in self._differing.items()
        ]
        return min(broken, key=lambda b: b.sequence, default=None)

    def finish(self, head: int) -> BrokenEntry | None:
        """Check the end: contents that nothing explains, and the anchored head."""
        sequence, link = self._head
        if sequence is None or (sequence == self.sequence and link != self._previous):
            return BrokenEntry(self.sequence, "", "the anchor of the last entry was changed")
        content = self.unexplained()
        broken = [] if content is None else [content]
        if sequence < self.sequence:
            broken.append(BrokenEntry(sequence + 1, "", "the entry was added at the end"))
        elif sequence > self.sequence or (self.sequence == 0 and head > 0):
            broken.append(BrokenEntry(self.sequence + 1, "", "the end was cut off"))
        return min(broken, key=lambda b: b.sequence, default=None)


def _entry(row: Any) -> AuditEntry:
    erased = row.content is None
    content = {"turn": row.turn, "at": row.at.isoformat()}
    if not erased:
        content |= orjson.loads(row.content)
    return AuditEntry(row.sequence, row.at, row.kind, row.turn, content, row.hash, erased)
