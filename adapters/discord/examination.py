"""Whether Discord works as it is set up: for ``wellspoken doctor`` and ``discord invite``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord

from adapters.discord.client import WellspokenClient
from adapters.discord.faults import fault_of
from adapters.discord.permissions import WITH_CONTENT, WITHOUT_CONTENT, invitation, missing, named
from bot.errors import ConfigurationError
from bot.settings import Settings

_GUILDS = 200


async def examine_discord(settings: Settings) -> str:
    """What Discord says of us, in one sentence.

    Raises ConfigurationError for a token that is refused and for permissions that are missing
    (each with what it is for), ChatErrors where Discord refuses or cannot be reached.
    """
    if settings.discord_token is None:
        return "not set up"
    async with logged_in(settings) as client:
        assert client.user is not None
        try:
            guilds: Any = await client.http.get_guilds(_GUILDS)
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            raise fault_of("get guilds", "", error) from None
        _expect_permissions(guilds)
        servers = f"{len(guilds)} server{'s' if len(guilds) != 1 else ''}"
        if not guilds:
            servers = "in no server yet, `wellspoken discord invite` prints the link"
        content = WITH_CONTENT if client.content else WITHOUT_CONTENT
        return f"{client.user.name}, {servers}; {content}"


def _expect_permissions(guilds: list[dict[str, Any]]) -> None:
    lacking = []
    for guild in guilds:
        lacks = missing(discord.Permissions(int(guild.get("permissions") or 0)))
        if lacks:
            lacking.append(f"{guild['name']}: {named(lacks)}")
    if lacking:
        raise ConfigurationError(
            where="Discord", problem=f"permissions are missing in {'; '.join(lacking)}"
        )


async def find_invitation(settings: Settings) -> str:
    """The link that adds the bot to a server. Raises ConfigurationError without a token that is
    right, ChatErrors where Discord cannot be asked."""
    if settings.discord_token is None:
        raise ConfigurationError(
            where="DISCORD_TOKEN",
            problem="it is not set; set it, or give --application with the application's id",
        )
    async with logged_in(settings) as client:
        assert client.application_id is not None
        return invitation(client.application_id)


@asynccontextmanager
async def logged_in(settings: Settings) -> AsyncIterator[WellspokenClient]:
    """A client that knows who it is; it connects to no gateway."""
    assert settings.discord_token is not None
    client = WellspokenClient(settings.discord_api_url)
    try:
        try:
            await client.login(settings.discord_token.get_secret_value())
        except discord.LoginFailure:
            raise ConfigurationError(
                where="DISCORD_TOKEN", problem="Discord refuses it; reset it and take the new one"
            ) from None
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            raise fault_of("login", "", error) from None
        yield client
    finally:
        await client.shut()
