"""Who and what is in Discord: members, roles, channels; asked once, kept briefly.

Names may be shown from an old answer when Discord cannot be asked. Rights never: who cannot be
looked up sees public documents only.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from adapters.chat.kept import Kept
from adapters.discord.access import (
    EVERYONE,
    by_name,
    channel_groups,
    counts,
    names_roles,
    own_groups,
    role_groups,
)
from adapters.discord.faults import UNKNOWN_MEMBER, code_of
from bot.conversation import Principal
from bot.errors import ChatError, ChatRefusedError
from bot.settings.sections import AccessSection
from bot.telemetry import log

MEMBERS_S, CHANNELS_S, ROLES_S = 60.0, 300.0, 120.0
_FORUMS: Final = frozenset({15, 16})
_THREADS: Final = frozenset({10, 11, 12})
_UNKNOWN_USER: Final = 10013

Clock = Callable[[], float]
Roles = dict[str, str]
"""A guild's roles: id to name."""
Guilds = Callable[[], dict[str, Roles] | None]
"""All guilds with their roles, as the gateway told them; ``None`` before it has."""
Ours = Callable[[], frozenset[str]]
"""The guilds that nobody but the bot's owners can have added it to."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel, forum or thread."""

    id: str
    guild: str
    name: str
    parent: str
    forum: bool
    thread: bool


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a guild, with the ids of their roles."""

    name: str
    roles: tuple[str, ...]


class Lookups(Protocol):
    """What is asked; :class:`adapters.discord.rest.DiscordRest` has it."""

    async def channel(self, channel: str) -> dict[str, Any]: ...
    async def guilds(self) -> list[str]: ...
    async def roles(self, guild: str) -> dict[str, str]: ...
    async def member(self, guild: str, user: str) -> dict[str, Any]: ...
    async def user(self, user: str) -> dict[str, Any]: ...


class Directory:
    """The guilds of one bot, and their people. ``known`` gives the guilds that the gateway has
    told of, which saves asking for them; ``ours`` are those whose names can be trusted: in a guild
    of their own anybody can give a role or channel any name."""

    def __init__(
        self,
        rest: Lookups,
        *,
        known: Guilds = lambda: None,
        ours: Ours = frozenset,
        clock: Clock = time.monotonic,
    ) -> None:
        self._rest, self._known, self._ours = rest, known, ours
        self._channels: Kept[Channel] = Kept(CHANNELS_S, clock)
        self._members: Kept[Member | None] = Kept(MEMBERS_S, clock)
        self._roles: Kept[Roles] = Kept(ROLES_S, clock)
        self._guilds: Kept[list[str]] = Kept(ROLES_S, clock)
        self._users: Kept[str] = Kept(CHANNELS_S, clock)
        self._warned = False

    async def channel(self, channel: str) -> Channel:
        """What a channel is."""
        return await self._channels.get(channel, self._load_channel)

    async def is_forum(self, channel: str) -> bool:
        """Whether posts are made there; ``False`` where that cannot be found out."""
        try:
            return (await self.channel(channel)).forum
        except ChatError as error:
            log.warning("Discord: it is not known what a channel is", error=str(error))
            return False

    async def name(self, guild: str, user: str) -> str:
        """What somebody is called, in a guild where one is given; empty where that cannot be found
        out. Never raises."""
        try:
            member = await self._member(guild, user) if guild else None
            return member.name if member else await self._users.get(user, self._load_user)
        except ChatError as error:
            log.info("Discord: no name for somebody", error=str(error))
            return self._users.old(user) or ""

    async def in_channel(self, access: AccessSection, channel: str) -> Principal:
        """What everybody who reads a channel may see; public only where Discord cannot be asked.
        A thread has what its parent has, however few are in it: its place names the parent. Never
        raises."""
        mapped = access.discord.channels
        if not mapped:
            return Principal()
        if not (by_name(mapped) or access.discord.servers):
            return Principal(channel_groups(access, channel, ""))
        try:
            found = await self._parent(channel)
            named = by_name(mapped) and await self._are_names_safe(access, found.guild)
        except ChatError as error:
            log.warning("Discord: rights not found out, public only", error=str(error))
            return Principal()
        if not counts(access, found.guild):
            return Principal()
        return Principal(channel_groups(access, found.id, found.name if named else ""))

    async def groups_of(self, access: AccessSection, author: str) -> frozenset[str]:
        """The groups of one person: their own, and those of their roles in all guilds in which the
        bot meets them. A guild that cannot be asked gives nothing. Never raises."""
        own = own_groups(access, author)
        if not access.discord.roles:
            return own
        try:
            guilds = await self._guilds_with_roles(access)
            safe = {one for one in guilds if await self._are_names_safe(access, one)}
        except ChatError as error:
            log.warning("Discord: roles not found out", error=str(error))
            return own
        asked = [
            self._groups_in(access, guild, roles if guild in safe else {}, author)
            for guild, roles in guilds.items()
            if names_roles(access, _with_everyone(guild, roles))
        ]
        return own.union(*await asyncio.gather(*asked))

    async def _groups_in(
        self, access: AccessSection, guild: str, roles: Roles, author: str
    ) -> frozenset[str]:
        try:
            member = await self._member(guild, author)
        except ChatError as error:
            log.warning("Discord: a member's roles not found out", error=str(error))
            return frozenset()
        if member is None:
            return frozenset()
        named = ((role, roles.get(role, "")) for role in member.roles)
        return role_groups(access, (*named, (guild, EVERYONE if roles else "")))

    async def _parent(self, channel: str) -> Channel:
        found = await self.channel(channel)
        return await self.channel(found.parent) if found.thread else found

    async def _guilds_with_roles(self, access: AccessSection) -> dict[str, Roles]:
        """The guilds that count, with their roles."""
        known = self._known()
        if known is None:
            guilds = [guild for guild in await self._every() if counts(access, guild)]
            roles = await asyncio.gather(*(self._roles.get(g, self._rest.roles) for g in guilds))
            known = dict(zip(guilds, roles, strict=True))
        return {guild: roles for guild, roles in known.items() if counts(access, guild)}

    async def _every(self) -> list[str]:
        known = self._known()
        return list(known) if known is not None else await self._guilds.get("", self._load_guilds)

    async def _are_names_safe(self, access: AccessSection, guild: str) -> bool:
        """Whether the names of a guild's roles and channels count, not their ids alone."""
        if access.discord.servers:
            return counts(access, guild)
        every = await self._every()
        if len(every) <= 1 or guild in self._ours():
            return True
        if not self._warned:
            self._warned = True
            log.warning(
                "Discord: the bot is in servers of others, where anybody can give a role or "
                "channel any name; names in [access.discord] don't count there unless `servers` "
                "lists them",
                servers=len(every),
            )
        return False

    async def _member(self, guild: str, user: str) -> Member | None:
        return await self._members.get(f"{guild}:{user}", self._load_member)

    # -- asking ---------------------------------------------------------------------------------

    async def _load_member(self, key: str) -> Member | None:
        guild, _, user = key.partition(":")
        try:
            found = await self._rest.member(guild, user)
        except ChatRefusedError as error:
            if code_of(error) in (UNKNOWN_MEMBER, _UNKNOWN_USER):
                return None
            raise
        name = found.get("nick") or _name(found.get("user") or {})
        return Member(str(name), tuple(str(role) for role in found.get("roles") or ()))

    async def _load_guilds(self, _key: str) -> list[str]:
        return await self._rest.guilds()

    async def _load_user(self, user: str) -> str:
        return _name(await self._rest.user(user))

    async def _load_channel(self, channel: str) -> Channel:
        found = await self._rest.channel(channel)
        return Channel(
            id=str(found["id"]),
            guild=str(found.get("guild_id") or ""),
            name=str(found.get("name") or ""),
            parent=str(found.get("parent_id") or ""),
            forum=found.get("type") in _FORUMS,
            thread=found.get("type") in _THREADS,
        )


def _name(user: dict[str, Any]) -> str:
    return str(user.get("global_name") or user.get("username") or "")


def _with_everyone(guild: str, roles: Roles) -> list[tuple[str, str]]:
    return [*roles.items(), (guild, EVERYONE)]
