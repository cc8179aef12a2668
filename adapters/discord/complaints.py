"""What an admin must mend: told once, to the server's owner, else in its system channel."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import discord

from adapters.discord.client import WellspokenClient
from adapters.discord.faults import permission_name
from adapters.discord.notes import Notes
from adapters.discord.permissions import missing
from adapters.discord.rest import DiscordRest, nonce_of
from bot.errors import ChatError, ChatRefusedError, ChatUnavailableError, WellspokenError
from bot.telemetry import log

_LACKS: Final = (
    "In **{guild}**, channel #{channel}, I'm missing {needed}, so {so}. Give it to my role in the "
    "server settings, or in that channel's own permissions. I won't say this again."
)
_NOT_SERVED: Final = "people there don't get what they ask me for"
_NO_THREADS: Final = "my answers there stand in the channel itself, not in threads"
_THREADS: Final = permission_name("create_public_threads")


class Complaints:
    """Keeps an eye on refusals that an admin can end."""

    def __init__(self, client: WellspokenClient, notes: Notes) -> None:
        self._client, self._notes = client, notes
        self._telling: set[asyncio.Task[None]] = set()

    def refused(self, rest: DiscordRest, channel: str, error: ChatRefusedError) -> None:
        """A call was refused for want of a permission; ``channel`` is where, if it is an id."""
        if not channel.isdigit():
            return
        task = asyncio.create_task(self._tell(rest, int(channel), str(error.data["needed"])))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def drain(self) -> None:
        """Let what is being told come to its end."""
        await asyncio.gather(*self._telling, return_exceptions=True)

    async def _tell(self, rest: DiscordRest, channel: int, needed: str) -> None:
        found = self._client.get_channel(channel)
        guild = getattr(found, "guild", None)
        if not isinstance(guild, discord.Guild):
            return
        try:
            names = [
                name
                for name in _all_missing(found, guild, needed)
                if await self._notes.first(_note_of(guild, name))
            ]
            if not names:
                return
            log.warning("Discord: permissions are missing", missing=names, guild=guild.id)
            text = _LACKS.format(
                guild=guild.name,
                channel=getattr(found, "name", channel),
                so=_NO_THREADS if names == [_THREADS] else _NOT_SERVED,
                needed=" and ".join(f"**{name}**" for name in names),
            )
            try:
                await self._say(rest, guild, text, nonce_of(f"lacks:{guild.id}:{names}"))
            except ChatUnavailableError:  # the next refusal is told of
                for name in names:
                    await self._notes.drop(_note_of(guild, name))
                raise
        except WellspokenError as error:
            log.warning("Discord: no admin could be told", guild=guild.id, error=str(error))

    async def _say(self, rest: DiscordRest, guild: discord.Guild, text: str, nonce: str) -> None:
        try:
            direct = await rest.open_dm(str(guild.owner_id))
            await rest.send(direct, text, nonce=nonce)
        except ChatError as error:
            system = guild.system_channel
            if system is None or not system.permissions_for(guild.me).send_messages:
                raise
            log.info("Discord: the owner takes no direct messages", error=str(error))
            await rest.send(str(system.id), text, nonce=nonce)


def _note_of(guild: discord.Guild, name: str) -> str:
    return f"lacks:{guild.id}:{name}"


def _all_missing(channel: Any, guild: discord.Guild, needed: str) -> list[str]:
    """What is missing there, what was refused first: told of together, mended together. What only
    forums need is not missed elsewhere."""
    if isinstance(channel, discord.Thread):
        channel = channel.parent
    lacks = missing(channel.permissions_for(guild.me)) if channel is not None else ()
    others = [permission_name(use.name) for use in lacks if use.name != "manage_threads"]
    return list(dict.fromkeys([needed, *others]))
