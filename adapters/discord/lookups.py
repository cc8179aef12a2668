"""What is asked of Discord without changing anything there, and the files of its messages."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import aiohttp
from discord.http import Route

from adapters.discord.calls import Calls
from adapters.discord.faults import PLATFORM, fault_of
from bot.errors import ChatRefusedError, ChatUnavailableError

_PAGE, _PAGES = 100, 10
_FILE_HOSTS = frozenset({"cdn.discordapp.com", "media.discordapp.net"})
_DOWNLOAD_S = 20.0


class Lookups:
    """The reading half of :class:`adapters.discord.rest.DiscordRest`; raises as that."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._us = ""

    async def me(self) -> str:
        """The bot's user id; asked once."""
        if not self._us:
            found = await self._calls.call("get current user", Route("GET", "/users/@me"))
            self._us = str(found["id"])
        return self._us

    async def history(self, channel: str, *, after: str) -> list[dict[str, Any]]:
        """A channel's messages later than the message ``after``, oldest first; at most 1,000."""
        found: list[dict[str, Any]] = []
        for _ in range(_PAGES):
            page = await self._calls.call(
                "get messages",
                Route("GET", "/channels/{channel_id}/messages", channel_id=channel),
                needs="read_message_history",
                params={"limit": _PAGE, "after": after},
            )
            page = sorted(page, key=lambda message: int(message["id"]))
            found += page
            if len(page) < _PAGE:
                break
            after = str(page[-1]["id"])
        return found

    async def message(self, channel: str, message: str) -> dict[str, Any]:
        """One message."""
        found = await self._calls.call(
            "get message",
            Route(
                "GET",
                "/channels/{channel_id}/messages/{message_id}",
                channel_id=channel,
                message_id=message,
            ),
            needs="read_message_history",
        )
        return dict(found)

    async def channel(self, channel: str) -> dict[str, Any]:
        """A channel, forum or thread."""
        found = await self._calls.call(
            "get channel",
            Route("GET", "/channels/{channel_id}", channel_id=channel),
            needs="view_channel",
        )
        return dict(found)

    async def active_threads(self, guild: str) -> list[dict[str, Any]]:
        """The threads and forum posts of a guild that are not archived."""
        found = await self._calls.call(
            "get active threads",
            Route("GET", "/guilds/{guild_id}/threads/active", guild_id=guild),
            needs="view_channel",
        )
        return list(found["threads"])

    async def guilds(self) -> list[str]:
        """The ids of all guilds in which the bot is."""
        found: list[str] = []
        while True:
            params = {"limit": 200, **({"after": found[-1]} if found else {})}
            page = await self._calls.call(
                "get guilds", Route("GET", "/users/@me/guilds"), params=params
            )
            found += [str(guild["id"]) for guild in page]
            if len(page) < 200:
                return found

    async def roles(self, guild: str) -> dict[str, str]:
        """A guild's roles: id to name."""
        found = await self._calls.call(
            "get roles", Route("GET", "/guilds/{guild_id}/roles", guild_id=guild)
        )
        return {str(role["id"]): str(role["name"]) for role in found}

    async def member(self, guild: str, user: str) -> dict[str, Any]:
        """Somebody in a guild. Raises ChatRefusedError 10007 for who is not in it."""
        found = await self._calls.call(
            "get member",
            Route("GET", "/guilds/{guild_id}/members/{member_id}", guild_id=guild, member_id=user),
        )
        return dict(found)

    async def user(self, user: str) -> dict[str, Any]:
        """Anybody."""
        found = await self._calls.call("get user", Route("GET", "/users/{user_id}", user_id=user))
        return dict(found)

    async def open_dm(self, user: str) -> str:
        """The channel of direct messages with somebody."""
        found = await self._calls.call(
            "open direct message",
            Route("POST", "/users/@me/channels"),
            json={"recipient_id": user},
        )
        return str(found["id"])

    async def download(self, url: str, limit: int) -> bytes:
        """At most ``limit`` bytes of a file. The address is signed, so it goes without the token;
        any host but Discord's raises ChatRefusedError."""
        if not _is_discords(url):
            raise ChatRefusedError(
                platform=PLATFORM, method="file", reason="foreign_host", code=0, needed=""
            )
        timeout = aiohttp.ClientTimeout(total=_DOWNLOAD_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(url, allow_redirects=False, proxy=self._calls.proxy) as response,
            ):
                _check(response.status)
                content = bytearray()
                async for piece in response.content.iter_chunked(65_536):
                    content += piece
                    if len(content) >= limit:
                        break
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise fault_of("file", "", error) from None
        return bytes(content[:limit])


def _check(status: int) -> None:
    if status >= 500 or status == 429:
        raise ChatUnavailableError(platform=PLATFORM, method="file", reason=str(status))
    if status != 200:
        raise ChatRefusedError(
            platform=PLATFORM, method="file", reason=str(status), code=0, status=status, needed=""
        )


def _is_discords(url: str) -> bool:
    target, base = urlsplit(url), urlsplit(Route.BASE)
    if (target.scheme, target.netloc) == (base.scheme, base.netloc):
        return True
    return target.scheme == "https" and target.netloc in _FILE_HOSTS
