"""A request that belongs to a caller's trace: what it begins belongs to it too."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from bot.tracing import is_traced, joined

_HEADER = b"traceparent"


class TraceContext:
    """Goes on with the trace that the header ``traceparent`` names (W3C Trace Context)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = b""
        if scope["type"] == "http" and is_traced():
            given = dict(scope["headers"]).get(_HEADER, b"")
        if not given:
            await self._app(scope, receive, send)
            return
        with joined(given.decode("latin-1")):
            await self._app(scope, receive, send)
