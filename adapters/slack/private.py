"""An answer to one person alone: a command's or a shortcut's."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from adapters.chat.base import Heard, Offer, Placement
from adapters.slack.forms import Controls, Part, Plain, simpler_forms
from adapters.slack.lookups import Block
from adapters.slack.surface import TOO_MUCH
from adapters.slack.web import SlackWeb
from adapters.slack.wording import Wording
from bot.conversation import Turn
from bot.errors import ChatRefusedError
from bot.telemetry import log

_MOST_ANSWERS = 5
"""A response_url takes five answers within 30 minutes (docs.slack.dev, "Handling responses")."""


class PrivateSurface:
    """Implements :class:`adapters.chat.base.Surface` with messages that only the asker sees.

    They go to ``heard.extra["response_url"]``; where that has expired, as ephemeral messages into
    the channel; where the bot is no member there, as a direct message. The command's
    acknowledgement said already that work began. After a crash in the middle of a post it may be
    shown twice: nobody can look such a message up.
    """

    def __init__(
        self,
        web: SlackWeb,
        heard: Heard,
        placement: Placement,
        *,
        rendering: Wording,
        controls: Controls,
    ) -> None:
        self._web, self._heard, self._placement = web, heard, placement
        self._rendering, self._controls = rendering, controls
        self._url = heard.extra.get("response_url", "")

    async def open(self) -> None:
        """Nothing: the acknowledgement stands there."""

    async def show(self, text: str) -> None:
        """Nothing: such a message cannot grow."""

    async def close(self, turn: Turn, offer: Offer, note: str = "") -> None:
        """The whole answer at once."""
        await self._deliver(
            self._rendering.parts(turn, note)[:_MOST_ANSWERS], self._controls(turn.id, offer)
        )

    async def fail(self, sentence: str) -> None:
        """The sentence."""
        await self._deliver([Plain(self._rendering.drafted(sentence))], ())

    async def _deliver(self, parts: Sequence[Part], controls: Sequence[Block]) -> None:
        for n, part in enumerate(parts):
            if n < len(self._placement.messages):
                continue  # an earlier attempt brought it
            below = controls if n == len(parts) - 1 else ()
            await self._placement.post(partial(self._send, n, part, below), _never_found)

    async def _send(self, n: int, part: Part, controls: Sequence[Block]) -> str:
        forms = list(simpler_forms(part, controls))
        for text, blocks in forms:
            try:
                return await self._say(n, text, blocks)
            except ChatRefusedError as error:
                if error.data["reason"] not in TOO_MUCH or (text, blocks) == forms[-1]:
                    raise
                log.warning("answer refused in this form, plainer now", error=str(error))
        raise AssertionError("there is always a last form")

    async def _say(self, n: int, text: str, blocks: Sequence[Block]) -> str:
        """Show it to the asker by the first way that is open; an id of ours for it."""
        channel, asker = self._heard.place.channel, self._heard.author.id
        ours = f"private:{self._placement.event_id}:{n}"
        if self._url:
            try:
                await self._web.respond(self._url, text, blocks=blocks)
            except ChatRefusedError as error:
                if error.data["reason"] in TOO_MUCH:
                    raise
                log.info("response address no longer serves", error=str(error))
                self._url = ""
            else:
                return ours
        try:
            await self._web.post_ephemeral(
                channel, asker, text, thread=self._heard.place.thread, blocks=blocks
            )
        except ChatRefusedError as error:
            if error.data["reason"] in TOO_MUCH:
                raise
            log.info("no ephemeral message here, a direct one instead", error=str(error))
        else:
            return ours
        direct = await self._web.open_dm(asker)
        return await self._web.post_message(direct, text, blocks=blocks)


async def _never_found(_others: Sequence[str]) -> None:
    return None
