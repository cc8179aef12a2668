"""Connections that come to nothing, and what is no HTTP at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from adapters.web.connections import Connection
from adapters.web.security import BodyLimit, SecurityHeaders

_CEILING_S = 30.0


class Hasty(Connection):
    """One that waits for a moment only."""

    patience = 1.0


async def _slow(scope: Scope, receive: Receive, send: Send) -> None:
    """An answer that takes longer than the patience with a head."""
    await asyncio.sleep(1.5)
    await PlainTextResponse("done")(scope, receive, send)


@asynccontextmanager
async def serving() -> AsyncIterator[int]:
    app = SecurityHeaders(BodyLimit(_slow, patience=0.2))
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, http=Hasty, ws="none", lifespan="off", log_config=None
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await running


async def _said(port: int, *pieces: bytes, pause: float = 0.0) -> bytes:
    """What comes back until the server hangs up; asked again where the system cut the connection,
    as a busy one may."""
    for _ in range(3):
        with suppress(ConnectionResetError):
            return await _said_once(port, *pieces, pause=pause)
    raise AssertionError("the connection was reset each time")


async def _said_once(port: int, *pieces: bytes, pause: float) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        return await asyncio.wait_for(reader.read(), _CEILING_S)
    finally:
        writer.close()


@pytest.mark.parametrize("head", [b"", b"GET / HTTP/1.1\r\nHost: a\r\nX: "])
async def test_a_head_that_never_ends_is_hung_up_on(head: bytes) -> None:
    """Silence, or half a head: the connection is closed without an answer."""
    async with serving() as port:
        assert await _said(port, head) == b""


async def test_the_second_head_of_a_connection_has_no_more_time() -> None:
    """A connection that was of use once is held open no longer by half a request."""
    async with serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await asyncio.wait_for(reader.readuntil(b"done"), _CEILING_S)
        writer.write(b"GET / HTTP/1.1\r\nHo")
        assert await asyncio.wait_for(reader.read(), _CEILING_S) == b""
        writer.close()


async def test_an_answer_may_take_its_time() -> None:
    """Only the request has to come in time."""
    async with serving() as port:
        said = await _said(port, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert said.startswith(b"HTTP/1.1 200") and said.endswith(b"done")


async def test_a_body_by_the_byte_is_refused() -> None:
    """Status 408 and a sentence, with the headers of every response."""
    async with serving() as port:
        said = await _said(port, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{")
        assert said.startswith(b"HTTP/1.1 408")
        assert b"too slowly" in said and b"frame-ancestors 'none'" in said


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -4\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    ],
)
async def test_what_is_no_request_is_told_so_as_json(sent: bytes) -> None:
    """Status 400, an error as from everywhere else, fenced in like a page."""
    async with serving() as port:
        said = await _said(port, sent)
        assert said.startswith(b"HTTP/1.1 400")
        assert b'{"error":' in said and b"frame-ancestors 'none'" in said
