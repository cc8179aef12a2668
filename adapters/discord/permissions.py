"""What of Discord the code uses, and what each permission and intent is for: the one table.

The invitation, ``doctor`` and the guide are made from it; tests compare it with the code and with
what a Discord that checks permissions asked for. Names are those of :class:`discord.Permissions`
and :class:`discord.Intents` (https://docs.discord.com/developers/topics/permissions).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

import discord


@dataclass(frozen=True, slots=True)
class Use:
    """A permission or an intent, and what it is for. ``title`` is what people read on it."""

    name: str
    title: str
    purpose: str


PERMISSIONS: Final = (
    Use("view_channel", "View Channels", "to hear questions"),
    Use("send_messages", "Send Messages", "to answer"),
    Use("send_messages_in_threads", "Send Messages in Threads", "to answer in threads and posts"),
    Use("create_public_threads", "Create Public Threads", "to answer in a thread of its own"),
    Use(
        "read_message_history",
        "Read Message History",
        "to find its own answer again after a crash, and questions that came while it was away",
    ),
    Use("manage_threads", "Manage Threads", "to tag forum posts and mark them as solved"),
)
"""Every permission that is asked for."""

INTENTS: Final = (
    Use("guilds", "Guilds", "to know channels, threads and roles"),
    Use("guild_messages", "Guild Messages", "to hear questions in channels"),
    Use("dm_messages", "Direct Messages", "to hear direct messages"),
    Use("guild_reactions", "Guild Message Reactions", "to take 👍 and 👎 as ratings"),
    Use("dm_reactions", "Direct Message Reactions", "to take 👍 and 👎 as ratings"),
    Use(
        "message_content",
        "Message Content Intent",
        "to follow threads without being mentioned in every message",
    ),
)
"""Every intent; the last is privileged and may be missing."""

SCOPES: Final = ("bot", "applications.commands")
"""What the invitation asks for."""

WITHOUT_CONTENT: Final = (
    "message content is off: follow-ups in threads and forum posts are read only where they "
    "mention the bot"
)
WITH_CONTENT: Final = "message content is on: follow-ups in threads need no mention"


def needed() -> discord.Permissions:
    """All permissions together."""
    return discord.Permissions(**{use.name: True for use in PERMISSIONS})


def invitation(application: int) -> str:
    """The address at which an admin adds the bot to a server, with exactly what is needed."""
    asked = {
        "client_id": application,
        "scope": " ".join(SCOPES),
        "permissions": needed().value,
    }
    return f"https://discord.com/oauth2/authorize?{urlencode(asked)}"


def missing(granted: discord.Permissions) -> tuple[Use, ...]:
    """What of the table is not granted; an administrator has everything."""
    if granted.administrator:
        return ()
    return tuple(use for use in PERMISSIONS if not getattr(granted, use.name))


def named(uses: Iterable[Use]) -> str:
    """Permissions in words, each with what it is for."""
    return ", ".join(f"{use.title} ({use.purpose})" for use in uses)
