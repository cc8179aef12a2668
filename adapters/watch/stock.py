"""How things stand in all processes, for Prometheus: looked at when it asks, seldom, and never so
that it waits long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa

from bot.errors import WellspokenError
from bot.metrics.machine import Queue, Stock
from bot.telemetry import log
from bot.work.tables import inbox, is_open, job_open, jobs

if TYPE_CHECKING:
    from datetime import datetime

    from bot.metrics import Metrics
    from bot.ports import Clock
    from bot.settings import Settings
    from bot.store.base import Database
    from knowledge.stores.base import StoreStats

QUEUES_S = 5.0
STOCK_S = 60.0
_PATIENCE_S = 2.0
_LAG_S = 0.5

Troubles = Callable[[], Mapping[str, str | None]]


class Store(Protocol):
    """The knowledge store."""

    async def stats(self) -> StoreStats: ...


class Application(Protocol):
    """What is looked at."""

    @property
    def settings(self) -> Settings: ...
    @property
    def database(self) -> Database: ...
    @property
    def store(self) -> Store: ...
    @property
    def metrics(self) -> Metrics: ...
    @property
    def clock(self) -> Clock: ...


class StockGauges:
    """Keeps the gauges of queues, stores and connections fresh."""

    def __init__(
        self,
        app: Application,
        *,
        adapters: Troubles = dict,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._machine = app.metrics.machine
        self._adapters = adapters
        self._now = now
        self._queues = self._stock = -STOCK_S
        self._look: asyncio.Task[None] | None = None

    async def refresh(self) -> None:
        """Look again where the last look is old; what takes longer than a moment is there the next
        time."""
        self._machine.adapters(self._adapters())
        if (pool := self._app.database.connections) is not None:
            self._machine.connections(*pool)
        if self._now() - self._queues < QUEUES_S:
            return
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._taken())
        await asyncio.wait({self._look}, timeout=_PATIENCE_S)

    async def aclose(self) -> None:
        """End a look that is still under way."""
        if self._look is not None:
            self._look.cancel()
            await asyncio.gather(self._look, return_exceptions=True)

    async def _taken(self) -> None:
        self._queues = self._now()
        try:
            moment = self._app.clock()
            self._machine.queues(await self._app.database.read(lambda c: queues(c, moment)))
            if self._now() - self._stock >= STOCK_S:
                self._stock = self._now()
                self._machine.stock(await self._stocked())
        except WellspokenError as error:
            log.warning("the gauges of queues and stores are old", error=str(error))
        except Exception:  # noqa: BLE001 - a fault of ours must not take /metrics away
            log.exception("the gauges of queues and stores are old because of a fault")

    async def _stocked(self) -> Stock:
        app = self._app
        stats = await app.store.stats()
        room = await app.database.read(database_bytes)
        embedded = app.settings.weaviate_url is None
        index = await asyncio.to_thread(_index_bytes, app.settings.home) if embedded else None
        return Stock(stats.documents, stats.chunks, stats.waiting, room, index)


def queues(connection: sa.Connection, now: datetime) -> dict[str, Queue]:
    """What waits in the inbox and among the jobs, by name."""
    # Without the hint SQLite would count through everything that is done.
    messages = sa.select(
        inbox.c.status == "waiting", sa.func.count(), sa.func.min(inbox.c.created_at)
    ).where(is_open)
    messages = messages.with_hint(inbox, "INDEXED BY ix_inbox_order", "sqlite").group_by(
        sa.literal_column("1")
    )
    work = (
        sa.select(jobs.c.status == "queued", sa.func.count(), sa.func.min(jobs.c.created_at))
        .where(job_open)
        .group_by(sa.literal_column("1"))
    )
    return {
        "inbox": _queue(connection.execute(messages), now),
        "jobs": _queue(connection.execute(work), now),
    }


def _queue(rows: Iterable[Any], now: datetime) -> Queue:
    counts, oldest = {True: 0, False: 0}, now
    for waits, count, first in rows:
        counts[bool(waits)] = count
        if waits:
            oldest = min(oldest, first)
    return Queue(counts[True], counts[False], max(0.0, (now - oldest).total_seconds()))


def database_bytes(connection: sa.Connection) -> int:
    """The room that the database takes."""
    if connection.dialect.name == "postgresql":
        query = "SELECT pg_database_size(current_database())"
        return int(connection.exec_driver_sql(query).scalar_one())
    pages: int = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    size: int = connection.exec_driver_sql("PRAGMA page_size").scalar_one()
    return pages * size


def _index_bytes(home: Path) -> int:
    """The room that the embedded indexes take."""
    sizes = 0
    for path in home.glob("knowledge*.db*"):
        try:
            sizes += path.stat().st_size
        except FileNotFoundError:  # removed meanwhile
            continue
    return sizes


async def watch_lag(metrics: Metrics) -> None:
    """Time how late the event loop is, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + _LAG_S
        await asyncio.sleep(_LAG_S)
        metrics.machine.observe_lag(max(0.0, loop.time() - due))
