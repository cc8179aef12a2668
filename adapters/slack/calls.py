"""How one call to Slack is made: paced, bounded, repeated only where that harms nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.slack.faults import PLATFORM, UNSENT, fault_of
from adapters.slack.pacing import Pacer
from adapters.slack.transport import proxy_for, web_client
from bot.errors import ChatError, ChatLimitedError, ChatUnavailableError
from bot.telemetry import log

Send = Callable[[AsyncWebClient], Awaitable[AsyncSlackResponse]]

_PAUSES_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)


class Calls:
    """The connections to Slack for one token, and the rules for using them."""

    def __init__(
        self,
        token: str,
        base_url: str,
        pacer: Pacer,
        session: aiohttp.ClientSession | None,
        timeout_s: float,
        patience_s: float,
    ) -> None:
        self._token, self._base_url, self._pacer = token, base_url, pacer
        self._session, self._owned = session, session is None
        self._timeout_s, self._patience_s = timeout_s, patience_s
        self._client: AsyncWebClient | None = None

    async def aclose(self) -> None:
        """Close the connections, unless they are shared."""
        session, self._client = self._session, None
        if self._owned and session is not None:
            self._session = None
            await session.close()

    async def call(
        self,
        method: str,
        send: Send,
        channel: str = "",
        *,
        repeat: bool = True,
        patience_s: float | None = None,
    ) -> AsyncSlackResponse:
        """Carry out one call. ``repeat``: doing it twice is as good as once. ``patience_s`` bounds
        what it waits and repeats, another than usual where given; 0 raises at once."""
        patience_s = self._patience_s if patience_s is None else patience_s
        deadline = asyncio.get_running_loop().time() + patience_s
        attempt = 0
        while True:
            await self._turn(method, channel, deadline)
            try:
                return await send(self._connected())
            except Exception as error:  # noqa: BLE001 - the SDK's own and aiohttp's; others go on
                fault = fault_of(method, error)
                again = repeat or isinstance(error, UNSENT)
            if isinstance(fault, ChatLimitedError):
                self._learn(fault, method, channel)
                continue
            if not (again and _is_worth_it(fault, attempt, deadline)):
                raise fault
            await asyncio.sleep(_PAUSES_S[attempt])
            attempt += 1

    def _learn(self, fault: ChatLimitedError, method: str, channel: str) -> None:
        seconds = fault.data["seconds"]
        assert isinstance(seconds, float)
        self._pacer.blocked(method, channel, seconds)
        log.warning("slack asks for patience", method=method, channel=channel, seconds=seconds)

    async def _turn(self, method: str, channel: str, deadline: float) -> None:
        wait = self._pacer.wait(method, channel)
        if wait > max(0.0, deadline - asyncio.get_running_loop().time()):
            raise ChatLimitedError(platform=PLATFORM, method=method, seconds=wait)
        await self._pacer.ready(method, channel)

    @asynccontextmanager
    async def request(
        self, method: str, verb: str, url: str, **options: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """A request to an address that is no method of the API; made once."""
        self._connected()
        assert self._session is not None
        try:
            async with self._session.request(
                verb, url, proxy=proxy_for(url), **options
            ) as response:
                yield response
        except (aiohttp.ClientError, TimeoutError, OSError, UnicodeDecodeError) as error:
            raise fault_of(method, error) from None

    def _connected(self) -> AsyncWebClient:
        if self._client is None:
            if self._session is None:
                timeout = aiohttp.ClientTimeout(total=self._timeout_s)
                self._session = aiohttp.ClientSession(timeout=timeout)
            self._client = web_client(self._token, self._base_url, session=self._session)
        return self._client


def _is_worth_it(fault: ChatError, attempt: int, deadline: float) -> bool:
    """Whether a call that failed should be made once more."""
    if not isinstance(fault, ChatUnavailableError) or attempt >= len(_PAUSES_S):
        return False
    return asyncio.get_running_loop().time() + _PAUSES_S[attempt] < deadline
