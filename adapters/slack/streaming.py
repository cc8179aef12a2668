"""Slack's native streams: where they work, and how text gets into one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from adapters.chat.base import Place
from adapters.slack.lookups import Block
from adapters.slack.pacing import APPEND
from adapters.slack.web import SlackWeb
from bot.errors import ChatError, ChatLimitedError
from bot.telemetry import log

MOST = 12_000
"""Characters of Markdown in one call (docs.slack.dev, chat.appendStream); we keep whole messages
within it."""

_GAP_S, _SHORT_GAP_S, _MUCH = 1.0, 0.35, 400
_REMEMBERED_S = 600.0
_FAULT_S = 30.0
_OF_THE_CHANNEL = frozenset({"method_not_supported_for_channel_type", "channel_type_not_supported"})


class StreamLostError(Exception):
    """The stream can no longer carry the answer; the message can still be edited."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Streaming:
    """Where streams were refused lately, so that the next answers do not ask again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[tuple[str, str], float] = {}

    def allowed(self, place: Place) -> bool:
        """Whether a stream is worth a try."""
        now = self._clock()
        keys = ((place.workspace, ""), (place.workspace, place.channel))
        return all(self._until.get(key, 0.0) <= now for key in keys)

    def refused(self, place: Place, reason: str) -> None:
        """Note a refusal, in this channel or in the whole workspace, for ten minutes."""
        channel = place.channel if reason in _OF_THE_CHANNEL else ""
        self._not_before(place.workspace, channel, _REMEMBERED_S)
        log.info("streams refused", workspace=place.workspace, channel=channel, reason=reason)

    def failed(self, place: Place) -> None:
        """Note that starting one failed: the next attempts post, for half a minute."""
        self._not_before(place.workspace, place.channel, _FAULT_S)

    def _not_before(self, workspace: str, channel: str, seconds: float) -> None:
        now = self._clock()
        self._until = {key: until for key, until in self._until.items() if until > now}
        self._until[(workspace, channel)] = now + seconds


class StreamWriter:
    """The text of one stream, from this process's first word to the end."""

    def __init__(self, web: SlackWeb, channel: str, ts: str) -> None:
        self._web, self._channel, self._ts = web, channel, ts
        self.written = ""
        """What Slack has of it."""

    def gap(self, text: str) -> float:
        """Seconds to leave between two pieces: fewer where much has come."""
        return _SHORT_GAP_S if len(text) - len(self.written) >= _MUCH else _GAP_S

    async def write(self, whole: str) -> bool:
        """Append what is missing to the whole text so far; whether it is there now.

        Raises :class:`StreamLostError` where it cannot be, or where nobody knows.
        """
        piece = self._missing(whole)
        if not piece:
            return True
        if not self._web.pacer.free(APPEND, self._channel):
            return False
        try:
            await self._web.append_stream(self._channel, self._ts, piece)
        except ChatLimitedError:
            return False
        except ChatError as error:
            raise StreamLostError(_reason(error)) from None
        self.written = whole
        return True

    async def end(self, whole: str, blocks: Sequence[Block], metadata: Mapping[str, Any]) -> None:
        """Append the rest and stop. Raises :class:`StreamLostError`."""
        piece = self._missing(whole)
        try:
            await self._web.stop_stream(
                self._channel, self._ts, text=piece, blocks=blocks, metadata=metadata
            )
        except ChatError as error:
            raise StreamLostError(_reason(error)) from None
        self.written = whole

    def _missing(self, whole: str) -> str:
        if len(whole) > MOST:
            raise StreamLostError("too long")
        if not whole.startswith(self.written):
            raise StreamLostError("another text than was streamed")
        return whole[len(self.written) :]


def _reason(error: ChatError) -> str:
    return str(error.data.get("reason") or type(error).__name__)
