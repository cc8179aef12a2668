"""The watch over a canary: one that does worse is rolled back by itself, and operators hear of it.

It never promotes: what does no harm is said, and a person decides.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from adapters.chat.notices import is_channel, put_notice
from adapters.release.releasing import CanaryStory, ReleaseDesk, release_desk
from bot.errors import WellspokenError
from bot.telemetry import log
from bot.work.inbox import Inbox
from persona.canary_reading import Finding

if TYPE_CHECKING:
    import sqlalchemy as sa

    from bot.settings import Settings
    from bot.store.audit import AuditTrail
    from bot.store.base import Database

LOOK_S = 15.0
"""Seconds between two looks; the test may be looked at as often as one likes."""

BY = "wellspoken"
"""Who did it, in the records: nobody."""

_AT_REST = 20.0  # so many times a look's own time passes before the next one
_WORSE = (
    "**{version} was rolled back by itself**: {why}. {other} answers every thread again. "
    "`wellspoken models show {version}` has the figures."
)
_FINE = (
    "**{version}**, the canary of {share:.0%}: {why} with `wellspoken models promote {version}`."
)
_GENERAL = "The general model"


class CanaryWatcher:
    """Looks at the canary that runs, every so often.

    ``channel`` is where operators hear of it, like ``slack:C0HUMANS``; empty: the log and the
    console alone.
    """

    def __init__(
        self, desk: ReleaseDesk, inbox: Inbox, channel: str = "", *, look_s: float = LOOK_S
    ) -> None:
        self._desk = desk
        self._inbox = inbox
        self._channel = channel
        self._look_s = look_s

    async def run(self) -> None:
        """Watch until cancelled."""
        if self._channel and not is_channel(self._channel):
            log.warning("[release] operators is no channel like slack:C0HUMANS", it=self._channel)
        while True:
            began = monotonic()
            try:
                await self.look()
            except WellspokenError as error:
                log.warning("the canary was not looked at", error=str(error))
            except Exception:  # noqa: BLE001 - one fault must not leave a canary unwatched
                log.exception("the canary was not looked at because of a fault in the program")
            await asyncio.sleep(max(self._look_s, _AT_REST * (monotonic() - began)))

    async def look(self) -> Finding | None:
        """Look once: roll back what is worse, say what does no harm. ``None``: no canary runs."""
        canary = await self._desk.canary()
        if canary is None:
            return None
        if canary.seen.finding is Finding.WORSE:
            await self._roll_back(canary)
        else:
            await self._note(canary)
        return canary.seen.finding

    async def _roll_back(self, canary: CanaryStory) -> None:
        trial, why = canary.trial, canary.seen.why
        text = _WORSE.format(version=trial.version, why=why, other=trial.against or _GENERAL)
        ended = await self._desk.registry.end_canary(
            by=BY,
            why=why,
            trial=trial.id,
            reject=True,
            figures=canary.seen.figures(),
            also=self._saying(f"{trial.id}:worse", text),
        )
        if ended is not None:
            log.warning("canary rolled back", version=trial.version, why=why)
            self._inbox.wake()

    async def _note(self, canary: CanaryStory) -> None:
        trial, seen = canary.trial, canary.seen
        fine = seen.finding is Finding.FINE
        text = _FINE.format(version=trial.version, share=trial.share, why=seen.why)
        news = await self._desk.registry.note_canary(
            trial.id,
            seen.figures(),
            said=seen.finding.value if fine else "",
            also=self._saying(f"{trial.id}:fine", text),
        )
        if news:
            log.info("canary does no harm", version=trial.version, why=seen.why)
            self._inbox.wake()

    def _saying(self, id: str, text: str) -> Callable[[sa.Connection], None]:  # noqa: A002
        """Puts down what is to be said, in the transaction of what it is about."""

        def op(connection: sa.Connection) -> None:
            if is_channel(self._channel):
                put_notice(connection, self._inbox, id, self._channel, text)

        return op


class Application(Protocol):
    """What the watch needs of the application."""

    @property
    def settings(self) -> Settings: ...
    @property
    def database(self) -> Database: ...
    @property
    def audit(self) -> AuditTrail: ...


def watcher_of(app: Application) -> CanaryWatcher:
    """What watches the canary: run it in the worker."""
    desk = release_desk(app.settings, app.database, app.audit)
    return CanaryWatcher(desk, Inbox(app.database, BY), app.settings.release.operators)
