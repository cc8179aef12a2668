"""Messages posted once: their nonce is refused a second time, and later they are looked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from adapters.chat.base import Placement
from adapters.discord.buttons import Component
from adapters.discord.faults import (
    ARCHIVED,
    EMPTY_MESSAGE,
    INVALID_FORM,
    NO_HISTORY,
    UNKNOWN_MESSAGE,
    code_of,
)
from adapters.discord.rest import DiscordRest, nonce_of
from adapters.discord.seats import Seat
from adapters.discord.wording import plainer
from bot.errors import ChatError, ChatRefusedError
from bot.telemetry import log

Known = Callable[[Sequence[str]], Awaitable[set[str]]]
"""Which of these messages carry a turn already."""

_DISCORD_EPOCH_MS = 1_420_070_400_000


class Poster:
    """The messages of one placement in one seat.

    ``after`` is a message that is older than all of them. Raises what ``rest`` raises; where it is
    unknown whether a message was posted the placement remembers that, and the next attempt finds
    it.
    """

    def __init__(
        self, rest: DiscordRest, placement: Placement, seat: Seat, *, after: str, known: Known
    ) -> None:
        self._rest, self._placement, self.seat = rest, placement, seat
        self._after, self._known = after, known
        placement.marks |= {"seat": seat.channel, "reply": seat.reply_to}

    async def put(self, n: int, text: str, components: Sequence[Component] = ()) -> None:
        """Bring the ``n``-th message into this form, posting it where it is not there."""
        forms = _forms(text, components)
        for form in forms:
            try:
                await self._put(n, *form)
            except ChatRefusedError as error:
                if code_of(error) not in (INVALID_FORM, EMPTY_MESSAGE) or form is forms[-1]:
                    raise
                log.warning("Discord: refused in this form, plainer now", error=str(error))
            else:
                return

    async def draft(self, n: int, text: str) -> None:
        """Show a text in the ``n``-th message until the next; a limit is not waited for."""
        if n < len(self._placement.messages):
            message = self._placement.messages[n]
            await self._rest.edit(self.seat.channel, message, text, patient=False)
        else:
            await self._post(n, text, ())

    async def shorten(self, count: int) -> None:
        """Delete what stands there beyond so many messages: another attempt had more to say."""
        for message in self._placement.messages[count:]:
            try:
                await self._rest.delete(self.seat.channel, message)
            except ChatError as error:
                log.warning("Discord: a part too many could not be deleted", error=str(error))
        if self._placement.messages[count:]:
            del self._placement.messages[count:]
            await self._placement.mark()

    # -- parts --------------------------------------------------------------------------------

    async def _put(self, n: int, text: str, components: Sequence[Component]) -> None:
        if n < len(self._placement.messages):
            try:
                await self._edit(self._placement.messages[n], text, components)
            except ChatRefusedError as error:
                if code_of(error) != UNKNOWN_MESSAGE:
                    raise
                log.info("Discord: a message is gone, posted anew", error=str(error))
                del self._placement.messages[n]
                self._placement.marks["again"] = self._again + 1
            else:
                return
        sent = await self._post(n, text, components)
        messages = self._placement.messages
        if len(messages) - 1 != n:  # it was missing in the middle
            messages.insert(n, messages.pop())
            await self._placement.mark()
        if not sent:
            await self._edit(messages[n], text, components)

    async def _edit(self, message: str, text: str, components: Sequence[Component]) -> None:
        edit = partial(self._rest.edit, self.seat.channel, message, text, components=components)
        try:
            await edit()
        except ChatRefusedError as error:
            if code_of(error) != ARCHIVED:
                raise
            await self._rest.update_thread(self.seat.channel, archived=False)
            await edit()

    async def _post(self, n: int, text: str, components: Sequence[Component]) -> bool:
        """Place the ``n``-th message; whether it was sent now, not found from before."""
        sent = False

        async def send() -> str:
            nonlocal sent
            message = await self._send(n, text, components)
            sent = True
            return message

        await self._placement.post(send, partial(self._find, n, text))
        return sent

    async def _send(self, n: int, text: str, components: Sequence[Component]) -> str:
        seat, reply_to = self.seat, self.seat.reply_to if n == 0 else ""
        while True:
            try:
                return await self._rest.send(
                    seat.channel,
                    text,
                    nonce=self._nonce(n),
                    components=components,
                    reply_to=reply_to,
                    in_thread=not seat.reply_to,
                )
            except ChatRefusedError as error:
                if code_of(error) == UNKNOWN_MESSAGE and self._again < _MOST_AGAIN:
                    self._placement.marks["again"] = self._again + 1  # posted, and deleted since
                elif reply_to and _is_about_the_reply(error):
                    reply_to = ""
                else:
                    raise

    async def _find(self, n: int, text: str, others: Sequence[str]) -> str | None:
        """The message from an attempt that ended before it could note the id: by its nonce, and
        where that is not told any more, by its place and words."""
        try:
            us = await self._rest.me()
            said = await self._rest.history(self.seat.channel, after=self._after)
        except ChatRefusedError as error:
            # Better an answer that may stand there twice than none.
            log.warning("Discord: cannot look for a message posted earlier", error=str(error))
            return None
        ours = [m for m in said if m["author"]["id"] == us and str(m["id"]) not in others]
        nonce = self._nonce(n)
        for message in ours:
            if str(message.get("nonce", "")) == nonce:
                return str(message["id"])
        alike = [str(m["id"]) for m in ours if self._is_alike(m, n, text)]
        taken = await self._known(alike) if alike else set()
        return next((message for message in alike if message not in taken), None)

    def _is_alike(self, message: dict[str, Any], n: int, text: str) -> bool:
        if "nonce" in message or message["content"] != text.strip():
            return False
        wanted = self.seat.reply_to if n == 0 else ""
        replied = str((message.get("message_reference") or {}).get("message_id") or "")
        return not wanted or replied == wanted

    @property
    def _again(self) -> int:
        return int(self._placement.marks.get("again", 0))

    def _nonce(self, n: int) -> str:
        return nonce_of(self._placement.event_id, n, self._again)


_MOST_AGAIN = 5


def seat_of(placement: Placement) -> Seat | None:
    """Where an earlier attempt wrote, or began to."""
    channel = placement.marks.get("seat")
    return Seat(str(channel), str(placement.marks.get("reply", ""))) if channel else None


def snowflake_at(seconds: float) -> str:
    """An id as of a message of that time (seconds since 1970): it sorts among real ones."""
    return str(max(0, int(seconds * 1000) - _DISCORD_EPOCH_MS) << 22)


def _forms(text: str, components: Sequence[Component]) -> list[tuple[str, Sequence[Component]]]:
    """The message as it should be, then ever plainer: for a Discord that refuses its form."""
    forms: list[tuple[str, Sequence[Component]]] = [(text, components)]
    if components:
        forms.append((text, ()))
    forms.append((plainer(text), ()))
    return forms


def _is_about_the_reply(error: ChatRefusedError) -> bool:
    """Whether the message could be posted if it were no reply."""
    return code_of(error) in (NO_HISTORY, INVALID_FORM)
