"""What the stand-in Discord knows: guilds, people, channels, messages, and what was called."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.platforms.discord_words import (
    EPOCH,
    Json,
    allowed,
    elements_of,
    embed_texts,
    label_of,
    mentioned,
    seen,
    texts_of,
)

TEXT, DM, VOICE, CATEGORY, PUBLIC, PRIVATE, STAGE, FORUM = 0, 1, 2, 4, 11, 12, 13, 15
"""Kinds of channels; ``PUBLIC`` and ``PRIVATE`` are threads."""

EPHEMERAL, LOADING, HAS_THREAD, COMPONENTS_V2 = 1 << 6, 1 << 7, 1 << 5, 1 << 15
"""Flags of messages."""


@dataclass
class User:
    """A person or a bot. ``dms_open``: whether the bot may write to them."""

    id: str
    name: str
    bot: bool = False
    dms_open: bool = True

    def payload(self) -> Json:
        """As ``GET /users/{id}`` gives it."""
        return {
            "id": self.id,
            "username": self.name.lower().replace(" ", "."),
            "global_name": None if self.bot else self.name,
            "discriminator": "0000" if self.bot else "0",
            "avatar": None,
            "bot": self.bot,
            "system": False,
            "public_flags": 0,
        }


@dataclass
class Role:
    """A role; ``managed`` is a bot's own."""

    id: str
    name: str
    permissions: int
    position: int = 1
    managed: bool = False
    mentionable: bool = False


@dataclass
class Member:
    """Somebody in a guild."""

    user: str
    roles: list[str] = field(default_factory=list)
    nick: str | None = None


@dataclass
class Guild:
    """A server. ``present``: whether the bot is in it; ``out``: it has an outage."""

    id: str
    name: str
    owner: str
    roles: dict[str, Role] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    present: bool = True
    out: bool = False


@dataclass
class Overwrite:
    """What a channel allows and denies to a role or member."""

    kind: int
    allow: int = 0
    deny: int = 0

    def on(self, value: int) -> int:
        """The permissions with this applied."""
        return value & ~self.deny | self.allow


@dataclass(frozen=True)
class Tag:
    """A tag of a forum; a ``moderated`` one is for who manages threads."""

    id: str
    name: str
    moderated: bool = False


@dataclass
class File:
    """A file as people or the bot upload it."""

    id: str
    name: str
    content: bytes
    content_type: str
    channel: str = ""
    until: float = 0.0
    """When its signed address stops working."""


@dataclass(frozen=True)
class Version:
    """How a message looked from ``at`` (the clock of ``time.time``) on."""

    at: float
    content: str
    components: list[Json]


@dataclass
class Message:
    """A message in a channel, or an ephemeral one (``only_for`` its user)."""

    id: str
    channel: str
    author: str
    content: str = ""
    type: int = 0
    at: float = 0.0
    reference: str = ""
    reference_channel: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[File] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    versions: list[Version] = field(default_factory=list)
    flags: int = 0
    edited: float = 0.0
    nonce: str | int | None = None
    mentions: list[str] = field(default_factory=list)
    role_mentions: list[str] = field(default_factory=list)
    everyone: bool = False
    pings: set[str] = field(default_factory=set)
    """Who would be notified, by it or any edit: user ids, ``&`` with a role's, ``everyone``."""
    webhook: str = ""
    interaction: Json | None = None
    deleted: bool = False
    only_for: str = ""
    names: Callable[[], dict[str, str]] = dict

    @property
    def shown(self) -> str:
        """The words as people read them: content, embeds and components."""
        parts = [self.content, *embed_texts(self.embeds), *texts_of(self.components)]
        return seen("\n".join(part for part in parts if part), self.names())

    @property
    def loading(self) -> bool:
        """Whether it says that the app is thinking."""
        return bool(self.flags & LOADING)

    @property
    def buttons(self) -> list[str]:
        """The labels (or emoji) of what can be pressed."""
        return [label_of(element) for element in elements_of(self.components)]

    @property
    def final(self) -> bool:
        """Neither thinking nor a placeholder: it has buttons, or rests since 2 s."""
        if self.loading or self.deleted or not self.versions:
            return False
        resting = time.time() - self.versions[-1].at > 2.0
        return bool(self.buttons) or (
            resting and not self.shown.rstrip("_*").endswith(("…", "..."))
        )

    def record(self) -> None:
        """Remember how it looks now."""
        self.versions.append(Version(time.time(), self.content, list(self.components)))

    def address(self, given: Json | None, may_call_all: bool, replied_to: str = "") -> None:
        """Work out whom it mentions and pings. ``given`` is its ``allowed_mentions``."""
        text = "\n".join([self.content, *texts_of(self.components)])
        users, roles, everyone = mentioned(text)
        users, roles, everyone = allowed(users, roles, everyone and may_call_all, given)
        if replied_to and (given is None or given.get("replied_user", False)):
            users = list(dict.fromkeys([*users, replied_to]))
        self.mentions, self.role_mentions, self.everyone = users, roles, everyone
        self.pings |= {*users, *(f"&{role}" for role in roles)} - {self.author}
        self.pings |= {"everyone"} if everyone else set()


@dataclass
class Channel:
    """A channel, forum, thread or direct message; ``kind`` is Discord's type."""

    id: str
    name: str
    kind: int = TEXT
    guild: str | None = None
    parent: str = ""
    topic: str = ""
    overwrites: dict[str, Overwrite] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    recipients: list[str] = field(default_factory=list)
    available_tags: list[Tag] = field(default_factory=list)
    require_tag: bool = False
    nsfw: bool = False
    owner: str = ""
    created: float = 0.0
    archived: bool = False
    archived_at: float = 0.0
    locked: bool = False
    auto_archive: int = 1440
    members: list[str] = field(default_factory=list)
    applied_tags: list[str] = field(default_factory=list)
    deleted: bool = False

    @property
    def is_thread(self) -> bool:
        """Whether it is a thread (or forum post)."""
        return self.kind in (10, PUBLIC, PRIVATE)

    @property
    def direct(self) -> bool:
        """Whether it is a direct message."""
        return self.kind == DM

    def standing(self) -> list[Message]:
        """Its messages that are there, oldest first."""
        return [message for message in self.messages.values() if not message.deleted]


@dataclass
class Interaction:
    """A command, press or submission. ``answer`` is how the app responded, 0 if it did not yet."""

    id: str
    token: str
    kind: int
    user: str
    channel: str
    at: float
    data: Json
    message: Message | None = None
    answer: int = 0
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    modal: Modal | None = None
    private: bool = False


@dataclass
class Modal:
    """A form that the app opened."""

    id: str
    user: str
    custom_id: str
    title: str
    components: list[Json]
    interaction: Interaction
    closed: bool = False


@dataclass(frozen=True)
class Call:
    """One request to the REST API by its name in :mod:`discord_methods`.

    ``code`` is Discord's code of a refusal, ``struck`` how a fault struck it.
    """

    name: str
    method: str
    path: str
    args: Json
    at: float
    status: int = 200
    code: int = 0
    struck: str = ""


@dataclass(frozen=True)
class Typing:
    """Somebody (``user``) types in a channel."""

    channel: str
    user: str
    at: float


@dataclass
class World:
    """Everything together. ``emit`` sends an event to the app."""

    url: str = ""
    bot: str = ""
    application: str = ""
    owner: str = ""
    """Who owns the application."""
    shards: int = 1
    """How many shards ``/gateway/bot`` recommends."""
    creates: int = 0
    """Application commands that were created today; Discord takes 200."""
    public_key: str = "0" * 64
    content_granted: bool = True
    """Whether the message content intent is switched on in the portal."""
    members_granted: bool = True
    presences_granted: bool = False
    guilds: dict[str, Guild] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    hidden: list[Message] = field(default_factory=list)
    files: dict[str, File] = field(default_factory=dict)
    interactions: dict[str, Interaction] = field(default_factory=dict)
    """By token."""
    modals: list[Modal] = field(default_factory=list)
    typings: list[Typing] = field(default_factory=list)
    commands: dict[str, list[Json]] = field(default_factory=dict)
    """Application commands by guild id; global ones under the empty string."""
    calls: list[Call] = field(default_factory=list)
    shift: float = 0.0
    """Seconds by which the clock of this Discord runs ahead."""
    emit: Callable[[str, str | None, Callable[[bool], Json | None]], None] = (
        lambda _name, _guild, _make: None
    )
    """Name, guild, and what makes the payload of whether contents may be read."""
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def now(self) -> float:
        """The time in this Discord."""
        return time.time() + self.shift

    def new_id(self) -> str:
        """A fresh snowflake of the present moment, each greater than the one before."""
        stamp = int((self.now() - EPOCH) * 1000) << 22
        return str(stamp + next(self._numbers) % (1 << 22))

    def names(self) -> dict[str, str]:
        """What everything that can be mentioned is called, by id."""
        found = {id_: user.name for id_, user in self.users.items()}
        found |= {id_: channel.name for id_, channel in self.channels.items()}
        return found | {r.id: r.name for g in self.guilds.values() for r in g.roles.values()}

    def message(self, id_: str) -> Message:
        """The message with this id, wherever it is."""
        for channel in self.channels.values():
            if id_ in channel.messages:
                return channel.messages[id_]
        for message in self.hidden:
            if message.id == id_:
                return message
        raise LookupError(f"no message {id_}")
