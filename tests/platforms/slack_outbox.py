"""How the stand-in delivers: Socket Mode with acknowledgement, signed HTTP, and redelivery."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

import aiohttp
from aiohttp import WSMsgType, web

from tests.platforms.slack_words import Json


@dataclass
class Delivery:
    """Something on its way to the app. ``kind``: events_api, interactive, slash_commands."""

    id: str
    kind: str
    payload: Json
    attempts: list[float] = field(default_factory=list)
    acked_at: float | None = None
    answer: Json | None = None
    lost: bool = False

    @property
    def acked(self) -> bool:
        """Whether the app said that it has it."""
        return self.acked_at is not None


class NotDeliveredError(Exception):
    """An attempt failed; the text is Slack's retry reason."""


@dataclass(eq=False)
class Connection:
    """One Socket Mode connection. A silent one stays open and answers nothing."""

    socket: web.WebSocketResponse
    transport: asyncio.Transport | None
    number: int
    waiting: dict[str, asyncio.Future[Json]] = field(default_factory=dict)
    silent: bool = False
    leaving: bool = False

    async def send(self, frame: Json) -> None:
        """Send a frame, unless silent."""
        if not self.silent:
            await self.socket.send_str(json.dumps(frame))

    def hang_up(self) -> None:
        """Close the TCP connection at once, without a word."""
        if self.transport is not None:
            self.transport.abort()


@dataclass
class Outbox:
    """Deliveries over the open connections, or to ``request_url`` where one is set.

    ``retry_delays`` in seconds (Slack: at once, 1 minute, 5 minutes); ``patience`` is how long an
    attempt waits for a connection before it counts as failed.
    """

    signing_secret: str
    app_id: str
    request_url: str | None = None
    ack_timeout: float = 3.0
    retry_delays: Sequence[float] = (0.0, 1.0, 5.0)
    patience: float = 60.0
    ack_delay: float = 0.0
    acks_to_lose: int = 0
    hold: Callable[[], float] | None = None
    """For how many seconds the next event is held back: later ones overtake it."""
    connections: list[Connection] = field(default_factory=list)
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    connected_ever: int = 0
    _turn: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def post(self, delivery: Delivery) -> None:
        """Deliver an event in the background, with retries."""
        self.deliveries[delivery.id] = delivery
        self.background(self._with_retries(delivery))

    def background(self, work: object) -> None:
        """Run a coroutine to its end, or to the end of the server."""
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]  # any coroutine will do
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def ask(self, delivery: Delivery) -> Json:
        """Deliver something once and give the app's answer; interactions are never retried."""
        self.deliveries[delivery.id] = delivery
        try:
            return await self._attempt(delivery, 0, "")
        except NotDeliveredError:
            delivery.lost = True
            raise

    async def redeliver(self, delivery: Delivery) -> None:
        """Deliver once more what may have been acknowledged already."""
        await self._attempt(delivery, len(delivery.attempts), "timeout")

    async def close(self) -> None:
        """Stop delivering."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in list(self.connections):
            connection.hang_up()

    async def _with_retries(self, delivery: Delivery) -> None:
        reason = ""
        if self.hold is not None:
            await asyncio.sleep(self.hold())
        for number, delay in enumerate((0.0, *self.retry_delays)):
            if delay:
                await asyncio.sleep(delay)
            try:
                await self._attempt(delivery, number, reason)
            except NotDeliveredError as error:
                reason = str(error)
            else:
                return
        delivery.lost = True

    async def _attempt(self, delivery: Delivery, number: int, reason: str) -> Json:
        if self.request_url is not None:
            answer = await self._by_http(delivery, number, reason)
        else:
            answer = await self._by_socket(delivery, number, reason)
        delivery.acked_at = delivery.acked_at or time.time()
        delivery.answer = answer
        return answer

    # -- Socket Mode -----------------------------------------------------------------------

    async def _connection(self, patience: float) -> Connection:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            ready = [c for c in self.connections if not c.leaving]
            if ready:
                self._turn += 1
                return ready[self._turn % len(ready)]
            await asyncio.sleep(0.01)
        raise NotDeliveredError("no_connection")

    async def _by_socket(self, delivery: Delivery, number: int, reason: str) -> Json:
        retried = delivery.kind == "events_api"
        connection = await self._connection(self.patience if retried else self.ack_timeout)
        envelope_id = str(uuid.uuid4())
        frame: Json = {
            "envelope_id": envelope_id,
            "payload": delivery.payload,
            "type": delivery.kind,
            "accepts_response_payload": delivery.kind != "events_api",
        }
        if delivery.kind == "events_api":
            frame |= {"retry_attempt": number, "retry_reason": reason}
        future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        connection.waiting[envelope_id] = future
        delivery.attempts.append(time.time())
        try:
            await connection.send(frame)
            return await asyncio.wait_for(future, self.ack_timeout)
        except (TimeoutError, ConnectionError) as error:
            raise NotDeliveredError("timeout") from error
        finally:
            connection.waiting.pop(envelope_id, None)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One Socket Mode connection from hello to its end."""
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        self.connected_ever += 1
        connection = Connection(socket, request.transport, self.connected_ever)
        if len(self.connections) >= 10:
            await connection.send(self._disconnect("too_many_websockets"))
            await socket.close()
            return socket
        self.connections.append(connection)
        try:
            await connection.send(self._hello())
            async for message in socket:
                if message.type is WSMsgType.PING and not connection.silent:
                    await socket.pong(message.data)
                elif message.type is WSMsgType.TEXT and not connection.silent:
                    self._heard(connection, message.data)
        except ConnectionError:
            pass  # the app is gone, as when it is killed; what waits is failed below
        finally:
            self.connections.remove(connection)
            for future in connection.waiting.values():
                if not future.done():
                    future.set_exception(ConnectionResetError("connection closed"))
                    future.exception()  # counts as seen, also where sending failed first
        return socket

    def _heard(self, connection: Connection, data: str) -> None:
        frame = json.loads(data)
        future = connection.waiting.get(frame.get("envelope_id", ""))
        if future is None:
            return
        if self.acks_to_lose:
            self.acks_to_lose -= 1
            return
        answer = frame.get("payload") or {}
        if self.ack_delay:
            asyncio.get_running_loop().call_later(self.ack_delay, _settle, future, answer)
        else:
            _settle(future, answer)

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self.connections),
            "debug_info": {"host": "applink-stand-in", "approximate_connection_time": 18060},
            "connection_info": {"app_id": self.app_id},
        }

    @staticmethod
    def _disconnect(reason: str) -> Json:
        return {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-stand-in"}}

    async def say_goodbye(self, reason: str, grace: float) -> None:
        """Tell every connection to reconnect; close what is left of them after ``grace``."""
        leaving = list(self.connections)
        for connection in leaving:
            connection.leaving = reason != "warning"
            await connection.send(self._disconnect(reason))
        await asyncio.sleep(grace)
        for connection in leaving:
            if connection in self.connections and reason != "warning":
                await connection.socket.close()

    # -- HTTP ------------------------------------------------------------------------------

    def sign(self, body: str, at: int | None = None, secret: str | None = None) -> dict[str, str]:
        """The headers that prove that a body comes from Slack; ``at`` in seconds."""
        stamp = str(int(time.time()) if at is None else at)
        key = (self.signing_secret if secret is None else secret).encode()
        digest = hmac.new(key, f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}

    @staticmethod
    def json_of(payload: Json) -> str:
        """A payload as it is written and signed."""
        return json.dumps(payload)

    def body_of(self, delivery: Delivery) -> tuple[str, str]:
        """The body of a delivery over HTTP and its media type."""
        form = "application/x-www-form-urlencoded"
        if delivery.kind == "events_api":
            return self.json_of(delivery.payload), "application/json"
        if delivery.kind == "interactive":
            return urlencode({"payload": json.dumps(delivery.payload)}), form
        return urlencode(delivery.payload), form

    async def _by_http(self, delivery: Delivery, number: int, reason: str) -> Json:
        assert self.request_url is not None
        body, media_type = self.body_of(delivery)
        headers = {"Content-Type": media_type, **self.sign(body)}
        if number:
            headers |= {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": reason}
        delivery.attempts.append(time.time())
        timeout = aiohttp.ClientTimeout(total=self.ack_timeout)
        try:
            async with aiohttp.ClientSession(timeout=timeout) as session:
                posting = session.post(self.request_url, data=body.encode(), headers=headers)
                async with posting as response:
                    text = await response.text()
                    if response.status != 200:
                        raise NotDeliveredError("http_error")
        except TimeoutError as error:
            raise NotDeliveredError("http_timeout") from error
        except aiohttp.ClientError as error:
            raise NotDeliveredError("connection_failed") from error
        if not text:
            return {}
        if not response.content_type.startswith("application/json"):
            return {"text": text}
        answer: Json = json.loads(text)
        return answer


def _settle(future: asyncio.Future[Json], answer: Json) -> None:
    if not future.done():
        future.set_result(answer)
