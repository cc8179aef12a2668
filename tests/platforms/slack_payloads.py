"""What Slack sends: messages as JSON, and the events that it makes of what happens."""

from __future__ import annotations

import time

from tests.platforms.slack_state import Channel, Message, Team, World
from tests.platforms.slack_words import Json

CHANNEL_TYPES = {"channel": "channel", "group": "group", "im": "im", "mpim": "mpim"}


def message_json(world: World, message: Message, *, metadata: bool = True) -> Json:
    """A message as the Web API and events give it."""
    given: Json = {
        "type": "message",
        "user": message.user,
        "ts": message.ts,
        "text": message.streamed or message.text,
        "team": message.team,
    }
    if message.subtype:
        given["subtype"] = message.subtype
    if message.bot_id:
        team = world.teams.get(message.team)
        app = team.app_id if team and team.bot_id == message.bot_id else "AOTHER"
        profile = {"id": message.bot_id, "app_id": app, "name": "bot", "deleted": False,
                   "team_id": message.team}  # fmt: skip
        given |= {"bot_id": message.bot_id, "app_id": app, "bot_profile": profile}
    blocks = _stream_block(message) + message.blocks
    if blocks:
        numbered = enumerate(blocks)
        given["blocks"] = [{"block_id": f"b{number}", **block} for number, block in numbered]
    if message.attachments:
        given["attachments"] = message.attachments
    if message.thread_ts:
        given["thread_ts"] = message.thread_ts
        root = world.channels[message.channel].messages.get(message.thread_ts)
        given["parent_user_id"] = root.user if root else "USLACKBOT"
    author = world.users.get(message.user)
    if author is not None and author.stranger:
        given |= {"user_team": author.team, "source_team": author.team}
    if message.edited:
        given["edited"] = {"user": message.user, "ts": message.edited}
    if message.files:
        given["files"] = [_file_json(world, message, id_) for id_ in message.files]
        given["upload"] = False
    if message.reactions:
        given["reactions"] = [
            {"name": name, "users": users, "count": len(users)}
            for name, users in message.reactions.items()
        ]
    if message.metadata and metadata:
        given["metadata"] = message.metadata
    if message.streaming:
        given["streaming_state"] = "in_progress"
    return given | _thread_json(world, message)


def _stream_block(message: Message) -> list[Json]:
    """A streamed text comes back as rich text."""
    if not message.streamed:
        return []
    words = [{"type": "text", "text": message.streamed}]
    section = {"type": "rich_text_section", "elements": words}
    return [{"type": "rich_text", "elements": [section]}]


def _file_json(world: World, message: Message, id_: str) -> Json:
    if world.channels[message.channel].shared:
        # In channels of Slack Connect the event tells the id alone.
        return {"id": id_, "mode": "file_access", "file_access": "check_file_info"}
    return world.files[id_].payload(world.url)


def _thread_json(world: World, message: Message) -> Json:
    """What the first message of a thread says of its replies."""
    channel = world.channels.get(message.channel)
    if channel is None or message.thread_ts not in ("", message.ts):
        return {}
    replies = [m for m in channel.thread(message.ts) if m.ts != message.ts]
    if not replies:
        return {}
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users": sorted({reply.user for reply in replies}),
        "reply_users_count": len({reply.user for reply in replies}),
        "latest_reply": replies[-1].ts,
        "is_locked": False,
    }


def message_event(world: World, channel: Channel, message: Message) -> Json:
    """The ``message`` event of a new message."""
    given = message_json(world, message)
    for word in ("reply_count", "reply_users", "reply_users_count", "latest_reply", "is_locked"):
        given.pop(word, None)
    if message.files and not message.subtype:
        given["subtype"] = "file_share"
    if channel.direct and message.user in world.contexts:
        given["app_context"] = world.contexts[message.user]
    return given | _where(channel, message.ts)


def changed_event(world: World, channel: Channel, message: Message, before: Json) -> Json:
    """The ``message_changed`` event of an edit."""
    return {
        "type": "message",
        "subtype": "message_changed",
        "message": message_json(world, message),
        "previous_message": before,
        "hidden": True,
        "ts": world.new_ts(),
    } | _where(channel, world.new_ts())


def deleted_event(world: World, channel: Channel, message: Message) -> Json:
    """The ``message_deleted`` event."""
    return {
        "type": "message",
        "subtype": "message_deleted",
        "previous_message": message_json(world, message),
        "deleted_ts": message.ts,
        "hidden": True,
        "ts": world.new_ts(),
    } | _where(channel, world.new_ts())


def _where(channel: Channel, ts: str) -> Json:
    kind = CHANNEL_TYPES[channel.kind]
    return {"channel": channel.id, "channel_type": kind, "event_ts": ts}


def envelope(world: World, team: Team, event: Json, event_id: str) -> Json:
    """An event as the Events API wraps it."""
    channel = world.channels.get(str(event.get("channel", "")))
    shared = bool(channel and channel.shared)
    return {
        "token": "verification-token",
        "team_id": team.id,
        "context_team_id": team.id,
        "context_enterprise_id": None,
        "api_app_id": team.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": team.id,
                "user_id": team.bot_user,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": shared,
        "event_context": f"4-{event_id}",
    }
