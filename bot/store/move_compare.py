"""Whether the audit trail came along whole, and how much there is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa

from bot.errors import StorageError
from bot.store import move_rows
from bot.store.audit import AuditTrail
from bot.store.audit_chain import Walk, chain, workspaces
from bot.store.base import Database
from bot.store.drivers import Driver
from bot.store.tables import audit, audit_heads

_PAGE = 1000
_LAST = 200  # entries whose contents may still be to come


class MoveDiffersError(StorageError):
    """The copy differs from what was copied ({what}); nothing was switched, repeat the command."""


class Trails:
    """The audit trails of the copy: walked before writers wait, and to their end while they do."""

    def __init__(self, source: Driver, target: Driver) -> None:
        self._source = source
        self._target = target
        self._walks: dict[str, Walk] = {}
        self._known_broken = False

    async def advance(self) -> None:
        """Walk what is copied, but for the last entries.

        A trail that did not hold before is no fault of the copy's.
        """
        if not self._walks:
            for name in await self._target.read(lambda c: list(c.scalars(workspaces))):
                self._walks[str(name)] = Walk(str(name))
        for name in self._walks:
            if not self._known_broken and await self._walk(name, behind=_LAST):
                there = await AuditTrail(Database(self._source)).verify_all()
                self._known_broken = there is not None

    async def end(self) -> None:
        """Walk the rest, once nobody writes. Raises MoveDiffersError."""
        ours, theirs = [await side.read(heads) for side in (self._source, self._target)]
        if ours != theirs:
            raise MoveDiffersError(what="the audit trail's heads")
        if self._known_broken:  # compared row by row it is the same
            return
        for name in theirs:
            if await self._walk(name):
                await self._look_thoroughly()
                return

    async def _walk(self, workspace: str, behind: int = 0) -> bool:
        """Go on to the end, or to so many entries before it; whether something does not hold."""
        walk = self._walks.setdefault(workspace, Walk(workspace))
        head = await self._target.read(lambda c: _head_of(c, workspace))
        last = head - behind
        query = (
            chain.where(audit.c.workspace == workspace, audit.c.sequence <= last)
            .order_by(audit.c.sequence)
            .limit(_PAGE)
        )
        while walk.sequence < last or not behind:
            page = query.where(audit.c.sequence > walk.sequence)
            rows = await self._target.read(partial(_rows, query=page))
            if await asyncio.to_thread(walk.steps, rows):
                return True
            if len(rows) < _PAGE:
                break
        return not behind and walk.finish(head) is not None

    async def _look_thoroughly(self) -> None:
        """Something does not hold of a walk that was made while rows came: walk all of it."""
        verdict = await AuditTrail(Database(self._target)).verify_all()
        if verdict is not None:
            there = await AuditTrail(Database(self._source)).verify_all()
            if there is None or there.sequence != verdict.sequence:
                raise MoveDiffersError(what=f"entry {verdict.sequence} of the audit trail")


def _rows(connection: sa.Connection, query: sa.Select[Any]) -> list[sa.Row[Any]]:
    return list(connection.execute(query))


def _head_of(connection: sa.Connection, workspace: str) -> int:
    query = sa.select(audit_heads.c.sequence).where(audit_heads.c.workspace == workspace)
    found = connection.scalar(query)
    return found if isinstance(found, int) else 0


def counts(connection: sa.Connection, tables: Sequence[sa.Table]) -> dict[str, int]:
    """How many rows each table has."""
    return {table.name: move_rows.count(connection, table) for table in tables}


def heads(connection: sa.Connection) -> dict[str, str]:
    """The audit trail's last hash by workspace."""
    query = sa.select(audit_heads.c.workspace, audit_heads.c.hash)
    return {row.workspace: row.hash for row in connection.execute(query)}
