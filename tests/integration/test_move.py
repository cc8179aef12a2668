"""A database is moved to another one while others write to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.conversation import Author, Feedback, Platform, Rating
from bot.errors import (
    DatabaseFillingError,
    DatabaseHeldError,
    DatabaseMovedError,
    StorageError,
    UsageError,
)
from bot.store import move_marks, move_rows
from bot.store.audit import AuditTrail
from bot.store.base import Database
from bot.store.drivers import driver_for
from bot.store.feedback import FeedbackBook
from bot.store.history import History
from bot.store.ids import new_id
from bot.store.move import Moved, move, undo
from bot.store.tables import threads
from bot.work.inbox import Inbox
from tests.platforms.turns import turn_of

_PAUSE_S = 0.02  # people do not write without a pause, and the machine has other work

DIRECTIONS = [
    pytest.param(("sqlite", "postgres"), marks=pytest.mark.postgres),
    pytest.param(("postgres", "sqlite"), marks=pytest.mark.postgres),
    pytest.param(("sqlite", "sqlite")),
]


@pytest.fixture(params=DIRECTIONS)
def ways(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """The URL of a database with the newest schema, and that of an empty one."""
    return _ways(request, tmp_path)


@pytest.fixture(params=DIRECTIONS[:1])
def there(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """As :func:`ways`, from SQLite to PostgreSQL alone."""
    return _ways(request, tmp_path)


def _ways(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    kind, end = request.param
    source: str = request.getfixturevalue(f"{kind}_database_url")
    if end == "sqlite":
        return source, f"sqlite:///{tmp_path / 'new' / 'wellspoken.db'}"
    cluster = request.getfixturevalue("postgres")
    return source, cluster.url(cluster.create())


class Traffic:
    """Turns, ratings, events and removals, one after the other, until the database was left."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.turns: list[str] = []
        self.events: list[str] = []
        self.removed: list[str] = []
        self.ended: StorageError | None = None

    async def go_on(self, rounds: int | None = None) -> None:
        """Write until the database refuses for good, or so many rounds."""
        try:
            while rounds is None or rounds > 0:
                await self._round()
                rounds = None if rounds is None else rounds - 1
                if rounds is None:
                    await asyncio.sleep(_PAUSE_S)
        except DatabaseMovedError as error:
            self.ended = error

    async def _round(self) -> None:
        turn = turn_of("Füllen Sie \u2028nach. \ufffd", id=new_id("t"), thread=new_id("th"))
        await History(self._database).record(turn, key=new_id("key"))
        self.turns.append(turn.id)
        rater = Author(Platform.SLACK, "U2")
        rated = Feedback(turn.id, rater, Rating.DOWN, "wrong", "Fill it up.")
        await FeedbackBook(self._database).rate(rated)
        event = new_id("e")
        await Inbox(self._database, "worker").put(event, turn.thread, {"text": "hé", "n": 0.1})
        self.events.append(event)
        if len(self.turns) % 3 == 0:
            gone = turn_of(id=new_id("t"), thread=new_id("th"))
            await History(self._database).record(gone)
            this = sa.delete(threads).where(threads.c.id == gone.thread)
            await self._database.write(lambda c: c.execute(this).rowcount)
            self.removed.append(gone.id)


async def _contents(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, in the order of the keys as Python sorts them."""
    driver = driver_for(url)
    await driver.start()

    def op(connection: sa.Connection) -> dict[str, list[tuple[Any, ...]]]:
        tables = move_rows.tables_of(connection)
        found = {}
        for table in tables:
            names = sorted(table.columns.keys())
            rows = connection.execute(sa.select(*(table.c[name] for name in names)))
            found[table.name] = sorted((tuple(row) for row in rows), key=repr)
        return found

    try:
        return await driver.read(op)
    finally:
        await driver.close()


async def _is_whole(url: str, *traffics: Traffic) -> None:
    """All that was acknowledged is there, and the bot goes on in it."""
    database = await Database.open(url)
    try:
        history = History(database)
        for traffic in traffics:
            assert {*await history.turns(traffic.turns)} == {*traffic.turns}
            assert not await history.turns(traffic.removed)
            assert await Inbox(database, "w").put(traffic.events[-1], "thread", {}) is False
        assert await AuditTrail(database).verify_all() is None
        await Traffic(database).go_on(3)
        assert await AuditTrail(database).verify_all() is None
    finally:
        await database.close()


async def test_nothing_that_was_acknowledged_is_lost(ways: tuple[str, str]) -> None:
    """Two writers go on until the old database is left; every row of it is in the new one."""
    source, target = ways
    old = await Database.open(source)
    before = Traffic(old)
    await before.go_on(20)
    writers = [Traffic(old), Traffic(old)]
    writing = [asyncio.create_task(writer.go_on()) for writer in writers]
    await before.go_on(3)  # both have begun
    moved = await move(source, target)
    await asyncio.gather(*writing)
    assert all(isinstance(writer.ended, DatabaseMovedError) for writer in writers)
    assert moved.changes > 0
    assert await _contents(source) == await _contents(target)
    await old.close()
    await _is_whole(target, before, *writers)


async def test_who_left_refuses_and_names_the_move_until_it_is_undone(
    ways: tuple[str, str],
) -> None:
    """The old database says where the data is; undone, it takes changes as before."""
    source, target = ways
    old = await Database.open(source)
    await Traffic(old).go_on(3)
    moved = await move(source, target)
    with pytest.raises(DatabaseMovedError, match="set DATABASE_URL to that one") as told:
        await Traffic(old)._round()
    assert moved.target in str(told.value)
    with pytest.raises(DatabaseMovedError):
        await old.check_moved()
    with pytest.raises(DatabaseMovedError):
        await Database.open(source)
    assert told.value.exit_code == 2
    assert await undo(source) == moved.target
    assert await undo(source) is None
    await Traffic(old).go_on(2)
    await old.close()
    await (await Database.open(source)).close()


@pytest.mark.parametrize("at", ["copy", "changes", "check", "switch"])
async def test_interrupted_it_goes_on(there: tuple[str, str], at: str) -> None:
    """Stopped anywhere, nothing is switched and writers write; repeated, it comes to its end."""
    source, target = there
    old = await Database.open(source)
    traffic = Traffic(old)
    await traffic.go_on(10)
    writing = asyncio.create_task(traffic.go_on())

    async def stopped() -> None:
        moving: asyncio.Task[Moved] | None = None

        def tell(what: str, done: int, total: int | None) -> None:
            if what == at and moving is not None and (what != "copy" or done > 5):
                moving.cancel()

        moving = asyncio.create_task(move(source, target, tell))
        with suppress(asyncio.CancelledError):
            await moving

    await stopped()
    assert traffic.ended is None
    with pytest.raises(DatabaseFillingError, match="repeat"):
        await Database.open(target)
    await move(source, target)
    await writing
    assert await _contents(source) == await _contents(target)
    await old.close()
    await _is_whole(target, traffic)


async def test_a_dropped_move_begins_anew(there: tuple[str, str]) -> None:
    """A move that was taken back in the middle leaves no rows of then behind."""
    source, target = there
    old = await Database.open(source)
    await Traffic(old).go_on(4)
    moving: asyncio.Task[Moved]

    def stop(what: str, _done: int, _total: int | None) -> None:
        if what == "check":
            moving.cancel()

    moving = asyncio.create_task(move(source, target, stop))
    with suppress(asyncio.CancelledError):
        await moving
    assert await undo(source) is not None
    await old.write(lambda c: c.execute(sa.delete(threads)).rowcount)
    await Traffic(old).go_on(2)
    await move(source, target)
    assert await _contents(source) == await _contents(target)
    await old.close()


async def test_what_cannot_be_moved_is_told_in_a_sentence(
    sqlite_database_url: str, tmp_path: Path
) -> None:
    """The same place, a target with data in it, one that was left, another move under way."""
    with pytest.raises(UsageError, match="is where the data is already"):
        await move(sqlite_database_url, sqlite_database_url)
    full = f"sqlite:///{tmp_path / 'full.db'}"
    other = await Database.open(full)
    await Traffic(other).go_on(1)
    with pytest.raises(UsageError, match="holds data already; name an empty"):
        await move(sqlite_database_url, full)
    await move(full, f"sqlite:///{tmp_path / 'third.db'}")
    with pytest.raises(UsageError, match="is itself being moved"):
        await move(sqlite_database_url, full)
    with pytest.raises(DatabaseMovedError):
        await move(full, f"sqlite:///{tmp_path / 'fourth.db'}")
    await other.close()


async def test_writers_wait_while_they_are_held(database_url: str) -> None:
    """What is written in the moment of the switch is late, and not refused."""
    database = await Database.open(database_url)
    tables = await database.read(move_rows.tables_of)
    hold = sa.insert(move_marks.MOVE).values(
        token="m", state=move_marks.HOLDING, target="x", revision="", worker="", kept="",
        until=4e9,
    )  # fmt: skip

    def watch(connection: sa.Connection) -> None:
        move_marks.marks.create_all(connection)
        for table in tables:
            move_marks.watch(connection, table, "x")
        connection.execute(hold)

    await database.write(watch)
    event: Callable[[], Awaitable[bool]] = lambda: Inbox(database, "w").put("e", "t", {})  # noqa: E731
    driver = driver_for(database_url)
    await driver.start()
    with pytest.raises(DatabaseHeldError):
        await driver.write(lambda c: c.execute(sa.insert(threads), [_thread()]).rowcount)
    await driver.close()
    waiting = asyncio.ensure_future(event())
    await asyncio.sleep(0.3)
    assert not waiting.done()
    free = sa.update(move_marks.MOVE).values(state=move_marks.COPYING)
    await database.write(lambda c: c.execute(free).rowcount)
    assert await waiting is True
    await database.close()


def _thread() -> dict[str, Any]:
    now = datetime.now(UTC)
    return {"id": "x", "platform": "web", "channel": "", "created_at": now, "updated_at": now}
