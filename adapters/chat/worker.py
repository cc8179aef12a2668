"""The worker: what waits in the inbox is worked on, side by side across threads, in order within.

A claim is renewed while it is worked on. When this process is told to stop it finishes what it
can and hands back the rest; when it is killed, another goes on from the last checkpoint.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from adapters.chat.tenure import in_hand
from bot.errors import (
    ChatLimitedError,
    ChatRefusedError,
    ChatUnavailableError,
    LeaseLostError,
    StorageError,
    WellspokenError,
)
from bot.telemetry import log
from bot.tracing import happened
from bot.work.inbox import Claim, Inbox
from bot.work.leased import is_dead

LEASE_S = 12.0
"""How long a dead worker on another machine keeps its events; one on this machine keeps none."""

_RENEW_S = 4.0
_LOOK_S = 1.0
"""How often is looked for workers of this machine that died, and left what they had in hand."""
_MARGIN_S = 2.0
_IDLE_S = 0.5
_TROUBLE_S = 2.0
_FAULTS = 3

Handle = Callable[[Claim], Awaitable[None]]
GiveUp = Callable[[Claim], Awaitable[None]]


class NotYetError(WellspokenError):
    """The work cannot be done yet; it is tried again."""


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
        self._renewed = float("-inf")

    async def run(self) -> None:
        """Work until cancelled; then finish what is in hand, and hand back what takes longer."""
        await self._inbox.listen()
        self._renewed = time.monotonic()
        keeper = asyncio.create_task(self._keep())
        try:
            while True:
                await self._round()
        finally:
            await self._finish()
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)

    async def _round(self) -> None:
        asked = time.monotonic()
        try:
            free = self._places - len(self._held)
            held = [claim.id for claim in self._held.values()]
            claims = await self._inbox.claim(free, self._topics, held) if free else []
        except StorageError as error:
            log.warning("the inbox cannot be read, it is tried again", error=str(error))
            await asyncio.sleep(_TROUBLE_S)
            return
        for claim in claims:
            task = asyncio.create_task(self._work(claim, asked))
            self._held[task] = claim
            task.add_done_callback(self._done)
        if not claims:
            await self._inbox.wait(_IDLE_S)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._held.pop(task, None)
        if not task.cancelled() and (ended := task.exception()) is not None:
            log.error("the work on an event ended", reason=type(ended).__name__)
        self._inbox.wake()  # a place is free, and perhaps the next event of the thread

    def _in_hand(self, since: float) -> bool:
        """Whether a lease that was taken ``since`` cannot have run out. A process that was stopped
        for a while sees at once that it may have been taken for dead."""
        return time.monotonic() - max(self._renewed, since) < LEASE_S - _MARGIN_S

    async def _work(self, claim: Claim, since: float) -> None:
        in_hand.set(partial(self._in_hand, since))
        try:
            await self._handle(claim)
            happened("event", outcome="done")
        except LeaseLostError:
            await self._let_go(claim)
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

    async def _let_go(self, claim: Claim) -> None:
        """Another worker went on, or this process stood still for so long that one could have. In
        that case the lease may have been renewed since, and nobody is to wait for its end."""
        try:
            await self._inbox.hand_back([claim])  # of another's it changes nothing
        except StorageError as error:
            log.warning("an event waits for its lease to end", error=str(error))
        log.info("another worker goes on", topic=claim.topic)

    async def _fail(self, claim: Claim, reason: str, *, retry: bool, delay: float = 0.0) -> None:
        """Leave the event for another attempt, or say that there is none."""
        try:
            if await self._inbox.fail(claim, reason, retry=retry, delay=delay):
                happened("event", outcome="retried")
                return
        except LeaseLostError:
            if not await self._inbox.emptied([claim]):
                return
        except StorageError as error:
            log.error("a failed event waits for its lease to end", error=str(error))
            return
        await self._end(claim)

    async def _end(self, claim: Claim) -> None:
        happened("event", outcome="given_up")
        try:
            await self._give_up(claim)
        except WellspokenError as error:
            log.error("an event was given up in silence", topic=claim.topic, error=str(error))

    async def _keep(self) -> None:
        """Take over from the dead, renew what is in hand, stop what was taken over."""
        while True:
            asked = time.monotonic()
            try:
                if await self._inbox.release(lambda owner: is_dead(owner, self._inbox.owner)):
                    self._inbox.wake()
                if asked - self._renewed >= _RENEW_S:
                    await self._renew()
                    self._renewed = asked
            except StorageError as error:
                log.warning("leases could not be renewed", error=str(error))
            await asyncio.sleep(_LOOK_S)

    async def _renew(self) -> None:
        claims = list(self._held.values())
        kept = {c.id for c in await self._inbox.renew(claims)} if claims else set()
        if lost := [claim for claim in claims if claim.id not in kept]:
            kept |= await self._inbox.emptied(lost)  # their answers come to their end
        for task, claim in list(self._held.items()):
            if claim in claims and claim.id not in kept and not task.done():
                log.info("stopped: another worker has taken over", topic=claim.topic)
                task.cancel()

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
        emptied = await self._inbox.emptied(list(left.values()))
        await self._inbox.hand_back(list(left.values()))
        await asyncio.gather(*(self._end(c) for c in left.values() if c.id in emptied))
