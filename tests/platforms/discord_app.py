"""A client of the real discord.py beside the stand-in Discord, for its tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

import discord.http
import pytest
import yarl
from discord import AllowedMentions, Client, HTTPException, Intents, app_commands
from discord.gateway import DiscordWebSocket

from tests.platforms.discord_server import DiscordServer
from tests.platforms.discord_state import Channel

C = TypeVar("C", bound=Client)


@contextmanager
def redirected(url: str) -> Iterator[None]:
    """Let discord.py speak to another REST address; its gateway is asked there (:class:`App`)."""
    rest, gateway = discord.http.Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    discord.http.Route.BASE = url
    try:
        yield
    finally:
        discord.http.Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = rest, gateway


class App(Client):
    """A client with commands that asks where the gateway is."""

    def __init__(self, *, content: bool = True, **more: Any) -> None:
        intents = Intents.default()
        intents.message_content = content
        more.setdefault("allowed_mentions", AllowedMentions.none())
        super().__init__(intents=intents, guild_ready_timeout=0.05, **more)
        self.tree = app_commands.CommandTree(self)
        self.sync = False

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify at once: the stand-in does not ask for five seconds between."""

    async def setup_hook(self) -> None:
        """Find the gateway; register the commands where a test wants that."""
        _, url, _ = await self.http.get_bot_gateway()
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(url)
        if self.sync:
            await self.tree.sync()


@asynccontextmanager
async def connected(server: DiscordServer, app: C) -> AsyncIterator[C]:
    """The client on the gateway, between READY and closing."""
    with redirected(server.url):
        running = asyncio.create_task(app.start(server.token))
        try:
            await server.connected()
            await server.until(app.is_ready)
            yield app
        finally:
            await app.close()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def refused(call: Any) -> int:
    """Discord's code with which a call is refused."""
    with pytest.raises(HTTPException) as raised:
        await call
    return raised.value.code


def of(app: App, channel: Channel) -> Any:
    """The app's own notion of a channel."""
    return app.get_partial_messageable(int(channel.id), guild_id=int(channel.guild or 0) or None)
