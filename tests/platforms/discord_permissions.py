"""Permissions in the stand-in Discord: names, roles, overwrites, and how they add up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.platforms.discord_state import Channel, Guild, World

BITS = {
    "ADMINISTRATOR": 3, "MANAGE_CHANNELS": 4, "MANAGE_GUILD": 5, "ADD_REACTIONS": 6,
    "VIEW_CHANNEL": 10, "SEND_MESSAGES": 11, "MANAGE_MESSAGES": 13, "EMBED_LINKS": 14,
    "ATTACH_FILES": 15, "READ_MESSAGE_HISTORY": 16, "MENTION_EVERYONE": 17,
    "USE_EXTERNAL_EMOJIS": 18, "MANAGE_ROLES": 28, "MANAGE_WEBHOOKS": 29,
    "USE_APPLICATION_COMMANDS": 31, "MANAGE_THREADS": 34, "CREATE_PUBLIC_THREADS": 35,
    "CREATE_PRIVATE_THREADS": 36, "SEND_MESSAGES_IN_THREADS": 38,
}  # fmt: skip
"""https://docs.discord.com/developers/topics/permissions"""

ALL = (1 << 53) - 1

PEOPLE = (
    "VIEW_CHANNEL", "SEND_MESSAGES", "EMBED_LINKS", "ATTACH_FILES", "READ_MESSAGE_HISTORY",
    "ADD_REACTIONS", "USE_APPLICATION_COMMANDS", "CREATE_PUBLIC_THREADS",
    "CREATE_PRIVATE_THREADS", "SEND_MESSAGES_IN_THREADS", "USE_EXTERNAL_EMOJIS",
)  # fmt: skip
"""What ``@everyone`` may do in a new guild."""


def bits(names: Iterable[str]) -> int:
    """The number for named permissions."""
    return sum(1 << BITS[name] for name in set(names))


def names(value: int) -> set[str]:
    """The known permissions in a number."""
    return {name for name, bit in BITS.items() if value >> bit & 1}


def in_guild(guild: Guild, user: str) -> int:
    """What a member may do before overwrites."""
    if guild.owner == user:
        return ALL
    member = guild.members.get(user)
    if member is None:
        return 0
    value = guild.roles[guild.id].permissions
    for role in member.roles:
        value |= guild.roles[role].permissions
    return ALL if value >> BITS["ADMINISTRATOR"] & 1 else value


def in_channel(world: World, channel: Channel, user: str) -> int:
    """What a user may do in a channel; a thread takes its parent's, a private one wants members."""
    if channel.guild is None:
        return ALL if user in channel.recipients else 0
    guild = world.guilds[channel.guild]
    if channel.is_thread:
        value = in_channel(world, world.channels[channel.parent], user)
        outside = channel.kind == 12 and user not in channel.members
        return 0 if outside and not value >> BITS["MANAGE_THREADS"] & 1 else value
    value = in_guild(guild, user)
    if value == ALL:
        return value
    member = guild.members.get(user)
    if member is None:
        return 0
    if guild.id in channel.overwrites:
        value = channel.overwrites[guild.id].on(value)
    of_roles = [channel.overwrites[role] for role in member.roles if role in channel.overwrites]
    for overwrite in of_roles:
        value &= ~overwrite.deny
    for overwrite in of_roles:
        value |= overwrite.allow
    if user in channel.overwrites:
        value = channel.overwrites[user].on(value)
    return value if value >> BITS["VIEW_CHANNEL"] & 1 else 0


def may(world: World, channel: Channel, user: str, *wanted: str) -> bool:
    """Whether a user has all these permissions in a channel."""
    value = in_channel(world, channel, user)
    return all(value >> BITS[name] & 1 for name in wanted)
