"""How one call to Discord is made: bounded, repeated only where that harms nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
from discord.http import HTTPClient, Route

from adapters.discord.faults import PLATFORM, UNSENT, BannedError, fault_of
from adapters.discord.pacing import Pacer
from bot.errors import ChatError, ChatLimitedError, ChatRefusedError, ChatUnavailableError
from bot.telemetry import log

Refused = Callable[[str, ChatRefusedError], None]
"""Told of a channel where a permission is missing, and the refusal that names it."""

_PAUSES_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
_LOOK_S = 0.05
_LONGEST_WAIT_S = 30.0
"""What the library waits for by itself; a longer limit is ours to decide on (30 is its least)."""


class Calls:
    """The rules for using discord.py's connection. ``http`` is a client's own; it is logged in by
    the client, and calls wait for that within their patience."""

    def __init__(
        self,
        http: HTTPClient,
        pacer: Pacer,
        timeout_s: float,
        patience_s: float,
        refused: Refused | None,
    ) -> None:
        self._http, self._pacer, self._refused = http, pacer, refused
        if http.max_ratelimit_timeout is None:
            http.max_ratelimit_timeout = _LONGEST_WAIT_S  # else the library waits for hours, too
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._patience_s = patience_s

    @property
    def proxy(self) -> str | None:
        """The proxy that the client was given, if any."""
        return self._http.proxy

    async def call(
        self,
        method: str,
        route: Route,
        *,
        needs: str = "",
        writes: bool = False,
        repeat: bool = True,
        patience_s: float | None = None,
        **body: Any,
    ) -> Any:
        """Carry out one call; what Discord answers.

        ``method`` names it in logs and errors, ``needs`` is the flag of its permission. ``repeat``:
        doing it twice is as good as once. ``patience_s`` bounds what it waits and repeats, another
        than usual where given; 0 raises at once.
        """
        patience_s = self._patience_s if patience_s is None else patience_s
        deadline = asyncio.get_running_loop().time() + patience_s
        channel = str(route.channel_id or route.webhook_token or "")
        attempt = 0
        while True:
            await self._turn(method, channel, deadline, counts=not route.webhook_token)
            if writes:
                self._pacer.written(channel)
            try:
                return await self._http.request(route, timeout=self._timeout, **body)
            except Exception as error:  # noqa: BLE001 - the library's own and aiohttp's; others go on
                fault = fault_of(method, needs, error)
                again = repeat or isinstance(error, UNSENT)
            if isinstance(fault, ChatLimitedError):
                self._learn(fault, channel)
                continue
            if not (again and _is_worth_it(fault, attempt, deadline)):
                if isinstance(fault, ChatRefusedError) and fault.data["needed"] and self._refused:
                    self._refused(channel, fault)
                raise fault
            await asyncio.sleep(_PAUSES_S[attempt])
            attempt += 1

    def _learn(self, fault: ChatLimitedError, channel: str) -> None:
        seconds = fault.data["seconds"]
        assert isinstance(seconds, float)
        banned = isinstance(fault, BannedError)
        self._pacer.blocked(seconds, "" if banned else channel)
        log.warning(
            "Discord: asked for patience", method=fault.data["method"], seconds=seconds, all=banned
        )

    async def _turn(self, method: str, channel: str, deadline: float, *, counts: bool) -> None:
        """Wait until the call may be made. Answers to interactions ``count`` towards no limit of
        the bot."""
        loop = asyncio.get_running_loop()
        while self._http.token is None:  # the client has not logged in yet, or was refused
            if loop.time() >= deadline:
                raise ChatUnavailableError(
                    platform=PLATFORM, method=method, reason="not logged in yet"
                )
            await asyncio.sleep(_LOOK_S)
        wait = self._pacer.wait(channel)
        if wait > max(0.0, deadline - loop.time()):
            raise ChatLimitedError(platform=PLATFORM, method=method, seconds=wait)
        await self._pacer.ready(channel, counts=counts)


def _is_worth_it(fault: ChatError, attempt: int, deadline: float) -> bool:
    """Whether a call that failed should be made once more."""
    if not isinstance(fault, ChatUnavailableError) or attempt >= len(_PAUSES_S):
        return False
    return asyncio.get_running_loop().time() + _PAUSES_S[attempt] < deadline
