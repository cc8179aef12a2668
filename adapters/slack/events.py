"""What Slack's events say, in the house's words. Pure: payloads in, messages and reactions out.

A mention comes twice, as ``message`` and as ``app_mention``; both give the same message here, and
the desk takes it once. Our own posts, other bots and everything that is no person's message give
``None``; edits and deletions come as such.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from adapters.chat.base import ChannelKind, Deleted, FileRef, Heard, Place, Reaction
from adapters.rendering.slack import unescape
from adapters.rendering.slack_incoming import markdown
from adapters.slack.lookups import Identity
from bot.conversation import Author, Platform

Payload = Mapping[str, Any]

_SAID_BY_PEOPLE: Final = frozenset({"", "file_share", "thread_broadcast"})
"""The subtypes of a message event that carry something new that a person said."""
_KINDS: Final = {"im": ChannelKind.DIRECT, "mpim": ChannelKind.GROUP}
_THUMBS: Final = {"+1": True, "thumbsup": True, "-1": False, "thumbsdown": False}
_MENTION: Final = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>")


def workspace_of(body: Payload) -> str:
    """The workspace through which we receive a payload.

    In a shared channel ``team_id`` may be the other side's; with an installation for a whole
    organisation only the context names the workspace.
    """
    context = body.get("context_team_id")
    if context:
        return str(context)
    for place in (body.get("authorizations") or [{}])[0], body:
        team = place.get("team_id")
        if team:
            return str(team)
    team = body.get("team")
    if isinstance(team, Mapping) and team.get("id"):
        return str(team["id"])
    user = body.get("user")
    return str(user.get("team_id") or "") if isinstance(user, Mapping) else ""


def heard_of_event(body: Payload, us: Identity) -> Heard | None:
    """The message of a ``message`` or ``app_mention`` event; ``None`` where there is none."""
    event: Payload = body.get("event") or {}
    if event.get("type") not in ("message", "app_mention") or not _is_said_by_a_person(event, us):
        return None
    return message_of(event, place_of_event(event, workspace_of(body)), us)


def deleted_of(body: Payload) -> Deleted | None:
    """The message that was deleted; ``None`` where none was. One whose thread goes on is not
    deleted but edited, to a tombstone."""
    event: Payload = body.get("event") or {}
    message: Payload = event.get("message") or {}
    ts = event.get("deleted_ts") if event.get("subtype") == "message_deleted" else ""
    if event.get("subtype") == "message_changed" and message.get("subtype") == "tombstone":
        ts = message.get("ts")
    if not ts or not event.get("channel"):
        return None
    where = {name: event.get(name) for name in ("channel", "channel_type")}
    thread = (event.get("previous_message") or {}).get("thread_ts")
    place = place_of_event({**where, "ts": ts, "thread_ts": thread}, workspace_of(body))
    return Deleted(place, str(ts))


def edited_of(body: Payload, us: Identity) -> Heard | None:
    """A message of a person with its new words; ``None`` where the words are as before, as when
    Slack adds a preview."""
    event: Payload = body.get("event") or {}
    message: Payload = event.get("message") or {}
    before: Payload = event.get("previous_message") or {}
    if event.get("subtype") != "message_changed" or not message.get("edited"):
        return None
    if message.get("text") == before.get("text"):
        return None
    place = {name: event.get(name) for name in ("channel", "channel_type")}
    said = {**message, **place, "hidden": False}
    if not _is_said_by_a_person(said, us):
        return None
    return message_of(message, place_of_event(said, workspace_of(body)), us)


def _is_said_by_a_person(event: Payload, us: Identity) -> bool:
    user = event.get("user") or ""
    return bool(
        user
        and user not in (us.user, "USLACKBOT")
        and not event.get("bot_id")
        and not event.get("hidden")
        and (event.get("subtype") or "") in _SAID_BY_PEOPLE
        and event.get("channel")
        and event.get("ts")
    )


def place_of_event(event: Payload, workspace: str) -> Place:
    """Where an event with ``channel`` (and ``channel_type``) happens.

    ``app_mention`` has no type; direct messages are told by their id.
    """
    channel = str(event.get("channel") or "")
    kind = _KINDS.get(str(event.get("channel_type") or ""), ChannelKind.CHANNEL)
    return Place(
        Platform.SLACK,
        workspace,
        channel,
        thread=_thread(event),
        kind=ChannelKind.DIRECT if channel.startswith("D") else kind,
    )


def message_of(message: Payload, place: Place, us: Identity) -> Heard:
    """A message as Slack writes it: escaped text, mentions in brackets, files beside it."""
    written = str(message.get("text") or "")
    mentioned = _MENTION.findall(written)
    edited = (message.get("edited") or {}).get("ts", "")
    return Heard(
        place,
        str(message["ts"]),
        Author(Platform.SLACK, str(message.get("user") or "")),
        _without_mention(written, us.user),
        moment(str(edited or message["ts"])),
        for_bot=us.user in mentioned,
        mentions=tuple(dict.fromkeys(user for user in mentioned if user != us.user)),
        edited=bool(edited),
        files=files_of(message.get("files") or ()),
    )


def _without_mention(written: str, user: str) -> str:
    """The text as plain Markdown, without the mention of ``user``; all else stays as it is."""
    if not user or f"<@{user}" not in written:
        return markdown(written).strip()

    def gap(found: re.Match[str]) -> str:
        at_start = found.start() == 0 or written[found.start() - 1] == "\n"
        at_end = found.end() == len(written) or written[found.end()] == "\n"
        return "" if at_start or at_end else " "

    mention = rf"[ \t]*<@{re.escape(user)}(?:\|[^<>]*)?>[,:]?[ \t]*"
    return markdown(re.sub(mention, gap, written)).strip()


def _thread(message: Payload) -> str:
    """The thread's first message; empty for that message itself."""
    thread = str(message.get("thread_ts") or "")
    return "" if thread == message.get("ts") else thread


def files_of(files: Sequence[Payload]) -> tuple[FileRef, ...]:
    """The files of a message. One in a shared channel has nothing but its id."""
    return tuple(
        FileRef(
            str(file["id"]),
            str(file.get("name") or file.get("title") or ""),
            str(file.get("mimetype") or ""),
            int(file.get("size") or 0),
            str(file.get("url_private_download") or file.get("url_private") or ""),
        )
        for file in files
        if file.get("id")
    )


def reaction_of(body: Payload, us: Identity) -> Reaction | None:
    """A thumb put on one of our messages or taken off; ``None`` for anything else.

    Slack does not name the message's author in every case; then the desk knows its own.
    """
    event: Payload = body.get("event") or {}
    item: Payload = event.get("item") or {}
    up = thumb(str(event.get("reaction") or ""))
    user = str(event.get("user") or "")
    if up is None or not user or user == us.user or item.get("type") != "message":
        return None
    if event.get("item_user", us.user) != us.user:
        return None
    place = place_of_event({"channel": item.get("channel")}, workspace_of(body))
    return Reaction(
        place,
        str(item.get("ts") or ""),
        Author(Platform.SLACK, user),
        up,
        added=event.get("type") == "reaction_added",
    )


def thumb(reaction: str) -> bool | None:
    """Whether an emoji's name is a thumb up or down, in any skin tone."""
    return _THUMBS.get(reaction.partition("::")[0])


def moment(ts: str) -> datetime:
    """When a message was posted: its ts is a Unix time in seconds. Raises ValueError."""
    return datetime.fromtimestamp(float(ts), UTC)


def organisation_of(body: Payload) -> str:
    """The organisation (Enterprise Grid) of a payload; empty where there is none."""
    context = body.get("context_enterprise_id")
    if context:
        return str(context)
    enterprise = body.get("enterprise")
    if isinstance(enterprise, Mapping):
        return str(enterprise.get("id") or "")
    for place in (body.get("authorizations") or [{}])[0], body:
        if place.get("enterprise_id"):
            return str(place["enterprise_id"])
    return ""


def presser_of(body: Payload) -> Author:
    """Who pressed a button, sent a form, used a shortcut or typed a command."""
    user = body.get("user")
    if isinstance(user, Mapping):
        name = user.get("name") or user.get("username") or ""
        return Author(Platform.SLACK, str(user.get("id") or ""), str(name))
    return Author(Platform.SLACK, str(body.get("user_id") or ""), str(body.get("user_name") or ""))


def place_of_interaction(body: Payload) -> Place:
    """Where the message stands whose button was pressed, or whose shortcut was used."""
    message: Payload = body.get("message") or {}
    container: Payload = body.get("container") or {}
    channel: Payload = body.get("channel") or {}
    ident = str(channel.get("id") or container.get("channel_id") or body.get("channel_id") or "")
    thread = message.get("thread_ts") or container.get("thread_ts") or ""
    place = place_of_event({"channel": ident}, workspace_of(body))
    name = str(channel.get("name") or body.get("channel_name") or "")
    kind = ChannelKind.GROUP if name.startswith("mpdm-") else place.kind
    return replace(place, thread=str(thread), kind=kind)


def asked_by_command(body: Payload, text: str) -> Heard:
    """The question of a slash command; its author alone sees the answer."""
    return Heard(
        place_of_interaction(body),
        str(body["trigger_id"]),
        presser_of(body),
        unescape(text).strip(),
        datetime.now(UTC),
        for_bot=True,
        private=True,
        extra={"response_url": str(body.get("response_url") or "")},
    )


def asked_by_shortcut(body: Payload, us: Identity, *, openly: bool) -> Heard:
    """The question that a message asks, on behalf of who used the shortcut on it.

    ``openly``: answered in the message's thread, else to who asked alone.
    """
    message: Payload = body.get("message") or {}
    place = place_of_interaction(body)
    if openly:
        place = replace(place, thread=place.thread or str(message.get("ts") or ""))
    said = message_of(message, place, us)
    return replace(
        said,
        message=str(body.get("action_ts") or body["trigger_id"]),
        author=presser_of(body),
        at=datetime.now(UTC),
        for_bot=True,
        private=not openly,
        extra={} if openly else {"response_url": str(body.get("response_url") or "")},
    )


_LINK: Final = re.compile(
    r"/archives/([A-Z0-9]+)/p(\d{10})(\d{6})(?:\?(?:[^\s>|]*&)?thread_ts=([\d.]+))?"
)


def place_of_link(text: str, near: Place) -> Place | None:
    """The thread to which a link to a message leads; ``None`` where the text holds no link."""
    found = _LINK.search(text)
    if found is None:
        return None
    channel, seconds, rest, thread = found.groups()
    place = place_of_event({"channel": channel}, near.workspace)
    return replace(place, thread=thread or f"{seconds}.{rest}")
