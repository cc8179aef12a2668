"""The stand-in Discord behaves as Discord does, towards the real discord.py."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from discord import Message

from tests.platforms.discord_app import App, connected
from tests.platforms.discord_server import DiscordServer


@pytest.fixture
async def discord() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as server:
        yield server


async def test_a_mention_is_answered_in_its_thread(discord: DiscordServer) -> None:
    """A mention arrives once, as people typed it; the thread that answers it is seen."""
    ada = discord.user("Ada")
    guild = discord.guild("Garden", [ada])
    roses = discord.channel(guild, "roses")
    app, heard = App(), []

    @app.event
    async def on_message(message: Message) -> None:
        heard.append(message)
        if app.user in message.mentions:
            thread = await message.create_thread(name="roses?")
            async with thread.typing():
                answer = await thread.send("Water")
                await answer.edit(content="Water them **at night**.")

    async with connected(discord, app):
        asked = await discord.say(ada, roses, "@wellspoken roses & <water>?")
        (answer,) = await discord.answered(asked)
    assert answer.shown == "Water them **at night**."
    assert [version.content for version in answer.versions] == ["Water", "Water them **at night**."]
    (mine,) = [m for m in heard if m.author.id == int(ada.id) and m.type.value == 0]
    assert mine.content == f"<@{discord.bot.id}> roses & <water>?"
    assert mine.id == int(asked.id)
