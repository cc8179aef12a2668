"""What Discord sends: guilds, channels, messages and interactions as JSON."""

from __future__ import annotations

from tests.platforms.discord_permissions import in_channel
from tests.platforms.discord_state import (
    CATEGORY,
    DM,
    EPHEMERAL,
    FORUM,
    HAS_THREAD,
    STAGE,
    VOICE,
    Channel,
    File,
    Guild,
    Interaction,
    Member,
    Message,
    Role,
    World,
)
from tests.platforms.discord_words import Json, emoji_json, iso

FORWARD_YEARS = 1_700_000_000.0
"""When everything that nobody asks about was made."""


def role_json(role: Role) -> Json:
    """A role."""
    return {
        "id": role.id,
        "name": role.name,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "position": role.position,
        "permissions": str(role.permissions),
        "managed": role.managed,
        "mentionable": role.mentionable,
        "flags": 0,
    }


def member_json(world: World, member: Member, *, user: bool = True) -> Json:
    """A member of a guild; within messages without the ``user``."""
    given: Json = {
        "roles": list(member.roles),
        "nick": member.nick,
        "avatar": None,
        "joined_at": iso(FORWARD_YEARS),
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "flags": 0,
        "pending": False,
        "communication_disabled_until": None,
    }
    return given | ({"user": world.users[member.user].payload()} if user else {})


def channel_json(world: World, channel: Channel) -> Json:
    """A channel of any kind."""
    last = next(reversed(channel.messages), None)
    if channel.kind == DM:
        recipients = [world.users[id_].payload() for id_ in channel.recipients if id_ != world.bot]
        return {"id": channel.id, "type": 1, "last_message_id": last, "recipients": recipients,
                "flags": 0}  # fmt: skip
    if channel.is_thread:
        return thread_json(world, channel)
    overwrites = [
        {"id": id_, "type": one.kind, "allow": str(one.allow), "deny": str(one.deny)}
        for id_, one in channel.overwrites.items()
    ]
    given: Json = {
        "id": channel.id,
        "type": channel.kind,
        "guild_id": channel.guild,
        "name": channel.name,
        "position": 0,
        "permission_overwrites": overwrites,
        "parent_id": channel.parent or None,
        "nsfw": channel.nsfw,
        "flags": 0,
    }
    if channel.kind == CATEGORY:
        return given
    given |= {"topic": channel.topic or None, "last_message_id": last, "rate_limit_per_user": 0}
    if channel.kind in (VOICE, STAGE):
        given |= {"bitrate": 64_000, "user_limit": 0, "rtc_region": None}
    if channel.kind == FORUM:
        given |= {
            "available_tags": [
                {"id": t.id, "name": t.name, "moderated": t.moderated, "emoji_id": None,
                 "emoji_name": None} for t in channel.available_tags
            ],
            "default_reaction_emoji": None,
            "default_sort_order": None,
            "default_forum_layout": 0,
            "flags": 1 << 4 if channel.require_tag else 0,
        }  # fmt: skip
    return given


def thread_json(world: World, thread: Channel) -> Json:
    """A thread, with the bot's membership where it has one."""
    replies = [m for m in thread.messages.values() if m.type != 21 and m.id != thread.id]
    given: Json = {
        "id": thread.id,
        "type": thread.kind,
        "guild_id": thread.guild,
        "parent_id": thread.parent,
        "owner_id": thread.owner,
        "name": thread.name,
        "last_message_id": next(reversed(thread.messages), None),
        "rate_limit_per_user": 0,
        "message_count": len([m for m in replies if not m.deleted]),
        "member_count": len(thread.members),
        "total_message_sent": len(replies),
        "flags": 0,
        "thread_metadata": {
            "archived": thread.archived,
            "auto_archive_duration": thread.auto_archive,
            "archive_timestamp": iso(thread.archived_at or thread.created),
            "locked": thread.locked,
            "create_timestamp": iso(thread.created),
            **({"invitable": True} if thread.kind == 12 else {}),
        },
    }
    if world.channels[thread.parent].kind == FORUM:
        given["applied_tags"] = list(thread.applied_tags)
    if world.bot in thread.members:
        given["member"] = thread_member_json(thread, world.bot)
    return given


def thread_member_json(thread: Channel, user: str) -> Json:
    """A member of a thread."""
    return {"id": thread.id, "user_id": user, "join_timestamp": iso(thread.created), "flags": 1}


def guild_json(world: World, guild: Guild) -> Json:
    """A guild as ``GET /guilds/{id}`` gives it."""
    return {
        "id": guild.id,
        "name": guild.name,
        "icon": None,
        "description": None,
        "splash": None,
        "discovery_splash": None,
        "features": ["COMMUNITY"],
        "emojis": [],
        "stickers": [],
        "banner": None,
        "owner_id": guild.owner,
        "application_id": None,
        "region": "deprecated",
        "afk_channel_id": None,
        "afk_timeout": 300,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "public_updates_channel_id": None,
        "verification_level": 0,
        "default_message_notifications": 1,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "premium_tier": 0,
        "preferred_locale": "en-US",
        "vanity_url_code": None,
        "roles": [role_json(role) for role in guild.roles.values()],
    }


def channels_of(world: World, guild: Guild) -> list[Channel]:
    """The channels of a guild, without threads."""
    return [c for c in world.channels.values()
            if c.guild == guild.id and not c.is_thread and not c.deleted]  # fmt: skip


def threads_of(world: World, guild: Guild) -> list[Channel]:
    """The active threads of a guild that the bot can see."""
    return [
        c
        for c in world.channels.values()
        if c.guild == guild.id and c.is_thread and not c.archived and not c.deleted
        and in_channel(world, c, world.bot)
    ]  # fmt: skip


def guild_create(world: World, guild: Guild, *, joined: bool = False) -> Json:
    """The event that brings a guild, with channels, active threads, and the bot as a member."""
    return guild_json(world, guild) | {
        "joined_at": iso(FORWARD_YEARS),
        "large": False,
        "member_count": len(guild.members),
        "members": [member_json(world, guild.members[world.bot])],
        "channels": [
            {k: v for k, v in channel_json(world, c).items() if k != "guild_id"}
            for c in channels_of(world, guild)
        ],
        "threads": [thread_json(world, thread) for thread in threads_of(world, guild)],
        "voice_states": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
        **({} if joined else {"unavailable": False}),
    }


def attachment_json(world: World, file: File) -> Json:
    """An attachment, under its signed address."""
    signed = f"ex={int(file.until):x}&is=0&hm=0"
    url = f"{world.url}/attachments/{file.channel}/{file.id}/{file.name}?{signed}"
    given = {"id": file.id, "filename": file.name, "size": len(file.content), "url": url,
             "proxy_url": url, "content_type": file.content_type}  # fmt: skip
    return {key: value for key, value in given.items() if value}


def may_read(world: World, message: Message, granted: bool) -> bool:
    """Whether the bot is told what a message says.

    With the message content intent always, without it in direct messages, where it is mentioned,
    and its own. https://docs.discord.com/developers/events/gateway#message-content-intent
    """
    direct = world.channels[message.channel].direct
    own = message.author == world.bot
    return granted or direct or own or world.bot in message.mentions


def message_json(world: World, message: Message, granted: bool = True, depth: int = 0) -> Json:
    """A message as the REST API gives it; ``granted`` tells whether contents may be read."""
    known = may_read(world, message, granted)
    author = world.users[message.author].payload()
    given: Json = {
        "id": message.id,
        "channel_id": message.channel,
        "type": message.type,
        "author": author,
        "content": message.content if known else "",
        "timestamp": iso(message.at),
        "edited_timestamp": iso(message.edited) if message.edited else None,
        "tts": False,
        "mention_everyone": message.everyone,
        "mentions": [world.users[id_].payload() for id_ in message.mentions if id_ in world.users],
        "mention_roles": list(message.role_mentions),
        "attachments": [attachment_json(world, f) for f in message.attachments] if known else [],
        "embeds": message.embeds if known else [],
        "components": message.components if known else [],
        "pinned": False,
        "flags": message.flags,
    }
    if message.reactions:
        given["reactions"] = [_reaction_json(world, emoji, users)
                              for emoji, users in message.reactions.items()]  # fmt: skip
    if message.webhook:
        given["webhook_id"] = message.webhook
    if message.author == world.bot or message.webhook == world.application:
        given["application_id"] = world.application
    if message.interaction is not None:
        given["interaction_metadata"] = message.interaction
    if message.flags & HAS_THREAD and message.id in world.channels:
        given["thread"] = thread_json(world, world.channels[message.id])
    if message.reference or message.reference_channel:
        given |= _reference_json(world, message, granted, depth)
    return given


def new_message_json(world: World, message: Message, granted: bool) -> Json:
    """A message as it is answered to who posts it: with its nonce, which is not told later.

    https://github.com/Rapptz/discord.py/issues/2451
    """
    nonce = {} if message.nonce is None else {"nonce": message.nonce}
    return message_json(world, message, granted) | nonce


def _reaction_json(world: World, emoji: str, users: list[str]) -> Json:
    me = world.bot in users
    return {"emoji": emoji_json(emoji), "count": len(users), "me": me, "me_burst": False,
            "burst_colors": [], "count_details": {"burst": 0, "normal": len(users)}}  # fmt: skip


def _reference_json(world: World, message: Message, granted: bool, depth: int) -> Json:
    where = message.reference_channel or message.channel
    reference: Json = {"type": 0, "channel_id": where}
    reference |= {"message_id": message.reference} if message.reference else {}
    guild = world.channels[message.channel].guild
    reference |= {"guild_id": guild} if guild else {}
    given: Json = {"message_reference": reference}
    if depth == 0 and message.type in (19, 21, 23):
        there = world.channels[where].messages.get(message.reference)
        found = None if there is None or there.deleted else there
        given["referenced_message"] = found and message_json(world, found, granted, 1)
    return given


def message_event(world: World, message: Message, granted: bool, *, new: bool) -> Json:
    """The payload of MESSAGE_CREATE (``new``) and MESSAGE_UPDATE: with guild and member.

    An ephemeral message comes without them.
    """
    told = new_message_json if new else message_json
    given = told(world, message, granted)
    channel = world.channels[message.channel]
    given["channel_type"] = channel.kind
    if channel.guild is None or message.flags & EPHEMERAL:
        return given
    guild = world.guilds[channel.guild]
    given["guild_id"] = guild.id
    if message.author in guild.members and not message.webhook:
        given["member"] = member_json(world, guild.members[message.author], user=False)
    for mention in given["mentions"]:
        if mention["id"] in guild.members:
            there = guild.members[mention["id"]]
            mention["member"] = member_json(world, there, user=False)
    return given


def interaction_json(world: World, interaction: Interaction) -> Json:
    """The payload of INTERACTION_CREATE. Its message is always whole."""
    channel = world.channels[interaction.channel]
    permitted = in_channel(world, channel, world.bot)
    given: Json = {
        "id": interaction.id,
        "application_id": world.application,
        "type": interaction.kind,
        "token": interaction.token,
        "version": 1,
        "data": interaction.data,
        "channel_id": channel.id,
        "channel": channel_json(world, channel)
        | {"permissions": str(in_channel(world, channel, interaction.user))},
        "app_permissions": str(permitted),
        "locale": "en-US",
        "entitlements": [],
        "authorizing_integration_owners": {"0": channel.guild or "0"},
        "context": 0 if channel.guild else 1,
        "attachment_size_limit": 10 * 1024 * 1024,
    }
    if interaction.message is not None:
        given["message"] = message_json(world, interaction.message)
    if channel.guild is None:
        return given | {"user": world.users[interaction.user].payload()}
    guild = world.guilds[channel.guild]
    member = member_json(world, guild.members[interaction.user])
    member["permissions"] = given["channel"]["permissions"]
    brief = {"id": guild.id, "locale": "en-US", "features": ["COMMUNITY"]}
    return given | {"guild_id": guild.id, "guild": brief, "guild_locale": "en-US", "member": member}
