"""A stand-in for an OpenAI-compatible model server, on loopback, over real sockets.

It speaks ``/v1/chat/completions`` (streamed and plain), ``/v1/embeddings`` and ``/v1/models``,
records the last requests and plays any fault that a real server was seen with. Raw asyncio and
prebuilt bytes keep it cheap (about 0.3 ms of CPU for 150 tokens), so that it can serve a benchmark.

In a test::

    with OpenAIServer(Behaviour(answer="Two days [1].")) as server:
        ...  # server.url, server.requests, server.behaviour

By hand: ``python -m tests.platforms.openai_server --port 9000 --first-token-ms 300``, then
``OPENAI_BASE_URL=http://127.0.0.1:9000/v1 WELLSPOKEN_MODEL=stand-in wellspoken chat``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from tests.platforms.openai_answers import (
    Message,
    chunk,
    embeddings_of,
    error_of,
    event,
    events_of,
    framed,
    quote_passages,
    tokens_of,
    usage_of,
    words_vector,
)


class Fault(StrEnum):
    """What goes wrong with a request."""

    UNAUTHORISED = "401"
    FORBIDDEN = "403"
    UNKNOWN_MODEL = "404-model"
    UNKNOWN_PATH = "404-path"
    OVERLOADED = "429"
    NO_QUOTA = "429-quota"
    FAILED = "500"
    UNAVAILABLE = "503"
    CONTEXT_LENGTH = "400-context"
    CLOSED = "closed before a status line"
    SILENT = "no status line, ever"
    SILENT_STREAM = "a status line, then nothing, ever"
    CUT_EARLY = "cut after the role"
    STALL = "silence in the middle"
    CUT = "cut in the middle"
    BROKEN_CHUNK = "half a JSON object in the middle"
    ERROR_EVENT = "an error event in the middle"
    ERROR_EVENT_EARLY = "an error event as the first event"
    EMPTY = "an answer without text"
    PLAIN_JSON = "plain JSON though a stream was asked for"
    WEB_PAGE = "an HTML page"


_STATUS: dict[Fault, tuple[int, str, str]] = {
    Fault.UNAUTHORISED: (401, "invalid_api_key", "Incorrect API key provided: {key}."),
    Fault.FORBIDDEN: (403, "forbidden", "Project {key} does not have access to model {model}."),
    Fault.UNKNOWN_MODEL: (404, "model_not_found", "The model `{model}` does not exist."),
    Fault.UNKNOWN_PATH: (404, "not_found", "Not Found"),
    Fault.OVERLOADED: (429, "rate_limit_exceeded", "Rate limit reached for {model}."),
    Fault.NO_QUOTA: (429, "insufficient_quota", "You exceeded your current quota."),
    Fault.FAILED: (500, "server_error", "The server had an error."),
    Fault.UNAVAILABLE: (503, "overloaded", "The engine is currently overloaded."),
    Fault.CONTEXT_LENGTH: (
        400,
        "context_length_exceeded",
        "This model's maximum context length is 64 tokens; reduce the length of the messages.",
    ),
}
_FOREVER = 3600.0


@dataclass
class Recorded:
    """One request as it came over the wire; ``body`` is parsed JSON."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    query: str = ""


Answer = str | Callable[[list[Message]], str]


@dataclass
class Behaviour:
    """What the server does; change it on a running server, the next request obeys.

    ``tokens`` cuts or repeats the answer to that many tokens. ``fault`` strikes the first
    ``strikes`` requests (``None``: all). ``refuses`` names request fields that get a 400.
    ``piece`` sends that many bytes a write, to split characters and lines anywhere.
    ``stream`` replaces the whole event stream by these bytes.
    """

    answer: Answer = quote_passages
    tokens: int | None = None
    first_token_s: float = 0.0
    token_s: float = 0.0
    fault: Fault | None = None
    strikes: int | None = None
    retry_after: str | None = None
    api_key: str | None = None
    models: Sequence[str] | None = None
    refuses: Sequence[str] = ()
    usage: bool = True
    done: bool = True
    reasoning: str = ""
    line_end: str = "\n"
    piece: int | None = None
    stream: bytes | None = None
    dimensions: int = 64
    most_inputs: int = 2048
    floats_only: bool = False
    embed: Callable[[str], Sequence[float]] | None = None


class _CutError(Exception):
    """The connection is to be cut here."""


@dataclass
class OpenAIServer:
    """The server in a thread of its own, between ``with`` and its end."""

    behaviour: Behaviour = field(default_factory=Behaviour)
    port: int = 0
    requests: deque[Recorded] = field(default_factory=lambda: deque(maxlen=1000))
    struck: int = 0
    open_streams: int = 0

    @property
    def url(self) -> str:
        """The base URL that clients take."""
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> Self:
        started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main(started)))
        self._thread.daemon = True
        self._thread.start()
        started.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(60)

    async def until(self, condition: Callable[[], bool], seconds: float = 90.0) -> None:
        """Wait for something to become true of the server."""
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110  # it lives in another thread
                await asyncio.sleep(0.01)

    async def _main(self, started: threading.Event) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        server = await self.listen()
        started.set()
        await self._stopping.wait()
        server.close()
        await self._iterations()  # what was just accepted becomes a connection, which can be closed
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._iterations()

    @staticmethod
    async def _iterations() -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def listen(self) -> asyncio.Server:
        """Listen in the running loop; for those who bring their own."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", self.port, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        return server

    # -- HTTP/1.1 with keep-alive, as little as is needed --------------------------------

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(
            _CutError, ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError
        ):
            while True:
                recorded = await self._read(reader)
                self.requests.append(recorded)
                await self._respond(recorded, writer)
        writer.transport.abort() if self._fault_aborts() else writer.close()

    def _fault_aborts(self) -> bool:
        return self.behaviour.fault in (Fault.CLOSED, Fault.CUT, Fault.CUT_EARLY)

    async def _read(self, reader: asyncio.StreamReader) -> Recorded:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        pairs = (line.split(":", 1) for line in head[1:] if line)
        headers = {name.strip().lower(): value.strip() for name, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        path, _, query = path.partition("?")
        return Recorded(method, path, headers, json.loads(body) if body else {}, query)

    async def _respond(self, request: Recorded, writer: asyncio.StreamWriter) -> None:
        behaviour, fault = self.behaviour, self._strike()
        refusal = self._refusal(request, fault)
        if refusal is not None:
            await self._json(writer, *refusal)
        elif fault is Fault.CLOSED:
            raise _CutError
        elif fault is Fault.SILENT:
            await asyncio.sleep(_FOREVER)
        elif fault is Fault.WEB_PAGE:
            await self._send(writer, 200, "text/html", b"<!doctype html><title>It works</title>")
        elif request.path.endswith("/models"):
            names = behaviour.models or ("stand-in",)
            listed = [{"id": n, "object": "model", "owned_by": "tests"} for n in names]
            await self._json(writer, 200, {"object": "list", "data": listed})
        elif request.path.endswith("/embeddings"):
            dimensions = request.body.get("dimensions", behaviour.dimensions)
            vector = behaviour.embed or (lambda text: words_vector(text, dimensions))
            answer = embeddings_of(request.body, vector, behaviour.floats_only)
            await self._json(writer, 200, answer)
        else:
            await self._chat(request.body, writer, fault)

    def _strike(self) -> Fault | None:
        fault, strikes = self.behaviour.fault, self.behaviour.strikes
        if fault is None or (strikes is not None and self.struck >= strikes):
            return None
        self.struck += 1
        return fault

    def _refusal(self, request: Recorded, fault: Fault | None) -> tuple[int, object] | None:
        """A status other than 200 and its body, or ``None``."""
        behaviour, body = self.behaviour, request.body
        self._key = key = request.headers.get("authorization", "").removeprefix("Bearer ")
        if behaviour.api_key is not None and key != behaviour.api_key:
            fault = Fault.UNAUTHORISED
        model = body.get("model")
        if behaviour.models is not None and model is not None and model not in behaviour.models:
            fault = Fault.UNKNOWN_MODEL
        if not request.path.endswith(("/chat/completions", "/embeddings", "/models")):
            fault = Fault.UNKNOWN_PATH
        if fault in _STATUS:
            status, code, text = _STATUS[fault]
            return status, error_of(code, text.format(key=key, model=model))
        refused = next((name for name in behaviour.refuses if name in body), None)
        if refused is not None:
            return 400, error_of("unknown_parameter", f"Unrecognized request argument: {refused}")
        inputs = body.get("input", [])
        if len(inputs) > behaviour.most_inputs:
            text = f"batch size {len(inputs)} > maximum allowed batch size {behaviour.most_inputs}"
            return 422, error_of("validation", text)
        if request.path.endswith("/embeddings") and not all(inputs):
            return 400, error_of("invalid_input", "'$.input' is invalid: empty string.")
        return None

    async def _json(self, writer: asyncio.StreamWriter, status: int, body: object) -> None:
        await self._send(writer, status, "application/json", json.dumps(body).encode())

    async def _send(
        self, writer: asyncio.StreamWriter, status: int, media: str, body: bytes
    ) -> None:
        extra = f"retry-after: {self.behaviour.retry_after}\r\n"
        writer.write(
            f"HTTP/1.1 {status} Said\r\ncontent-type: {media}\r\ncontent-length: {len(body)}\r\n"
            f"{extra if self.behaviour.retry_after and status >= 400 else ''}\r\n".encode()
            + body
        )
        await writer.drain()

    # -- answers -------------------------------------------------------------------------

    async def _chat(
        self, body: dict[str, Any], writer: asyncio.StreamWriter, fault: Fault | None
    ) -> None:
        behaviour = self.behaviour
        messages = body.get("messages", [])
        answer = behaviour.answer if isinstance(behaviour.answer, str) else None
        text = answer if answer is not None else behaviour.answer(messages)  # type: ignore[operator]  # a callable where it is no string
        tokens = [] if fault is Fault.EMPTY else tokens_of(text, behaviour.tokens)
        if fault is Fault.PLAIN_JSON or not body.get("stream"):
            await asyncio.sleep(behaviour.first_token_s + behaviour.token_s * len(tokens))
            message = {"role": "assistant", "content": "".join(tokens)}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            reply: dict[str, Any] = {"object": "chat.completion", "choices": [choice]}
            if behaviour.usage:
                reply["usage"] = usage_of(messages, len(tokens))
            await self._json(writer, 200, reply)
            return
        self.open_streams += 1
        try:
            await self._stream(body, writer, fault, tokens)
        finally:
            self.open_streams -= 1

    async def _stream(
        self,
        body: dict[str, Any],
        writer: asyncio.StreamWriter,
        fault: Fault | None,
        tokens: list[str],
    ) -> None:
        behaviour, end = self.behaviour, self.behaviour.line_end
        events = events_of(tuple(tokens), behaviour.reasoning, end)
        last: list[bytes] = []
        if behaviour.usage and body.get("stream_options", {}).get("include_usage"):
            usage = usage_of(body.get("messages", []), len(tokens))
            last.append(event({**chunk({}), "choices": [], "usage": usage}, end))
        if behaviour.done:
            last.append(event("[DONE]", end))
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            b"transfer-encoding: chunked\r\n\r\n"
        )
        if fault is Fault.SILENT_STREAM:
            await asyncio.sleep(_FOREVER)
        if fault is not None and fault is not Fault.EMPTY:
            await self._spoil(writer, fault, events)
        await asyncio.sleep(behaviour.first_token_s)
        if behaviour.stream is not None:
            await self._write(writer, behaviour.stream)
        elif behaviour.token_s:
            for each in (*events, *last):
                await self._write(writer, each)
                await asyncio.sleep(behaviour.token_s)
        elif behaviour.piece:
            await self._write(writer, b"".join((*events, *last)))
        else:
            writer.write(framed(events) + framed(tuple(last)))
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    async def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        size = self.behaviour.piece or len(data)
        for at in range(0, len(data), size):
            part = data[at : at + size]
            writer.write(b"%x\r\n%b\r\n" % (len(part), part))
            await writer.drain()
            await asyncio.sleep(0)

    async def _spoil(
        self, writer: asyncio.StreamWriter, fault: Fault, events: Sequence[bytes]
    ) -> None:
        """Send what comes before the fault, then the fault."""
        early = fault in (Fault.CUT_EARLY, Fault.ERROR_EVENT_EARLY)
        until = 1 if early else max(2, len(events) // 2)
        writer.write(framed(tuple(events[:until])))
        await writer.drain()
        await asyncio.sleep(0.02)  # so that the client has read it before the connection ends
        if fault is Fault.STALL:
            await asyncio.sleep(_FOREVER)
        if fault is Fault.BROKEN_CHUNK:
            await self._write(writer, b'data: {"choices":[{"delta":{"cont\n\n')
        elif fault in (Fault.ERROR_EVENT, Fault.ERROR_EVENT_EARLY):
            text = f"CUDA out of memory, for {self._key}"
            error = {"message": text, "type": "server_error", "code": 500}
            await self._write(writer, event({"error": error}, "\n"))
        raise _CutError


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--first-token-ms", type=float, default=0)
    parser.add_argument("--token-ms", type=float, default=0)
    parser.add_argument("--tokens", type=int, help="make each answer this many tokens long")
    parser.add_argument("--answer", help="a fixed answer; default: quotes the passages")
    parser.add_argument("--fault", choices=[f.name.lower() for f in Fault])
    parser.add_argument("--strikes", type=int, help="how many requests the fault strikes")
    return parser.parse_args()


async def _serve(arguments: argparse.Namespace) -> None:
    behaviour = Behaviour(
        answer=arguments.answer or quote_passages,
        tokens=arguments.tokens,
        first_token_s=arguments.first_token_ms / 1000,
        token_s=arguments.token_ms / 1000,
        fault=Fault[arguments.fault.upper()] if arguments.fault else None,
        strikes=arguments.strikes,
    )
    stand_in = OpenAIServer(behaviour, port=arguments.port)
    server = await stand_in.listen()
    sys.stdout.write(f"{stand_in.url}\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(_arguments()))
