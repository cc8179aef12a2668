"""What the stand-in Slack knows: teams, people, channels, messages, files, and what was called."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.platforms.slack_words import PINGS, Json, elements_of, labels_of, seen, texts_of


@dataclass
class Team:
    """A workspace in which the app is installed. ``scopes`` of ``None`` grants every scope."""

    id: str
    name: str
    token: str
    bot_user: str
    bot_id: str
    app_id: str
    scopes: frozenset[str] | None = None
    installed: bool = True


@dataclass
class User:
    """A person (or a bot). ``stranger`` comes from another organisation, by Slack Connect."""

    id: str
    name: str
    team: str
    restricted: bool = False
    ultra_restricted: bool = False
    stranger: bool = False
    bot_id: str = ""
    app: str = ""
    deleted: bool = False
    locale: str = "en-US"

    def payload(self) -> Json:
        """As ``users.info`` gives it."""
        profile = {"real_name": self.name, "display_name": self.name, "team": self.team}
        return {
            "id": self.id,
            "team_id": self.team,
            "name": self.name.lower().replace(" ", "."),
            "real_name": self.name,
            "profile": profile | ({"bot_id": self.bot_id} if self.bot_id else {}),
            "deleted": self.deleted,
            "is_bot": bool(self.bot_id),
            "is_app_user": False,
            "is_admin": False,
            "is_restricted": self.restricted or self.ultra_restricted,
            "is_ultra_restricted": self.ultra_restricted,
            "is_stranger": self.stranger,
            "tz": "Europe/Berlin",
            "tz_offset": 3600,
            "locale": self.locale,
            "updated": 1700000000,
        }


@dataclass
class File:
    """A file as people upload it."""

    id: str
    name: str
    content: bytes
    mimetype: str
    team: str
    user: str = ""
    channels: list[str] = field(default_factory=list)
    deleted: bool = False

    def payload(self, url: str) -> Json:
        """As ``files.info`` and messages give it."""
        link = f"{url}/files-pri/{self.team}-{self.id}"
        return {
            "id": self.id,
            "created": int(time.time()),
            "name": self.name,
            "title": self.name,
            "mimetype": self.mimetype,
            "filetype": self.name.rpartition(".")[2] or "text",
            "user": self.user,
            "user_team": self.team,
            "size": len(self.content),
            "mode": "hosted",
            "is_external": False,
            "file_access": "visible",
            "url_private": f"{link}/{self.name}",
            "url_private_download": f"{link}/download/{self.name}",
        }


@dataclass
class UserGroup:
    """A user group with its handle, like ``@support``."""

    id: str
    handle: str
    users: list[str]
    team: str
    disabled: bool = False


@dataclass(frozen=True)
class Version:
    """How a message looked from ``at`` (the clock of ``time.time``) on."""

    at: float
    text: str
    blocks: list[Json]


@dataclass
class Message:
    """A message in a channel, or an ephemeral one."""

    ts: str
    channel: str
    user: str
    text: str = ""
    thread_ts: str = ""
    bot_id: str = ""
    team: str = ""
    subtype: str = ""
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    metadata: Json | None = None
    files: list[str] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    versions: list[Version] = field(default_factory=list)
    edited: str = ""
    streamed: str = ""
    streaming: bool = False
    was_stream: bool = False
    stream_opened: float = 0.0
    stopped_by_user: bool = False
    expired: bool = False
    """Whether Slack closed the stream by itself: people see an error mark on it."""
    deleted: bool = False
    unfurls: bool = True
    parsed: bool = False
    only_for: str = ""

    @property
    def at(self) -> float:
        """When it was posted."""
        return float(self.ts)

    @property
    def shown(self) -> str:
        """The words as people read them: unescaped, of the stream and the blocks, else the text."""
        parts = [self.streamed] if self.streamed else []
        parts += [text for _, text in texts_of(self.blocks)]
        return seen("\n".join(parts) if parts else self.text)

    @property
    def pings(self) -> set[str]:
        """Who would be notified by it: ``@U1``, ``!channel``, ``!subteam^S1``…"""
        marked = [text for kind, text in texts_of(self.blocks) if kind != "plain_text"]
        texts = [self.streamed, *marked] if self.streamed or self.blocks else [self.text]
        found = {match[1] for text in texts for match in PINGS.finditer(text)}
        if self.parsed:
            found |= {f"!{word}" for word in re.findall(r"@(channel|here|everyone)\b", self.text)}
        return found

    def elements(self) -> Iterator[tuple[Json, Json]]:
        """The things that can be pressed, each with its block."""
        return elements_of(self.blocks)

    @property
    def buttons(self) -> list[str]:
        """The labels of what can be pressed; feedback buttons have two."""
        return [label for _, element in self.elements() for label in labels_of(element)]

    @property
    def has_feedback(self) -> bool:
        """Whether the native feedback buttons stand under it."""
        return any(element.get("type") == "feedback_buttons" for _, element in self.elements())

    @property
    def final(self) -> bool:
        """Neither being streamed nor a placeholder: it can be rated, or rests since a second."""
        if self.streaming or self.deleted or self.expired:
            return False
        resting = time.time() - self.versions[-1].at > 1.0 and not self.shown.rstrip("_*").endswith(
            ("…", "...")
        )
        return self.has_feedback or resting

    def record(self) -> None:
        """Remember how it looks now."""
        self.versions.append(Version(time.time(), self.streamed or self.text, list(self.blocks)))


@dataclass
class Channel:
    """A conversation; ``kind`` is channel, group (private), im or mpim."""

    id: str
    name: str
    team: str
    members: list[str]
    kind: str = "channel"
    user: str = ""
    shared: bool = False
    archived: bool = False
    topic: str = ""
    messages: dict[str, Message] = field(default_factory=dict)

    @property
    def direct(self) -> bool:
        """Whether it is a direct message with one person."""
        return self.kind == "im"

    def payload(self) -> Json:
        """As ``conversations.info`` gives it."""
        common: Json = {
            "id": self.id,
            "created": 1700000000,
            "is_im": self.direct,
            "is_mpim": self.kind == "mpim",
            "is_channel": self.kind == "channel",
            "is_group": self.kind == "group",
            "is_private": self.kind != "channel",
            "is_archived": self.archived,
            "is_shared": self.shared,
            "is_ext_shared": self.shared,
            "is_org_shared": False,
            "is_pending_ext_shared": False,
            "context_team_id": self.team,
            "is_general": False,
        }
        if self.direct:
            return common | {"user": self.user, "is_open": True}
        topic = {"value": self.topic, "creator": "", "last_set": 0}
        return common | {"name": self.name, "name_normalized": self.name, "topic": topic,
                         "purpose": topic, "num_members": len(self.members)}  # fmt: skip

    def thread(self, root: str) -> list[Message]:
        """The messages of a thread, the first included, as they stand."""
        return [m for m in self.messages.values() if root in (m.ts, m.thread_ts) and not m.deleted]


@dataclass
class View:
    """A modal, or an App Home, as the app last set it."""

    id: str
    user: str
    team: Team
    view: Json
    opened: float
    errors: dict[str, str] = field(default_factory=dict)
    closed: bool = False
    parent: View | None = None
    revision: int = 0

    @property
    def shown(self) -> str:
        """The words as people read them."""
        return seen("\n".join(text for _, text in texts_of(self.view["blocks"])))

    @property
    def buttons(self) -> list[str]:
        """The labels of what can be pressed or filled in."""
        found = elements_of(self.view["blocks"])
        return [label for _, element in found for label in labels_of(element)]

    def payload(self) -> Json:
        """As Slack gives it to the app."""
        given = {"private_metadata": "", "callback_id": "", "external_id": "", "close": None,
                 "submit": None, "clear_on_close": False, "notify_on_close": False}  # fmt: skip
        return (
            given
            | self.view
            | {
                "id": self.id,
                "team_id": self.team.id,
                "app_id": self.team.app_id,
                "bot_id": self.team.bot_id,
                "hash": f"{self.revision}.{self.id}",
                "root_view_id": (self.parent or self).id,
                "previous_view_id": self.parent.id if self.parent else None,
                "state": {"values": {}},
            }
        )


@dataclass(frozen=True)
class Call:
    """One request to the Web API. ``error`` is what it was refused with, or how it was struck."""

    method: str
    args: Json
    at: float
    token: str
    error: str = ""


@dataclass(frozen=True)
class Status:
    """A status line that was set on a thread."""

    channel: str
    thread_ts: str
    status: str
    loading_messages: list[str]
    at: float


@dataclass
class World:
    """Everything together. ``emit`` sends an event of a team to the app."""

    url: str = ""
    teams: dict[str, Team] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)
    groups: dict[str, UserGroup] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    hidden: list[Message] = field(default_factory=list)
    views: dict[str, View] = field(default_factory=dict)
    homes: dict[str, View] = field(default_factory=dict)
    prompts: dict[tuple[str, str], Json] = field(default_factory=dict)
    titles: dict[tuple[str, str], str] = field(default_factory=dict)
    contexts: dict[str, Json] = field(default_factory=dict)
    """What people look at beside the app's Messages tab, by user."""
    triggers: dict[str, tuple[float, str]] = field(default_factory=dict)
    spent_triggers: set[str] = field(default_factory=set)
    codes: dict[str, Json] = field(default_factory=dict)
    clients: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, Any] = field(default_factory=dict)
    stream_life: float = 300.0
    """Seconds after which Slack closes a stream by itself; developers measured 5 minutes."""
    stream_idle: float = 300.0
    """Seconds without anything added after which it does the same."""
    emit: Callable[[Team, Json], object] = lambda _team, _event: None
    _last_ts: int = 0
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def new_ts(self) -> str:
        """The current time as Slack writes it, never the same twice."""
        self._last_ts = max(self._last_ts + 1, time.time_ns() // 1000)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def new_id(self, letter: str) -> str:
        """A fresh id like ``V0000007``."""
        return f"{letter}{next(self._numbers):07d}"

    def trigger(self, user: str) -> str:
        """A fresh trigger for opening one view within 3 seconds."""
        trigger = f"{self.new_id('')}.{self.new_id('')}.trigger"
        self.triggers[trigger] = (time.time(), user)
        return trigger

    def message(self, ts: str) -> Message:
        """The message with this ts, wherever it is; of two with the same, the visible one."""
        for channel in self.channels.values():
            if ts in channel.messages:
                return channel.messages[ts]
        for message in self.hidden:
            if message.ts == ts:
                return message
        raise LookupError(f"no message {ts}")
