"""What is too old goes, a few rows in a transaction: nobody waits for long, and a run that is cut
off is finished by the next one.

A turn goes altogether, with its messages, passages, ratings, handoff, rewrite, label, its place in
gaps and caches. Of an audit entry only the content goes: the chain stays, and says that it went.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any

import sqlalchemy as sa

from bot.conversation import Role
from bot.store import forgetting
from bot.store.audit import AuditTrail
from bot.store.audit_chain import ERASURE
from bot.store.base import Database
from bot.store.chat_tables import handoffs, participation, replies
from bot.store.columns import to_json
from bot.store.cost_tables import drafts
from bot.store.evaluation_tables import evaluation_cases, evaluations
from bot.store.forgetting import FILES
from bot.store.gone import Gone
from bot.store.suite_tables import suite_cases
from bot.store.tables import audit, audit_contents, feedback, messages, threads, turns

_TURNS = 25
_ROWS = 200
_LOOKED_THROUGH = 500
_ENTRIES = 50
_LEAST_PAUSE_S = 0.01

TABLES = (*forgetting.TABLES, "drafts", "evaluation_cases", "evaluations", "replies", "suite_cases")

Step = Callable[[int], None]
"""Told how many rows more are gone."""


@dataclass(slots=True)
class Removed:
    """What went with turns; ``gone`` is what people had written in them, to look for in bytes."""

    turns: int = 0
    messages: int = 0
    feedback: int = 0
    handoffs: int = 0
    gone: Gone = field(default_factory=Gone)

    def add(self, other: Removed) -> None:
        self.turns += other.turns
        self.messages += other.messages
        self.feedback += other.feedback
        self.handoffs += other.handoffs
        self.gone.add(other.gone.words)


@asynccontextmanager
async def _taking_turns() -> AsyncIterator[None]:
    """A transaction, and then a rest as long as it took, so that others come first."""
    began = monotonic()
    yield
    await asyncio.sleep(max(_LEAST_PAUSE_S, monotonic() - began))


class Retention:
    """Removes what is older than a moment. ``audit`` takes what is said of it."""

    def __init__(self, db: Database, trail: AuditTrail) -> None:
        self._db = db
        self._trail = trail

    # -- how much there is ------------------------------------------------------------------------

    async def old_turns(self, before: datetime) -> int:
        return await self._count(turns, turns.c.at < before)

    async def old_uploads(self, before: datetime) -> int:
        """In how many turns something is left of files: it takes a look at all that are old."""
        return await self._count(turns, sa.and_(turns.c.at < before, _holds_files()))

    async def old_audit(self, before: datetime) -> int:
        query = sa.select(sa.func.count()).select_from(_old_contents(before).subquery())
        return await self._db.read(lambda c: c.scalar(query)) or 0

    async def old_drafts(self, before: datetime) -> int:
        return await self._count(drafts, drafts.c.at < before)

    async def old_participation(self, before: datetime) -> int:
        return await self._count(participation, participation.c.updated_at < before)

    async def old_replies(self, before: datetime) -> int:
        return await self._count(replies, replies.c.turn.in_(_turns_before(before)))

    async def old_evaluations(self, before: datetime) -> int:
        return await self._count(evaluations, evaluations.c.at < before)

    async def _count(self, table: sa.Table, old: sa.ColumnElement[bool]) -> int:
        query = sa.select(sa.func.count()).select_from(table).where(old)
        return await self._db.read(lambda c: c.scalar(query)) or 0

    # -- removing ---------------------------------------------------------------------------------

    async def turns(self, before: datetime, step: Step) -> Removed:
        """Remove turns with all that belongs to them; then threads that are left empty."""
        total = Removed()
        while True:
            async with _taking_turns():
                gone = await self._db.write(lambda c: _remove_turns(c, before))
            total.add(gone)
            step(gone.turns)
            if gone.turns < _TURNS:
                break
        alone = sa.and_(messages.c.turn_id.is_(None), messages.c.at < before)
        total.messages += await self._rows(messages, messages.c.id, alone, lambda _: None)
        return total

    async def uploads(self, before: datetime, step: Step) -> int:
        """Remove what was read of files that came with questions; in how many turns."""
        total, last = 0, ""
        while True:
            seen = await self._db.read(lambda c, last=last: _with_files(c, before, last))  # type: ignore[misc]  # bound now
            if seen.ids:
                await self._db.write(lambda c, ids=seen.ids: _remove_files(c, ids))  # type: ignore[misc]  # bound now
                total += len(seen.ids)
                step(len(seen.ids))
            if not seen.last:
                return total
            last = seen.last
            await asyncio.sleep(_LEAST_PAUSE_S)

    async def audit(self, before: datetime, step: Step) -> int:
        """Erase contents of the audit trail, never those that tell what was erased; how many."""
        total = last = 0
        while True:
            query = _old_contents(before).where(audit.c.sequence > last)
            few = query.order_by(audit.c.sequence).limit(_ENTRIES)
            old = await self._db.read(lambda c, few=few: list(c.scalars(few)))  # type: ignore[misc]  # bound now
            if not old:
                return total
            erased = dict.fromkeys(old)
            async with _taking_turns():
                await self._db.write(lambda c, e=erased: self._trail.redact_in(c, e))  # type: ignore[misc]  # bound now
            total += len(old)
            last = old[-1]
            step(len(old))

    async def drafts(self, before: datetime, step: Step) -> int:
        return await self._rows(drafts, drafts.c.id, drafts.c.at < before, step)

    async def participation(self, before: datetime, step: Step) -> int:
        old = participation.c.updated_at < before
        return await self._rows(participation, participation.c.key, old, step)

    async def replies(self, before: datetime, step: Step) -> int:
        """Which messages hold the answers of old turns: these can no longer be rated."""
        total = 0

        def op(connection: sa.Connection) -> int:
            old = sa.select(replies.c.turn).where(replies.c.turn.in_(_turns_before(before)))
            few = list(connection.scalars(old.limit(_ROWS)))
            gone = sa.delete(replies).where(replies.c.turn.in_(few))
            return connection.execute(gone).rowcount if few else 0

        number = 1
        while number:
            async with _taking_turns():
                number = await self._db.write(op)
            total += number
            step(number)
        return total

    async def evaluations(self, before: datetime, step: Step) -> tuple[int, list[str]]:
        """Remove scorecards with their cases; how many, and the pages that tell of them."""
        query = sa.select(evaluations.c.id, evaluations.c.report).where(evaluations.c.at < before)
        found = await self._db.read(lambda c: c.execute(query).all())
        for run in found:
            await self._rows(
                evaluation_cases,
                evaluation_cases.c.position,
                evaluation_cases.c.run == run.id,
                lambda _: None,
            )
            gone = sa.delete(evaluations).where(evaluations.c.id == run.id)
            await self._db.write(lambda c, gone=gone: c.execute(gone).rowcount)  # type: ignore[misc]  # bound now
            step(1)
        return len(found), [run.report for run in found]

    async def _rows(
        self,
        table: sa.Table,
        key: sa.Column[Any],
        old: sa.ColumnElement[bool],
        step: Step,
    ) -> int:
        """Delete rows, a few at a time; how many."""
        few = sa.select(key).where(old).distinct().limit(_ROWS)
        gone = sa.delete(table).where(old, key.in_(few.scalar_subquery()))
        total, number = 0, 1
        while number:
            async with _taking_turns():
                number = await self._db.write(lambda c: c.execute(gone).rowcount)
            total += number
            step(number)
        return total


def _turns_before(before: datetime) -> sa.Select[Any]:
    return sa.select(turns.c.id).where(turns.c.at < before)


def _old_contents(before: datetime) -> sa.Select[Any]:
    return (
        sa.select(audit.c.sequence)
        .join(
            audit_contents,
            (audit_contents.c.workspace == audit.c.workspace)
            & (audit_contents.c.sequence == audit.c.sequence),
        )
        .where(audit.c.at < before, audit.c.kind != ERASURE)
    )


def _remove_turns(connection: sa.Connection, before: datetime) -> Removed:
    """The oldest turns; foreign keys take along what stands on them."""
    query = sa.select(turns.c.id, turns.c.thread_id).where(turns.c.at < before)
    rows = connection.execute(query.order_by(turns.c.at, turns.c.id).limit(_TURNS)).all()
    if not rows:
        return Removed()
    ids = [row.id for row in rows]
    said = sa.select(messages.c.role, messages.c.text).where(messages.c.turn_id.in_(ids))
    found = connection.execute(said).all()
    told = sa.select(feedback.c.reason, feedback.c.correction).where(feedback.c.turn_id.in_(ids))
    rated = connection.execute(told).all()
    written = [row.text for row in found if row.role == Role.USER.value]
    written += [text for row in rated for text in row]
    gone = Removed(
        turns=len(ids),
        messages=len(found),
        feedback=len(rated),
        handoffs=_number(connection, handoffs, handoffs.c.turn_id.in_(ids)),
    )
    gone.gone.add(written)
    forgetting.erase_from_gaps(connection, ids)
    proposed = suite_cases.c.place.in_(ids), suite_cases.c.origin == "turn"
    connection.execute(sa.delete(suite_cases).where(*proposed, suite_cases.c.state != "approved"))
    connection.execute(sa.delete(replies).where(replies.c.turn.in_(ids)))
    connection.execute(sa.delete(turns).where(turns.c.id.in_(ids)))
    empty = ~sa.exists().where(turns.c.thread_id == threads.c.id)
    mine = threads.c.id.in_(sorted({row.thread_id for row in rows}))
    connection.execute(sa.delete(threads).where(mine, empty))
    return gone


def _number(connection: sa.Connection, table: sa.Table, here: sa.ColumnElement[bool]) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table).where(here)) or 0


@dataclass(frozen=True, slots=True)
class _Seen:
    """Turns with passages from files, and the last turn that was looked at; empty: all were."""

    ids: list[str]
    last: str


def _with_files(connection: sa.Connection, before: datetime, after: str) -> _Seen:
    page = sa.select(turns.c.id).where(turns.c.at < before, turns.c.id > after)
    ids = list(connection.scalars(page.order_by(turns.c.id).limit(_LOOKED_THROUGH)))
    if not ids:
        return _Seen([], "")
    found = connection.scalars(sa.select(turns.c.id).where(turns.c.id.in_(ids), _holds_files()))
    return _Seen(list(found), ids[-1] if len(ids) == _LOOKED_THROUGH else "")


def _holds_files() -> sa.ColumnElement[bool]:
    named = f'"source":{to_json(FILES)}'
    return sa.type_coerce(turns.c.passages, sa.Text).contains(named, autoescape=True)


def _remove_files(connection: sa.Connection, ids: Sequence[str]) -> None:
    """Of turns, the passages from files with what was quoted and stated from them."""
    query = sa.select(turns.c.id, turns.c.passages).where(turns.c.id.in_(ids))
    for row in connection.execute(query).all():
        names = {p["chunk"]["document"] for p in row.passages if p["chunk"].get("source") == FILES}
        for name in sorted(names):
            forgetting.erase_passages(connection, name, [row.id])
