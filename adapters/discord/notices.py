"""What is posted beside answers, once: sentences of the house, and questions for colleagues."""

from __future__ import annotations

import time
from collections.abc import Sequence

from adapters.chat.base import Placement
from adapters.discord.buttons import Component
from adapters.discord.directory import Channel
from adapters.discord.faults import TAG_REQUIRED, THREAD_EXISTS, UNKNOWN_CHANNEL, code_of
from adapters.discord.posting import Poster, seat_of, snowflake_at
from adapters.discord.rest import DiscordRest
from adapters.discord.seats import Seat
from bot.errors import ChatRefusedError
from bot.telemetry import log

_SKEW_S = 300.0  # how far Discord's clock and ours may differ


async def post_in(
    rest: DiscordRest,
    seats: Sequence[Seat],
    parts: Sequence[str],
    placement: Placement,
    below: Sequence[Component] = (),
) -> None:
    """Post messages in the first seat that there is, with ``below`` under the last. An earlier
    attempt's stand where they are."""
    begun = seat_of(placement)
    if begun is not None:
        seats = [begun, *(seat for seat in seats if seat != begun)]
    for seat in seats:
        poster = Poster(rest, placement, seat, after=_since(placement), known=_none)
        try:
            for n, part in enumerate(parts[len(placement.messages) :], len(placement.messages)):
                await poster.put(n, part, below if n == len(parts) - 1 else ())
        except ChatRefusedError as error:
            if code_of(error) != UNKNOWN_CHANNEL or placement.messages or seat is seats[-1]:
                raise
        else:
            return


async def post_with_thread(
    rest: DiscordRest, channel: Channel, name: str, text: str, placement: Placement
) -> str:
    """Post a message and open a thread on it; the id of both. Where no thread may be made the
    message stands alone."""
    await post_in(rest, [Seat(channel.id)], [text], placement)
    message = placement.messages[0]
    try:
        await rest.create_thread(channel.id, message, name)
    except ChatRefusedError as error:
        if code_of(error) != THREAD_EXISTS:
            log.warning("Discord: no thread for a handed-on question", error=str(error))
    return message


async def post_in_forum(
    rest: DiscordRest, forum: Channel, name: str, text: str, placement: Placement
) -> str:
    """Make a post of this name in a forum; its id. It carries no nonce: after a cut it is looked
    for by its name."""
    if placement.messages:
        return placement.messages[0]
    since = _since(placement)

    async def send() -> str:
        try:
            return await rest.create_post(forum.id, name, text)
        except ChatRefusedError as error:
            if code_of(error) != TAG_REQUIRED:
                raise
        offered = (await rest.channel(forum.id)).get("available_tags") or []
        tags = [str(tag["id"]) for tag in offered if not tag.get("moderated")][:1]
        return await rest.create_post(forum.id, name, text, tags=tags)

    async def find(_others: Sequence[str]) -> str | None:
        us = await rest.me()
        for thread in await rest.active_threads(forum.guild):
            ours = thread.get("owner_id") == us and thread.get("parent_id") == forum.id
            if ours and thread.get("name") == name and int(thread["id"]) > int(since):
                return str(thread["id"])
        return None

    return await placement.post(send, find)


def _since(placement: Placement) -> str:
    """An id older than what a placement posts, the same for all attempts."""
    since = str(placement.marks.get("since") or snowflake_at(time.time() - _SKEW_S))
    placement.marks["since"] = since
    return since


async def _none(_messages: Sequence[str]) -> set[str]:
    return set()
