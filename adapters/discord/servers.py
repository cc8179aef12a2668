"""Coming and going: the connection, and the servers in which the bot is."""

from __future__ import annotations

import asyncio
from typing import Final

import discord

from adapters.discord.backfill import Backfill
from adapters.discord.commands import Tree, publish
from adapters.discord.edge import Edge
from adapters.discord.permissions import missing, named
from bot.errors import WellspokenError
from bot.telemetry import log

_AGAIN_S: Final = (2.0, 10.0, 60.0, 600.0, 3600.0)


class Servers:
    """Listens to what happens to the connection and to servers."""

    def __init__(self, edge: Edge, tree: Tree, backfill: Backfill) -> None:
        self._edge, self._tree, self._backfill = edge, tree, backfill
        self._published = self._told = False
        self._publishing = asyncio.Lock()

    async def on_ready(self) -> None:
        """A session began, the first or a new one: what happened in between was not told."""
        client = self._edge.client
        if not self._told:
            self._told = True
            log.info("Discord: connected", servers=len(client.guilds))
            for guild in client.guilds:
                if not guild.unavailable:
                    _look_at(guild)
        await asyncio.gather(self._publish(), self._backfill.catch_up())

    async def _publish(self) -> None:
        """Register the commands, once; tried again where Discord cannot be asked."""
        async with self._publishing:
            for pause in _AGAIN_S:
                if self._published:
                    return
                try:
                    await publish(self._tree, self._edge.client)
                    self._published = True
                except WellspokenError as error:
                    log.warning("Discord: the commands are not registered", error=str(error))
                    await asyncio.sleep(pause)

    async def on_shard_connect(self, _shard: int) -> None:
        """A line is new."""
        self._edge.client.hurry()

    async def on_shard_disconnect(self, shard: int) -> None:
        """A line is lost; the library takes it up again."""
        self._backfill.lost(shard)
        log.info("Discord: the line is lost", shard=shard)

    async def on_shard_resumed(self, shard: int) -> None:
        """It is there again, and what was said in between was told."""
        self._backfill.resumed(shard)
        log.info("Discord: the line is there again", shard=shard)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Somebody added the bot to a server."""
        log.info("Discord: added to a server", guild=guild.id)
        _look_at(guild)

    async def on_guild_unavailable(self, guild: discord.Guild) -> None:
        """A server has an outage."""
        self._backfill.gone(guild)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Its outage is over, or it comes late after the start: what was said there was missed."""
        if self._backfill.is_gone(guild):
            _look_at(guild)
            await self._backfill.catch_up_in(guild)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """The bot was removed; when it comes back, an admin hears anew what is missing."""
        log.info("Discord: removed from a server", guild=guild.id)
        await self._edge.notes.drop(f"lacks:{guild.id}:")


def _look_at(guild: discord.Guild) -> None:
    """Say in the log what is missing in a server."""
    lacks = missing(guild.me.guild_permissions)
    if lacks:
        log.warning("Discord: permissions are missing", guild=guild.id, missing=named(lacks))
