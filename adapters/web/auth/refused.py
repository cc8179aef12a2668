"""Sign-ins that failed are on record: who knocked and how often, without filling the trail."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.web.limits import address_of
from bot.errors import WellspokenError
from bot.telemetry import log

if TYPE_CHECKING:
    from bot.store.audit import AuditTrail

REFUSED = "sign-in refused"
BY = "web:unknown"

_EVERY_S = 60.0
_MOST = 60
"""Entries in a minute, of all addresses together."""
_MOST_ADDRESSES = 5_000
_REFUSALS = {
    "console": frozenset(
        {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}
    ),
    "api": frozenset({HTTPStatus.UNAUTHORIZED}),  # too many questions are no wrong token
}


@dataclass(slots=True)
class _Knocking:
    """When an address was put on record last, and how often it was refused since then."""

    noted: float = float("-inf")
    since: int = 0


class Refusals:
    """Decides which refusals are put on record: of an address one a minute, which counts those
    before it; what came meanwhile goes with the next. Memory is bounded."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: OrderedDict[str, _Knocking] = OrderedDict()
        self._noted: list[float] = []

    def of(self, address: str) -> int:
        """How many refusals an entry of now tells of; 0: none is made."""
        now = self._clock()
        known = self._known.setdefault(address, _Knocking())
        self._known.move_to_end(address)
        if len(self._known) > _MOST_ADDRESSES:
            self._known.popitem(last=False)
        known.since += 1
        self._noted = [at for at in self._noted if now - at < _EVERY_S]
        if now - known.noted < _EVERY_S or len(self._noted) >= _MOST:
            return 0
        self._noted.append(now)
        told, known.since, known.noted = known.since, 0, now
        return told


class RefusedSignIns:
    """ASGI middleware: watches the doors of the console and of the API."""

    def __init__(
        self, app: ASGIApp, *, trail: AuditTrail, refusals: Refusals | None = None
    ) -> None:
        self._app = app
        self._trail = trail
        self._refusals = refusals or Refusals()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        door = _door(scope)
        if not door:
            await self._app(scope, receive, send)
            return
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await self._app(scope, receive, watched)
        if status in _REFUSALS[door]:
            await self._note(door, address_of(Request(scope)))

    async def _note(self, door: str, address: str) -> None:
        times = self._refusals.of(address)
        if not times:
            return
        try:
            await self._trail.operator(REFUSED, BY, subject=door, address=address, times=times)
        except WellspokenError as error:
            log.warning("a refused sign-in is not on record", error=str(error))


def _door(scope: Scope) -> str:
    """Where somebody tries to come in with a token, a name, or a script's header; else empty."""
    if scope["type"] != "http":
        return ""
    path = scope["path"]
    if path == "/console/login" and scope["method"] == "POST":
        return "console"
    if path.startswith("/console/sso"):
        return "console"
    sent = any(name == b"authorization" for name, _ in scope["headers"])
    return "api" if path.startswith("/api/") and sent else ""
