"""What of Slack the code uses, and which permission each use needs: the one table.

The manifest, ``doctor`` and the OAuth installation are made from it; tests compare it with the
code. Scopes as the reference pages of the methods and events name them
(https://docs.slack.dev/reference/methods, https://docs.slack.dev/reference/events; August 2026).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_HISTORY: Final = ("channels:history", "groups:history", "im:history", "mpim:history")
_READ: Final = ("channels:read", "groups:read", "im:read", "mpim:read")


@dataclass(frozen=True, slots=True)
class Use:
    """A method or an event, the bot scopes that it needs, and what for."""

    name: str
    scopes: tuple[str, ...]
    purpose: str


METHODS: Final = (
    Use("auth.test", (), "to know its own name"),
    Use("apps.connections.open", (), "to connect in Socket Mode"),
    Use("oauth.v2.access", (), "to be installed into several workspaces"),
    Use("chat.postMessage", ("chat:write",), "to answer"),
    Use("chat.postEphemeral", ("chat:write",), "to answer to one person alone"),
    Use("chat.update", ("chat:write",), "to complete an answer"),
    Use("chat.delete", ("chat:write",), "to take back a part of an answer that is not needed"),
    Use("chat.startStream", ("chat:write",), "to show an answer as it is written"),
    Use("chat.appendStream", ("chat:write",), "to show an answer as it is written"),
    Use("chat.stopStream", ("chat:write",), "to show an answer as it is written"),
    Use("chat.getPermalink", (), "to link a question to its handoff"),
    Use("assistant.threads.setStatus", ("chat:write",), "to show that work began"),
    Use("assistant.threads.setSuggestedPrompts", ("assistant:write",), "to suggest questions"),
    Use("conversations.info", _READ, "to know who reads a channel"),
    Use("conversations.history", _HISTORY, "to find its own answer again after a crash"),
    Use("conversations.open", ("im:write",), "to write to one person"),
    Use("conversations.replies", _HISTORY, "to find its own answer again after a crash"),
    Use("users.info", ("users:read",), "to tell guests and people of other organisations"),
    Use("usergroups.users.list", ("usergroups:read",), "to know who belongs to which user group"),
    Use("files.info", ("files:read",), "to read text files in a question"),
    Use("views.open", (), "to ask what was wrong with an answer"),
    Use("views.publish", (), "to show the App Home"),
)
"""Every Web API method that the code calls."""

EVENTS: Final = (
    Use("app_mention", ("app_mentions:read",), "to hear when it is mentioned"),
    Use("message.channels", ("channels:history",), "to follow threads in public channels"),
    Use("message.groups", ("groups:history",), "to follow threads in private channels"),
    Use("message.im", ("im:history",), "to hear direct messages"),
    Use("message.mpim", ("mpim:history",), "to hear group direct messages"),
    Use("reaction_added", ("reactions:read",), "to take 👍 and 👎 as ratings"),
    Use("reaction_removed", ("reactions:read",), "to take a rating back"),
    Use("app_home_opened", (), "to show the App Home and suggestions"),
    Use("app_context_changed", (), "to suggest questions about what is being looked at"),
    Use("assistant_thread_started", ("assistant:write",), "to greet in the assistant view"),
    Use(
        "assistant_thread_context_changed",
        ("assistant:write",),
        "to suggest questions about what is being looked at",
    ),
    Use("app_uninstalled", (), "to delete the tokens of a workspace that leaves"),
    Use("tokens_revoked", (), "to delete the tokens of a workspace that leaves"),
)
"""Every event that the code listens to, as the manifest names it."""

LEGACY_EVENTS: Final = frozenset({"assistant_thread_started", "assistant_thread_context_changed"})
"""Events of the older assistant view; an app with the agent view does not get them."""

OTHERS: Final = (
    Use("slash commands", ("commands",), "to offer /ask, /wellspoken and the message shortcut"),
    Use("file downloads", ("files:read",), "to read text files in a question"),
)
"""What is neither a method nor an event."""


def event_types() -> tuple[str, ...]:
    """The types of the events as they arrive: ``message.im`` comes as ``message``."""
    return tuple(dict.fromkeys(use.name.partition(".")[0] for use in EVENTS))


def bot_scopes() -> tuple[str, ...]:
    """Every bot scope that is needed, in alphabetical order."""
    return tuple(sorted(purposes()))


def purposes() -> dict[str, tuple[str, ...]]:
    """What each scope is for."""
    found: dict[str, list[str]] = {}
    for use in (*METHODS, *EVENTS, *OTHERS):
        for scope in use.scopes:
            reasons = found.setdefault(scope, [])
            if use.purpose not in reasons:
                reasons.append(use.purpose)
    return {scope: tuple(reasons) for scope, reasons in found.items()}
