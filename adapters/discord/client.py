"""The connection to Discord: discord.py's client with the house's habits.

Always the sharded client: Discord itself recommends the number of shards, one below 1,000 servers
(https://docs.discord.com/developers/events/gateway#sharding).
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Final

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.telemetry import log

API_URL: Final = "https://discord.com/api/v10"
_GOODBYE_S: Final = 3.0
_LONGEST_WAIT_LOG2_S: Final = 5


class WellspokenClient(discord.AutoShardedClient):
    """Hears what is subscribed to; what it sends pings nobody.

    ``base_url`` is the base of the API, the gateway's address is asked there. Both are one for the
    whole process: discord.py keeps them in its classes. ``shards`` is their number, as Discord
    recommends it where none is given.
    """

    def __init__(self, base_url: str | None = None, shards: int | None = None) -> None:
        Route.BASE = (base_url or API_URL).rstrip("/")
        quieten()
        super().__init__(
            intents=intents(content=False),
            shard_count=shards,
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
            chunk_guilds_at_startup=False,
            guild_ready_timeout=1.0,
        )
        self.content = False
        """Whether messages that do not mention the bot come with their words; known once logged
        in."""
        self.known = asyncio.Event()
        """Set once it is logged in: from then on it can be sent."""
        self.content_refused = False
        """Set where Discord did not grant the message content intent that it had announced."""
        self._deaf = self._begun = False
        let_one_shard_be_unnamed(self._connection.parsers)

    @property
    def us(self) -> int:
        """The bot's own id; 0 before it is logged in."""
        return self.user.id if self.user is not None else 0

    def roles(self) -> dict[str, dict[str, str]] | None:
        """All servers with the names of their roles by id, as the gateway told; ``None`` where
        it has not told all."""
        if not self.is_ready() or any(guild.unavailable for guild in self.guilds):
            return None
        return {
            str(guild.id): {str(role.id): role.name for role in guild.roles}
            for guild in self.guilds
        }

    def own_servers(self) -> frozenset[str]:
        """The servers to which nobody but the bot's owners can have added it: theirs, or all where
        it is not public."""
        bot = self.application
        if bot is None:
            return frozenset()
        owners = {bot.owner.id, *(member.id for member in (bot.team.members if bot.team else ()))}
        return frozenset(
            str(guild.id) for guild in self.guilds if not bot.bot_public or guild.owner_id in owners
        )

    async def setup_hook(self) -> None:
        """After the login, before the gateway: where that is, and what we may read there."""
        self._begun = True
        granted = may_read_content(self.application_flags)
        self.content = granted and not self.content_refused
        self._connection._intents = intents(content=self.content)
        shards, gateway, _limits = await self.http.get_bot_gateway()
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
        self.shard_count = self.shard_count or shards
        self.known.set()

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """Hand an event to its listener, until we stop hearing."""
        if not self._deaf:
            super().dispatch(event, *args, **kwargs)

    def hurry(self) -> None:
        """Let no line wait longer than half a minute until it is tried again; the library's own
        patience grows to 17 minutes."""
        for shard in self.shards.values():
            shard._parent._backoff._max = _LONGEST_WAIT_LOG2_S

    async def reopen(self) -> None:
        """Make ready for another login, after one that failed or a session that ended for good."""
        await self.http.close()
        self.http.connector = discord.utils.MISSING  # the library would use the closed one
        if self._begun:
            self.clear()
        await self._async_setup_hook()

    async def stop_hearing(self) -> None:
        """Leave the gateway; what is answered then still goes out."""
        self._deaf = True
        lines = [shard.disconnect() for shard in self.shards.values()]
        await _within(_GOODBYE_S, *lines)

    async def shut(self) -> None:
        """Close all connections."""
        if self._begun:
            await _within(_GOODBYE_S, self.close())
        await self.http.close()

    async def on_error(self, event_method: str, /, *_args: Any, **_kwargs: Any) -> None:
        """A listener failed because of a fault of ours."""
        error = sys.exc_info()[1]
        log.error("Discord: an event was not handled", kind=event_method, exc_info=error)


def intents(*, content: bool) -> discord.Intents:
    """What we subscribe to; see :data:`adapters.discord.permissions.INTENTS`."""
    return discord.Intents(
        guilds=True,
        guild_messages=True,
        dm_messages=True,
        guild_reactions=True,
        dm_reactions=True,
        message_content=content,
    )


def may_read_content(flags: discord.ApplicationFlags) -> bool:
    """Whether the message content intent is switched on for the application."""
    return flags.gateway_message_content or flags.gateway_message_content_limited


def quieten() -> None:
    """discord.py logs warnings only, never addresses (they hold tokens of interactions), and a
    lost line in one line."""
    logging.getLogger("discord").setLevel(logging.WARNING)
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # no voice is used
    for name in ("discord.http", "discord.webhook.async_"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    for name in ("discord.client", "discord.shard", "discord.gateway"):
        logger = logging.getLogger(name)
        if not any(isinstance(one, _InOneLine) for one in logger.filters):
            logger.addFilter(_InOneLine())


def let_one_shard_be_unnamed(parsers: dict[str, Callable[[Any], None]]) -> None:
    """Discord names the shard when a session begins; a gateway for a single one may not, and the
    library would fall over it."""
    begin = parsers["READY"]
    parsers["READY"] = lambda data: begin({"shard": [0, 1], **data})


async def _within(seconds: float, *partings: Coroutine[Any, Any, None]) -> None:
    """Take leave politely, but not for long: the other side may be gone."""
    try:
        async with asyncio.timeout(seconds):
            for ended in await asyncio.gather(*partings, return_exceptions=True):
                if isinstance(ended, Exception):
                    log.info("Discord: a line did not close well", error=type(ended).__name__)
    except TimeoutError:
        log.info("Discord: a line did not close in time")


class _InOneLine(logging.Filter):
    """Lines that are lost and found again are no faults of the program: no traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten; keep every record."""
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            record.msg = f"Discord: {record.getMessage()} ({type(error).__name__})"
            record.args = ()
            record.exc_info = None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True
