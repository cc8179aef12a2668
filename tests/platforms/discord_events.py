"""The events that the stand-in Discord makes of what happens, where the bot may see it."""

from __future__ import annotations

from collections.abc import Sequence

from tests.platforms.discord_payloads import (
    channel_json,
    guild_create,
    member_json,
    message_event,
    role_json,
    thread_json,
    thread_member_json,
)
from tests.platforms.discord_permissions import in_channel
from tests.platforms.discord_state import Channel, Guild, Member, Message, Role, World
from tests.platforms.discord_words import Json, emoji_json


def hears(world: World, channel: Channel) -> bool:
    """Whether the bot gets events of a channel."""
    guild = world.guilds.get(channel.guild or "")
    present = guild is None or guild.present
    return present and bool(in_channel(world, channel, world.bot))


def message_created(world: World, message: Message) -> None:
    """MESSAGE_CREATE; of an ephemeral message as if it were a direct one."""
    _message("MESSAGE_CREATE", world, message)


def message_updated(world: World, message: Message) -> None:
    """MESSAGE_UPDATE, with the whole message."""
    _message("MESSAGE_UPDATE", world, message)


def _message(name: str, world: World, message: Message) -> None:
    channel = world.channels[message.channel]
    if message.only_for or hears(world, channel):
        guild = None if message.only_for else channel.guild
        new = name == "MESSAGE_CREATE"
        world.emit(name, guild, lambda granted: message_event(world, message, granted, new=new))


def message_deleted(world: World, message: Message) -> None:
    """MESSAGE_DELETE."""
    channel = world.channels[message.channel]
    given = {"id": message.id, "channel_id": channel.id, **_in_guild(channel)}
    if hears(world, channel):
        world.emit("MESSAGE_DELETE", channel.guild, lambda _: given)


def bulk_deleted(world: World, messages: Sequence[Message]) -> None:
    """MESSAGE_DELETE_BULK, of messages in one channel: they are gone."""
    channel = world.channels[messages[0].channel]
    for message in messages:
        message.deleted = True
    ids = [message.id for message in messages]
    given = {"ids": ids, "channel_id": channel.id, **_in_guild(channel)}
    if hears(world, channel):
        world.emit("MESSAGE_DELETE_BULK", channel.guild, lambda _: given)


def reacted(world: World, added: bool, user: str, message: Message, emoji: str) -> None:
    """MESSAGE_REACTION_ADD or MESSAGE_REACTION_REMOVE."""
    channel = world.channels[message.channel]
    given: Json = {
        "user_id": user,
        "type": 0,
        "message_id": message.id,
        "channel_id": channel.id,
        "emoji": emoji_json(emoji),
        "burst": False,
        **_in_guild(channel),
    }
    if added:
        given["message_author_id"] = message.author
        if channel.guild:
            member = world.guilds[channel.guild].members[user]
            given["member"] = member_json(world, member)
    if hears(world, channel):
        name = "MESSAGE_REACTION_ADD" if added else "MESSAGE_REACTION_REMOVE"
        world.emit(name, channel.guild, lambda _: given)


def typed_in(world: World, user: str, channel: Channel) -> None:
    """TYPING_START."""
    given = {"channel_id": channel.id, "user_id": user, "timestamp": int(world.now())}
    given |= _in_guild(channel)
    if hears(world, channel):
        world.emit("TYPING_START", channel.guild, lambda _: given)


def thread_created(world: World, thread: Channel, *, new: bool = True) -> None:
    """THREAD_CREATE; not ``new`` when the bot was added to a private one."""
    if hears(world, thread):
        given = thread_json(world, thread) | ({"newly_created": True} if new else {})
        world.emit("THREAD_CREATE", thread.guild, lambda _: given)


def thread_updated(world: World, thread: Channel) -> None:
    """THREAD_UPDATE."""
    if hears(world, thread):
        world.emit("THREAD_UPDATE", thread.guild, lambda _: thread_json(world, thread))


def thread_members_changed(
    world: World, thread: Channel, added: list[str], removed: list[str]
) -> None:
    """THREAD_MEMBERS_UPDATE."""
    given = {
        "id": thread.id,
        "guild_id": thread.guild,
        "member_count": len(thread.members),
        "added_members": [thread_member_json(thread, user) for user in added],
        "removed_member_ids": removed,
    }
    if hears(world, thread) or world.bot in removed:
        world.emit("THREAD_MEMBERS_UPDATE", thread.guild, lambda _: given)


def channel_changed(world: World, name: str, channel: Channel) -> None:
    """CHANNEL_CREATE, CHANNEL_UPDATE or CHANNEL_DELETE (THREAD_DELETE of a thread)."""
    guild = world.guilds.get(channel.guild or "")
    if guild is None or not guild.present:
        return
    given = channel_json(world, channel)
    if channel.is_thread:
        given = {key: given[key] for key in ("id", "guild_id", "parent_id", "type")}
    world.emit(name, guild.id, lambda _: given)


def guild_joined(world: World, guild: Guild) -> None:
    """GUILD_CREATE of a guild that the bot was invited to."""
    world.emit("GUILD_CREATE", guild.id, lambda _: guild_create(world, guild, joined=True))


def guild_left(world: World, guild: Guild, *, outage: bool = False) -> None:
    """GUILD_DELETE: the bot was removed, or the guild has an outage."""
    given: Json = {"id": guild.id, **({"unavailable": True} if outage else {})}
    world.emit("GUILD_DELETE", guild.id, lambda _: given)


def role_changed(world: World, guild: Guild, name: str, role: Role) -> None:
    """GUILD_ROLE_CREATE or GUILD_ROLE_UPDATE."""
    given = {"guild_id": guild.id, "role": role_json(role)}
    if guild.present:
        world.emit(name, guild.id, lambda _: given)


def guild_back(world: World, guild: Guild) -> None:
    """GUILD_CREATE after an outage."""
    world.emit("GUILD_CREATE", guild.id, lambda _: guild_create(world, guild))


def member_changed(world: World, guild: Guild, name: str, member: Member) -> None:
    """GUILD_MEMBER_ADD, GUILD_MEMBER_UPDATE or GUILD_MEMBER_REMOVE."""
    given = member_json(world, member) | {"guild_id": guild.id}
    if guild.present:
        world.emit(name, guild.id, lambda _: given)


def _in_guild(channel: Channel) -> Json:
    return {"guild_id": channel.guild} if channel.guild else {}
