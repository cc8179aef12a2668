"""The stand-in Discord lives on while a process of the app is killed."""

from __future__ import annotations

import asyncio
import sys

from tests.platforms.command import ROOT
from tests.platforms.discord_server import DiscordServer

_APP = """
import asyncio, sys
import discord.http, yarl
from discord.gateway import DiscordWebSocket

url, token, hang = sys.argv[1:]
discord.http.Route.BASE = url

class App(discord.Client):
    async def setup_hook(self):
        _, gateway, _ = await self.http.get_bot_gateway()
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)

    async def on_ready(self):
        for channel in self.guilds[0].text_channels:
            async for message in channel.history(oldest_first=True):
                await self.answer(message)

    async def on_message(self, message):
        await self.answer(message)

    async def answer(self, message):
        if message.author != self.user:
            await asyncio.sleep(float(hang))
            await message.channel.send(f"to {message.id}", nonce=str(message.id)[-20:])

App(intents=discord.Intents.default(), guild_ready_timeout=0.05).run(token, log_handler=None)
"""


async def started(discord: DiscordServer, hang: float) -> asyncio.subprocess.Process:
    """An app in a process of its own that takes so many seconds before it answers."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _APP, discord.url, discord.token, str(hang), cwd=ROOT
    )
    await discord.connected()
    return process


async def test_a_message_outlives_the_process_that_had_it() -> None:
    """Killed before it answered, the app finds the message in the history when it is back."""
    async with DiscordServer(content=False) as discord:
        ada = discord.user("Ada")
        roses = discord.channel(discord.guild("Garden", [ada]), "roses")
        killed = await started(discord, hang=60)
        asked = await discord.say(ada, roses, "@wellspoken roses?")
        await discord.until(lambda: "MESSAGE_CREATE" in [name for name, _ in discord.events])
        killed.kill()
        await killed.wait()
        await discord.until(lambda: not discord.gateway.links)
        again = await started(discord, hang=0)
        (answer,) = await discord.answered(roses, final=lambda message: True)
        again.kill()
        await again.wait()
    assert answer.content == f"to {asked.id}"
    assert len(discord.gateway.identified) == 2
