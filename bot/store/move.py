"""A database into another one, SQLite or PostgreSQL, while others go on writing to it.

The rows are copied in batches while triggers note the keys of what changes meanwhile; what was
noted is carried over in rounds, until little is left and every row was compared
(:mod:`.move_copy`). Then writers are held for a moment (:class:`bot.store.base.Database` waits),
the rest is carried over and compared, and the old database is closed for good. Nothing is decided
before that last step, which is fenced: a move that is killed, or that lost its hold, changes
nothing but the database that it fills.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa

from bot.errors import StorageError, UsageError
from bot.store import migrations, move_compare, move_marks, move_places, move_rows
from bot.store.drivers import Driver, driver_for
from bot.store.ids import new_id
from bot.store.move_compare import MoveDiffersError, Trails
from bot.store.move_copy import Copying, Progress
from bot.store.move_marks import BEGUN, COPYING, FILLING, HOLDING, LEFT, MOVE, WHOLE
from bot.store.move_rows import each
from bot.store.sqlite import SqliteDriver

_LEASE_SECONDS = 15.0
_FEW = 200  # changes that may be left when writers are asked to wait
_ROUNDS = 50


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move came to. ``changes`` is how many rows changed meanwhile and were carried over,
    ``held_s`` for how long writers waited, ``audit`` the audit trail's last hash by workspace."""

    source: str
    target: str
    tables: int
    rows: int
    changes: int
    held_s: float
    seconds: float
    audit: dict[str, str]


async def move(
    source: str,
    target: str,
    progress: Progress | None = None,
    names: tuple[str, str] = ("--from", "--to"),
) -> Moved:
    """Move the database at one URL to another one, which must be empty; the first refuses changes
    afterwards. An interrupted move goes on where it was.

    ``names`` are what the two are called where one of them is wrong. Raises UsageError,
    MoveLostError, MoveDiffersError and the errors of both databases.
    """
    with move_places.called(names[0]):
        origin = driver_for(source)
    with move_places.called(names[1]):
        end = driver_for(target)
    if move_places.is_same(origin, end):
        raise UsageError(f"{end.name} is where the data is already; name another database.")
    try:
        with move_places.called(names[0]):
            await origin.start()
        with move_places.called(names[1]):
            await end.start()
        return await _Move(origin, end, progress or (lambda *_: None)).run()
    finally:
        await end.close()
        await origin.close()


async def undo(source: str, name: str = "--from") -> str | None:
    """Let the database at a URL take changes again; where it had been moved to, ``None`` where it
    was not moved."""
    with move_places.called(name):
        driver = driver_for(source)

    def free(connection: sa.Connection) -> str | None:
        row = move_marks.found(connection)
        if row is None or row.state in (FILLING, WHOLE):
            return None
        connection.execute(sa.update(MOVE).values(state=COPYING, worker=""))
        return str(row.target)

    try:
        with move_places.called(name):
            await driver.start()
        target = await driver.write(free)
        if target is not None:
            tables = await driver.read(move_rows.tables_of)
            await each(driver, tables, lambda c, table: move_marks.unwatch(c, table.name))
            await driver.write(move_marks.marks.drop_all)
        return target
    finally:
        await driver.close()


class _Move:
    """One run of a move."""

    def __init__(self, source: Driver, target: Driver, tell: Progress) -> None:
        self._source = source
        self._target = target
        self._tell = tell
        self._worker = new_id("move")
        self._tables: list[sa.Table] = []
        self._kept: dict[str, Any] = {"done": {}, "references": None}
        self._token = ""

    async def run(self) -> Moved:
        begun = time.perf_counter()
        held, changes = 0.0, 0
        token = await self._prepare_target()
        async with self._renewing():
            if not await self._prepare_source(token):
                await self._loosen()
                copying = Copying(self._source, self._target, self._tables, self._kept, self._tell)
                await copying.copy()
                held = await self._switch(copying)
                changes = copying.changes
        await self._open()
        rows = await self._target.read(lambda c: sum(move_compare.counts(c, self._tables).values()))
        audit = await self._target.read(move_compare.heads)
        await self._target.write(move_marks.marks.drop_all)
        return Moved(
            source=self._source.name,
            target=self._target.name,
            tables=len(self._tables),
            rows=rows,
            changes=changes,
            held_s=held,
            seconds=time.perf_counter() - begun,
            audit=audit,
        )

    # -- beginning ----------------------------------------------------------------------------

    async def _prepare_target(self) -> str | None:
        """An empty database of the newest schema; the token of a move that began to fill it."""
        row = await self._target.read(move_marks.found)
        if row is not None and row.state == WHOLE and not await self._is_left(row.token):
            row = None  # another move filled it, and that is over
        if row is not None and row.state in (FILLING, WHOLE):
            self._kept = json.loads(row.kept)
        elif row is not None:
            raise UsageError(
                f"{self._target.name} is itself being moved to {row.target}, or was; name an empty"
                " database."
            )
        revision = await self._target.read(migrations.found)
        if revision is None:
            await self._target.migrate(migrations.apply)
        elif revision != migrations.head():
            raise UsageError(
                f"{self._target.name} holds a database of another version ({revision}); name an"
                " empty one."
            )
        self._tables = await self._target.read(move_rows.tables_of)
        if row is not None:
            return str(row.token)
        if not await self._target.read(lambda c: move_rows.is_empty(c, self._tables)):
            await self._source.read(lambda c: move_marks.check(c, self._source.name))
            raise UsageError(f"{self._target.name} holds data already; name an empty database.")
        return None

    async def _is_left(self, token: str) -> bool:
        row = await self._source.read(move_marks.found)
        return row is not None and (row.state, row.token) == (LEFT, token)

    async def _prepare_source(self, token: str | None) -> bool:
        """Have changes noted; whether the move was over but for the target's mark."""
        revision = await self._source.read(migrations.found)
        migrations.check(revision)
        if revision != migrations.head():
            raise UsageError(
                f"{self._source.name} is at revision {revision or 'nothing'}, this program at"
                f" {migrations.head()}; run `wellspoken db upgrade` first."
            )
        move_rows.compare(await self._source.read(move_rows.tables_of), self._tables)
        state = await self._taken(token)
        if state == BEGUN:
            name = self._target.name
            await each(self._source, self._tables, lambda c, t: move_marks.watch(c, t, name))
            await self._set(state=COPYING)
        if state == BEGUN or (state == COPYING and token != self._token):
            await self._begin_anew()
        return state == LEFT

    async def _taken(self, token: str | None) -> str:
        """As :meth:`_take`; what a process was killed over is free after a while."""
        until = time.monotonic() + _LEASE_SECONDS + 1
        while True:
            try:
                return await self._source.write(lambda c: self._take(c, token))
            except move_marks.MoveRunningError:
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(0.5)

    def _take(self, connection: sa.Connection, token: str | None) -> str:
        """Take up the move in the source, or begin one."""
        now = move_marks.clock(connection)
        row = move_marks.found(connection)
        if row is not None and row.state == WHOLE:  # it came here by another move, which is over
            move_marks.marks.drop_all(connection)
            row = None
        if row is not None and row.state == LEFT:
            if row.token != token:
                move_marks.check(connection, self._source.name)
            self._token = row.token
            return LEFT
        if row is not None and row.target != self._target.name:
            raise UsageError(
                f"{self._source.name} is being moved to {row.target}; go on with that one, or take"
                " it back with `wellspoken db move --undo`."
            )
        state = BEGUN if row is None or row.state == BEGUN else COPYING
        mine = {"worker": self._worker, "until": now + _LEASE_SECONDS, "state": state}
        if row is not None:
            free = sa.update(MOVE).where(MOVE.c.until <= now).values(mine)
            if connection.execute(free).rowcount != 1:
                raise move_marks.MoveRunningError
            self._token = row.token
            return state
        self._token = new_id("move")
        move_marks.marks.create_all(connection)
        begun = {"token": self._token, "target": self._target.name, "kept": "",
                 "revision": migrations.head()}  # fmt: skip
        connection.execute(sa.insert(MOVE).values(**begun, **mine))
        return state

    async def _begin_anew(self) -> None:
        """Empty the target, which nobody uses yet, and mark it."""
        row = await self._target.read(move_marks.found)
        if row is not None and row.worker == self._worker:  # our own mark: one database, two names
            await self._source.write(move_marks.marks.drop_all)
            await each(self._source, self._tables, lambda c, t: move_marks.unwatch(c, t.name))
            raise UsageError(f"{self._target.name} is where the data is already; name another one.")
        references = self._kept["references"]
        self._kept = {"done": {}, "references": references}

        def op(connection: sa.Connection) -> None:
            move_marks.marks.create_all(connection, [MOVE])
            connection.execute(sa.delete(MOVE))
            mark = {"token": self._token, "state": FILLING, "target": self._target.name,
                    "revision": migrations.head(), "worker": "", "until": 0.0,
                    "kept": json.dumps(self._kept)}  # fmt: skip
            connection.execute(sa.insert(MOVE).values(mark))
            for table in reversed(self._tables):
                connection.execute(sa.delete(table))

        await self._target.write(op)

    async def _loosen(self) -> None:
        """Let the target take rows in any order."""
        if isinstance(self._target, SqliteDriver):
            await self._target.check_references(False)
        elif self._kept["references"] is None:

            def op(connection: sa.Connection) -> list[tuple[str, str, str]]:
                taken = move_rows.take_references(connection)
                self._keep(connection, {**self._kept, "references": taken})
                return taken

            self._kept["references"] = await self._target.write(op)

    def _keep(self, connection: sa.Connection, kept: dict[str, Any]) -> None:
        connection.execute(sa.update(MOVE).values(kept=json.dumps(kept)))

    @asynccontextmanager
    async def _renewing(self) -> AsyncIterator[None]:
        """Keep the move ours; the database that is left goes free where we are killed."""

        async def renew() -> None:
            while True:
                await asyncio.sleep(_LEASE_SECONDS / 5)
                if self._token:
                    await self._set()

        keeper = asyncio.create_task(renew())
        try:
            yield
        finally:
            keeper.cancel()
            with suppress(asyncio.CancelledError, StorageError):  # noted by the next fenced step
                await keeper
            if self._token:
                with suppress(StorageError):  # it may be the database that failed
                    await self._free()

    async def _free(self) -> None:
        """Let writers and other moves go on, where this one was not ended."""
        mine = sa.update(MOVE).where(MOVE.c.worker == self._worker, MOVE.c.state != LEFT)
        state = sa.case((MOVE.c.state == HOLDING, COPYING), else_=MOVE.c.state)
        await self._source.write(lambda c: c.execute(mine.values(state=state, until=0.0)).rowcount)

    async def _set(self, **values: object) -> None:
        """Write to the mark while the move is ours, and renew it. Raises MoveLostError."""

        await self._source.write(lambda c: self._set_in(c, **values))

    def _set_in(self, connection: sa.Connection, **values: object) -> None:
        now = move_marks.clock(connection)
        mine = sa.update(MOVE).where(
            MOVE.c.worker == self._worker, MOVE.c.until > now, MOVE.c.state != LEFT
        )
        renewed = {"until": now + _LEASE_SECONDS, **values}
        if move_marks.found(connection) is None or connection.execute(
            mine.values(renewed)
        ).rowcount != 1:  # fmt: skip
            raise move_marks.MoveLostError

    # -- switching ----------------------------------------------------------------------------

    async def _switch(self, copying: Copying) -> float:
        """Compare all of it, hold the writers, carry over and compare the rest, close the old
        database; for how long they were held."""
        trails = Trails(self._source, self._target)
        await self._source.read(move_rows.check_references)
        await copying.compare()
        for _ in range(_ROUNDS):
            await trails.advance()
            await copying.carry()
            await copying.settle()
            if await copying.waiting() <= _FEW:
                break
        begun = time.perf_counter()
        await self._set(state=HOLDING)
        self._tell("switch", 0, None)
        await each(self._source, self._tables, move_marks.outwait)
        while left := await copying.waiting():
            if not await copying.carry(left):
                raise MoveDiffersError(what="rows that clash with others")
        if (table := await copying.settle()) is not None:
            raise MoveDiffersError(what=f"rows of {table}")
        await trails.end()
        numbers = await self._source.read(partial(move_rows.numbers, tables=self._tables))
        await self._target.write(partial(self._tighten, numbers=numbers))
        self._kept["references"] = None

        def leave(connection: sa.Connection) -> None:
            if migrations.found(connection) != migrations.head():
                raise MoveDiffersError(what="the source was upgraded meanwhile")
            self._set_in(connection, state=LEFT)

        await self._source.write(leave)
        return time.perf_counter() - begun

    def _tighten(self, connection: sa.Connection, numbers: dict[str, int]) -> None:
        move_rows.set_numbers(connection, self._tables, numbers)
        move_rows.give_references(connection, self._kept["references"] or ())
        self._keep(connection, {**self._kept, "references": None})

    async def _open(self) -> None:
        """The target is whole and may be used; what takes longer comes after that."""
        await self._target.write(lambda c: c.execute(sa.update(MOVE).values(state=WHOLE)).rowcount)
        for table, name in await self._target.read(move_rows.unproved):
            await self._target.write(partial(move_rows.prove, table=table, name=name))
