"""Socket Mode: Slack's events over a connection that we open and keep."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from logging import CRITICAL, getLogger
from time import time

from slack_bolt.adapter.socket_mode.async_internals import (
    run_async_bolt_app,
    send_async_response,
)
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from adapters.slack.faults import fault_of
from adapters.slack.transport import API_URL, proxy_for
from bot.telemetry import log

_PING_S = 5.0
"""A connection that went silent is noticed within one and a half of these, and replaced."""
_LOOK_S = 0.5
_GOODBYE_S = 2.0
_PATIENCE_S = 30.0
"""After so long without a connection everything is begun anew: the SDK would try an address whose
ticket has expired again and again."""


class SocketMode:
    """The connection of an app, kept up until cancelled."""

    def __init__(
        self,
        app: AsyncApp,
        app_token: str,
        base_url: str = API_URL,
        *,
        ping_s: float = _PING_S,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._app, self._app_token, self._base_url = app, app_token, base_url
        self._ping_s, self._patience_s = ping_s, patience_s
        self.fault: str | None = None
        """Why there is no connection."""

    async def run(self) -> None:
        """Connect, and again whenever the connection is lost."""
        while True:
            client = _Client(self._app, self._app_token, self._base_url, self._ping_s, self._tell)
            connecting = asyncio.create_task(client.connect_to_new_endpoint(force=True))
            try:
                await self._watch(client, connecting)
            except Exception as error:  # noqa: BLE001 - a fault here must not end the other platforms
                log.error("Slack: the connection ended by a fault", exc_info=error)
                await asyncio.sleep(self._ping_s)
            finally:
                connecting.cancel()
                await asyncio.gather(connecting, return_exceptions=True)  # told by the client
                await client.end()

    def _tell(self, fault: str | None) -> None:
        """Say why there is no connection, once until that changes."""
        if fault is not None and fault != self.fault:
            log.error("Slack: no connection", error=fault)
        self.fault = fault

    async def _watch(self, client: SocketModeClient, connecting: asyncio.Task[None]) -> None:
        """Until there was no connection for too long, or none came about at all."""
        loop = asyncio.get_running_loop()
        was, lost_at = False, loop.time()
        while True:
            now = await client.is_connected()
            if now and not was:
                log.info("Slack: connected")
            elif was and not now:
                log.warning("Slack: the connection is lost")
                lost_at = loop.time()
            elif not now and connecting.done() and connecting.exception():
                await asyncio.sleep(self._ping_s)
                return
            elif not now and loop.time() - lost_at > self._patience_s:
                return
            was = now
            await asyncio.sleep(_LOOK_S)


class _Client(SocketModeClient):
    """The SDK's client, which answers with our app and says its troubles in one line each."""

    def __init__(
        self,
        app: AsyncApp,
        app_token: str,
        base_url: str,
        ping_s: float,
        tell: Callable[[str | None], None],
    ) -> None:
        logger = getLogger("slack_sdk.socket_mode")
        # What it has to say is said here: its own words hold addresses with tickets.
        logger.setLevel(CRITICAL + 1)
        super().__init__(app_token, logger, app.client, ping_interval=ping_s)
        self.proxy = proxy_for(base_url)  # the SDK takes one from the environment, without NO_PROXY
        self._app, self._tell = app, tell
        self.socket_mode_request_listeners.append(self._handle)

    async def _handle(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        """Hand a request to the app; acknowledge it where the app did."""
        begun = time()
        response = await run_async_bolt_app(self._app, request)
        try:
            await send_async_response(client, request, response, begun)
        except (OSError, AttributeError, RuntimeError) as error:
            # The connection is gone; Slack sends the request again over the next one.
            log.info("Slack: not acknowledged, it will come again", error=type(error).__name__)

    async def issue_new_wss_url(self) -> str:
        """Where to connect. Why Slack refuses is said, since the SDK would only try again."""
        try:
            url = await super().issue_new_wss_url()
        except Exception as error:
            self._tell(str(fault_of("apps.connections.open", error)))
            raise
        self._tell(None)
        return url

    async def end(self) -> None:
        """Close it, also where the other side has gone silent."""
        try:
            async with asyncio.timeout(_GOODBYE_S):
                await self.close()  # type: ignore[no-untyped-call]  # the SDK's
        except TimeoutError:
            for task in (
                self.message_processor,
                self.current_session_monitor,
                self.message_receiver,
            ):
                if task is not None:
                    task.cancel()
            await self.aiohttp_client_session.close()
