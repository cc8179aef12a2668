"""An answer of a model as it comes in: the server's reply, its text, the wait for more of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from bot.errors import ModelBrokenAnswerError
from bot.llm.completion import CompletionReader
from bot.llm.events import EventDecoder
from bot.llm.refusals import Asked

if TYPE_CHECKING:
    import httpx2

_AFTER_FINISH_S = 2.0  # for the usage that follows a finished answer
_TAIL_S = 0.1


class Reply:
    """An answer with status 200, still coming in."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self._reads = response.aiter_bytes()
        media = str(response.headers.get("content-type", ""))
        self.media = media.partition(";")[0].strip().lower()

    async def read(self) -> bytes:
        """What the next network read brings; empty at the end.

        Raises :class:`bot.errors.ModelBrokenAnswerError` (``cut``) where the connection ends
        before the answer does.
        """
        import httpx2  # late: the client is imported by the SDK

        try:
            return await anext(self._reads, b"")
        except httpx2.RequestError as error:
            raise ModelBrokenAnswerError(reason=type(error).__name__, cut=True) from error

    async def rest(self) -> bytes:
        """Everything that is left."""
        parts: list[bytes] = []
        while part := await self.read():
            parts.append(part)
        return b"".join(parts)

    async def finish(self) -> None:
        """Read the end that follows a whole answer, which keeps the connection for the next one.

        A server that does not end it soon loses the connection, never the answer.
        """
        with suppress(TimeoutError, ModelBrokenAnswerError):
            async with asyncio.timeout(_TAIL_S):
                await self.rest()

    async def close(self) -> None:
        """Let go of the connection; it is kept for the next request where the answer ended."""
        await self._response.aclose()


class Answer:
    """One answer as it comes in: its text, read by read."""

    def __init__(self, reply: Reply, asked: Asked) -> None:
        self.reply = reply
        self.reader = CompletionReader(asked.secret)
        self.over = False
        self._events = EventDecoder()

    async def read(self) -> str:
        """The text of one network read, often empty; sets ``over`` at the end of the answer."""
        try:
            if self.reply.media == "application/json":
                return self._plain(await self.reply.rest())
            read = await self.reply.read()
        except ModelBrokenAnswerError:
            if not self.reader.whole:
                raise
            read = b""  # the text is complete; only usage is missing
        events = self._events.feed(read) if read else self._events.finish()
        text = self._texts(events)
        self.over = self.over or not read or self.reader.done
        if self.over and not self.reader.whole:
            raise ModelBrokenAnswerError(reason="the stream ended early", cut=True)
        return text

    def _texts(self, events: Sequence[bytes]) -> str:
        text = ""
        for event in events:
            try:
                text += self.reader.read(event)
            except ModelBrokenAnswerError:
                if not self.reader.whole:
                    raise
                self.over = True  # a broken tail takes nothing from a whole answer
        return text

    def _plain(self, body: bytes) -> str:
        """A server that does not stream, or that says JSON where it means events."""
        self.over = True
        if body.lstrip().startswith(b"{"):
            return self.reader.read(body) + self.reader.read(b"[DONE]")
        return self._texts([*self._events.feed(body), *self._events.finish()])


class Patience:
    """How long the next read is waited for: ``pause_s``, ``left`` s for the rest of the answer.

    A timer for each token would cost more than reading it, so that it is set anew only when it
    is off by a sixteenth.
    """

    def __init__(self, pause_s: float, left: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._pause_s = pause_s
        self._last = self._loop.time() + max(left, 0.0)
        self.until = self._last
        self.at_last = True

    def extend(self, limit: asyncio.Timeout, *, finished: bool) -> None:
        """Before a read. ``finished``: only the usage is missing."""
        pause = min(self._pause_s, _AFTER_FINISH_S) if finished else self._pause_s
        until = self._loop.time() + pause
        if finished or self.at_last or until - self.until > pause / 16:
            self.at_last = until >= self._last
            self.until = min(until + pause / 16, self._last)
            limit.reschedule(self.until)
