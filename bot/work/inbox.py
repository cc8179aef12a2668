"""The inbox: events put down before they are acknowledged, worked on exactly once, in order.

A row is leased, not taken: when its worker dies the lease runs out and another goes on from the
last checkpoint. Within a thread one event runs at a time, in the order of their moments; threads
run side by side. Every write of a worker carries its name and attempt, so that one who lost the
lease cannot change what the next one does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from bot.errors import LeaseLostError
from bot.store.base import Database, insert, notify
from bot.store.columns import Moment
from bot.store.timing import RowTime, TimedQuery, utc_now
from bot.work.leased import NOBODY, RUNNING, backoff, end_leases, fenced
from bot.work.tables import inbox, is_open

WAITING, DONE, FAILED = "waiting", "done", "failed"
_CHANNEL = "wellspoken_inbox"
_UNDER_WAY = timedelta(seconds=5)
"""Longer than an event takes from its moment to us while somebody waits for others before it."""
_PURGED_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Claim:
    """An event that this worker holds. ``state`` is what the last checkpoint left, at ``step``."""

    id: int
    event_id: str
    topic: str
    thread: str
    payload: Any
    attempts: int
    owner: str
    step: str
    state: Any


_earlier = inbox.alias("earlier")
_is_head = ~sa.exists().where(
    _earlier.c.thread_key == inbox.c.thread_key,
    sa.or_(
        _earlier.c.created_at < inbox.c.created_at,
        sa.and_(_earlier.c.created_at == inbox.c.created_at, _earlier.c.id < inbox.c.id),
    ),
    _earlier.c.status.in_([sa.literal_column("'waiting'"), sa.literal_column("'running'")]),
)
_other = inbox.alias("other")
_thread_is_free = ~sa.exists().where(
    _other.c.thread_key == inbox.c.thread_key,
    _other.c.id != inbox.c.id,
    _other.c.status == sa.literal_column("'running'"),
)


def _claimable(now: sa.ColumnElement[datetime]) -> sa.Select[tuple[int]]:
    waits = sa.and_(
        inbox.c.status == sa.literal_column("'waiting'"),
        inbox.c.due <= now,
        _is_head,
        _thread_is_free,
    )
    # It goes on even if something earlier in its thread was put in meanwhile.
    abandoned = sa.and_(inbox.c.status == sa.literal_column("'running'"), inbox.c.lease_until < now)
    return (
        sa.select(inbox.c.id)
        .where(is_open, sa.or_(waits, abandoned))
        .order_by(inbox.c.id)
        .limit(sa.bindparam("places"))
        .with_for_update(of=inbox, skip_locked=True)
        # SQLite keeps no statistics and would walk through everything that is done.
        .with_hint(inbox, "INDEXED BY ix_inbox_order", "sqlite")
    )


_CLAIMABLE = TimedQuery(_claimable)


class Inbox:
    """The inbox as one worker sees it. ``owner`` names the worker and nobody else."""

    def __init__(
        self,
        db: Database,
        owner: str,
        *,
        lease_seconds: float = 30.0,
        max_attempts: int = 5,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._db = db
        self.owner = owner
        self._lease_s = lease_seconds
        self._max_attempts = max_attempts
        self._time = RowTime(clock)
        self._arrived = asyncio.Event()

    # -- putting ----------------------------------------------------------------------------

    async def put(
        self, event_id: str, thread: str, payload: object, *, topic: str = "", delay: float = 0.0
    ) -> bool:
        """Keep an event; once this returns it may be acknowledged. ``False``: known already."""

        def op(connection: sa.Connection) -> bool:
            return self.put_in(connection, event_id, thread, payload, topic=topic, delay=delay)

        new = await self._db.write(op)
        if new:
            self._arrived.set()
        return new

    def put_in(
        self,
        connection: sa.Connection,
        event_id: str,
        thread: str,
        payload: object,
        *,
        topic: str = "",
        delay: float = 0.0,
        at: datetime | None = None,
    ) -> bool:
        """As :meth:`put`, inside the caller's transaction. ``at`` is its moment in the order of
        its thread, by default now.

        A clock that is ahead must not put it off until others, or this one once it is set right,
        get there: it waits from its moment on.
        """
        due, now = self._time.after(connection, delay), self._time.now(connection)
        if at is not None:
            first = sa.func.min if connection.dialect.name == "sqlite" else sa.func.least
            due = first(due, sa.literal(at + _UNDER_WAY + timedelta(seconds=delay), Moment))
        row = {
            "event_id": event_id,
            "topic": topic,
            "thread_key": thread,
            "payload": payload,
            "status": WAITING,
            "due": due,
            "attempts": 0,
            "owner": NOBODY,
            "step": "",
            "error": "",
            "created_at": at or now,
        }
        put = insert(connection, inbox).values(row)
        once = put.on_conflict_do_nothing(index_elements=["event_id"]).returning(inbox.c.id)
        new = connection.execute(once).first() is not None
        if new:
            notify(connection, _CHANNEL)
        return new

    def knows_in(self, connection: sa.Connection, event_ids: Sequence[str]) -> bool:
        """Whether one of these events was put down before, inside the caller's transaction."""
        known = sa.select(inbox.c.id).where(inbox.c.event_id.in_(event_ids)).limit(1)
        return connection.execute(known).first() is not None

    async def listen(self) -> None:
        """End :meth:`wait` for events of other processes too, where the database can."""
        await self._db.listen(_CHANNEL, self._arrived.set)

    def wake(self) -> None:
        """End :meth:`wait`: there may be something to claim."""
        self._arrived.set()

    async def wait(self, seconds: float) -> None:
        """Until an event is put in this process, at most ``seconds``: others may have put some."""
        try:
            async with asyncio.timeout(seconds):
                await self._arrived.wait()
        except TimeoutError:
            return
        finally:
            self._arrived.clear()

    # -- working ----------------------------------------------------------------------------

    async def claim(
        self, places: int, topics: Sequence[str] | None = None, held: Collection[int] = ()
    ) -> list[Claim]:
        """Lease up to ``places`` events, each the first open one of its thread.

        Events whose lease ran out come again, with their last checkpoint; but for those ``held``,
        by their id: who works on them would else take them from himself where the database wrote
        nothing for as long as a lease (a file that is written anew).
        """

        def op(connection: sa.Connection) -> list[Claim]:
            query, asked = self._time.query(_CLAIMABLE, connection)
            if topics is not None:
                query = query.where(inbox.c.topic.in_(topics))
            if held:
                query = query.where(inbox.c.id.not_in(held))
            ids = list(connection.scalars(query, {**asked, "places": places}))
            if not ids:
                return []
            change = (
                sa.update(inbox)
                .where(inbox.c.id.in_(ids))
                .values(
                    status=RUNNING,
                    owner=self.owner,
                    attempts=inbox.c.attempts + 1,
                    lease_until=self._until(connection),
                )
                .returning(inbox)
            )
            try:
                with connection.begin_nested():
                    rows = connection.execute(change).all()
            except IntegrityError:  # another worker was quicker in one of the threads: next time
                return []
            return sorted((_claim_of(row) for row in rows), key=lambda claim: claim.id)

        return await self._db.write(op)

    async def renew(self, claims: Sequence[Claim]) -> list[Claim]:
        """Extend the leases of what is in hand; those that are still held.

        What is missing from the answer was taken over: stop working on it.
        """

        def op(connection: sa.Connection) -> list[Claim]:
            until = self._until(connection)
            return [c for c in claims if _change(connection, c, lease_until=until)]

        return await self._db.write(op)

    async def emptied(self, claims: Sequence[Claim]) -> set[int]:
        """Those of some claims that an erasure closed (:mod:`bot.store.erasure`), by their id:
        nobody else goes on with them."""
        query = sa.select(inbox.c.id).where(
            inbox.c.id.in_([claim.id for claim in claims]),
            inbox.c.status == DONE,
            inbox.c.owner == "",
        )
        return await self._db.read(lambda connection: set(connection.scalars(query)))

    async def checkpoint(self, claim: Claim, step: str, state: object = None) -> Claim:
        """Keep how far the work is; whoever takes over starts there. Raises LeaseLostError."""
        await self._db.write(lambda c: self.checkpoint_in(c, claim, step, state))
        return replace(claim, step=step, state=state)

    def checkpoint_in(
        self, connection: sa.Connection, claim: Claim, step: str, state: object = None
    ) -> None:
        """As :meth:`checkpoint`, inside the caller's transaction."""
        until = self._until(connection)
        _hold(connection, claim, step=step, state=state, lease_until=until)

    async def complete(self, claim: Claim) -> None:
        """The event is done. Raises LeaseLostError."""
        await self._db.write(lambda connection: self.complete_in(connection, claim))

    def complete_in(self, connection: sa.Connection, claim: Claim) -> None:
        """As :meth:`complete`, in one transaction with what the work stores.

        What the event said is dropped: it stays to be known again, not to be read.
        """
        _hold(
            connection,
            claim,
            status=DONE,
            lease_until=None,
            finished_at=self._time.now(connection),
            payload=None,
            state=None,
        )

    async def fail(
        self, claim: Claim, error: str, *, retry: bool = True, delay: float = 0.0
    ) -> bool:
        """The attempt failed; whether there will be another, after ``delay`` seconds at the least.
        Raises LeaseLostError.

        The thread's later events wait for the next attempt: order matters more than speed.
        """
        again = retry and claim.attempts < self._max_attempts

        def op(connection: sa.Connection) -> None:
            if again:
                due = self._time.after(connection, max(delay, backoff(claim.attempts)))
                _hold(
                    connection,
                    claim,
                    status=WAITING,
                    owner=NOBODY,
                    lease_until=None,
                    due=due,
                    error=error,
                )
            else:
                _hold(
                    connection,
                    claim,
                    status=FAILED,
                    lease_until=None,
                    error=error,
                    finished_at=self._time.now(connection),
                )

        await self._db.write(op)
        return again

    async def hand_back(self, claims: Sequence[Claim]) -> None:
        """Give up what is in hand without counting the attempt: another worker goes on at once."""

        def op(connection: sa.Connection) -> None:
            for claim in claims:
                _change(
                    connection,
                    claim,
                    status=WAITING,
                    owner=NOBODY,
                    lease_until=None,
                    due=self._time.now(connection),
                    attempts=claim.attempts - 1,
                )

        await self._db.write(op)

    async def release(self, is_dead: Callable[[str], bool]) -> int:
        """End the leases of workers that are known to be dead; of how many events."""
        return await end_leases(self._db, inbox, is_dead, self._time)

    def _until(self, connection: sa.Connection) -> sa.ColumnElement[datetime]:
        return self._time.after(connection, self._lease_s)

    # -- looking after ----------------------------------------------------------------------

    async def counts(self) -> dict[str, int]:
        """How many events are in each status."""
        query = sa.select(inbox.c.status, sa.func.count()).group_by(inbox.c.status)
        return await self._db.read(lambda c: {r[0]: r[1] for r in c.execute(query)})

    async def open_count(self) -> int:
        """How many events wait or are worked on."""
        query = sa.select(sa.func.count()).select_from(inbox).where(is_open)
        # Without the hint SQLite would count through everything that is done.
        query = query.with_hint(inbox, "INDEXED BY ix_inbox_order", "sqlite")
        return await self._db.read(lambda connection: connection.scalar(query)) or 0

    async def purge(self, before: datetime) -> int:
        """Forget what was done or failed before a moment; how many. Duplicates of them are new
        again. It goes in small transactions: others write in between."""
        old = inbox.c.status.in_([DONE, FAILED]), inbox.c.finished_at < before
        few = sa.select(inbox.c.id).where(*old).order_by(inbox.c.id).limit(_PURGED_AT_ONCE)
        gone = sa.delete(inbox).where(inbox.c.id.in_(few))
        total = 0
        while number := await self._db.write(lambda connection: connection.execute(gone).rowcount):
            total += number
        return total


def _change(connection: sa.Connection, claim: Claim, **values: object) -> bool:
    """Write to a row that is still held; whether it is."""
    held = fenced(inbox, inbox.c.id == claim.id, claim)
    return connection.execute(held.values(**values)).rowcount == 1


def _hold(connection: sa.Connection, claim: Claim, **values: object) -> None:
    if not _change(connection, claim, **values):
        raise LeaseLostError(what=f"event {claim.event_id}")


def _claim_of(row: sa.Row[Any]) -> Claim:
    return Claim(
        id=row.id,
        event_id=row.event_id,
        topic=row.topic,
        thread=row.thread_key,
        payload=row.payload,
        attempts=row.attempts,
        owner=row.owner,
        step=row.step,
        state=row.state,
    )
