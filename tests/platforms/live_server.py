"""A stand-in for a shop's own system, on loopback: prices and stock as JSON, and what goes wrong.

It answers ``/stock/CODE`` from ``goods`` and records the raw paths that it was asked::

    async with ShopServer({"AX-100": {"price": "49.00", "stock": 12}}) as shop:
        ...  # shop.url, shop.asked, shop.trouble = Trouble.HTML
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from enum import StrEnum
from typing import Any, Self
from urllib.parse import unquote

from aiohttp import web

from tests.platforms.stand_in import Served

SECRET = "s3cr3t-words-of-a-page"
"""What stands in the pages that must never be shown."""


class Trouble(StrEnum):
    """What goes wrong with every request."""

    NONE = ""
    HANGS = "hangs"
    DRIPS = "drips"
    FAILS = "500"
    FORBIDDEN = "403"
    BUSY = "429"
    HTML = "html"
    HTML_AS_JSON = "html-as-json"
    BROKEN = "broken"
    HUGE = "huge"
    EMPTY = "empty"
    NO_ROWS = "no-rows"
    REPORT = "report"
    ELSEWHERE = "elsewhere"
    CIRCLES = "circles"
    CLOSED = "closed"
    DEEP = "deep"
    NAN = "nan"


class ShopServer(Served):
    """The shop. ``delay`` seconds go by before each answer."""

    def __init__(self, goods: dict[str, Any], *, delay: float = 0.0) -> None:
        self.port = 0
        self.goods = goods
        self.delay = delay
        self.trouble = Trouble.NONE
        self.slash = False
        """Whether the address of a thing ends with a slash, and others lead there."""
        self.asked: list[str] = []
        self.hosts: list[str] = []
        self.elsewhere = ""
        self._open = asyncio.Event()

    @property
    def url(self) -> str:
        return f"{self.address}/stock/{{code}}"

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        await self._listen(application)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._open.set()
        await self._hear_no_more()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.raw_path)
        self.hosts.append(request.host)
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.trouble:
            return await self._in_trouble(request)
        if self.slash and not request.path.endswith("/"):
            raise web.HTTPMovedPermanently(f"{request.path}/")
        code = unquote(request.raw_path.partition("?")[0].rstrip("/").rpartition("/")[2])
        if code not in self.goods:
            return web.json_response({"detail": "no such thing"}, status=404)
        return web.Response(text=self._written(self.goods[code]), content_type="application/json")

    def _written(self, entry: Any) -> str:
        return entry if isinstance(entry, str) else json.dumps(entry)

    async def _in_trouble(self, request: web.Request) -> web.StreamResponse:
        page = f"<!DOCTYPE html><html><body>{SECRET}</body></html>"
        plain = {
            Trouble.FAILS: web.Response(status=500, text=SECRET),
            Trouble.FORBIDDEN: web.Response(status=403, text=SECRET),
            Trouble.BUSY: web.Response(status=429, text=SECRET),
            Trouble.HTML: web.Response(text=page, content_type="text/html"),
            Trouble.HTML_AS_JSON: web.Response(text=page, content_type="application/json"),
            Trouble.BROKEN: web.Response(text='{"price": 4', content_type="application/json"),
            Trouble.EMPTY: web.Response(text=""),
            Trouble.NO_ROWS: web.json_response({"items": []}),
            Trouble.REPORT: web.json_response({"error": SECRET}),
            Trouble.DEEP: web.Response(text="[" * 100_000, content_type="application/json"),
            Trouble.NAN: web.Response(text='{"price": NaN}', content_type="application/json"),
            Trouble.ELSEWHERE: web.Response(status=302, headers={"Location": self.elsewhere}),
            Trouble.CIRCLES: web.Response(status=302, headers={"Location": request.path}),
            Trouble.HUGE: web.Response(
                text=json.dumps([SECRET] * 50_000), content_type="application/json"
            ),
        }
        if self.trouble in plain:
            return plain[self.trouble]
        if self.trouble is Trouble.CLOSED and request.transport is not None:
            request.transport.abort()
        if self.trouble is Trouble.DRIPS:
            return await self._drip(request)
        await self._open.wait()
        return web.Response(status=503)

    async def _drip(self, request: web.Request) -> web.StreamResponse:
        """A byte now and then, so that no single read takes long."""
        answer = web.StreamResponse(headers={"Content-Type": "application/json"})
        await answer.prepare(request)
        with suppress(ConnectionError):
            while not self._open.is_set():
                await answer.write(b" ")
                await asyncio.sleep(0.02)
        return answer
