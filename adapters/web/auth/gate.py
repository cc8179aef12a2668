"""Before any page: which console session a request belongs to, and whether it still stands."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.web.auth.sessions import Operator, Sessions
from adapters.web.pages import is_fragment
from bot.errors import WellspokenError

_WITHOUT = ("/static/", "/healthz", "/readyz", "/metrics")


class Ends(Protocol):
    """What is known of sessions that were ended; fulfilled by
    :class:`bot.store.console_ends.ConsoleEnds`."""

    async def end_session(self, session: str, /) -> None: ...

    async def end_all(self, author: str, /) -> None: ...

    async def stands(self, session: str, author: str, opened: datetime, /) -> bool: ...

    async def use_once(self, name: str, /) -> bool: ...


class SessionGate:
    """Puts the operator into ``request.state.operator``, or the error that kept it from looking:
    a session of which it is not known whether it was ended opens nothing."""

    def __init__(self, app: ASGIApp, sessions: Sessions, ends: Ends) -> None:
        self._app = app
        self._sessions = sessions
        self._ends = ends

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(_WITHOUT):
            request = Request(scope)
            claimed = self._sessions.claimed(request)
            if claimed is not None:
                request.state.operator = await self._standing(request, claimed)
        await self._app(scope, receive, send)

    async def _standing(
        self, request: Request, claimed: Operator
    ) -> Operator | WellspokenError | None:
        page = request.method in ("GET", "HEAD") and not is_fragment(request)
        if self._sessions.must_return(claimed, page=page):
            return None
        try:
            key = claimed.author.key
            stands = await self._ends.stands(claimed.session, key, claimed.opened)
        except WellspokenError as error:
            return error
        return claimed if stands else None
