"""One answer on its way into a Discord channel, thread, forum post or direct message.

A placeholder is posted before the model is asked, and noted; whoever takes over after a crash
completes that same message.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from adapters.chat.base import ChannelKind, Heard, Offer, Placement
from adapters.discord import wording
from adapters.discord.buttons import Component
from adapters.discord.drafting import Pen
from adapters.discord.events import POST
from adapters.discord.faults import UNKNOWN_CHANNEL, code_of, is_refused_here
from adapters.discord.posting import Known, Poster, seat_of
from adapters.discord.rest import DiscordRest, nonce_of
from adapters.discord.seats import Seat, channel_of
from bot.conversation import Turn
from bot.errors import ChatError, ChatRefusedError
from bot.telemetry import log

Controls = Callable[[str, Offer], Sequence[Component]]
"""The thumbs for a turn, and the offer's button."""
Sit = Callable[[Heard], Awaitable[Seat]]
"""Where an answer is written; a thread is made for it where one is wanted."""


class DiscordSurface:
    """An answer that the channel sees; implements :class:`adapters.chat.base.Surface`.

    ``sit`` finds its place, ``known`` tells which messages carry other turns.
    """

    def __init__(
        self,
        rest: DiscordRest,
        heard: Heard,
        placement: Placement,
        *,
        sit: Sit,
        controls: Controls,
        known: Known,
    ) -> None:
        self._rest, self._heard, self._placement = rest, heard, placement
        self._sit, self._controls = sit, controls
        self._known = known
        self._poster: Poster | None = None
        self._drawn: dict[int, str] = {}
        self._pen = Pen(self._draw, rest.pacer, self._channel)

    # -- the port -----------------------------------------------------------------------------

    async def open(self) -> None:
        """Post the placeholder, or find that of an earlier attempt. Raises ChatRefusedError where
        the bot may not write."""
        self._pen.begin()
        if not self._placement.messages:
            await self._in_place(lambda poster: poster.draft(0, wording.PLACEHOLDER))

    async def show(self, text: str) -> None:
        """Take a piece; it is written as the pace allows, and never waited for."""
        self._pen.write(text)

    async def close(self, turn: Turn, offer: Offer, note: str = "") -> None:
        """The final form. May be repeated: it ends the same."""
        await self._pen.settle()
        await self._deliver(wording.answer(turn, note), self._controls(turn.id, offer))

    async def fail(self, sentence: str) -> None:
        """End with a sentence below what was written so far, if anything was. Where nothing may be
        written any more the asker reads it in a direct message."""
        await self._pen.settle()
        try:
            await self._deliver(wording.ended(self._pen.text, sentence), ())
        except ChatRefusedError as error:
            if self._heard.place.kind is ChannelKind.DIRECT or not is_refused_here(error):
                raise
            await self._say_alone(sentence, error)

    # -- writing ------------------------------------------------------------------------------

    def _channel(self) -> str:
        return self._poster.seat.channel if self._poster else ""

    async def _draw(self, text: str) -> bool:
        """Bring one message nearer to the text so far; whether all of it is to be seen now."""
        if self._poster is None:
            return False
        wanted = wording.drafts(text)
        late = [n for n, part in enumerate(wanted) if self._drawn.get(n) != part]
        if late:
            n = late[0]
            await self._poster.draft(n, wanted[n])
            self._drawn[n] = wanted[n]
        return len(late) <= 1

    async def _deliver(self, parts: Sequence[str], controls: Sequence[Component]) -> None:
        """Each part in its own message; the controls below the last."""

        async def write(poster: Poster) -> None:
            for n, part in enumerate(parts):
                await poster.put(n, part, controls if n == len(parts) - 1 else ())
            await poster.shorten(len(parts))

        await self._in_place(write)

    async def _in_place(self, write: Callable[[Poster], Awaitable[None]]) -> None:
        """Write where the answer belongs; in the channel where its thread cannot be written in."""
        poster = await self._seated()
        try:
            await write(poster)
        except ChatRefusedError as error:
            in_channel = self._instead(poster.seat, error)
            if in_channel is None:
                raise
            log.info("Discord: the thread cannot be written in", error=str(error))
            self._placement.messages.clear()
            self._placement.marks["again"] = int(self._placement.marks.get("again", 0)) + 1
            self._poster = self._at(in_channel)
            await write(self._poster)

    async def _seated(self) -> Poster:
        if self._poster is None:
            self._poster = self._at(seat_of(self._placement) or await self._sit(self._heard))
        return self._poster

    def _at(self, seat: Seat) -> Poster:
        return Poster(
            self._rest, self._placement, seat, after=self._heard.message, known=self._known
        )

    def _instead(self, seat: Seat, error: ChatRefusedError) -> Seat | None:
        """The channel, for an answer whose own thread fails. One that was asked in a thread is for
        those who read that thread, and is said nowhere else."""
        place = self._heard.place
        if place.thread or self._heard.extra.get(POST) or seat.channel != self._heard.message:
            return None
        if not (is_refused_here(error) or code_of(error) == UNKNOWN_CHANNEL):
            return None
        return Seat(channel_of(place), self._heard.message)

    async def _say_alone(self, sentence: str, error: ChatRefusedError) -> None:
        place, needed = self._heard.place, error.data.get("needed")
        where = f"<#{channel_of(place)}>"
        why = f"I may not write in {where}"
        why += f": an admin can give me the permission “{needed}” there." if needed else "."
        try:
            direct = await self._rest.open_dm(self._heard.author.id)
            await self._rest.send(
                direct, f"{sentence}\n{why}", nonce=nonce_of(self._placement.event_id, 99)
            )
        except ChatError as closed:
            log.warning("Discord: an asker could not be told", error=str(closed))
            raise error from None
