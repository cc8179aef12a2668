"""A message posted once: its metadata names what it belongs to, so that it is found again."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from adapters.chat.base import Place, Placement
from adapters.slack.lookups import Block, Identity
from adapters.slack.web import SlackWeb
from bot.errors import ChatRefusedError
from bot.telemetry import log

EVENT_TYPE = "wellspoken_answer"
_SKEW_S = 300.0  # how far Slack's clock and ours may differ

Known = Callable[[Sequence[str]], Awaitable[set[str]]]
"""Which of these messages carry a turn already."""


def label(event: str, part: int) -> dict[str, Any]:
    """The metadata of a message: which event it answers, and which part of the answer it is."""
    return {"event_type": EVENT_TYPE, "event_payload": {"event": event, "part": part}}


class Finder:
    """Looks for a message that was posted before its ts could be noted."""

    def __init__(self, web: SlackWeb, us: Identity, place: Place, event: str) -> None:
        self._web, self._us, self._place, self._event = web, us, place, event

    async def labelled(self, part: int, after: str, not_these: Sequence[str]) -> str | None:
        """The message that carries this event's label."""
        ours = await self._ours(after, not_these)
        return next((str(m["ts"]) for m in ours if self._bears(m, part)), None)

    async def streamed(self, after: str, not_these: Sequence[str], known: Known) -> str | None:
        """A stream of ours, which bears no label until it ends: the first message after the
        question that belongs to nothing else."""
        ours = await self._ours(after, not_these)
        labelled = next((str(m["ts"]) for m in ours if self._bears(m, 0)), None)
        if labelled is not None:
            return labelled
        bare = [str(m["ts"]) for m in ours if not (m.get("metadata") or {}).get("event_type")]
        others = await known(bare) if bare else set()
        return next((ts for ts in bare if ts not in others), None)

    async def _ours(self, after: str, not_these: Sequence[str]) -> list[dict[str, Any]]:
        place = self._place
        try:
            if place.thread:
                said = await self._web.replies(place.channel, place.thread, after=after)
            else:
                said = await self._web.history(place.channel, after=after)
        except ChatRefusedError as error:
            # Better an answer that may stand there twice than none.
            log.warning("cannot look for a message posted earlier", error=str(error))
            return []
        return [m for m in said if self._is_ours(m) and m.get("ts") not in not_these]

    def _bears(self, message: Mapping[str, Any], part: int) -> bool:
        """Whether a message has the label of this event and part."""
        metadata = message.get("metadata") or {}
        payload = metadata.get("event_payload") or {}
        return (metadata.get("event_type"), payload.get("event"), str(payload.get("part"))) == (
            EVENT_TYPE,
            self._event,
            str(part),
        )

    def _is_ours(self, message: Mapping[str, Any]) -> bool:
        return bool(
            (self._us.bot and message.get("bot_id") == self._us.bot)
            or (self._us.user and message.get("user") == self._us.user)
        )


async def post_once(
    web: SlackWeb,
    us: Identity,
    place: Place,
    placement: Placement,
    text: str,
    blocks: Sequence[Block] = (),
) -> str:
    """Post mrkdwn into a place, a thread or the top of a channel, once for a placement; its ts.

    An earlier attempt's message is found by its label and returned as it is. Raises what ``web``
    raises; then the placement knows that the message may be there.
    """
    if placement.messages:
        return placement.messages[0]
    finder = Finder(web, us, place, placement.event_id)
    since = str(placement.marks.get("since") or f"{time.time() - _SKEW_S:.6f}")

    async def send() -> str:
        return await web.post_message(
            place.channel,
            text,
            thread=place.thread,
            blocks=blocks,
            metadata=label(placement.event_id, 0),
        )

    async def find(others: Sequence[str]) -> str | None:
        return await finder.labelled(0, since, others)

    return await placement.post(send, find, since=since)
