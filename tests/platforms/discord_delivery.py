"""What tests of answers in Discord need: a desk that keeps one question's placement, and turns."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import discord
from discord.http import Route as RestRoute

from adapters.chat.base import ChannelKind, Heard, Offer, Place, Placement
from adapters.discord.buttons import under_answer
from adapters.discord.private import PrivateSurface
from adapters.discord.rest import DiscordRest
from adapters.discord.seating import Seating
from adapters.discord.surface import DiscordSurface
from bot.conversation import Author, Platform, Turn
from bot.errors import ChatRefusedError
from bot.evidence import Citation
from tests.platforms import turns
from tests.platforms.discord_server import DiscordServer
from tests.platforms.discord_state import Channel, Message, User

ANSWER = "Water roses **at night** [1]. Never at noon."
SOURCE = Citation(1, "roses.md", "Roses", "https://garden.example/roses", "at night")


def turn_of(answer: str = ANSWER, *citations: Citation, audience: Sequence[str] = ()) -> Turn:
    """An answered turn."""
    return turns.turn_of(answer, *citations, audience=frozenset(audience))


@asynccontextmanager
async def logged_in(server: DiscordServer) -> AsyncIterator[discord.Client]:
    """discord.py's client, logged in and not listening."""
    RestRoute.BASE = server.url
    client = discord.Client(intents=discord.Intents.none())
    await client.login(server.token)
    try:
        yield client
    finally:
        await client.close()


def heard_of(message: Message, server: DiscordServer, **more: Any) -> Heard:
    """A message as the edge hears it."""
    channel = server.world.channels[message.channel]
    author = Author(Platform.DISCORD, message.author, server.world.users[message.author].name)
    return Heard(place_of(channel), message.id, author, message.content, datetime.now(UTC), **more)


def place_of(channel: Channel) -> Place:
    """The place of a channel, thread or direct message."""
    if channel.direct:
        return Place(Platform.DISCORD, "", channel.id, kind=ChannelKind.DIRECT)
    guild = channel.guild or ""
    if channel.is_thread:
        return Place(Platform.DISCORD, guild, channel.parent, thread=channel.id)
    return Place(Platform.DISCORD, guild, channel.id)


@dataclass
class Desk:
    """What the desk keeps for one question: the state of its placement, across attempts."""

    server: DiscordServer
    rest: DiscordRest
    ada: User
    roses: Channel
    heard: Heard
    state: dict[str, Any] | None = None
    event: str = "E1"
    threads: bool = True
    others: set[str] = field(default_factory=set)
    refused: list[tuple[str, ChatRefusedError]] = field(default_factory=list)
    public: bool = True

    async def asks(self, channel: Channel, text: str = "How do I water roses?") -> Message:
        """Ada asks in a channel: what is answered next."""
        message = await self.server.say(self.ada, channel, text)
        self.heard, self.state, self.event = heard_of(message, self.server), None, f"E{message.id}"
        return message

    def placement(self) -> Placement:
        """The placement as it was last noted."""
        return Placement(self.event, deepcopy(self.state), self._save)

    def surface(self) -> DiscordSurface:
        """A surface for a fresh attempt."""
        post = self.heard.message if self.heard.extra.get("post") else ""

        async def wanted(_place: Place) -> bool:
            return self.threads

        return DiscordSurface(
            self.rest,
            self.heard,
            self.placement(),
            sit=Seating(self.rest, wanted).of,
            controls=partial(under_answer, post=post),
            known=self._known,
        )

    def private(self) -> PrivateSurface:
        """A surface for a question that was asked in private."""

        async def may_show(_turn: Turn) -> bool:
            return self.public

        return PrivateSurface(
            self.rest,
            self.heard,
            self.placement(),
            controls=under_answer,
            known=self._known,
            may_show=may_show,
        )

    async def answer(self, text: str = ANSWER, *citations: Citation) -> None:
        """One whole attempt."""
        surface = self.private() if self.heard.private else self.surface()
        await surface.open()
        for piece in text.split(". "):
            await surface.show(f"{piece}. " if not text.endswith(piece) else piece)
        await surface.close(turn_of(text, *citations), Offer.NOTHING)

    async def _save(self, state: Mapping[str, Any]) -> None:
        self.state = deepcopy(dict(state))

    async def _known(self, messages: Sequence[str]) -> set[str]:
        return self.others & set(messages)

    @property
    def messages(self) -> list[Message]:
        """What answers the question, wherever it stands."""
        return self.server.answers(self.server.message(self.heard.message))

    def made(self, route: str) -> int:
        """How many requests to a route were made, successful or not."""
        return len([call for call in self.server.calls if call.name == route])


@asynccontextmanager
async def garden() -> AsyncIterator[Desk]:
    """A server where Ada asked in a channel, and the rest of Discord behind a client."""
    async with DiscordServer() as server, logged_in(server) as client:
        ada = server.user("Ada")
        guild = server.guild("Garden", [ada])
        roses = server.channel(guild, "roses")
        refused: list[tuple[str, ChatRefusedError]] = []
        rest = DiscordRest(
            client.http,
            timeout_s=3.0,
            patience_s=20.0,
            delivery_s=30.0,
            refused=lambda channel, error: refused.append((channel, error)),
        )
        message = await server.say(ada, roses, "How do I water roses?")
        yield Desk(server, rest, ada, roses, heard_of(message, server), refused=refused)
