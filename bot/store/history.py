"""The history of conversations: threads, messages, turns."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from bot.conversation import Message, Principal, Role, Turn
from bot.errors import NotFoundError
from bot.store.audit import AuditTrail
from bot.store.base import Database, insert_new, upsert
from bot.store.fences import kept_of
from bot.store.tables import citations, messages, threads, turns
from bot.store.turns import (
    citation_rows,
    citations_in,
    message_rows,
    texts_in,
    turn_of,
    turn_row,
)

_KEY_LENGTH = 200

_by_id = sa.select(turns).where(turns.c.id == sa.bindparam("id"))
_by_key = sa.select(turns).where(turns.c.key == sa.bindparam("key"))
_newest_first = (turns.c.at.desc(), turns.c.id.desc())
_last_messages = (
    sa.select(messages.c.role, messages.c.text, messages.c.author, messages.c.at, turns.c.audience)
    .join(turns, turns.c.id == messages.c.turn_id)
    .where(messages.c.thread_id == sa.bindparam("thread"))
    .order_by(messages.c.id.desc())
    .limit(sa.bindparam("most"))
)
_last_messages_for = _last_messages.where(
    turns.c.audience.in_(sa.bindparam("audiences", expanding=True))
)
_new_messages, _new_citations = sa.insert(messages), sa.insert(citations)
_audiences = sa.select(turns.c.audience).where(turns.c.thread_id == sa.bindparam("thread"))


def short_key(key: str) -> str:
    """A key of a length that every index takes."""
    if len(key) <= _KEY_LENGTH:
        return key
    return "sha256:" + hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


class History:
    """Threads and turns in a database."""

    def __init__(self, db: Database, audit: AuditTrail | None = None) -> None:
        self._db = db
        self._audit = audit or AuditTrail(db)

    async def messages(
        self, thread: str, principal: Principal, limit: int = 20
    ) -> tuple[Message, ...]:
        """The last messages of a thread, oldest first; none for a thread nobody knows.

        Turns that were answered for a wider audience than ``principal`` are as if they were not
        there: what staff were told must not come back to others through the thread, nor crowd out
        what others may know.
        """

        def op(connection: sa.Connection) -> tuple[Message, ...]:
            wanted = {"thread": thread, "most": limit}
            found = connection.execute(_last_messages, wanted).all()
            if not all(principal.groups.issuperset(row.audience) for row in found):
                there = connection.scalars(_audiences.distinct(), {"thread": thread})
                allowed = [a for a in there if principal.groups.issuperset(a)]
                found = connection.execute(
                    _last_messages_for, {**wanted, "audiences": allowed}
                ).all()
            return tuple(
                Message(Role(row.role), row.text, row.author, row.at) for row in reversed(found)
            )

        return await self._db.read(op)

    async def record(self, turn: Turn, key: str | None = None) -> None:
        """Keep a turn with its thread, both messages, citations and audit record, all or nothing.

        A turn whose id or key is known already changes nothing: the first one counts.
        """
        await self._db.write(lambda connection: self.record_in(connection, turn, key))

    def record_in(self, connection: sa.Connection, turn: Turn, key: str | None = None) -> bool:
        """As :meth:`record`, inside the caller's transaction; whether the turn was new.

        Of an asker who was forgotten since it was asked only figures are kept.
        """
        kept = kept_of(connection, turn)
        if kept.author != turn.author:
            key = None
        turn = kept
        thread = {
            "id": turn.thread,
            "platform": turn.author.platform.value,
            "channel": turn.channel,
            "created_at": turn.at,
            "updated_at": turn.at,
        }
        connection.execute(upsert(connection, threads, "id", "updated_at"), thread)
        row = turn_row(turn, None if key is None else short_key(key))
        if not connection.execute(insert_new(connection, turns), row).rowcount:
            return False
        connection.execute(_new_messages, message_rows(turn))
        if turn.citations:
            connection.execute(_new_citations, citation_rows(turn))
        self._audit.turn_in(connection, turn)
        return True

    async def turn(self, id: str) -> Turn:  # noqa: A002 - the word of the port
        """The turn with this id. Raises NotFoundError."""
        found = await self._turns(_by_id, id=id)
        if not found:
            raise NotFoundError(kind="turn", id=id)
        return found[0]

    async def turns(self, ids: Sequence[str]) -> dict[str, Turn]:
        """Those of some turns that are there, in one read. Meant for a page of them: databases
        bound the number of values in a query."""
        found = await self._turns(sa.select(turns).where(turns.c.id.in_(ids))) if ids else []
        return {turn.id: turn for turn in found}

    async def turn_for_key(self, key: str) -> Turn | None:
        """The turn that was recorded under a key (an event id, an idempotency key)."""
        found = await self._turns(_by_key, key=short_key(key))
        return found[0] if found else None

    async def recent(self, limit: int = 50, before: str | None = None) -> list[Turn]:
        """Turns, newest first; ``before`` is the id of the last one of the page before.

        Raises NotFoundError where ``before`` is unknown.
        """
        query = sa.select(turns).order_by(*_newest_first).limit(limit)
        if before is not None:
            last = await self.turn(before)
            query = query.where(
                sa.tuple_(turns.c.at, turns.c.id)
                < sa.tuple_(sa.literal(last.at, turns.c.at.type), sa.literal(last.id))
            )
        return await self._turns(query)

    async def of_thread(self, thread: str, limit: int = 50) -> list[Turn]:
        """The last turns of a thread, oldest first."""
        query = sa.select(turns).where(turns.c.thread_id == thread)
        return (await self._turns(query.order_by(*_newest_first).limit(limit)))[::-1]

    async def _turns(self, query: sa.Select[Any], **values: str) -> list[Turn]:
        def op(connection: sa.Connection) -> list[Turn]:
            rows = [row._asdict() for row in connection.execute(query, values)]
            ids = [row["id"] for row in rows]
            said, cited = texts_in(connection, ids), citations_in(connection, ids)
            return [turn_of(row, *said[row["id"]], cited.get(row["id"], ())) for row in rows]

        return await self._db.read(op)
