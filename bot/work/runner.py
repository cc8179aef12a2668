"""The runner: works on jobs, so many of each kind at once, in a process that lives on.

What a handler is told of its job is :class:`Running`. When somebody wishes for the end of a job its
``cancelled`` turns true at the next renewal, and its task is cancelled a moment later. When this
process is told to stop, a job is let go of at once: another process goes on from its checkpoint.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.errors import LeaseLostError, StorageError, WellspokenError
from bot.store.base import Database
from bot.store.timing import utc_now
from bot.telemetry import log
from bot.work.claims import Claims, Patience
from bot.work.jobs import CHANNEL, Job
from bot.work.leased import is_dead, worker_name

_LEASE_S = 15.0
_RENEW_S = 4.0
_IDLE_S = 1.0
_TROUBLE_S = 2.0
_TELL_S = 0.5
_GRACE_S = 5.0
_FAULT = "A fault in the program ended it; the log says more."

_USUAL = Patience()

_alive: set[str] = set()
"""The runners of this process: they have one process number, and are not dead."""


class LaterError(WellspokenError):
    """The job waits; it is taken up again."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


class RefusedError(WellspokenError):
    """{why}"""


@dataclass(slots=True)
class Running:
    """A job under way, for its handler."""

    job: Job
    _claims: Claims
    _wish: asyncio.Event = field(default_factory=asyncio.Event)
    _told_at: float = 0.0
    _untold: tuple[int, int | None, str] | None = None
    _ended: bool = False

    @property
    def arguments(self) -> Mapping[str, Any]:
        """What it was put with."""
        found: Mapping[str, Any] = self.job.arguments
        return found

    @property
    def state(self) -> Any:
        """What the last checkpoint left; ``None`` at the first beginning."""
        return self.job.state

    @property
    def cancelled(self) -> bool:
        """Whether somebody wished for its end: finish, or raise asyncio.CancelledError, soon."""
        return self._wish.is_set()

    async def wished_away(self) -> None:
        """Until somebody wishes for its end."""
        await self._wish.wait()

    async def progress(self, done: int, total: int | None = None, doing: str = "") -> None:
        """Say how far it is; written down twice a second at most. Raises LeaseLostError."""
        self.note(done, total, doing)
        now = time.monotonic()
        if now - self._told_at >= _TELL_S or done == total:
            await self.tell()

    @property
    def claims(self) -> Claims:
        """Through whom it is held."""
        return self._claims

    def note(self, done: int, total: int | None = None, doing: str = "") -> None:
        """As :meth:`progress`, from where nothing can be waited for: the runner writes it down."""
        self._untold = (done, total, doing)

    async def tell(self) -> None:
        """Write down how far it is, where that is not known yet. Raises LeaseLostError."""
        told, self._untold = self._untold, None
        self._told_at = time.monotonic()
        if told is not None and not self._ended:
            await self._claims.advance(self.job, *told)

    async def end(self) -> None:
        """Write down how far it came; nothing of it is told any more. Raises LeaseLostError."""
        await self.tell()
        self._ended = True

    async def checkpoint(self, state: object) -> None:
        """Keep what a later attempt begins from. Raises LeaseLostError."""
        self.job = await self._claims.checkpoint(self.job, state)

    def later(self, seconds: float) -> LaterError:
        """To be raised: let go of the job, and take it up again after so long."""
        return LaterError(seconds)


Handler = Callable[[Running], Awaitable[object]]
"""Does a job; what it returns, as JSON, is its result. Raises LeaseLostError where another worker
took it over, :class:`RefusedError` where another try would end the same."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job: who does it, how many at once in a process, and how patiently."""

    name: str
    handler: Handler
    places: int = 1
    patience: Patience = _USUAL


class Keeper:
    """Looks after the jobs that a worker has in hand: renews their leases, hears of wishes for
    their end, stops what was taken over, writes down how far each is, and takes from the dead."""

    def __init__(
        self, claims: Claims, renew_s: float = _RENEW_S, grace_s: float = _GRACE_S
    ) -> None:
        self.claims = claims
        self.held: dict[asyncio.Task[Any], Running] = {}
        self._renew_s = renew_s
        self._grace_s = grace_s
        self._look = asyncio.Event()

    def look(self) -> None:
        """There may be a wish: look at once."""
        self._look.set()

    @asynccontextmanager
    async def keeping(self) -> AsyncIterator[None]:
        """It looks after them for the time of the block."""
        _alive.add(self.claims.owner)
        tasks = [asyncio.create_task(self._keep()), asyncio.create_task(self._tell())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            _alive.discard(self.claims.owner)

    async def release(self) -> None:
        """End the leases of the dead."""
        await self.claims.release(self._is_dead)

    def _is_dead(self, owner: str) -> bool:
        return owner not in _alive and is_dead(owner, self.claims.owner)

    async def _keep(self) -> None:
        while True:
            try:
                await self.release()
                await self._renew()
            except StorageError as error:
                log.warning("the leases of jobs could not be renewed", error=str(error))
            await _until(self._look, self._renew_s)

    async def _renew(self) -> None:
        held = dict(self.held)
        kept = {j.number: j for j in await self.claims.renew([r.job for r in held.values()])}
        for task, running in held.items():
            if task.done():
                continue
            now = kept.get(running.job.number)
            if now is None:
                log.info("stopped: another worker has taken over", job=running.job.id)
                task.cancel()
            elif now.cancelled_by and not running.cancelled:
                running._wish.set()
                asyncio.get_running_loop().call_later(self._grace_s, task.cancel)

    async def _tell(self) -> None:
        """Write down what handlers noted."""
        while True:
            for running in list(self.held.values()):
                try:
                    await running.tell()
                except LeaseLostError:
                    log.debug("a job is another worker's", job=running.job.id)
                except StorageError as error:
                    log.warning("progress is not shown", job=running.job.id, error=str(error))
            await asyncio.sleep(_TELL_S)


class Runner:
    """Works on jobs of some kinds."""

    def __init__(
        self,
        db: Database,
        kinds: Mapping[str, Kind],
        *,
        owner: str | None = None,
        lease_s: float = _LEASE_S,
        renew_s: float = _RENEW_S,
        idle_s: float = _IDLE_S,
        grace_s: float = _GRACE_S,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._db = db
        self._kinds = kinds
        self._claims = Claims(db, owner or worker_name(), lease_seconds=lease_s, clock=clock)
        self._keeper = Keeper(self._claims, renew_s, grace_s)
        self._held = self._keeper.held
        self._idle_s = idle_s
        self._wake = asyncio.Event()
        self._stopping = False

    async def run(self) -> None:
        """Work until cancelled; what is under way is then handed back."""
        await self._db.listen(CHANNEL, self._heard)
        async with self._keeper.keeping():
            try:
                while True:
                    await self._round()
            finally:
                self._stopping = True
                for task in self._held:
                    task.cancel()
                await asyncio.gather(*self._held, return_exceptions=True)

    def _heard(self) -> None:
        self._wake.set()
        self._keeper.look()

    async def _round(self) -> None:
        begun = False
        try:
            there = await self._claims.there()
            for kind in (each for name, each in self._kinds.items() if name in there):
                held = [r.job.number for r in self._held.values() if r.job.kind == kind.name]
                if free := kind.places - len(held):
                    for job in await self._claims.claim(kind.name, free, kind.patience, held):
                        self._begin(kind, job)
                        begun = True
        except StorageError as error:
            log.warning("the jobs cannot be read, it is tried again", error=str(error))
            await asyncio.sleep(_TROUBLE_S)
            return
        if not begun:
            await _until(self._wake, self._idle_s)

    def _begin(self, kind: Kind, job: Job) -> None:
        running = Running(job, self._claims)
        task = asyncio.create_task(self._work(kind, running))
        self._held[task] = running
        task.add_done_callback(self._done)
        log.debug("a job begins", job=job.id, kind=job.kind, attempt=job.attempts)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._held.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the work on a job ended", reason=type(error).__name__)
        self._wake.set()

    async def _work(self, kind: Kind, running: Running) -> None:
        """Have it done, and say how it ended; where that cannot be said its lease runs out."""
        try:
            with suppress(LeaseLostError):
                await self._ended(kind, running)
                return
            log.info("another worker goes on with a job", job=running.job.id, kind=kind.name)
        except StorageError as error:
            log.warning("how a job ended is not known yet", job=running.job.id, error=str(error))

    async def _ended(self, kind: Kind, running: Running) -> None:
        end: Callable[[], Awaitable[object]]
        try:
            result = await kind.handler(running)
        except asyncio.CancelledError:
            if not (running.cancelled or self._stopping):
                raise  # it was taken over
            over = self._claims.cancelled if running.cancelled else self._claims.hand_back
            await asyncio.shield(self._settle(running, lambda: over(running.job)))
            return
        except LeaseLostError:
            raise
        except LaterError as wait:
            seconds = wait.seconds
            end = lambda: self._claims.later(running.job, seconds)  # noqa: E731
        except Exception as error:  # noqa: BLE001 - whatever it is, the job says that it failed
            if running.cancelled:
                end = lambda: self._claims.cancelled(running.job)  # noqa: E731
            else:
                end = self._failing(kind, running, error)
        else:
            end = lambda: self._claims.succeed(running.job, result)  # noqa: E731
        await self._settle(running, end)

    def _failing(
        self, kind: Kind, running: Running, error: Exception
    ) -> Callable[[], Awaitable[object]]:
        job = running.job
        retry = not isinstance(error, RefusedError)
        if isinstance(error, WellspokenError):
            why = str(error)
            log.warning("a job failed", job=job.id, kind=job.kind, error=why)
        else:
            why = _FAULT
            log.exception("a job failed because of a fault in the program", job=job.id)
        return lambda: self._claims.fail(running.job, why, kind.patience, retry=retry)

    @staticmethod
    async def _settle(running: Running, end: Callable[[], Awaitable[object]]) -> None:
        await running.end()
        await end()


async def _until(event: asyncio.Event, seconds: float) -> None:
    """Until something is heard, at most so long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    event.clear()
