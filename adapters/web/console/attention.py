"""What the operators should know on every page of the console: what is not ready, and since when.

A look is taken when a page is asked for, but no page waits long for it: a part that is down is
often one that does not answer. The page asks again by itself, so that an alert comes and goes
without being reloaded.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from adapters.web.auth.sessions import Sessions, SignInRequiredError
from adapters.web.pages import Pages, is_fragment
from adapters.web.ports.application import Application
from bot.errors import WellspokenError
from bot.store.alerts import Alert as Drop
from bot.store.timing import utc_now
from bot.telemetry import log

Chats = Callable[[], Mapping[str, str | None]]
"""The chat platforms that are connected, each with ``None``, or a sentence on its trouble."""

_FRESH_S = 2.0
_PATIENCE_S = 0.5


@dataclass(frozen=True, slots=True)
class Alert:
    """A part that is not ready, why, and since when that is known here."""

    part: str
    sentence: str
    since: datetime


class Attention:
    """What is not ready, as far as it is known."""

    def __init__(
        self,
        application: Application,
        chats: Chats = dict,
        clock: Callable[[], datetime] = utc_now,
        *,
        remarks: Chats = dict,
    ) -> None:
        """``remarks`` tells of parts that keep nobody from asking: a model that is down, processes
        that differ."""
        self._application = application
        self._chats = chats
        self._remarks = remarks
        self._clock = clock
        self._known: dict[str, Alert] = {}
        self._parts: frozenset[str] = frozenset()
        self._drops: tuple[Drop, ...] = ()
        self._looked = -_FRESH_S
        self._look: asyncio.Task[None] | None = None

    def alerts(self) -> tuple[Alert, ...]:
        """What is known to be wrong, by part."""
        return tuple(self._known[part] for part in sorted(self._known))

    def since(self, part: str) -> datetime | None:
        """Since when a part is known to be in trouble; ``None``: it is not."""
        alert = self._known.get(part)
        return None if alert is None else alert.since

    def standing(self) -> Mapping[str, str | None]:
        """Every part that was looked at, with what is wrong with it, or ``None``."""
        return {
            part: self._known[part].sentence if part in self._known else None
            for part in self._parts
        }

    def drops(self) -> tuple[Drop, ...]:
        """What got worse and nobody has seen yet, the newest first; the watch room has all."""
        return self._drops

    @property
    def mark(self) -> str:
        """Another one whenever the alerts are others."""
        said = repr(
            ([(a.part, a.sentence, a.since) for a in self.alerts()], [d.id for d in self._drops])
        )
        return hashlib.sha256(said.encode()).hexdigest()[:12]

    async def check(self) -> tuple[Mapping[str, str | None], Mapping[str, str | None]]:
        """How the parts are that must work before questions can be taken, and how the others are,
        chat platforms among them: ``None``, or what is wrong."""
        try:
            found: Mapping[str, str | None] = await self._application.readiness()
        except WellspokenError as error:
            found = {"application": str(error)}
        troubles = {**self._chats(), **self._remarks()}
        now = self._clock()
        wrong = {part: why for part, why in {**found, **troubles}.items() if why is not None}
        self._known = {
            part: Alert(part, why, self._known[part].since if part in self._known else now)
            for part, why in wrong.items()
        }
        self._parts = frozenset({*found, *troubles})
        self._looked = time.monotonic()
        return found, troubles

    async def look_for_drops(self) -> None:
        """Read what got worse; a database that is down has an alert of its own."""
        try:
            self._drops = tuple(await self._application.watch.unseen())
        except WellspokenError as error:
            log.debug("what got worse is not known", error=str(error))

    async def refresh(self) -> None:
        """Look again where the last look is old; what takes longer than a moment is for the next
        page to know."""
        if time.monotonic() - self._looked < _FRESH_S:
            return
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._checked())
        await asyncio.wait({self._look}, timeout=_PATIENCE_S)

    async def _checked(self) -> None:
        try:
            await self.check()
            await self.look_for_drops()
        except Exception:  # noqa: BLE001 - a fault of ours; the pages are shown all the same
            log.exception("it could not be looked what is not ready")

    async def aclose(self) -> None:
        """End a look that is still under way."""
        if self._look is not None:
            self._look.cancel()
            await asyncio.gather(self._look, return_exceptions=True)


def attention_router(attention: Attention, sessions: Sessions, pages: Pages) -> APIRouter:
    """What the pages of the console ask for again and again."""
    router = APIRouter(include_in_schema=False)

    @router.get("/console/attention")
    async def again(request: Request, shown: str = "", room: str = "") -> Response:
        if sessions.operator(request) is None:
            if is_fragment(request):  # the session ended below an open page: it stays as it is
                return Response(status_code=HTTPStatus.NO_CONTENT)
            raise SignInRequiredError
        await attention.refresh()
        if shown == attention.mark:
            return Response(status_code=HTTPStatus.NO_CONTENT)  # nothing to say a second time
        return pages.render("console/_attention.html", room=room)

    return router
