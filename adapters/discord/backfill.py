"""What was said while nobody heard: fetched from the history, and heard late.

Discord tells again what a cut line missed, if the session lives on. After a start, or with a new
session, it does not. Until when everything was heard is noted every few seconds; what is fetched
twice is taken once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

import discord

from adapters.discord.edge import Edge
from adapters.discord.events import heard_of_message, said_by_a_person
from adapters.discord.hearing import Hearing
from bot.errors import ChatError, ChatUnavailableError, WellspokenError
from bot.store.timing import utc_now
from bot.telemetry import log

MARGIN: Final = timedelta(minutes=3)
"""How long a dead line may look alive: a heartbeat's interval (41 s), the wait for its answer
(60 s), the wait for a goodbye (30 s)."""
_NOTE_S: Final = 5.0
_DIRECTS: Final = 200
_SIDE_BY_SIDE: Final = 4
_AGAIN_S: Final = (5.0, 30.0, 60.0)
_PATIENCE_S: Final = 20.0


class Backfill:
    """Hears what was missed, at most ``window`` back."""

    def __init__(
        self,
        edge: Edge,
        hearing: Hearing,
        window: timedelta,
        clock: Callable[[], datetime] = utc_now,
        again_s: Sequence[float] = _AGAIN_S,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        """``again_s`` are the pauses, in seconds, after which is tried again what cannot be
        fetched; ``patience_s`` bounds how long what is said live waits for it."""
        self._patience_s = patience_s
        self._again_s = again_s
        self._edge, self._hearing = edge, hearing
        self._window, self._clock, self._begun = window, clock, clock()
        self._one = asyncio.Lock()
        self._whole = False
        self._lost: set[int] = set()
        self._behind: set[int] | None = None  # the lines with a gap; None: all, since the start
        self._moved = asyncio.Event()
        self._waiting: dict[int, asyncio.Event] = {}  # messages, each with what tells its end
        self._gone: dict[int, tuple[int, bool]] = {}  # servers: since when, and what counts

    def lost(self, shard: int) -> None:
        """A line is lost: until it is resumed or caught up with, not everything was heard."""
        self._lost.add(shard)
        if self._behind is not None:
            self._behind.add(shard)

    def resumed(self, shard: int) -> None:
        """A line is there again, and told what was said in between."""
        self._lost.discard(shard)
        if self._behind is not None:
            self._hears(self._behind - {shard})

    async def on_message(self, message: discord.Message) -> None:
        """A message, live: heard after what was missed before it. That is waited for 20 s
        at most: rather out of order than late. What is deleted meanwhile is not heard."""
        shard = message.guild.shard_id if message.guild is not None else 0
        heard = self._waiting[message.id] = asyncio.Event()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience_s):
                    while self._behind is None or shard in self._behind:
                        await self._moved.wait()
            if self._waiting.pop(message.id, None) is not None:
                await self._hearing.on_message(message)
        finally:
            self._waiting.pop(message.id, None)
            heard.set()

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        """An edit, after its message where that waits: what nobody knows yet is not amended."""
        waiting = self._waiting.get(event.message_id)
        if waiting is not None:
            await waiting.wait()
        await self._hearing.on_raw_message_edit(event)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        """A deletion, also of a message that waits."""
        self._waiting.pop(event.message_id, None)
        await self._hearing.on_raw_message_delete(event)

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        """Many deletions at once."""
        for message in event.message_ids:
            self._waiting.pop(message, None)
        await self._hearing.on_raw_bulk_message_delete(event)

    def _hears(self, behind: set[int]) -> None:
        """These lines alone have a gap."""
        self._behind = behind
        self._moved.set()
        self._moved = asyncio.Event()

    async def catch_up(self) -> None:
        """Fetch and hear what was missed. Never raises: what cannot be fetched is logged."""
        async with self._one:
            before, self._lost = self._lost, set()
            try:
                self._whole = await self._catch_up()
                shards = self._edge.client.shards
                self._lost |= {one for one in before if one in shards and shards[one].is_closed()}
            except WellspokenError as error:
                self._lost |= before
                log.warning("Discord: what was missed is not fetched", error=str(error))
            self._hears(set(self._lost))

    def gone(self, guild: discord.Guild) -> None:
        """A server has an outage."""
        self._gone.setdefault(guild.id, (_id_at(self._clock() - MARGIN), False))

    def is_gone(self, guild: discord.Guild) -> bool:
        """Whether it had an outage when we last heard of it."""
        return guild.id in self._gone

    async def catch_up_in(self, guild: discord.Guild) -> None:
        """Fetch and hear what was missed in a server that is back. Never raises."""
        async with self._one:
            after, only_sure = self._gone.pop(guild.id, (_id_at(self._clock()), False))
            after = max(after, _id_at(self._clock() - self._window))
            try:
                await self._fetch([*_busy_in(guild, after)], after, only_sure=only_sure)
            except WellspokenError as error:
                log.warning("Discord: what was missed is not fetched", error=str(error))

    async def keep_noting(self) -> None:
        """Note from time to time until when everything was heard; until cancelled."""
        while True:
            await asyncio.sleep(_NOTE_S)
            if not self._whole or self._one.locked() or not self._is_hearing():
                continue
            until = self._clock() - MARGIN
            try:
                await self._edge.notes.put(self._key, until.isoformat())
            except WellspokenError as error:
                log.warning("Discord: until when we heard is not noted", error=str(error))

    def _is_hearing(self) -> bool:
        client = self._edge.client
        shards = client.shards.values()
        if self._lost or not shards or not client.is_ready():
            return False
        if any(guild.unavailable for guild in client.guilds):
            return False
        return not any(shard.is_closed() for shard in shards)

    @property
    def _key(self) -> str:
        return f"heard:{self._edge.client.us}"

    async def _catch_up(self) -> bool:
        noted = await self._edge.notes.get(self._key)
        earliest = self._clock() - self._window
        since = max(earliest, datetime.fromisoformat(noted)) if noted else earliest
        after = _id_at(since)
        only_sure = noted is None
        guilds = self._edge.client.guilds
        self._gone |= {guild.id: (after, only_sure) for guild in guilds if guild.unavailable}
        channels = [place for guild in guilds for place in _busy_in(guild, after)]
        whole = await self._fetch([*channels, *await self._directs()], after, only_sure=only_sure)
        if only_sure and whole:  # from the beginning on we heard everything
            await self._edge.notes.put(self._key, self._begun.isoformat())
        return whole

    async def _fetch(self, channels: list[Any], after: int, *, only_sure: bool) -> bool:
        """Hear what was said there; whether everything that may be read could be."""
        room = asyncio.Semaphore(_SIDE_BY_SIDE)

        async def fetch(channel: Any) -> bool:
            async with room:
                return await self._hear(channel, after, only_sure=only_sure)

        for pause in (*self._again_s, None):
            read = await asyncio.gather(*map(fetch, channels))
            channels = [one for one, done in zip(channels, read, strict=True) if not done]
            if not channels or pause is None:
                break
            await asyncio.sleep(pause)
        return not channels

    async def _directs(self) -> list[Any]:
        """The direct messages in which the bot takes part; Discord lists them nowhere."""
        keys = await self._edge.threads.channels("discord::", _DIRECTS)
        ids = [key.rpartition(":")[2] for key in keys]
        return [self._edge.client.get_partial_messageable(int(one)) for one in ids if one.isdigit()]

    async def _hear(self, channel: Any, after: int, *, only_sure: bool) -> bool:
        """Hear what was said in one channel; ``False`` where it is to be tried again."""
        try:
            found = await self._edge.rest.history(str(channel.id), after=str(after))
        except ChatError as error:
            log.warning("Discord: a history is not read", channel=channel.id, error=str(error))
            return not isinstance(error, ChatUnavailableError)
        heard = 0
        for data in found:
            made: Any = data
            message = self._edge.client._connection.create_message(channel=channel, data=made)
            if await self._is_for_now(message, only_sure=only_sure):
                await self._hearing.on_message(message)
                heard += 1
        if heard:
            log.info("Discord: heard late what was missed", messages=heard, channel=channel.id)
        return True

    async def _is_for_now(self, message: discord.Message, *, only_sure: bool) -> bool:
        """Whether it may be heard late. What people said to each other before the bot was asked
        into their thread is none of its business; on the very first start only what is surely for
        it counts."""
        if not said_by_a_person(message, self._edge.client.us):
            return False
        heard = heard_of_message(message, self._edge.client.us)
        if heard.for_bot or message.guild is None:
            return True
        if only_sure:
            return False
        if not heard.place.thread:
            return True
        record = await self._edge.threads.find(heard.place.key)
        if record is None:
            return False
        return not record.heard or heard.at > record.heard[0].at


def _id_at(moment: datetime) -> int:
    return discord.utils.time_snowflake(moment)


def _busy_in(guild: discord.Guild, after: int) -> Iterator[Any]:
    """The channels, threads and posts in which something was said since. What Discord says of each
    on connecting spares the asking."""
    places: Iterable[Any] = (
        *guild.text_channels,
        *guild.voice_channels,
        *guild.stage_channels,
        *guild.threads,
    )
    for place in places:
        last = max(place.last_message_id or 0, place.id)
        if last >= after and _may_read(place, guild):
            yield place


def _may_read(place: Any, guild: discord.Guild) -> bool:
    if isinstance(place, discord.Thread) and place.parent is None:
        return False
    may = place.permissions_for(guild.me)
    return bool(may.view_channel and may.read_message_history)
