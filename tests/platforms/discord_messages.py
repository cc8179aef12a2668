"""The stand-in's messages: posting, editing, history, reactions, typing, direct messages."""

from __future__ import annotations

from typing import Any

from tests.platforms import discord_events as events
from tests.platforms.discord_limits import check_message, check_new_message
from tests.platforms.discord_methods import Answer, RefusedError, Request, invalid, route
from tests.platforms.discord_payloads import channel_json, message_json, new_message_json
from tests.platforms.discord_permissions import may
from tests.platforms.discord_state import (
    CATEGORY,
    COMPONENTS_V2,
    DM,
    EPHEMERAL,
    FORUM,
    LOADING,
    Channel,
    File,
    Message,
    Typing,
    World,
)
from tests.platforms.discord_words import Json, numbered

SYSTEM = {1, 2, 3, 4, 5, 6, 7, 8, 18, 21}
"""Types of messages that nobody wrote."""

FILE_LIMIT = 10 * 1024 * 1024
_NONCE_SECONDS = 300


def addressed(world: World, message: Message, given: Json | None) -> None:
    """Work out whom a message mentions and pings; ``given`` is its ``allowed_mentions``."""
    channel = world.channels[message.channel]
    there = world.channels[message.reference_channel or message.channel]
    replied = there.messages.get(message.reference) if message.type == 19 else None
    loud = channel.guild is None or may(world, channel, message.author, "MENTION_EVERYONE")
    message.address(given, loud, replied.author if replied and not replied.webhook else "")
    if channel.guild is not None and not loud:
        roles = world.guilds[channel.guild].roles
        for id_ in message.role_mentions:
            if id_ in roles and not roles[id_].mentionable:
                message.pings.discard(f"&{id_}")


def put(world: World, message: Message, given: Json | None = None) -> Message:
    """Let a new message stand in its channel (or be seen by one), and tell of it."""
    channel = world.channels[message.channel]
    message.at, message.names = world.now(), world.names
    addressed(world, message, given)
    message.record()
    if message.only_for:
        world.hidden.append(message)
    else:
        channel.messages[message.id] = message
        if channel.is_thread and not message.webhook:
            _gathered(world, channel, message)
    events.message_created(world, message)
    return message


def _gathered(world: World, thread: Channel, message: Message) -> None:
    """Who writes in a thread is in it, and whom one mentions there comes in, where they may."""
    parent = world.channels[thread.parent]
    if message.author not in thread.members:
        thread.members.append(message.author)
    called = [id_ for id_ in message.mentions if id_ in world.users and id_ not in thread.members]
    called = [id_ for id_ in called if may(world, parent, id_, "VIEW_CHANNEL")]
    thread.members.extend(called)
    if called:
        events.thread_members_changed(world, thread, called, [])


def unarchive(world: World, channel: Channel, user: str) -> None:
    """Writing wakes an archived thread, unless it is locked."""
    if channel.is_thread and channel.archived:
        if channel.locked and not may(world, channel, user, "MANAGE_THREADS"):
            raise RefusedError(160005)
        channel.archived = False
        events.thread_updated(world, channel)


def filled(message: Message, body: Json, files: dict[str, File]) -> None:
    """Set what a body says of a message; what it does not name stays."""
    if "content" in body:
        message.content = (body["content"] or "").strip()
    if "embeds" in body:
        message.embeds = [{"type": "rich", **embed} for embed in body["embeds"] or []]
    if "components" in body:
        message.components = numbered(body["components"] or [])
    if "attachments" in body or files:
        kept = {str(one["id"]) for one in body.get("attachments") or () if "id" in one}
        both = [*message.attachments] if "attachments" not in body else [
            file for file in message.attachments if file.id in kept]  # fmt: skip
        message.attachments = both + list(files.values())
    given = int(body.get("flags") or 0)
    message.flags |= given & (COMPONENTS_V2 | 1 << 2 | 1 << 12)


def uploaded(world: World, channel: Channel, files: dict[str, File]) -> None:
    """Keep uploaded files, each under an address of a day."""
    for file in files.values():
        if len(file.content) > FILE_LIMIT:
            raise RefusedError(40005)
        file.channel, file.until = channel.id, world.now() + 86400
        world.files[file.id] = file


@route("POST", "/channels/{channel}/messages", "create_message")
async def create_message(request: Request) -> Answer:
    """Post."""
    world, body = request.world, request.body
    channel = request.channel()
    _writable(request, channel)
    again = _same_nonce(world, body)
    if again is not None:
        if again.deleted:
            raise RefusedError(10008)
        return new_message_json(world, again, world.content_granted)
    check_new_message(body, bool(request.files))
    if body.get("embeds") and channel.guild:
        request.need(channel, "EMBED_LINKS")
    if request.files and channel.guild:
        request.need(channel, "ATTACH_FILES")
    message = Message(world.new_id(), channel.id, world.bot, nonce=body.get("nonce"))
    _reply(request, channel, message)
    uploaded(world, channel, request.files)
    filled(message, body, request.files)
    unarchive(world, channel, world.bot)
    put(world, message, body.get("allowed_mentions"))
    return new_message_json(world, message, world.content_granted)


def _writable(request: Request, channel: Channel) -> None:
    if channel.kind in (CATEGORY, FORUM):
        raise RefusedError(50008)
    if channel.kind == DM:
        others = [
            request.world.users[id_] for id_ in channel.recipients if id_ != request.world.bot
        ]
        if any(user.bot or not user.dms_open for user in others):
            raise RefusedError(50007)
        return
    request.need(channel, "SEND_MESSAGES_IN_THREADS" if channel.is_thread else "SEND_MESSAGES")


def _same_nonce(world: World, body: Json) -> Message | None:
    """The bot's message of the past minutes with the same enforced nonce, perhaps deleted since.

    https://github.com/discord/discord-api-docs/pull/6647
    """
    if not body.get("enforce_nonce") or body.get("nonce") is None:
        return None
    since = world.now() - _NONCE_SECONDS
    for channel in world.channels.values():
        for message in channel.messages.values():
            same = message.nonce is not None and str(message.nonce) == str(body["nonce"])
            if same and message.author == world.bot and message.at > since:
                return message
    return None


def _reply(request: Request, channel: Channel, message: Message) -> None:
    reference = request.body.get("message_reference")
    if not reference:
        return
    if channel.guild and not may(request.world, channel, request.world.bot, "READ_MESSAGE_HISTORY"):
        raise RefusedError(160002)
    there = channel.messages.get(str(reference.get("message_id")))
    if there is None or there.deleted:
        if reference.get("fail_if_not_exists", True):
            raise invalid(
                "message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message"
            )
        return
    if there.type in SYSTEM:
        raise invalid("message_reference", "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE",
                      "Cannot reply to a system message")  # fmt: skip
    message.type, message.reference = 19, there.id


@route("PATCH", "/channels/{channel}/messages/{message}", "edit_message")
async def edit_message(request: Request) -> Answer:
    """Edit the bot's own message."""
    channel = request.channel()
    message = request.message(channel)
    if channel.archived:
        raise RefusedError(50083)
    if message.author != request.world.bot or message.webhook:
        raise RefusedError(50005)
    if request.body.get("embeds") and channel.guild:
        request.need(channel, "EMBED_LINKS")
    uploaded(request.world, channel, request.files)
    change(request.world, message, request.body, request.files)
    return message_json(request.world, message, request.world.content_granted)


def change(world: World, message: Message, body: Json, files: dict[str, File]) -> None:
    """Edit a message as a body says, and tell of it."""
    if message.flags & COMPONENTS_V2:
        body = body | {"flags": COMPONENTS_V2}
    check_message(body)
    look = {"content": message.content, "embeds": message.embeds, "components": message.components}
    if not any({**look, **body}.get(name) for name in look) and not (files or message.attachments):
        raise RefusedError(50006)
    filled(message, body, files)
    message.flags &= ~LOADING
    message.edited = world.now()
    addressed(world, message, body.get("allowed_mentions"))
    message.record()
    events.message_updated(world, message)


@route("DELETE", "/channels/{channel}/messages/{message}", "delete_message")
async def delete_message(request: Request) -> Answer:
    """Take a message away."""
    channel = request.channel()
    message = request.message(channel)
    if message.author != request.world.bot:
        request.need(channel, "MANAGE_MESSAGES")
    if channel.archived:
        raise RefusedError(50083)
    remove(request.world, message)
    return None


def remove(world: World, message: Message) -> None:
    """Take a message away, and tell of it."""
    message.deleted = True
    if not message.only_for:
        events.message_deleted(world, message)


@route("GET", "/channels/{channel}/messages", "get_messages")
async def get_messages(request: Request) -> Answer:
    """The history: newest first."""
    channel = request.channel()
    if channel.kind in (CATEGORY, FORUM):
        raise RefusedError(50008)
    limit = request.number("limit", 50, 1, 100)
    if channel.guild and not may(request.world, channel, request.world.bot, "READ_MESSAGE_HISTORY"):
        return []
    standing = sorted(channel.standing(), key=lambda message: int(message.id))
    query = request.query
    if "after" in query:
        page = [m for m in standing if int(m.id) > int(query["after"])][:limit]
    elif "around" in query:
        at = int(query["around"])
        near = sorted(standing, key=lambda m: abs(int(m.id) - at))[:limit]
        page = sorted(near, key=lambda message: int(message.id))
    else:
        before = int(query.get("before", 1 << 63))
        page = [m for m in standing if int(m.id) < before][-limit:]
    granted = request.world.content_granted
    return [message_json(request.world, message, granted) for message in reversed(page)]


@route("GET", "/channels/{channel}/messages/{message}", "get_message")
async def get_message(request: Request) -> Answer:
    """One message."""
    channel = request.channel()
    if channel.guild and not may(request.world, channel, request.world.bot, "READ_MESSAGE_HISTORY"):
        raise RefusedError(50001)
    return message_json(request.world, request.message(channel), request.world.content_granted)


@route("PUT", "/channels/{channel}/messages/{message}/reactions/{emoji}/@me", "add_reaction")
async def add_reaction(request: Request) -> Answer:
    """React."""
    channel = request.channel()
    message, emoji = request.message(channel), request.path["emoji"]
    if channel.archived:
        raise RefusedError(50083)
    if channel.guild:
        request.need(channel, "READ_MESSAGE_HISTORY")
        if emoji not in message.reactions:
            request.need(channel, "ADD_REACTIONS")
    if emoji.isascii() and ":" not in emoji:
        raise RefusedError(10014)
    users = message.reactions.setdefault(emoji, [])
    if request.world.bot not in users:
        users.append(request.world.bot)
        events.reacted(request.world, True, request.world.bot, message, emoji)
    return None


@route("DELETE", "/channels/{channel}/messages/{message}/reactions/{emoji}/@me",
       "remove_own_reaction")  # fmt: skip
async def remove_own_reaction(request: Request) -> Answer:
    """Take the bot's reaction off."""
    channel = request.channel()
    message, emoji = request.message(channel), request.path["emoji"]
    if channel.archived:
        raise RefusedError(50083)
    users = message.reactions.get(emoji, [])
    if request.world.bot in users:
        users.remove(request.world.bot)
        if not users:
            del message.reactions[emoji]
        events.reacted(request.world, False, request.world.bot, message, emoji)
    return None


@route("GET", "/channels/{channel}/messages/{message}/reactions/{emoji}", "get_reactions")
async def get_reactions(request: Request) -> Answer:
    """Who reacted with an emoji."""
    message = request.message(request.channel())
    users = message.reactions.get(request.path["emoji"], [])
    return [request.world.users[id_].payload() for id_ in users]


@route("POST", "/channels/{channel}/typing", "trigger_typing")
async def trigger_typing(request: Request) -> Answer:
    """Show for ten seconds that the bot is typing."""
    channel = request.channel()
    _writable(request, channel)
    typing = Typing(channel.id, request.world.bot, request.world.now())
    request.world.typings.append(typing)
    return None


@route("POST", "/users/@me/channels", "create_dm")
async def create_dm(request: Request) -> Answer:
    """The direct message with a user."""
    user = request.world.users.get(str(request.body.get("recipient_id")))
    if user is None or user.id == request.world.bot:
        raise RefusedError(50033)
    return channel_json(request.world, open_direct(request.world, user.id))


def open_direct(world: World, user: str) -> Channel:
    """The direct message between the bot and a user."""
    for channel in world.channels.values():
        if channel.direct and user in channel.recipients:
            return channel
    channel = Channel(world.new_id(), "", DM, recipients=[user, world.bot])
    world.channels[channel.id] = channel
    return channel


def ephemeral(flags: Any) -> bool:
    """Whether flags say that one person alone sees it."""
    return bool(int(flags or 0) & EPHEMERAL)
