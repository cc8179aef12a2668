"""What was changed of the settings in the console: a row for each channel or right, who and when.

A row stands in the place of the file's entry. It is read with every message, so that a right that
was taken away is gone with the next question, in every process.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.errors import UsageError
from bot.settings.changing import USERS, Change, forgotten_name
from bot.store.audit import OPERATOR
from bot.store.base import Database, insert, metadata
from bot.store.columns import Json, Moment, Words
from bot.store.timing import utc_now

if TYPE_CHECKING:
    from bot.store.audit import AuditTrail
    from bot.store.forgetting import Person

MOST = 2_000
"""Entries in all: the table is read with every message."""

setting_changes = sa.Table(
    "setting_changes",
    metadata,
    sa.Column("part", Words, primary_key=True),
    sa.Column("name", Words, primary_key=True),
    sa.Column("value", Json, nullable=False),
    sa.Column("by", Words, nullable=False),
    sa.Column("by_name", Words, nullable=False),
    sa.Column("at", Moment, nullable=False),
)
_t = setting_changes.c
_all = sa.select(setting_changes).order_by(_t.part, _t.name)


class ChangedMeanwhileError(UsageError):
    """Somebody else changed this entry meanwhile; look at it as it is now, and save again."""


class TooManyChangesError(UsageError):
    """The console holds {most:,} changed entries, which is all it takes; write those that stay
    into wellspoken.toml and take them back here."""


class SettingChanges:
    """The changes in a database, with its audit trail."""

    def __init__(
        self,
        db: Database,
        audit: AuditTrail | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._db = db
        self._audit = audit
        self._clock = clock

    async def listing(self) -> tuple[Change, ...]:
        """Every change, by table and name."""
        return await self._db.read(lambda c: tuple(_change(row) for row in c.execute(_all)))

    async def put(self, change: Change, *, seen: str, fields: Sequence[str] = ()) -> Change:
        """Keep a change in the place of the one that its author saw: ``seen`` is :func:`mark` of
        that. The audit trail gets the ``fields`` that differ, by name. What is kept.

        Raises ChangedMeanwhileError, TooManyChangesError.
        """
        kept = replace(change, at=self._clock())

        def op(connection: sa.Connection) -> None:
            before = self._locked(connection, change.table, change.name, seen)
            if before is None and (connection.scalar(_count) or 0) >= MOST:
                raise TooManyChangesError(most=MOST)
            row = {
                "part": kept.table,
                "name": kept.name,
                "value": kept.value,
                "by": kept.by,
                "by_name": kept.by_name,
                "at": kept.at,
            }
            new = insert(connection, setting_changes)
            if before is None:  # there was no row to lock: of two at once the second is told
                put = new.on_conflict_do_nothing(index_elements=["part", "name"])
            else:
                changed = {name: new.excluded[name] for name in ("value", "by", "by_name", "at")}
                put = new.on_conflict_do_update(index_elements=["part", "name"], set_=changed)
            if connection.execute(put, row).rowcount == 0:
                raise ChangedMeanwhileError
            self._note(connection, "setting changed", kept, fields=sorted(fields))

        await self._db.write(op)
        return kept

    async def take_back(self, change: Change, *, seen: str) -> None:
        """Let the file's entry count again; ``by`` of the change is who wants that. Raises
        ChangedMeanwhileError."""

        def op(connection: sa.Connection) -> None:
            before = self._locked(connection, change.table, change.name, seen)
            if before is None:
                raise ChangedMeanwhileError
            here = (_t.part == change.table) & (_t.name == change.name)
            connection.execute(sa.delete(setting_changes).where(here))
            self._note(connection, "setting taken back", change)

        await self._db.write(op)

    def _locked(self, connection: sa.Connection, table: str, name: str, seen: str) -> Change | None:
        here = sa.select(setting_changes).where(_t.part == table, _t.name == name)
        row = connection.execute(here.with_for_update()).one_or_none()
        before = None if row is None else _change(row)
        if mark(before) != seen:
            raise ChangedMeanwhileError
        return before

    def _note(
        self, connection: sa.Connection, action: str, change: Change, **details: object
    ) -> None:
        if self._audit is None:
            return
        about = {"table": change.table, "entry": change.name, **details}
        content = {"action": action, "actor": change.by, **about}
        self._audit.append_in(connection, OPERATOR, content)


_count = sa.select(sa.func.count()).select_from(setting_changes)


def mark(change: Change | None) -> str:
    """What tells one state of an entry from another; empty: it is as in the file."""
    return "" if change is None or change.at is None else change.at.isoformat()


def forget(connection: sa.Connection, person: Person) -> None:
    """What names a person: a right of theirs goes, and none of the file takes its place unseen;
    what they changed as an operator stays, without their name."""
    mine = (_t.part == USERS) & (_t.name == person.key)
    connection.execute(
        sa.update(setting_changes)
        .where(mine)
        .values(name=forgotten_name(person.key, secrets.token_hex(16)), value=[])
    )
    theirs = sa.update(setting_changes).where(_t.by == person.key)
    connection.execute(theirs.values(by=person.nobody, by_name=""))


def _change(row: sa.Row[tuple[object, ...]]) -> Change:
    return Change(row.part, row.name, row.value, row.by, row.by_name, row.at)
