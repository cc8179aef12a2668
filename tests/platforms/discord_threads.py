"""The stand-in's threads and forum posts: opening, changing, members, archives."""

from __future__ import annotations

from tests.platforms import discord_events as events
from tests.platforms.discord_limits import check_new_message, too_long
from tests.platforms.discord_messages import SYSTEM, filled, put, uploaded
from tests.platforms.discord_methods import Answer, RefusedError, Request, invalid, route
from tests.platforms.discord_payloads import (
    channel_json,
    message_json,
    thread_json,
    thread_member_json,
)
from tests.platforms.discord_permissions import in_channel, may
from tests.platforms.discord_state import (
    FORUM,
    HAS_THREAD,
    PRIVATE,
    PUBLIC,
    TEXT,
    Channel,
    Message,
    World,
)
from tests.platforms.discord_words import Json

_DURATIONS = (60, 1440, 4320, 10080)


def open_thread(
    world: World, parent: Channel, name: str, owner: str, *, starter: Message | None = None,
    kind: int = PUBLIC, auto_archive: int = 1440, id_: str = "", tags: list[str] | None = None,
) -> Channel:  # fmt: skip
    """Open a thread, on a message where ``starter`` is one, and tell of it."""
    thread = Channel(
        starter.id if starter else id_ or world.new_id(), name, kind, parent.guild, parent.id,
        owner=owner, created=world.now(), auto_archive=auto_archive, members=[owner],
        applied_tags=list(tags or ()),
    )  # fmt: skip
    world.channels[thread.id] = thread
    events.thread_created(world, thread)
    if starter is not None:
        starter.flags |= HAS_THREAD
        events.message_updated(world, starter)
        copy = Message(world.new_id(), thread.id, owner, type=21)
        copy.reference, copy.reference_channel = starter.id, parent.id
        put(world, copy)
    elif parent.kind != FORUM and kind == PUBLIC:
        notice = Message(world.new_id(), parent.id, owner, name, type=18)
        notice.reference_channel = thread.id
        put(world, notice)
    return thread


def _settings(body: Json) -> tuple[str, int]:
    too_long("name", body.get("name"), 100, 1)
    duration = body.get("auto_archive_duration") or 1440
    if duration not in _DURATIONS:
        raise invalid("auto_archive_duration", "BASE_TYPE_CHOICES",
                      f"Value must be one of {_DURATIONS}.")  # fmt: skip
    return str(body["name"]), int(duration)


@route("POST", "/channels/{channel}/messages/{message}/threads", "start_thread_from_message")
async def start_thread_from_message(request: Request) -> Answer:
    """Open a thread on a message: it has the message's id."""
    world, channel = request.world, request.channel()
    if channel.kind not in (TEXT, 5):
        raise RefusedError(50024)
    message = request.message(channel)
    request.need(channel, "CREATE_PUBLIC_THREADS", "READ_MESSAGE_HISTORY")
    name, duration = _settings(request.body)
    if message.id in world.channels:
        raise RefusedError(160004)
    if message.type in SYSTEM:
        raise RefusedError(50021)
    thread = open_thread(world, channel, name, world.bot, starter=message, auto_archive=duration)
    return thread_json(world, thread)


@route("POST", "/channels/{channel}/threads", "start_thread")
async def start_thread(request: Request) -> Answer:
    """Open a thread without a message (private unless it says otherwise), or a forum post."""
    world, channel = request.world, request.channel()
    if channel.kind == FORUM:
        return _post(request, channel)
    if channel.kind not in (TEXT, 5):
        raise RefusedError(50024)
    kind = int(request.body.get("type") or PRIVATE)
    request.need(channel, "CREATE_PRIVATE_THREADS" if kind == PRIVATE else "CREATE_PUBLIC_THREADS")
    name, duration = _settings(request.body)
    thread = open_thread(world, channel, name, world.bot, kind=kind, auto_archive=duration)
    return thread_json(world, thread)


def _post(request: Request, forum: Channel) -> Json:
    world, body = request.world, request.body
    request.need(forum, "SEND_MESSAGES")
    name, duration = _settings(body)
    given = body.get("message") or {}
    tags = _tags(request, forum, body.get("applied_tags") or [])
    if forum.require_tag and not tags:
        raise RefusedError(40067)
    check_new_message(given, bool(request.files))
    id_ = world.new_id()
    uploaded(world, forum, request.files)
    message = Message(id_, id_, world.bot)
    filled(message, given, request.files)
    thread = open_thread(
        world, forum, name, world.bot, auto_archive=duration, id_=id_, tags=tags
    )  # fmt: skip
    put(world, message, given.get("allowed_mentions"))
    return thread_json(world, thread) | {"message": message_json(world, message)}


def _tags(request: Request, forum: Channel, wanted: list[object]) -> list[str]:
    """The tags to apply: known, five at most, moderated ones by who manages threads."""
    ids = [str(id_) for id_ in wanted]
    known = {tag.id: tag for tag in forum.available_tags}
    if len(ids) > 5:
        raise invalid("applied_tags", "BASE_TYPE_MAX_LENGTH", "Must be 5 or fewer in length.")
    for id_ in ids:
        if id_ not in known:
            raise invalid("applied_tags", "UNKNOWN_TAG", "Unknown Tag")
        if known[id_].moderated:
            request.need(forum, "MANAGE_THREADS")
    return ids


@route("PATCH", "/channels/{channel}", "modify_channel")
async def modify_channel(request: Request) -> Answer:
    """Change a thread, or a channel's name and topic."""
    world, body, channel = request.world, request.body, request.channel()
    if channel.is_thread:
        _modify_thread(request, channel)
        return thread_json(world, channel)
    if channel.guild is None:
        raise RefusedError(50003)
    request.need(channel, "MANAGE_CHANNELS")
    channel.name, channel.topic = body.get("name", channel.name), body.get("topic", channel.topic)
    events.channel_changed(world, "CHANNEL_UPDATE", channel)
    return channel_json(world, channel)


def _modify_thread(request: Request, thread: Channel) -> None:
    world, body = request.world, request.body
    manages = may(world, thread, world.bot, "MANAGE_THREADS")
    if thread.archived and body.get("archived") is not False:
        raise RefusedError(50083)
    owner_may = {"name", "archived", "auto_archive_duration", "rate_limit_per_user",
                 "applied_tags", "invitable"}  # fmt: skip
    awakes = set(body) == {"archived"} and not body["archived"] and not thread.locked
    if not manages and not (thread.owner == world.bot and set(body) <= owner_may) and not awakes:
        raise RefusedError(50013)
    if "name" in body:
        too_long("name", body["name"], 100, 1)
        thread.name = body["name"]
    if "applied_tags" in body:
        forum = world.channels[thread.parent]
        thread.applied_tags = _tags(request, forum, body["applied_tags"] or [])
    thread.locked = bool(body.get("locked", thread.locked))
    if "auto_archive_duration" in body:
        thread.auto_archive = _settings({**body, "name": thread.name})[1]
    set_archived(world, thread, bool(body.get("archived", thread.archived)))


def set_archived(world: World, thread: Channel, archived: bool) -> None:
    """Archive a thread or wake it, and tell of it."""
    if archived != thread.archived:
        thread.archived, thread.archived_at = archived, world.now()
    events.thread_updated(world, thread)


@route("DELETE", "/channels/{channel}", "delete_channel")
async def delete_channel(request: Request) -> Answer:
    """Delete a channel or thread."""
    channel = request.channel()
    request.need(channel, "MANAGE_THREADS" if channel.is_thread else "MANAGE_CHANNELS")
    remove_channel(request.world, channel)
    return channel_json(request.world, channel)


def remove_channel(world: World, channel: Channel) -> None:
    """Delete a channel with its threads, and tell of it."""
    channel.deleted = True
    for thread in world.channels.values():
        if thread.is_thread and thread.parent == channel.id:
            thread.deleted = True
    name = "THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE"
    events.channel_changed(world, name, channel)


# -- members and archives ------------------------------------------------------------------


@route("PUT", "/channels/{channel}/thread-members/{user}", "add_thread_member")
async def add_thread_member(request: Request) -> Answer:
    """Join a thread (``@me``), or add somebody."""
    thread, user = _thread(request), request.path["user"].replace("@me", request.world.bot)
    if user != request.world.bot:
        request.need(thread, "SEND_MESSAGES_IN_THREADS")
        if not in_channel(request.world, request.world.channels[thread.parent], user):
            raise RefusedError(50001)
    if thread.archived:
        raise RefusedError(50083)
    enter(request.world, thread, user)
    return None


def enter(world: World, thread: Channel, user: str) -> None:
    """Somebody comes into a thread."""
    if user in thread.members:
        return
    thread.members.append(user)
    if user == world.bot:
        events.thread_created(world, thread, new=False)
    events.thread_members_changed(world, thread, [user], [])


@route("DELETE", "/channels/{channel}/thread-members/{user}", "remove_thread_member")
async def remove_thread_member(request: Request) -> Answer:
    """Leave a thread (``@me``), or put somebody out."""
    thread, user = _thread(request), request.path["user"].replace("@me", request.world.bot)
    if user != request.world.bot and not (thread.kind == PRIVATE and
                                          thread.owner == request.world.bot):  # fmt: skip
        request.need(thread, "MANAGE_THREADS")
    leave(request.world, thread, user)
    return None


def leave(world: World, thread: Channel, user: str) -> None:
    """Somebody goes out of a thread."""
    if user in thread.members:
        thread.members.remove(user)
        events.thread_members_changed(world, thread, [], [user])


@route("GET", "/channels/{channel}/thread-members", "list_thread_members")
async def list_thread_members(request: Request) -> Answer:
    """Who is in a thread, where the members intent is switched on."""
    thread = _thread(request)
    if not request.world.members_granted:
        raise RefusedError(50001)
    return [thread_member_json(thread, user) for user in thread.members]


@route("GET", "/channels/{channel}/thread-members/{user}", "get_thread_member")
async def get_thread_member(request: Request) -> Answer:
    """One member of a thread."""
    thread, user = _thread(request), request.path["user"].replace("@me", request.world.bot)
    if user not in thread.members:
        raise RefusedError(10007)
    return thread_member_json(thread, user)


def _thread(request: Request) -> Channel:
    thread = request.channel()
    if not thread.is_thread:
        raise RefusedError(50024)
    return thread


@route("GET", "/channels/{channel}/threads/archived/public", "list_public_archived_threads")
@route("GET", "/channels/{channel}/threads/archived/private", "list_private_archived_threads")
@route("GET", "/channels/{channel}/users/@me/threads/archived/private",
       "list_joined_private_archived_threads")  # fmt: skip
async def list_archived_threads(request: Request) -> Answer:
    """Archived threads of a channel, the latest first."""
    world, channel = request.world, request.channel()
    request.need(channel, "READ_MESSAGE_HISTORY")
    limit = request.number("limit", 50, 1, 100)
    there = [c for c in world.channels.values()
             if c.parent == channel.id and c.is_thread and c.archived and not c.deleted
             and in_channel(world, c, world.bot)]  # fmt: skip
    there.sort(key=lambda thread: -thread.archived_at)
    mine = [thread_member_json(t, world.bot) for t in there[:limit] if world.bot in t.members]
    threads = [thread_json(world, thread) for thread in there[:limit]]
    return {"threads": threads, "members": mine, "has_more": len(there) > limit}
