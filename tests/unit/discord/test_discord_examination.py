"""``doctor`` and ``discord invite`` look at Discord, with the real library against the stand-in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import discord
import pytest

from adapters.discord.examination import examine_discord, find_invitation
from adapters.discord.permissions import PERMISSIONS
from bot.errors import ChatUnavailableError, ConfigurationError
from bot.settings import Settings
from tests.platforms.discord_server import DiscordServer
from tests.platforms.discord_service import kept_addresses


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    with kept_addresses():
        async with DiscordServer() as server:
            yield server


def settings(server: DiscordServer, **given: Any) -> Settings:
    return Settings().model_copy(
        update={
            "discord_token": _secret(server.token),
            "discord_api_url": server.url,
            **given,
        }
    )


def _secret(token: str) -> Any:
    from pydantic import SecretStr

    return SecretStr(token)


async def test_what_works_is_described(server: DiscordServer) -> None:
    """Name, servers, and whether message content may be read."""
    assert "in no server yet" in await examine_discord(settings(server))
    server.guild("Garden")
    said = await examine_discord(settings(server))
    assert said.startswith("wellspoken, 1 server; message content is on")
    assert await examine_discord(Settings()) == "not set up"


async def test_a_missing_intent_is_described() -> None:
    """It works without, and what follows from it is said."""
    with kept_addresses():
        async with DiscordServer(content=False) as server:
            assert "message content is off" in await examine_discord(settings(server))


async def test_missing_permissions_are_named_with_their_use(server: DiscordServer) -> None:
    """The server, the permission, and what it is for."""
    granted = [use.name.upper() for use in PERMISSIONS if use.name != "manage_threads"]
    server.guild("Garden", bot_permissions=granted, permissions=())
    with pytest.raises(ConfigurationError, match=r"Garden: Manage Threads \(to tag forum posts"):
        await examine_discord(settings(server))


async def test_a_wrong_token_is_a_wrong_setting(server: DiscordServer) -> None:
    """It is named without its value; a Discord that is away is another fault."""
    with pytest.raises(ConfigurationError, match="DISCORD_TOKEN") as raised:
        await examine_discord(settings(server, discord_token=_secret("other.token.y")))
    assert "other.token" not in str(raised.value)
    with pytest.raises(ChatUnavailableError):
        await examine_discord(settings(server, discord_api_url="http://127.0.0.1:1/api/v10"))


async def test_the_invitation_asks_for_the_table(server: DiscordServer) -> None:
    """Scopes, and a number that decodes to exactly the permissions of the table."""
    asked = parse_qs(urlsplit(await find_invitation(settings(server))).query)
    assert asked["client_id"] == [server.world.application]
    assert asked["scope"] == ["bot applications.commands"]
    granted = discord.Permissions(int(asked["permissions"][0]))
    assert granted == discord.Permissions(**{use.name: True for use in PERMISSIONS})
    with pytest.raises(ConfigurationError, match="DISCORD_TOKEN"):
        await find_invitation(Settings())
