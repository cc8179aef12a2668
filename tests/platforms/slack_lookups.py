"""The stand-in's methods that look things up: conversations, users, groups, reactions, files."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TypeVar

from tests.platforms.slack_methods import (
    Args,
    Caller,
    RefusedError,
    method,
    open_direct,
)
from tests.platforms.slack_payloads import message_json
from tests.platforms.slack_state import Message
from tests.platforms.slack_words import Json

T = TypeVar("T")


@method("auth.test")
async def auth_test(caller: Caller, args: Args) -> Json:
    """Who calls."""
    team = caller.team
    return {
        "url": f"https://{team.id.lower()}.slack.com/",
        "team": team.name,
        "user": caller.world.users[team.bot_user].name,
        "team_id": team.id,
        "user_id": team.bot_user,
        "bot_id": team.bot_id,
        "is_enterprise_install": False,
    }


@method("auth.revoke")
async def auth_revoke(caller: Caller, args: Args) -> Json:
    """End the token."""
    if not args.flag("test"):
        caller.team.installed = False
    return {"revoked": not args.flag("test")}


def paged(items: Sequence[T], args: Args, most: int) -> tuple[list[T], Json]:
    """A page of items and what points to the next one."""
    limit = min(args.number("limit", 100) or 100, most)
    try:
        start = int(base64.b64decode(args.text("cursor")).decode() or 0)
    except ValueError:
        raise RefusedError("invalid_cursor") from None
    end = start + limit
    following = base64.b64encode(str(end).encode()).decode() if end < len(items) else ""
    more = {"has_more": bool(following), "response_metadata": {"next_cursor": following}}
    return list(items[start:end]), more


@method("conversations.info", "channels:read")
async def conversations_info(caller: Caller, args: Args) -> Json:
    """One conversation."""
    channel = caller.channel(args)
    given = channel.payload() | {"is_member": caller.team.bot_user in channel.members}
    if args.flag("include_locale"):
        given["locale"] = "en-US"
    return {"channel": given}


@method("conversations.list", "channels:read")
async def conversations_list(caller: Caller, args: Args) -> Json:
    """The conversations that the bot can see."""
    kinds = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}
    asked = {kinds[k] for k in args.text("types", "public_channel").split(",") if k in kinds}
    channels = [c for c in caller.world.channels.values() if c.kind in asked and caller.sees(c)]
    if args.flag("exclude_archived"):
        channels = [c for c in channels if not c.archived]
    page, more = paged(channels, args, 1000)
    bot = caller.team.bot_user
    return {"channels": [c.payload() | {"is_member": bot in c.members} for c in page]} | more


@method("conversations.members", "channels:read")
async def conversations_members(caller: Caller, args: Args) -> Json:
    """Who is in a conversation."""
    channel = caller.channel(args)
    page, more = paged(channel.members, args, 1000)
    return {"members": page} | more


@method("conversations.join", "channels:join")
async def conversations_join(caller: Caller, args: Args) -> Json:
    """Enter a public channel."""
    channel = caller.channel(args)
    if channel.archived:
        raise RefusedError("is_archived")
    if channel.kind != "channel":
        raise RefusedError("method_not_supported_for_channel_type")
    if caller.team.bot_user not in channel.members:
        channel.members.append(caller.team.bot_user)
    return {"channel": channel.payload() | {"is_member": True}}


@method("conversations.open", "im:write")
async def conversations_open(caller: Caller, args: Args) -> Json:
    """Open the direct message with one user."""
    users = args.need("users").split(",")
    if len(users) != 1:
        raise RefusedError("method_not_supported_for_channel_type")
    channel = open_direct(caller.world, caller.team, caller.user(users[0]))
    return {"no_op": False, "already_open": bool(channel.messages), "channel": {"id": channel.id}}


def _between(messages: Sequence[Message], args: Args) -> list[Message]:
    """The messages between ``oldest`` and ``latest``; their own ones where ``inclusive``."""
    oldest, latest = args.text("oldest"), args.text("latest")
    inclusive = args.flag("inclusive")

    def wanted(message: Message) -> bool:
        if inclusive and message.ts in (oldest, latest):
            return True
        after = not oldest or float(message.ts) > float(oldest)
        return after and (not latest or float(message.ts) < float(latest))

    return [message for message in messages if wanted(message)]


@method("conversations.replies", "channels:history")
async def conversations_replies(caller: Caller, args: Args) -> Json:
    """A thread, oldest first; its first message is always there."""
    channel = caller.readable(args)
    root = channel.messages.get(args.need("ts"))
    if root is None or root.deleted:
        raise RefusedError("thread_not_found")
    if root.thread_ts and root.thread_ts != root.ts:
        # A reply's ts gives that reply alone.
        return {"messages": [message_json(caller.world, root)], "has_more": False}
    replies = [message for message in channel.thread(root.ts) if message is not root]
    page, more = paged(_between(replies, args), args, 1000)
    metadata = args.flag("include_all_metadata")
    first = [] if args.text("cursor") else [root]
    return {
        "messages": [message_json(caller.world, m, metadata=metadata) for m in first + page]
    } | more


@method("conversations.history", "channels:history")
async def conversations_history(caller: Caller, args: Args) -> Json:
    """The messages at the top of a conversation, newest first."""
    channel = caller.readable(args)
    top = [m for m in channel.messages.values() if m.thread_ts in ("", m.ts) and not m.deleted]
    page, more = paged(_between(top[::-1], args), args, 999)
    metadata = args.flag("include_all_metadata")
    return {"messages": [message_json(caller.world, m, metadata=metadata) for m in page]} | more


@method("users.info", "users:read")
async def users_info(caller: Caller, args: Args) -> Json:
    """One person."""
    return {"user": caller.user(args.need("user")).payload()}


@method("users.list", "users:read")
async def users_list(caller: Caller, args: Args) -> Json:
    """The people of the workspace."""
    people = [u for u in caller.world.users.values() if u.team == caller.team.id]
    page, more = paged(people, args, 1000)
    return {"members": [user.payload() for user in page]} | more


@method("team.info", "team:read")
async def team_info(caller: Caller, args: Args) -> Json:
    """The workspace."""
    team = caller.team
    return {"team": {"id": team.id, "name": team.name, "domain": team.id.lower()}}


@method("bots.info", "users:read")
async def bots_info(caller: Caller, args: Args) -> Json:
    """A bot."""
    for user in caller.world.users.values():
        if user.bot_id == args.need("bot"):
            bot = {"id": user.bot_id, "name": user.name, "user_id": user.id, "app_id": user.app}
            return {"bot": bot | {"deleted": user.deleted}}
    raise RefusedError("bot_not_found")


@method("usergroups.list", "usergroups:read")
async def usergroups_list(caller: Caller, args: Args) -> Json:
    """The user groups of the workspace."""
    groups = [g for g in caller.world.groups.values() if g.team == caller.team.id]
    if not args.flag("include_disabled"):
        groups = [g for g in groups if not g.disabled]
    given = []
    for group in groups:
        row: Json = {
            "id": group.id, "team_id": group.team, "is_usergroup": True, "name": group.handle,
            "handle": group.handle, "date_delete": 1 if group.disabled else 0,
            "user_count": len(group.users),
        }  # fmt: skip
        given.append(row | ({"users": group.users} if args.flag("include_users") else {}))
    return {"usergroups": given}


@method("usergroups.users.list", "usergroups:read")
async def usergroups_users_list(caller: Caller, args: Args) -> Json:
    """Who is in a user group."""
    group = caller.world.groups.get(args.need("usergroup"))
    if group is None or group.team != caller.team.id:
        raise RefusedError("no_such_subteam")
    return {"users": list(group.users)}


@method("reactions.get", "reactions:read")
async def reactions_get(caller: Caller, args: Args) -> Json:
    """The reactions on a message."""
    channel = caller.readable(args)
    message = channel.messages.get(args.need("timestamp"))
    if message is None or message.deleted:
        raise RefusedError("message_not_found")
    return {
        "type": "message",
        "channel": channel.id,
        "message": message_json(caller.world, message),
    }


@method("reactions.add", "reactions:write")
async def reactions_add(caller: Caller, args: Args) -> Json:
    """Put a reaction on a message."""
    channel = caller.readable(args)
    message = channel.messages.get(args.need("timestamp"))
    if message is None or message.deleted:
        raise RefusedError("message_not_found")
    users = message.reactions.setdefault(args.need("name"), [])
    if caller.team.bot_user in users:
        raise RefusedError("already_reacted")
    users.append(caller.team.bot_user)
    return {}
