"""Connections of the web server: who never finishes a request is hung up on, in the house's words.

uvicorn waits for ever for the head of a request and says what is no HTTP in plain text.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
import orjson
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from adapters.web.security import HEADERS

HEAD_S = 20.0
"""Seconds for the whole head of a request, from a connection's or the request's first byte."""

_BROKEN = orjson.dumps({"error": "This is no HTTP request, or its head is too large."})


class Connection(H11Protocol):
    """One connection. ``patience`` is :data:`HEAD_S` but in tests."""

    patience = HEAD_S

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.transport.is_closing() or not self._is_between():
            self._heard()
        else:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._heard()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._is_between():
            self._heard()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - ours says it in its own words
        """A JSON error with the headers of every response."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.close()  # an answer is on its way already
            return
        told = {**HEADERS, "content-type": "application/json", "connection": "close"}
        headers = [*told.items(), ("content-length", str(len(_BROKEN)))]
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=_BROKEN),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event))
        self.transport.close()

    def _is_between(self) -> bool:
        """Whether the next that is to come is the head of a request."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _wait(self) -> None:
        if self._waiting is None:
            self._waiting = self.loop.call_later(self.patience, self._hang_up)

    def _heard(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.cancel()

    def _hang_up(self) -> None:
        self._waiting = None
        if self._is_between() and not self.transport.is_closing():
            self.transport.close()
