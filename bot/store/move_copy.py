"""The rows of a database that is moved: copied, kept up with, and compared one by one.

Every row is compared while others write. One that differs is only doubtful then, for its change is
noted and is still to come; it is looked at again once that was carried over, and so is every row
that changes later. So nothing has to be compared once more while writers wait but those few.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from bot.store import move_compare, move_rows
from bot.store.drivers import Driver
from bot.store.move_marks import CHANGED, MOVE
from bot.store.move_rows import Key, Row

Progress = Callable[[str, int, int | None], None]
"""Called with what is being done ("copy", "changes", "check", "switch"), how many rows, and of how
many."""

_BATCH = 500
_ROUND = 10_000


class Copying:
    """The rows of all tables on their way; ``kept`` is what the target's mark holds of the move."""

    def __init__(
        self,
        source: Driver,
        target: Driver,
        tables: list[sa.Table],
        kept: dict[str, Any],
        tell: Progress,
    ) -> None:
        self._source = source
        self._target = target
        self._tables = tables
        self._kept = kept
        self._tell = tell
        self._doubtful: dict[str, set[Key]] | None = None
        self.changes = 0

    async def copy(self) -> None:
        """Every row, table by table, while others write."""
        counts = await self._source.read(partial(move_compare.counts, tables=self._tables))
        total, done = sum(counts.values()), 0
        for table in self._tables:
            last = self._kept["done"].get(table.name)
            while last is not True:
                key = None if last is None else move_rows.read_key(table, last)
                rows = await self._source.read(
                    partial(move_rows.after, table=table, key=key, limit=_BATCH)
                )
                full = len(rows) == _BATCH
                last = move_rows.write_key(move_rows.key_of(table, rows[-1])) if full else True
                self._kept["done"][table.name] = last
                await self._target.write(partial(self._put, table=table, rows=rows))
                done += len(rows)
                self._tell("copy", min(done, total), total)
        self._tell("copy", total, total)

    def _put(self, connection: sa.Connection, table: sa.Table, rows: list[Any]) -> None:
        move_rows.add(connection, table, rows, new=False)
        connection.execute(sa.update(MOVE).values(kept=json.dumps(self._kept)))

    # -- changes ------------------------------------------------------------------------------

    async def waiting(self) -> int:
        """How many changes were noted and are still to be carried over."""
        return await self._source.read(lambda c: move_rows.count(c, CHANGED))

    async def carry(self, limit: int = _ROUND) -> int:
        """Carry over rows that changed; how many changes were noted. What cannot be put in yet, for
        it clashes with a row that is about to go, is left for a later round."""
        query = sa.select(CHANGED).order_by(CHANGED.c.id).limit(limit)
        noted = await self._source.read(lambda c: c.execute(query).all())
        if not noted:
            return 0
        by_name = {table.name: table for table in self._tables}
        keys: dict[str, dict[Key, None]] = {}
        for _, name, key in noted:
            keys.setdefault(name, {})[move_rows.read_key(by_name[name], key)] = None
        changed = [(by_name[name], list(found)) for name, found in keys.items()]
        rows = await self._source.read(
            lambda c: [move_rows.having(c, table, found) for table, found in changed]
        )

        def op(connection: sa.Connection) -> bool:
            try:
                with connection.begin_nested():
                    for table, found in changed:
                        move_rows.remove(connection, table, found)
                    for (table, _), current in zip(changed, rows, strict=True):
                        move_rows.add(connection, table, current, new=True)
            except IntegrityError:
                return False
            return True

        if not await self._target.write(op):
            return 0
        gone = sa.delete(CHANGED).where(CHANGED.c.id.in_([row[0] for row in noted]))
        await self._source.write(lambda c: c.execute(gone).rowcount)
        if self._doubtful is not None:
            for name, found in keys.items():
                self._doubtful.setdefault(name, set()).update(found)
        self.changes += len(noted)
        self._tell("changes", self.changes, None)
        return len(noted)

    # -- comparing ----------------------------------------------------------------------------

    async def compare(self) -> None:
        """Compare every row of both databases, while others write; see :meth:`settle`."""
        counts = await self._source.read(partial(move_compare.counts, tables=self._tables))
        total, done = 2 * sum(counts.values()), 0
        self._doubtful = {table.name: set() for table in self._tables}
        for table in self._tables:
            for here, there in ((self._source, self._target), (self._target, self._source)):
                key: Key | None = None
                while rows := await here.read(
                    partial(move_rows.after, table=table, key=key, limit=_BATCH)
                ):
                    key = move_rows.key_of(table, rows[-1])
                    await self._note_differing(table, rows, there, whole=here is self._source)
                    done += len(rows)
                    self._tell("check", min(done, total), total)

    async def _note_differing(
        self, table: sa.Table, rows: list[dict[str, Any]], there: Driver, *, whole: bool
    ) -> None:
        """Note which of one side's rows the other one has otherwise; not ``whole``: lacks."""
        assert self._doubtful is not None
        keys = [move_rows.key_of(table, row) for row in rows]
        others = await there.read(
            partial(move_rows.having, table=table, keys=keys, only_keys=not whole)
        )
        found = _by_key(table, others)
        for key, row in zip(keys, rows, strict=True):
            if key not in found or (whole and found[key] != row):
                self._doubtful[table.name].add(key)

    async def settle(self) -> str | None:
        """Look again at the rows that differed and those that were carried over since; one of the
        tables that still differ."""
        wrong = None
        for table in self._tables:
            doubtful = (self._doubtful or {}).get(table.name)
            if doubtful:
                keys = list(doubtful)
                ours, theirs = [
                    _by_key(
                        table, await side.read(partial(move_rows.having, table=table, keys=keys))
                    )
                    for side in (self._source, self._target)
                ]
                doubtful.intersection_update(k for k in keys if ours.get(k) != theirs.get(k))
                wrong = table.name if doubtful else wrong
        return wrong


def _by_key(table: sa.Table, rows: Iterable[Row]) -> dict[Key, Row]:
    return {move_rows.key_of(table, row): row for row in rows}
