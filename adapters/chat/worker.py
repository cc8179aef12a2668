"""The worker: what waits in the inbox is worked on, side by side across threads, in order within.

A claim is renewed while it is worked on. When this process is told to stop it finishes what it
can and hands back the rest; when it is killed, another goes on from the last checkpoint.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from bot.errors import (
    ChatLimitedError,
    ChatRefusedError,
    ChatUnavailableError,
    LeaseLostError,
    StorageError,
    WellspokenError,
)
from bot.store.ids import new_id
from bot.telemetry import log
from bot.work.inbox import Claim, Inbox

LEASE_S = 12.0
"""How long a dead worker on another machine keeps its events; one on this machine keeps none."""

_RENEW_S = 4.0
_IDLE_S = 0.5
_TROUBLE_S = 2.0
_FAULTS = 3

Handle = Callable[[Claim], Awaitable[None]]
GiveUp = Callable[[Claim], Awaitable[None]]


class NotYetError(WellspokenError):
    """The work cannot be done yet; it is tried again."""


def worker_name() -> str:
    """A name for this worker: its machine, its process, and something that is never used again."""
    return f"{socket.gethostname()}/{os.getpid()}/{new_id('worker')}"


def is_dead(owner: str, me: str) -> bool:
    """Whether the worker of this name is known to be gone: one of this machine without process."""
    host, _, rest = owner.partition("/")
    my_host, _, my_rest = me.partition("/")
    pid, my_pid = rest.partition("/")[0], my_rest.partition("/")[0]
    if host != my_host or owner == me or not pid.isdigit():
        return False
    if pid == my_pid:  # a process of this number before us, as in a restarted container
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


class Worker:
    """Works the inbox. ``handle`` does one event and completes its claim; ``give_up`` is called
    for one that failed for good."""

    def __init__(
        self,
        inbox: Inbox,
        topics: Sequence[str],
        handle: Handle,
        give_up: GiveUp,
        *,
        places: int = 64,
        finish_s: float = 25.0,
    ) -> None:
        self._inbox = inbox
        self._topics = topics
        self._handle = handle
        self._give_up = give_up
        self._places = places
        self._finish_s = finish_s
        self._held: dict[asyncio.Task[None], Claim] = {}

    async def run(self) -> None:
        """Work until cancelled; then finish what is in hand, and hand back what takes longer."""
        await self._inbox.listen()
        keeper = asyncio.create_task(self._keep())
        try:
            while True:
                await self._round()
        finally:
            await self._finish()
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)

    async def _round(self) -> None:
        try:
            free = self._places - len(self._held)
            claims = await self._inbox.claim(free, self._topics) if free else []
        except StorageError as error:
            log.warning("the inbox cannot be read, it is tried again", error=str(error))
            await asyncio.sleep(_TROUBLE_S)
            return
        for claim in claims:
            task = asyncio.create_task(self._work(claim))
            self._held[task] = claim
            task.add_done_callback(self._done)
        if not claims:
            await self._inbox.wait(_IDLE_S)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._held.pop(task, None)
        if not task.cancelled() and (ended := task.exception()) is not None:
            log.error("the work on an event ended", reason=type(ended).__name__)
        self._inbox.wake()  # a place is free, and perhaps the next event of the thread

    async def _work(self, claim: Claim) -> None:
        try:
            await self._handle(claim)
        except LeaseLostError:
            log.info("another worker went on", topic=claim.topic)
        except NotYetError as error:
            log.debug("not yet", topic=claim.topic)
            await self._fail(claim, str(error), retry=True)
        except (ChatUnavailableError, StorageError) as error:
            log.warning("tried again later", topic=claim.topic, error=str(error))
            delay = error.seconds if isinstance(error, ChatLimitedError) else 0.0
            await self._fail(claim, str(error), retry=True, delay=delay)
        except ChatRefusedError as error:
            log.warning("given up", topic=claim.topic, error=str(error))
            await self._fail(claim, str(error), retry=False)
        except Exception as error:  # noqa: BLE001 - a fault of ours must not be silence in a chat
            log.exception("an event was not handled because of a fault in the program")
            retry = claim.attempts < _FAULTS
            await self._fail(claim, type(error).__name__, retry=retry)

    async def _fail(self, claim: Claim, reason: str, *, retry: bool, delay: float = 0.0) -> None:
        """Leave the event for another attempt, or say that there is none."""
        with suppress(LeaseLostError):
            try:
                if await self._inbox.fail(claim, reason, retry=retry, delay=delay):
                    return
            except StorageError as error:
                log.error("a failed event waits for its lease to end", error=str(error))
                return
            try:
                await self._give_up(claim)
            except WellspokenError as error:
                log.error("an event was given up in silence", topic=claim.topic, error=str(error))

    async def _keep(self) -> None:
        """Renew what is in hand, stop what was taken over, take over from the dead."""
        while True:
            try:
                await self._inbox.release(lambda owner: is_dead(owner, self._inbox.owner))
                claims = list(self._held.values())
                kept = {c.id for c in await self._inbox.renew(claims)} if claims else set()
                for task, claim in list(self._held.items()):
                    if claim in claims and claim.id not in kept and not task.done():
                        log.info("stopped: another worker has taken over", topic=claim.topic)
                        task.cancel()
            except StorageError as error:
                log.warning("leases could not be renewed", error=str(error))
            await asyncio.sleep(_RENEW_S)

    async def _finish(self) -> None:
        """Let what is in hand come to its end, then hand back what has not."""
        if not self._held:
            return
        log.info("finishing", events=len(self._held))
        await asyncio.wait(list(self._held), timeout=self._finish_s)
        left = {task: claim for task, claim in self._held.items() if not task.done()}
        if not left:
            return
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        log.info("handed back", events=len(left))
        await self._inbox.hand_back(list(left.values()))
