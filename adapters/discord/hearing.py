"""What is said and thumbed in Discord, kept before anything else.

Discord does not tell an event again because we failed: what cannot be kept is held and tried again
here, and what is lost with the process is fetched by :mod:`adapters.discord.backfill`.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Final, TypeVar
from weakref import WeakValueDictionary

import discord

from adapters.chat.base import Deleted, Heard
from adapters.discord.edge import Edge
from adapters.discord.events import (
    heard_of_message,
    is_for_bot,
    is_withheld,
    reaction_of,
    said_by_a_person,
    thumb,
)
from adapters.discord.rest import nonce_of
from adapters.discord.solving import Solving
from bot.conversation import Platform
from bot.errors import ChatError, StorageError
from bot.store.participation import HANDOFF
from bot.telemetry import log

_PAUSES_S: Final = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 60.0, 120.0, 300.0)
_REMEMBERED: Final = 10_000
_HINT: Final = (
    "I can't read messages here that don't mention me: my message content intent is off. "
    "Mention me and I'll answer; an admin can switch it on in Discord's developer portal."
)
_HINT_TO_COLLEAGUES: Final = (
    "I can't read what is written here, so it was not sent: my message content intent is off. "
    "Reply to this message and I'll pass it on; an admin can switch the intent on in Discord's "
    "developer portal."
)

_K = TypeVar("_K")
_V = TypeVar("_V")


class Hearing:
    """Listens to messages and reactions."""

    def __init__(self, edge: Edge, solving: Solving) -> None:
        self._edge, self._solving = edge, solving
        self._orders: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._kept: OrderedDict[tuple[int, datetime | None], None] = OrderedDict()
        self._thumbs: OrderedDict[tuple[int, int, bool], bool] = OrderedDict()

    # -- messages -----------------------------------------------------------------------------

    async def on_message(self, message: discord.Message) -> None:
        """A message, live or fetched later; after RESUME it may come again."""
        known = (message.id, message.edited_at)
        heard = None if known in self._kept else await self._heard(message)
        if heard is None:
            return
        if self._is_blank(message, heard):
            await self._hint(heard)
            return
        await self._take(heard)
        _note(self._kept, known, None)
        await self._solving.said(message, heard)

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        """A message was edited, or Discord added a preview: what is known of it follows, and a
        mention that was added is a question."""
        message = event.message
        if message.edited_at is None:
            return
        heard = await self._heard(message)
        if heard is not None and not self._is_blank(message, heard):
            name = f"discord:{message.id}:{message.edited_at.timestamp()}"
            async with self._order(heard.home.key):
                await kept(lambda: self._edge.desk.amend(heard, name))
        if is_for_bot(message, self._edge.client.us):
            await self.on_message(message)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        """A message was deleted, by its author or by a moderator."""
        await self._drop(event.channel_id, event.guild_id, (event.message_id,))

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        """Many messages were deleted at once."""
        await self._drop(event.channel_id, event.guild_id, sorted(event.message_ids))

    async def _drop(self, channel: int, guild: int | None, messages: Sequence[int]) -> None:
        try:
            place = await self._edge.place(channel, guild)
        except ChatError as error:
            log.warning("Discord: a deletion in an unknown channel", error=str(error))
            return
        for message in messages:
            deleted = Deleted(place, str(message))
            async with self._order(deleted.home.key):
                await kept(partial(self._edge.desk.drop, deleted))

    async def _heard(self, message: discord.Message) -> Heard | None:
        """What a person wrote; ``None`` where it was nobody, or is in no channel that we know."""
        us = self._edge.client.us
        if not said_by_a_person(message, us):
            return None
        if message.guild is not None and isinstance(message.channel, discord.PartialMessageable):
            try:
                message.channel = await self._edge.channel(message.channel.id)
            except ChatError as error:
                log.warning("Discord: a message in an unknown channel", error=str(error))
                return None
        return heard_of_message(message, us)

    def _is_blank(self, message: discord.Message, heard: Heard) -> bool:
        """Whether its words are kept from us; the title of a forum post is a question, too."""
        withheld = not self._edge.client.content and message.guild is not None
        return withheld and is_withheld(message) and not heard.text

    async def _take(self, heard: Heard) -> None:
        """Take it after what came before it in its thread."""
        async with self._order(heard.home.key):
            await kept(lambda: self._edge.desk.take(heard))

    def _order(self, key: str) -> asyncio.Lock:
        """The lock of a thread; those who wait for it come in their order."""
        order = self._orders.get(key)
        if order is None:
            self._orders[key] = order = asyncio.Lock()
        return order

    async def _hint(self, heard: Heard) -> None:
        """Say once in a thread of ours why nothing is answered there."""
        if not heard.place.thread:
            return
        record = await self._edge.threads.find(heard.place.key)
        if record is None or record.muted:
            return
        if await self._edge.notes.first(f"hint:{heard.place.thread}"):
            log.info("Discord: a thread is told that message content is off")
            thread = heard.place.thread
            hint = _HINT_TO_COLLEAGUES if record.role == HANDOFF else _HINT
            try:
                await self._edge.rest.send(
                    thread, hint, nonce=nonce_of(f"hint:{thread}"), in_thread=True
                )
            except ChatError as error:
                log.warning("Discord: the hint was not given", error=str(error))

    # -- reactions ------------------------------------------------------------------------------

    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        """A thumb put on an answer."""
        await self._react(event, added=True)

    async def on_raw_reaction_remove(self, event: discord.RawReactionActionEvent) -> None:
        """A thumb taken off."""
        await self._react(event, added=False)

    async def _react(self, event: discord.RawReactionActionEvent, *, added: bool) -> None:
        up = thumb(event.emoji.name or "")
        if up is None or event.message_author_id not in (self._edge.client.us, None):
            return
        pressed = (event.message_id, event.user_id, up)
        if self._thumbs.get(pressed) is added:
            return  # told again
        try:
            place = await self._edge.place(event.channel_id, event.guild_id)
        except ChatError as error:
            log.warning("Discord: a reaction in an unknown channel", error=str(error))
            return
        reaction = reaction_of(event, place, self._edge.client.us, added=added)
        if reaction is None or not (added or await self._is_answer(event, place.channel)):
            return
        # Reactions have no id of their own; the state of a thumb is what counts.
        name = f"discord:{event.message_id}:{event.user_id}:{up}:{added}:{time.time_ns()}"
        await kept(lambda: self._edge.desk.react(reaction, name))
        _note(self._thumbs, pressed, added)

    async def _is_answer(self, event: discord.RawReactionActionEvent, channel: str) -> bool:
        """Whether the message is an answer: on removal Discord does not say who wrote it."""
        if any((event.message_id, event.user_id, up) in self._thumbs for up in (True, False)):
            return True
        message = str(event.message_id)
        found = await self._edge.replies.turn_of(Platform.DISCORD, channel, message)
        return found is not None


async def kept(put: Callable[[], Awaitable[object]]) -> None:
    """Put it until it is kept; a database that is away for 10 minutes gets the better of us."""
    for pause in _PAUSES_S:
        try:
            await put()
        except StorageError as error:
            log.warning("Discord: an event is not kept yet", error=str(error))
            await asyncio.sleep(pause)
        else:
            return
    await put()


def _note(kept: OrderedDict[_K, _V], key: _K, value: _V) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > _REMEMBERED:
        kept.popitem(last=False)
