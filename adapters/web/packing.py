"""Scripts, styles and pages in fewer bytes, for browsers that take them packed.

How long a packed page is would tell of the secrets in its forms to who may put words of their own
beside them and watch (BREACH: Gluck, Harris, Prado, Black Hat 2013). Other sites cannot have a page
sent, since the console's cookie is kept from them; besides, each packed page gets a name of random
length, as Django does it (Heal the BREACH: Palacios and others, NDSS MADWeb 2022).
"""

from __future__ import annotations

import gzip
import io
import secrets
from functools import lru_cache
from pathlib import Path

from fastapi import Response
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import FileResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_KINDS = frozenset({".css", ".js", ".svg"})
_SMALL, _LARGE = 1_000, 4_000_000
_HARD, _QUICK = 9, 4
_LONGEST_NAME = 100
_PAGE = "text/html"


def takes_packed(headers: Headers) -> bool:
    """Whether who asks reads gzip."""
    return "gzip" in headers.get("accept-encoding", "")


@lru_cache(maxsize=64)
def _packed(path: str, changed: float) -> bytes:  # noqa: ARG001 - another time is another file
    return gzip.compress(Path(path).read_bytes(), _HARD, mtime=0)


class PackedFiles(StaticFiles):
    """Files whose address names their version may be kept for good."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if isinstance(response, FileResponse):
            response = _file(response, Headers(scope=scope))
        versioned = scope["query_string"].startswith(b"v=")
        kept = "public, max-age=31536000, immutable" if versioned else "public, max-age=300"
        response.headers["cache-control"] = kept
        return response


def _file(whole: FileResponse, asked: Headers) -> Response:
    """A file as it is, or packed: by its kind and by what the browser takes."""
    path, told = Path(whole.path), whole.stat_result
    if path.suffix not in _KINDS or told is None or told.st_size < _SMALL:
        return whole
    whole.headers["vary"] = "accept-encoding"
    if not takes_packed(asked) or "range" in asked:
        return whole
    packed = Response(_packed(str(path), told.st_mtime), media_type=whole.media_type)
    for name in ("last-modified", "vary"):
        packed.headers[name] = whole.headers[name]
    packed.headers["content-encoding"] = "gzip"
    packed.headers["etag"] = f"W/{whole.headers['etag']}"
    return packed


def packed_page(body: bytes) -> bytes:
    """A page with a name of random length before it."""
    held = io.BytesIO()
    name = "a" * secrets.randbelow(_LONGEST_NAME)
    with gzip.GzipFile(name, "wb", _QUICK, held, mtime=0) as file:
        file.write(body)
    return held.getvalue()


class PackedPages:
    """Packs whole pages; what is streamed, or no page, goes through as it comes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and takes_packed(Headers(scope=scope)):
            send = _Packing(send).send
        await self._app(scope, receive, send)


class _Packing:
    """One answer on its way."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = Headers(raw=message["headers"])
            length = int(headers.get("content-length", "0"))
            is_page = headers.get("content-type", "").startswith(_PAGE)
            if is_page and "content-encoding" not in headers and _SMALL <= length <= _LARGE:
                self._start = message
                return
        elif self._start is not None and message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if message.get("more_body", False):
                return
            message = await self._begun(self._start)
            self._start = None
        await self._send(message)

    async def _begun(self, start: Message) -> Message:
        """Sends the beginning; the packed body that follows it."""
        body = packed_page(bytes(self._body)) if self._body else b""
        headers = MutableHeaders(raw=list(start["headers"]))
        headers["content-encoding"] = "gzip"
        headers.add_vary_header("accept-encoding")
        if body:
            headers["content-length"] = str(len(body))
        await self._send({**start, "headers": headers.raw})
        return {"type": "http.response.body", "body": body}
