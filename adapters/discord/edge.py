"""What all listeners share: the house, the connection, and what a channel is."""

from __future__ import annotations

from typing import Any, Final

import discord

from adapters.chat.base import Place
from adapters.chat.ports import Desk
from adapters.discord.client import WellspokenClient
from adapters.discord.events import Channel, place_of
from adapters.discord.faults import fault_of
from adapters.discord.notes import Notes
from adapters.discord.ports import Replies, Threads
from adapters.discord.rest import DiscordRest

_KNOWN_MOST: Final = 10_000


class Edge:
    """The house as the listeners see it."""

    def __init__(
        self,
        desk: Desk,
        client: WellspokenClient,
        rest: DiscordRest,
        *,
        replies: Replies,
        threads: Threads,
        notes: Notes,
    ) -> None:
        self.desk, self.client, self.rest = desk, client, rest
        self.replies, self.threads, self.notes = replies, threads, notes
        self._fetched: dict[int, Channel] = {}

    async def channel(self, ident: int) -> Channel:
        """A channel or thread as such. Archived threads are in no cache: they are asked for.
        Raises ChatError."""
        found = self.client.get_channel(ident) or self._fetched.get(ident)
        if found is None:
            try:
                found = await self.client.fetch_channel(ident)
            except (discord.DiscordException, OSError, TimeoutError) as error:
                raise fault_of("get channel", "view_channel", error) from None
            if len(self._fetched) >= _KNOWN_MOST:
                self._fetched.clear()
            self._fetched[ident] = found
        return found

    async def place(self, channel: int, guild: int | None) -> Place:
        """The place of a channel or thread by its id. Raises ChatError."""
        if guild is None:
            return place_of(discord.Object(channel), None)
        return place_of(await self.channel(channel), guild)

    def place_of_interaction(self, interaction: discord.Interaction[Any]) -> Place:
        """Where something was pressed or typed."""
        channel = interaction.channel or discord.Object(interaction.channel_id or 0)
        return place_of(channel, interaction.guild_id)
