"""What holds for every request: a limit on its body, and headers that fence the pages in."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.errors import UsageError

MAX_BODY = 1_000_000
"""Bytes of a request's body (contract: over 1 MB answers 413)."""

_DRAINED = 32 * MAX_BODY
"""A client that is still sending does not read: this much is read before it is told."""

BODY_S = 60.0
"""Seconds for the whole body of a request: who sends it by the byte is told no."""

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}

_HTTPS_ONLY = "max-age=31536000"
"""Seconds; said behind https alone, and of this host alone: others may be somebody else's."""


def headers_for(scheme: str) -> dict[str, str]:
    """The headers of every response. Whether it is https is the server's word: what a proxy says
    counts only where the settings trust it."""
    if scheme != "https":
        return HEADERS
    return {**HEADERS, "strict-transport-security": _HTTPS_ONLY}


class ForeignFormError(UsageError):
    """This form was sent by another site; open the page here and send it again."""


class StaleFormError(ForeignFormError):
    """The form is out of date; load the page again and repeat."""


class BodyTypeError(UsageError):
    """The body must be JSON; send it with the header Content-Type: application/json."""


def json_only(request: Request) -> None:
    """Raises BodyTypeError for a body that does not say that it is JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and "+json" in kind):
        raise BodyTypeError


class BodyLimit:
    """Answers 413 to a larger body, also to one that is sent in chunks of unknown number."""

    def __init__(
        self,
        app: ASGIApp,
        limit: int = MAX_BODY,
        patience: float = BODY_S,
        streamed: frozenset[str] = frozenset(),
    ) -> None:
        """``streamed`` are paths whose forms are read piece by piece, with limits of their own."""
        self._app = app
        self._limit = limit
        self._patience = patience
        self._streamed = streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        if scope["path"] in self._streamed:
            through = _Streamed(receive, send, self._patience)
            await self._app(scope, through.receive, through.send)
            return
        try:
            async with asyncio.timeout(self._patience):
                body, size = await self._read(receive)
        except TimeoutError:
            await _refused(
                HTTPStatus.REQUEST_TIMEOUT, "The request came too slowly; send it again."
            )(scope, receive, send)
            return
        if body is None:
            return
        if size > self._limit:
            told = f"The request is larger than {self._limit:,} bytes; send less."
            await _refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, told)(scope, receive, send)
            return

        given = False

        async def replay() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": bytes(body), "more_body": False}

        await self._app(scope, replay, send)

    async def _read(self, receive: Receive) -> tuple[bytearray | None, int]:
        """The body as far as it fits, and its whole size; ``None`` where the client went away."""
        body, size, more = bytearray(), 0, True
        while more and size <= _DRAINED:
            message = await receive()
            if message["type"] != "http.request":
                return None, size
            piece = message.get("body", b"")
            size += len(piece)
            if size <= self._limit:
                body += piece
            more = message.get("more_body", False)
        return body, size


class _Streamed:
    """A body that goes through piece by piece. Where an answer comes before its end, the rest is
    read first, in bounds: a client that is still sending does not read."""

    def __init__(self, receive: Receive, send: Send, patience: float) -> None:
        self._receive = receive
        self._send = send
        self._patience = patience
        self._more = True

    async def receive(self) -> Message:
        message = await self._receive()
        self._more = message["type"] == "http.request" and message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and self._more:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience):
                    await self._drain()
            if self._more:
                MutableHeaders(scope=message)["connection"] = "close"
        await self._send(message)

    async def _drain(self) -> None:
        size = 0
        while self._more and size <= _DRAINED:
            size += len((await self.receive()).get("body", b""))


def _refused(status: HTTPStatus, told: str) -> JSONResponse:
    """A refusal of a body that is not read to its end: the connection cannot be used again."""
    return JSONResponse({"error": told}, status, {"connection": "close"})


class HeadAsGet:
    """Answers HEAD like GET, without the body, on every address that can be read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET"}, receive, without_body)


class SecurityHeaders:
    """Adds the content security policy and its companions to every response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in headers_for(scope["scheme"]).items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)


def own_forms_only(request: Request) -> None:
    """Raises ForeignFormError for a form that another site sent, as browsers tell it.

    Scripts and old browsers send neither header; they carry no cookie that another site made
    them send either, because ours are SameSite.
    """
    if request.method != "POST":
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        own = site in ("same-origin", "none")
    else:
        own = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    if not own:
        raise ForeignFormError
