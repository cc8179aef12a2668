"""Named leases: one process at a time does what a name stands for."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.errors import LeaseLostError, StorageError
from bot.store.base import Database, insert
from bot.store.timing import RowTime, utc_now
from bot.work.tables import leases

log = logging.getLogger("wellspoken.work")


@dataclass(frozen=True, slots=True)
class Lease:
    """A held lease. ``token`` grows with each new holder: what the work writes can carry it."""

    name: str
    owner: str
    token: int


class Leases:
    """The leases in a database. An ``owner`` names one holder: a process and its task."""

    def __init__(self, db: Database, clock: Callable[[], datetime] = utc_now) -> None:
        self._db = db
        self._time = RowTime(clock)

    async def take(self, name: str, owner: str, seconds: float) -> bool:
        """Take a lease for ``seconds``; ``False`` while somebody else holds it."""
        return await self.acquire(name, owner, seconds) is not None

    async def acquire(self, name: str, owner: str, seconds: float) -> Lease | None:
        """As :meth:`take`, with the fencing token. The holder himself extends it."""

        def op(connection: sa.Connection) -> Lease | None:
            now = self._time.now(connection)
            until = self._time.after(connection, seconds)
            row = {"name": name, "owner": owner, "token": 1, "until": until}
            new = insert(connection, leases).values(row)
            statement = new.on_conflict_do_update(
                index_elements=["name"],
                set_={
                    "owner": new.excluded.owner,
                    "until": new.excluded.until,
                    "token": sa.case(
                        (
                            sa.and_(leases.c.owner == new.excluded.owner, leases.c.until > now),
                            leases.c.token,
                        ),
                        else_=leases.c.token + 1,
                    ),
                },
                where=sa.or_(leases.c.until <= now, leases.c.owner == new.excluded.owner),
            ).returning(leases.c.token)
            token = connection.execute(statement).scalar_one_or_none()
            return None if token is None else Lease(name, owner, token)

        return await self._db.write(op)

    async def renew(self, name: str, owner: str, seconds: float) -> bool:
        """Extend a lease that is still held; ``False`` where it ran out or was taken over."""

        def op(connection: sa.Connection) -> bool:
            now = self._time.now(connection)
            held = sa.update(leases).where(
                leases.c.name == name, leases.c.owner == owner, leases.c.until > now
            )
            until = self._time.after(connection, seconds)
            return connection.execute(held.values(until=until)).rowcount == 1

        return await self._db.write(op)

    async def release(self, name: str, owner: str) -> None:
        """Give a lease back; one that is not held any more is no error."""

        def op(connection: sa.Connection) -> None:
            mine = sa.update(leases).where(leases.c.name == name, leases.c.owner == owner)
            connection.execute(mine.values(owner="", until=self._time.now(connection)))

        await self._db.write(op)

    async def holder(self, name: str) -> str | None:
        """Who holds a lease now."""
        query = sa.select(leases.c.owner).where(leases.c.name == name, leases.c.owner != "")
        return await self._db.read(
            lambda c: c.scalar(query.where(leases.c.until > self._time.now(c)))
        )

    async def held(self, beginning: str) -> list[str]:
        """The names with this beginning whose leases somebody holds now."""
        query = sa.select(leases.c.name).where(
            leases.c.name.startswith(beginning, autoescape=True), leases.c.owner != ""
        )
        return await self._db.read(
            lambda c: list(c.scalars(query.where(leases.c.until > self._time.now(c))))
        )

    def guard_in(self, connection: sa.Connection, lease: Lease) -> None:
        """Let a transaction pass only while a lease is held. Raises LeaseLostError."""
        held = (
            sa.select(leases.c.token)
            .where(leases.c.name == lease.name, leases.c.owner == lease.owner)
            .with_for_update()
        )
        if connection.scalar(held) != lease.token:
            raise LeaseLostError(what=f'"{lease.name}"')

    async def _renew_until_lost(self, name: str, owner: str, seconds: float) -> None:
        """Renew three times as often as needed: one failure of the database is no loss."""
        held_until = time.monotonic() + seconds
        while True:
            await asyncio.sleep(seconds / 3)
            asked = time.monotonic()
            try:
                if not await self.renew(name, owner, seconds):
                    return
                held_until = asked + seconds
            except StorageError:
                log.warning('the lease "%s" could not be renewed', name, exc_info=True)
                if time.monotonic() > held_until:
                    return

    @asynccontextmanager
    async def hold(self, name: str, owner: str, seconds: float = 30.0) -> AsyncIterator[Lease]:
        """Hold a lease for a block and renew it meanwhile.

        Raises LeaseLostError at the start where somebody else holds it, and at the end of the
        block, which is cancelled, where it was lost on the way.
        """
        try:
            lease = await self.acquire(name, owner, seconds)
        except asyncio.CancelledError:
            await self.release(name, owner)  # it may have been taken already
            raise
        if lease is None:
            raise LeaseLostError(what=f'"{name}"')
        block = asyncio.current_task()
        lost = False

        async def keep() -> None:
            nonlocal lost
            await self._renew_until_lost(name, owner, seconds)
            lost = True
            if block is not None:
                block.cancel()

        keeper = asyncio.create_task(keep())
        try:
            yield lease
        except asyncio.CancelledError:
            if not lost:
                raise
            if block is not None:
                block.uncancel()
            raise LeaseLostError(what=f'"{name}"') from None
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
            await self.release(name, owner)
