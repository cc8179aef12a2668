"""Finding the place for an answer: a thread is made for it where that is wanted and allowed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from adapters.chat.base import ChannelKind, Heard, Place
from adapters.discord.events import POST
from adapters.discord.faults import THREAD_EXISTS, UNKNOWN_MESSAGE, code_of
from adapters.discord.seats import Seat, thread_name
from bot.errors import ChatRefusedError
from bot.telemetry import log


class Makes(Protocol):
    """Makes threads; :class:`adapters.discord.rest.DiscordRest` has it."""

    async def create_thread(self, channel: str, message: str, name: str) -> str: ...


class Seating:
    """Seats for answers. ``wanted`` tells whether threads are made for answers in a place."""

    def __init__(self, rest: Makes, wanted: Callable[[Place], Awaitable[bool]]) -> None:
        self._rest, self._wanted = rest, wanted

    async def of(self, heard: Heard) -> Seat:
        """Where it is answered. Raises the ``Chat…`` errors but for refusals of a thread: then it
        is the channel."""
        place = heard.place
        if place.kind is not ChannelKind.CHANNEL:
            return Seat(place.channel)
        if place.thread:
            return Seat(place.thread)
        if heard.extra.get(POST):
            return Seat(heard.message)
        if await self._wanted(place):
            return await self._in_thread(heard)
        return Seat(place.channel, heard.message)

    async def _in_thread(self, heard: Heard) -> Seat:
        channel, message = heard.place.channel, heard.message
        try:
            return Seat(await self._rest.create_thread(channel, message, thread_name(heard)))
        except ChatRefusedError as error:
            if code_of(error) == THREAD_EXISTS:
                return Seat(message)
            log.info("Discord: no thread for an answer", error=str(error))
            return Seat(channel, "" if code_of(error) == UNKNOWN_MESSAGE else message)
