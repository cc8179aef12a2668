"""One answer on its way into a Slack thread.

It is streamed where Slack allows that, else posted and edited. The first message is placed before
the model is asked, and noted; whoever takes over after a crash completes that same message.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from adapters.chat.base import ChannelKind, Heard, Offer, Placement
from adapters.chat.tenure import Tenure
from adapters.slack.forms import Controls, Part, Plain, joined, simpler_forms
from adapters.slack.lookups import Block, Identity
from adapters.slack.pacing import START, UPDATE
from adapters.slack.posting import Finder, Known, label
from adapters.slack.streaming import Streaming, StreamLostError, StreamWriter
from adapters.slack.web import SlackWeb
from adapters.slack.wording import Wording
from bot.conversation import Turn
from bot.errors import ChatError, ChatLimitedError, ChatRefusedError, ChatUnavailableError
from bot.telemetry import log

PLACEHOLDER = "_Looking into it …_"

_EDIT_GAP_S = 1.5
_POST_PAUSES_S = (0.3, 1.0, 3.0)

_NO_PLACE = frozenset(
    "not_in_channel channel_not_found is_archived thread_not_found account_inactive invalid_auth"
    " token_revoked token_expired restricted_action user_is_restricted no_permission".split()
)
"""Refusals that hold for any message: no other way of posting is tried."""
_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
TOO_MUCH = frozenset(
    "invalid_blocks invalid_blocks_format msg_blocks_too_long msg_too_long invalid_attachments"
    " markdown_text_conflict".split()
)
_CONFLICT = "streaming_state_conflict"


class SlackSurface:
    """An answer in a thread; implements :class:`adapters.chat.base.Surface`.

    ``us`` is the bot in this workspace, ``known`` tells which messages carry other turns,
    ``streaming`` remembers for the whole process where streams were refused.
    """

    def __init__(
        self,
        web: SlackWeb,
        heard: Heard,
        placement: Placement,
        *,
        us: Identity,
        rendering: Wording,
        controls: Controls,
        known: Known,
        streaming: Streaming,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._web, self._heard, self._placement = web, heard, placement
        self._home = heard.home
        self._rendering, self._controls, self._known = rendering, controls, known
        self._streaming, self._clock = streaming, clock
        self._finder = Finder(web, us, self._home, placement.event_id)
        self._stream: StreamWriter | None = None
        self._text = self._shown = ""
        self._drawn_at = float("-inf")
        self._tenure = Tenure()
        self._pen: asyncio.Task[None] | None = None

    # -- the port -----------------------------------------------------------------------------

    async def open(self) -> None:
        """Place the first message, or find that of an earlier attempt. Raises ChatRefusedError
        where the bot may not speak."""
        self._tenure.begin()
        if not self._placement.messages:
            await self._post(0, self._begin, stream=True)

    async def show(self, text: str) -> None:
        """Take a piece; it is written as the pace allows, and never waited for."""
        self._text += text
        if self._placement.messages and (self._pen is None or self._pen.done()):
            self._pen = asyncio.create_task(self._write())

    async def close(self, turn: Turn, offer: Offer, note: str = "") -> None:
        """The final form. May be repeated: it ends the same."""
        await self._settle()
        controls = self._controls(turn.id, offer)
        ending = self._rendering.ending(turn, note) if self._stream else None
        if ending is not None and await self._end_stream(ending[0], [*ending[1], *controls]):
            return
        await self._deliver(self._rendering.parts(turn, note), controls)

    async def fail(self, sentence: str) -> None:
        """End with a sentence below what was written so far, if anything was."""
        await self._settle()
        written = self._stream.written if self._stream else ""
        ending = self._rendering.said(sentence)
        if not await self._end_stream(f"{written}\n\n{ending}" if written else ending, ()):
            body = self._rendering.drafted(self._text) if self._text else ""
            await self._deliver([Plain(joined(body, self._rendering.drafted(sentence)))], ())

    # -- the first message --------------------------------------------------------------------

    async def _begin(self) -> str:
        """Start a stream, or post a placeholder where streams are refused."""
        place, refused = self._home, ""
        if self._streaming.allowed(place) and self._web.pacer.free(START, place.channel):
            recipient = {} if place.kind is ChannelKind.DIRECT else self._recipient()
            try:
                ts = await self._web.start_stream(place.channel, place.thread, **recipient)
            except ChatLimitedError:
                log.info("stream limited, posting instead", channel=place.channel)
            except ChatUnavailableError:
                self._streaming.failed(place)
                raise
            except ChatRefusedError as error:
                refused = str(error.data["reason"])
                if refused in _NO_PLACE:
                    raise
            else:
                self._stream = StreamWriter(self._web, place.channel, ts)
                return ts
        self._placement.marks["stream"] = False  # noted together with the ts
        ts = await self._send(0, PLACEHOLDER, ())
        if refused:
            self._streaming.refused(place, refused)
        return ts

    def _recipient(self) -> dict[str, str]:
        team = self._heard.extra.get("team") or self._home.workspace
        return {"team": team, "user": self._heard.author.id}

    # -- while it is written ------------------------------------------------------------------

    async def _write(self) -> None:
        """Write what is new, a piece at a time, until nothing is or the answer ends."""
        while self._text != self._shown and self._tenure.holds:
            gap = self._stream.gap(self._text) if self._stream else _EDIT_GAP_S
            wait = self._drawn_at + gap - self._clock()
            if wait > 0:
                await self._tenure.pause(wait)
                continue
            self._drawn_at = self._clock()
            text = self._text
            if await (self._append(text) if self._stream else self._edit(text)):
                self._shown = text

    async def _append(self, text: str) -> bool:
        """Whether the stream now shows the text; a stream that is lost is given up for edits."""
        assert self._stream is not None
        try:
            return await self._stream.write(self._rendering.streamed(text))
        except StreamLostError as error:
            log.info("stream given up, editing instead", reason=error.reason)
            self._stream = None
            return False

    async def _edit(self, text: str) -> bool:
        """Whether the message shows the text now, or never will before the end."""
        channel, ts = self._home.channel, self._placement.messages[0]
        if not self._web.pacer.free(UPDATE, channel):
            return False
        draft = joined(self._rendering.drafted(text), "…")
        metadata = label(self._placement.event_id, 0)
        try:
            await self._web.update_message(channel, ts, draft, metadata=metadata, patient=False)
        except ChatUnavailableError as error:
            log.info("draft not shown", error=str(error))
            return False
        except ChatRefusedError as error:
            if error.data["reason"] == _CONFLICT:
                await self._stop_quietly(ts)
                return False
            log.warning("draft refused", error=str(error))
        return True

    async def _settle(self) -> None:
        """No more drafts; what is under way arrives first."""
        self._tenure.end()
        if self._pen is not None:
            await self._pen

    # -- the end ------------------------------------------------------------------------------

    async def _end_stream(self, whole: str, blocks: Sequence[Block]) -> bool:
        """Whether the stream could be ended with this text in all and these blocks below."""
        if self._stream is None:
            return False
        stream, self._stream = self._stream, None
        try:
            await stream.end(whole, blocks, label(self._placement.event_id, 0))
        except StreamLostError as error:
            log.info("stream not ended as planned, editing instead", reason=error.reason)
            return False
        return True

    async def _deliver(self, parts: Sequence[Part], controls: Sequence[Block]) -> None:
        """Each part in its own message; the controls below the last."""
        for n, part in enumerate(parts):
            await self._deliver_part(n, part, controls if n == len(parts) - 1 else ())
        for ts in self._placement.messages[len(parts) :]:
            await self._take_back(ts)

    async def _deliver_part(self, n: int, part: Part, controls: Sequence[Block]) -> None:
        forms = list(simpler_forms(part, controls))
        for text, blocks in forms:
            try:
                await self._put(n, text, blocks)
            except ChatRefusedError as error:
                if error.data["reason"] not in TOO_MUCH or (text, blocks) == forms[-1]:
                    raise
                log.warning("answer refused in this form, plainer now", error=str(error))
            else:
                return

    async def _put(self, n: int, text: str, blocks: Sequence[Block]) -> None:
        """Bring the ``n``-th message into this form, posting it where it is not there."""
        if n < len(self._placement.messages):
            try:
                await self._replace(n, text, blocks)
            except ChatRefusedError as error:
                if error.data["reason"] not in _GONE:
                    raise
                log.info("message is gone, posted anew", error=str(error))
                del self._placement.messages[n]
            else:
                return
        sent = await self._post(n, partial(self._send, n, text, blocks))
        messages = self._placement.messages
        if len(messages) - 1 != n:  # it was missing in the middle
            messages.insert(n, messages.pop())
            await self._placement.mark()
        if not sent:
            await self._replace(n, text, blocks)

    async def _replace(self, n: int, text: str, blocks: Sequence[Block]) -> None:
        channel, ts = self._home.channel, self._placement.messages[n]
        update = partial(
            self._web.update_message,
            channel,
            ts,
            text,
            blocks=blocks,
            metadata=label(self._placement.event_id, n),
        )
        try:
            await update()
        except ChatRefusedError as error:
            if error.data["reason"] != _CONFLICT:
                raise
            await self._stop_quietly(ts)
            await update()

    # -- single messages ----------------------------------------------------------------------

    async def _send(self, n: int, text: str, blocks: Sequence[Block]) -> str:
        return await self._web.post_message(
            self._home.channel,
            text,
            thread=self._home.thread,
            blocks=blocks,
            metadata=label(self._placement.event_id, n),
        )

    async def _post(self, n: int, send: Callable[[], Awaitable[str]], **marks: bool) -> bool:
        """Place the ``n``-th message; whether it was sent now, not found from before.

        A cut connection leaves open whether it was posted: it is looked for, then posted again.
        """
        sent = False

        async def sending() -> str:
            nonlocal sent
            ts = await send()
            sent = True
            return ts

        for pause in (*_POST_PAUSES_S, None):
            try:
                await self._placement.post(sending, partial(self._find, n), **marks)
            except ChatLimitedError:
                raise
            except ChatUnavailableError as error:
                if pause is None:
                    raise
                log.info("post not confirmed, looking for it", error=str(error))
                await asyncio.sleep(pause)
            else:
                break
        return sent

    async def _find(self, n: int, others: Sequence[str]) -> str | None:
        if n == 0 and self._placement.marks.get("stream"):
            return await self._finder.streamed(self._heard.message, others, self._known)
        return await self._finder.labelled(n, self._heard.message, others)

    async def _stop_quietly(self, ts: str) -> None:
        """End a stream that an earlier attempt left open, or of which we lost track."""
        try:
            await self._web.stop_stream(self._home.channel, ts)
        except ChatRefusedError as error:
            log.debug("no stream to end", error=str(error))

    async def _take_back(self, ts: str) -> None:
        """Delete a part that an earlier attempt posted and this answer does not have."""
        try:
            await self._web.delete_message(self._home.channel, ts)
        except ChatError as error:
            log.warning("a part too many could not be deleted", error=str(error))
