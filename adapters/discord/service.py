"""Discord put together from the settings: what ``serve`` starts."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final, NoReturn

import aiohttp
import discord
from starlette.routing import Route

from adapters.amended import AmendedSettings
from adapters.chat.ports import Desk
from adapters.discord.adapter import DiscordAdapter
from adapters.discord.backfill import Backfill
from adapters.discord.client import WellspokenClient
from adapters.discord.commands import build_tree
from adapters.discord.complaints import Complaints
from adapters.discord.edge import Edge
from adapters.discord.hearing import Hearing
from adapters.discord.interactions import Interactions
from adapters.discord.notes import Notes
from adapters.discord.permissions import WITH_CONTENT, WITHOUT_CONTENT
from adapters.discord.rest import DiscordRest
from adapters.discord.servers import Servers
from adapters.discord.solving import Solving
from bot.settings import Settings
from bot.store.base import Database
from bot.store.participation import Participation
from bot.store.replies import Replies
from bot.telemetry import log

_PAUSES_S: Final = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
_LASTED_S: Final = 120.0
_REFUSED: Final = (
    "Discord: the token is refused; take a new one from your application's page "
    "(https://discord.com/developers/applications, Bot) into DISCORD_TOKEN and start again"
)
_NOT_GRANTED: Final = (
    "Discord: the message content intent was switched off while we connected; going on without"
)


@dataclass(frozen=True, slots=True)
class Discord:
    """Discord, ready to run."""

    adapter: DiscordAdapter
    client: WellspokenClient
    token: str = field(repr=False)
    backfill: Backfill
    complaints: Complaints
    routes: list[Route] = field(default_factory=list)
    """None: all comes over the gateway."""
    refused: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the token is refused."""

    @property
    def trouble(self) -> str | None:
        """Whether the token is refused."""
        return _REFUSED if self.refused.is_set() else None

    async def run(self) -> None:
        """Hear Discord until cancelled; what is answered then still goes out."""
        noting = asyncio.create_task(self.backfill.keep_noting())
        try:
            await self._hear()
        finally:
            noting.cancel()
            await asyncio.gather(noting, return_exceptions=True)
            await self.client.stop_hearing()

    async def aclose(self) -> None:
        """Close all connections."""
        await self.complaints.drain()
        await self.client.shut()

    async def _hear(self) -> NoReturn:
        """Log in and listen, again and again. The library itself takes up lost lines; here is what
        it gives up for."""
        failed, loop = 0, asyncio.get_running_loop()
        while True:
            begun = loop.time()
            try:
                await self.client.login(self.token)
                self._greet()
                await self.client.connect()
            except discord.LoginFailure:
                log.error(_REFUSED)
                self.refused.set()
                await asyncio.Event().wait()
            except discord.PrivilegedIntentsRequired:
                log.warning(_NOT_GRANTED)
                self.client.content_refused = True
            except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
                log.warning("Discord: not connected, it is tried again", error=type(error).__name__)
            except Exception as error:  # noqa: BLE001 - a fault here must not end the other platforms
                log.error("Discord: the connection ended by a fault", exc_info=error)
            # Discord counts sessions, 1,000 a day: one that lasted may be followed at once.
            failed = 0 if loop.time() - begun > _LASTED_S else failed
            await asyncio.sleep(_PAUSES_S[min(failed, len(_PAUSES_S) - 1)])
            failed += 1
            await self.client.reopen()

    def _greet(self) -> None:
        """Say who we are, and what may be read."""
        log.info("Discord: this is", bot=self.client.us, name=str(self.client.user))
        log.info(f"Discord: {WITH_CONTENT if self.client.content else WITHOUT_CONTENT}")


def is_configured(settings: Settings) -> bool:
    """Whether Discord is to be connected."""
    return settings.discord_token is not None


def build_discord(settings: Settings, desk: Desk, replies: Replies, database: Database) -> Discord:
    """Discord as the settings say, which must hold a token."""
    assert settings.discord_token is not None
    client = WellspokenClient(settings.discord_api_url, settings.discord.shards)
    notes = Notes(database)
    complaints = Complaints(client, notes)
    rest = DiscordRest(
        client.http, refused=lambda channel, error: complaints.refused(rest, channel, error)
    )
    amended = AmendedSettings(settings, database)
    adapter = DiscordAdapter(rest, amended, replies, guilds=client.roles, ours=client.own_servers)
    edge = Edge(desk, client, rest, replies=replies, threads=Participation(database), notes=notes)
    solving = Solving(edge)
    hearing, answers = Hearing(edge, solving), Interactions(edge, solving)
    backfill = Backfill(edge, hearing, settings.discord.backfill)
    servers = Servers(edge, build_tree(client, answers), backfill)
    for listener in (
        backfill.on_message,
        backfill.on_raw_message_edit,
        backfill.on_raw_message_delete,
        backfill.on_raw_bulk_message_delete,
        hearing.on_raw_reaction_add,
        hearing.on_raw_reaction_remove,
        answers.on_interaction,
        servers.on_ready,
        servers.on_shard_connect,
        servers.on_shard_disconnect,
        servers.on_shard_resumed,
        servers.on_guild_join,
        servers.on_guild_remove,
        servers.on_guild_unavailable,
        servers.on_guild_available,
    ):
        client.event(listener)
    return Discord(adapter, client, settings.discord_token.get_secret_value(), backfill, complaints)
