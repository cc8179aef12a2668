"""An answer to one person alone: a command's or a context menu's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from adapters.chat.base import ChannelKind, Heard, Offer, Placement
from adapters.discord import wording
from adapters.discord.buttons import Component
from adapters.discord.drafting import Pen
from adapters.discord.events import APPLICATION, TOKEN
from adapters.discord.faults import (
    CANNOT_DM,
    EMPTY_MESSAGE,
    INVALID_FORM,
    UNKNOWN_MESSAGE,
    UNKNOWN_WEBHOOK,
    code_of,
)
from adapters.discord.posting import Known, Poster, snowflake_at
from adapters.discord.rest import DiscordRest
from adapters.discord.seats import Seat, channel_of
from adapters.discord.surface import Controls
from bot.conversation import Turn
from bot.errors import ChatRefusedError
from bot.telemetry import log

OPEN_S = 14 * 60.0
"""How long an interaction is answered: its token lives 15 minutes (docs.discord.com, "Receiving and
Responding")."""

_CLOSED_TO_US = (
    "I have an answer for somebody here who asked me with a command, but it took too long and I "
    "may not write to them directly. Please ask again."
)
_NOT_YET_S = (0.3, 0.7, 1.5, 2.5)
_SKEW_S = 300.0

MayShow = Callable[[Turn], Awaitable[bool]]
"""Whether everybody in the channel may see what an answer was made from."""


class PrivateSurface:
    """Implements :class:`adapters.chat.base.Surface` with messages that only the asker sees.

    The interaction was deferred, so its response says already that work began. It is edited, and
    followed by others for a long answer; once the interaction has lapsed the answer is a direct
    message. Where those are closed it stands in the channel, if everybody there may read it
    (``may_show``); nobody is named. After a crash in the middle of a further message that may be
    shown twice: nobody can look such a message up.
    """

    def __init__(
        self,
        rest: DiscordRest,
        heard: Heard,
        placement: Placement,
        *,
        controls: Controls,
        known: Known,
        may_show: MayShow,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._rest, self._heard, self._placement = rest, heard, placement
        self._controls, self._known, self._may_show = controls, known, may_show
        self._clock = clock
        self._token = heard.extra.get(TOKEN, "")
        self._application = heard.extra.get(APPLICATION, "")
        self._pen = Pen(self._draw, rest.pacer, lambda: self._token)

    async def open(self) -> None:
        """Nothing: the deferred response stands there."""
        self._pen.begin()

    async def show(self, text: str) -> None:
        """Take a piece; the response grows while it can."""
        if self._is_open():
            self._pen.write(text)

    async def close(self, turn: Turn, offer: Offer, note: str = "") -> None:
        """The whole answer."""
        await self._pen.settle()
        parts, controls = wording.answer(turn, note), self._controls(turn.id, offer)
        await self._deliver(parts, controls, partial(self._may_show, turn))

    async def fail(self, sentence: str) -> None:
        """The sentence."""
        await self._pen.settle()
        await self._deliver(wording.said(sentence), (), _to_all)

    # -- while it is written ------------------------------------------------------------------

    async def _draw(self, text: str) -> bool:
        draft = wording.drafts(text)
        shown = draft[0] if len(draft) == 1 else wording.plainer(draft[0]) + wording.GOES_ON
        await self._rest.edit_original(self._application, self._token, shown, patient=False)
        return True

    def _is_open(self) -> bool:
        """Whether the interaction can still be answered."""
        age = self._clock() - self._heard.at.timestamp()
        return bool(self._token) and not self._placement.marks.get("seat") and age < OPEN_S

    # -- the end ------------------------------------------------------------------------------

    async def _deliver(
        self,
        parts: Sequence[str],
        controls: Sequence[Component],
        to_all: Callable[[], Awaitable[bool]],
    ) -> None:
        if self._is_open():
            try:
                await self._respond(parts, controls)
            except ChatRefusedError as error:
                log.info("Discord: an interaction is no longer answered", error=str(error))
            else:
                return
        await self._write(parts, controls, to_all)

    async def _respond(self, parts: Sequence[str], controls: Sequence[Component]) -> None:
        """Bring the parts as responses to the interaction; those that stand there stay."""
        done = len(self._placement.messages)
        for n, part in enumerate(parts):
            below = controls if n == len(parts) - 1 else ()
            if n == 0:
                await self._respond_first(part, below)
                if not done:
                    await self._placement.post(self._first_id, _never_found)
            elif n >= done:
                await self._placement.post(partial(self._follow_up, part, below), _never_found)

    async def _respond_first(self, part: str, controls: Sequence[Component]) -> None:
        """The first response; it may be acknowledged a moment after we know of it."""
        for pause in (*_NOT_YET_S, None):
            try:
                await self._respond_in_form(part, controls)
            except ChatRefusedError as error:
                young = self._clock() - self._heard.at.timestamp() < sum(_NOT_YET_S)
                if pause is None or code_of(error) != UNKNOWN_WEBHOOK or not young:
                    raise
                await asyncio.sleep(pause)
            else:
                return

    async def _respond_in_form(self, part: str, controls: Sequence[Component]) -> None:
        edit = partial(self._rest.edit_original, self._application, self._token)
        try:
            await edit(part, components=controls)
        except ChatRefusedError as error:
            if code_of(error) == UNKNOWN_MESSAGE:  # put away by who asked
                await self._follow_up(part, controls)
                return
            if code_of(error) not in (INVALID_FORM, EMPTY_MESSAGE):
                raise
            log.warning("Discord: refused in this form, plainer now", error=str(error))
            await edit(wording.plainer(part))

    async def _follow_up(self, part: str, controls: Sequence[Component]) -> str:
        return await self._rest.follow_up(self._application, self._token, part, components=controls)

    async def _first_id(self) -> str:
        return f"private:{self._placement.event_id}"

    async def _write(
        self,
        parts: Sequence[str],
        controls: Sequence[Component],
        to_all: Callable[[], Awaitable[bool]],
    ) -> None:
        """The rest as ordinary messages: direct ones, or in the channel."""
        there = int(self._placement.marks.get("responded", len(self._placement.messages)))
        self._placement.marks["responded"] = there
        left = parts[there:]
        if not left:
            return
        try:
            await self._write_in(await self._direct(), there, left, controls)
        except ChatRefusedError as error:
            place = self._heard.place
            if place.kind is ChannelKind.DIRECT or code_of(error) != CANNOT_DM:
                raise
            log.info("Discord: direct messages are closed", error=str(error))
            seat = Seat(place.thread or channel_of(place))
            if await to_all():
                await self._write_in(seat, there, left, controls)
            else:
                await self._write_in(seat, there, [_CLOSED_TO_US], ())

    async def _direct(self) -> Seat:
        place = self._heard.place
        if place.kind is ChannelKind.DIRECT:
            return Seat(place.channel)
        return Seat(await self._rest.open_dm(self._heard.author.id))

    async def _write_in(
        self, seat: Seat, there: int, parts: Sequence[str], controls: Sequence[Component]
    ) -> None:
        since = snowflake_at(self._heard.at.timestamp() - _SKEW_S)
        poster = Poster(self._rest, self._placement, seat, after=since, known=self._known)
        for n in range(there, there + len(parts)):
            last = n == there + len(parts) - 1
            await poster.put(n, parts[n - there], controls if last else ())


async def _never_found(_others: Sequence[str]) -> None:
    return None


async def _to_all() -> bool:
    return True
