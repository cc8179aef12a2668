"""The watch in the worker: a look a day at live turns, suites asked when they are due, and a
sentence to the operators for what got worse.

Several processes may tend one home: each look and each run belongs to whoever claims it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from adapters.chat.notices import is_channel, put_notice
from adapters.watch.desk import LOOK, SUITE, Application, WatchDesk, desk_of
from bot.errors import LeaseLostError, StorageError, WellspokenError
from bot.store.alerts import Alert, alert_id
from bot.store.watch_figures import monday
from bot.telemetry import log
from bot.work.inbox import Inbox

if TYPE_CHECKING:
    import sqlalchemy as sa

    from bot.ports import Clock
    from bot.store.schedules import Claimed, ScheduleBook
    from bot.watching import Drop

DAY = timedelta(days=1)
POLL_S = 60.0
_HELD_S = 90.0
_AGAIN = timedelta(hours=6)
"""After what failed."""
_FAULT = "a fault in the program ended it; the log says more"
_BY = "wellspoken"
_MORE = "{first} There is more: `wellspoken watch alerts` lists {count}."
_ONE = "{first} `wellspoken watch` has the figures."

Benchmark = Callable[[str], Awaitable[Sequence[Alert]]]
"""Asks a suite, and tells which figures got worse since its last run."""


class Tender:
    """Tends the watch of a home.

    ``channel`` hears of what got worse, like ``slack:C0HUMANS``; empty: the log and the console
    alone. ``benchmark`` runs the suites of the settings.
    """

    def __init__(
        self,
        desk: WatchDesk,
        inbox: Inbox,
        benchmark: Benchmark,
        clock: Clock,
        *,
        poll_s: float = POLL_S,
        held_s: float = _HELD_S,
    ) -> None:
        self._desk = desk
        self._section = desk.section
        self._inbox = inbox
        self._benchmark = benchmark
        self._clock = clock
        self._poll_s = poll_s
        self._held_s = held_s

    async def run(self) -> None:
        """Tend until cancelled."""
        while True:
            try:
                await self.once()
            except WellspokenError as error:
                log.warning("the watch will look again", error=str(error))
            except Exception:  # noqa: BLE001 - one fault must not leave live turns unwatched
                log.exception("the watch did not look because of a fault in the program")
            await asyncio.sleep(self._poll_s)

    async def once(self) -> None:
        """Do whatever is due, one after the other."""
        book, now = self._desk.schedules, self._clock()
        if self._section.enabled:
            await book.put(LOOK, now)
            await self._due(LOOK, DAY, self._look)
        for suite in self._section.suites:
            name = f"{SUITE}{suite}"
            await book.put(name, now)
            await self._due(name, self._section.every, partial(self._ask, suite))

    async def _due(self, name: str, every: timedelta, work: Callable[[], Awaitable[str]]) -> None:
        book = self._desk.schedules
        known = next((row for row in await book.listing() if row.name == name), None)
        if known is not None and known.ran_at is not None and known.due_at > known.ran_at + every:
            await book.bring_forward(name, known.ran_at + every)  # the settings say so now
        claimed = await book.claim(name, self._held_s)
        if claimed is None:
            return
        try:
            outcome, wait = await _kept(book, claimed, self._held_s, work), every
        except LeaseLostError:
            log.warning("another process goes on with it", schedule=name)
            return
        except WellspokenError as error:
            outcome, wait = str(error), min(every, _AGAIN)
            log.warning("scheduled work failed", schedule=name, error=outcome)
        except asyncio.CancelledError:
            await asyncio.shield(book.release(claimed))
            raise
        except Exception:  # noqa: BLE001 - else a suite would be asked, and paid for, every minute
            outcome, wait = _FAULT, min(every, _AGAIN)
            log.exception("scheduled work failed because of a fault", schedule=name)
        now, usual = self._clock(), claimed.due_at + wait
        await book.complete(claimed, outcome, usual if usual > now else now + wait)

    async def _look(self) -> str:
        found = await self._desk.drops()
        await self.tell([_alert(drop, self._clock()) for drop in found])
        return "done"

    async def _ask(self, suite: str) -> str:
        await self.tell(await self._benchmark(suite))
        return "done"

    async def tell(self, found: Sequence[Alert]) -> Sequence[Alert]:
        """Keep alerts, log those that are new and have one sentence said of them."""
        new = await self._desk.alerts.add(found, self._say)
        for alert in new:
            log.warning(
                "it got worse",
                measure=alert.measure,
                scope=alert.scope,
                week=alert.week.date().isoformat(),
                why=alert.why,
            )
        if new:
            self._inbox.wake()
        return new

    def _say(self, connection: sa.Connection, new: Sequence[Alert]) -> None:
        channel = self._section.channel
        if is_channel(channel):
            text = (_MORE if len(new) > 1 else _ONE).format(
                first=f"**{new[0].why}.**", count=len(new)
            )
            put_notice(connection, self._inbox, new[0].id, channel, text)


async def _kept(
    book: ScheduleBook, claimed: Claimed, held_s: float, work: Callable[[], Awaitable[str]]
) -> str:
    """Do the work and keep the claim meanwhile. Raises LeaseLostError, and the work is cancelled,
    where it was lost on the way."""
    task = asyncio.ensure_future(work())
    try:
        while True:
            done, _ = await asyncio.wait({task}, timeout=held_s / 3)
            if done:
                return task.result()
            try:
                kept = await book.renew(claimed, held_s)
            except StorageError as error:  # one failure of the database is no loss
                log.warning("a claim could not be renewed", schedule=claimed.name, error=str(error))
                continue
            if not kept:
                raise LeaseLostError(what=f'"{claimed.name}"')
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _alert(drop: Drop, at: datetime) -> Alert:
    return Alert(
        alert_id(), at, drop.week, drop.measure.value, drop.scope, drop.figures(), drop.why
    )


def suite_alert(
    at: datetime, suite: str, figure: str, mode: str, figures: Mapping[str, Any], why: str
) -> Alert:
    """An alert on a suite's figure in a mode."""
    kept = {"mode": mode, **figures}
    return Alert(alert_id(), at, monday(at), figure, f"{SUITE}{suite}:{mode}", kept, why)


def tender_of(app: Application) -> Tender:
    """What tends the watch: run it in the worker."""
    from adapters.watch.benchmark import benchmark_of

    inbox = Inbox(app.database, _BY)
    return Tender(desk_of(app), inbox, benchmark_of(app), app.clock)
