"""The stand-ins, and who is there."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from tests.platforms.discord_app import App, connected
from tests.platforms.discord_server import DiscordServer
from tests.platforms.discord_state import Channel, Guild, User
from tests.platforms.slack_server import SlackServer


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer() as server:
        yield server


@pytest.fixture
async def client(slack: SlackServer) -> AsyncIterator[AsyncWebClient]:
    """A client of the stand-in Slack."""
    async with aiohttp.ClientSession() as session:
        yield AsyncWebClient(slack.bot_token, base_url=slack.url, session=session)


@pytest.fixture
async def discord() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as server:
        yield server


@pytest.fixture
def ada(discord: DiscordServer) -> User:
    """Somebody on Discord."""
    return discord.user("Ada")


@pytest.fixture
def guild(discord: DiscordServer, ada: User) -> Guild:
    return discord.guild("Garden", [ada])


@pytest.fixture
def roses(discord: DiscordServer, guild: Guild) -> Channel:
    """A channel on Discord."""
    return discord.channel(guild, "roses")


@pytest.fixture
async def app(discord: DiscordServer, roses: Channel) -> AsyncIterator[App]:
    """The app, connected to the stand-in Discord."""
    async with connected(discord, App()) as client:
        yield client
