"""What people ask and see: the stand-in Slack and Discord as the load and the judge use them."""

from __future__ import annotations

import random
import re
import time
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

from tests.platforms import discord_state, slack_state
from tests.platforms.discord_server import DiscordServer
from tests.platforms.pumps import HOURS, PUMPS
from tests.platforms.slack_server import SlackServer

HONEST = re.compile(
    r"Sorry, (this took too long|I was away when you asked|I could not answer that|many people ask)"
)
"""The sentences that say that there is no answer, in place of one."""

_DIRECT = 0.15
"""The share of threads that are in direct messages."""
_WAYS = (
    "How long does the {pump} pump run?",
    "For how many hours does the {pump} pump run on one battery?",
    "Please, how long does the {pump} pump run on a battery?",
    "How many hours does the {pump} pump run for?",
)


@dataclass(eq=False)
class Asked:
    """A question. ``asked`` and ``heard`` are moments (``time.time``); it is heard when the
    service said that it has it."""

    pump: str
    asked: float
    mark: Any

    @property
    def mark_id(self) -> str:
        """Its id on the platform."""
        return str(getattr(self.mark, "id", self.mark))


@dataclass(eq=False)
class Talk:
    """A thread: each question in it is about another pump, so that answers tell to which they
    belong."""

    chat: Chat
    person: Any
    channel: Any
    first: Any = None
    asked: list[Asked] = field(default_factory=list)

    @property
    def room(self) -> list[str]:
        """What was not asked yet."""
        return [pump for pump in PUMPS if pump not in [one.pump for one in self.asked]]


@dataclass(frozen=True)
class Said:
    """A message of the bot: its words, when it was posted and, once it is finished, since when;
    ``mark`` is its id on the platform."""

    text: str
    at: float
    finished: float | None
    mark: str = ""

    def is_about(self, pump: str) -> bool:
        """Whether it answers the question about a pump."""
        return f"{HOURS[pump]} hours" in self.text

    @property
    def honest(self) -> bool:
        """Whether it says that there is no answer."""
        return bool(HONEST.search(self.text))


class Chat(Protocol):
    """A platform with people in it."""

    name: str

    def talk(self, chance: random.Random) -> Talk:
        """A new thread of somebody, somewhere."""
        ...

    async def ask(self, talk: Talk, chance: random.Random) -> Asked:
        """The next question in a thread."""
        ...

    def may_follow(self, talk: Talk) -> bool:
        """Whether there is a thread to ask further in, and its last question was heard."""
        ...

    def heard(self, one: Asked) -> float | None:
        """When the service took a question, as far as the platform knows."""
        ...

    def given_up(self, one: Asked) -> bool:
        """Whether the platform stopped offering a question that was never taken."""
        ...

    def said(self, talk: Talk) -> list[Said]:
        """What the bot wrote in a thread, the oldest first."""
        ...


def words(pump: str, chance: random.Random) -> str:
    """A question about a pump."""
    return f"@wellspoken {chance.choice(_WAYS).format(pump=pump)}"


class SlackChat:
    """Many people in a few channels of a Slack workspace, and in direct messages."""

    name = "slack"

    def __init__(self, server: SlackServer, people: int) -> None:
        self.server = server
        self._people = [server.user(f"U{n}", f"Person {n}") for n in range(people)]
        self._channels = [
            server.channel(f"C{n}", f"channel-{n}", self._people)
            for n in range(max(2, people // 8))
        ]
        self._of: defaultdict[str | None, list[Any]] = defaultdict(list)
        """Deliveries by the message that they are about; so many of them were looked at."""
        self._seen = 0

    def talk(self, chance: random.Random) -> Talk:
        person = chance.choice(self._people)
        alone = chance.random() < _DIRECT
        return Talk(
            self, person, self.server.dm(person) if alone else chance.choice(self._channels)
        )

    async def ask(self, talk: Talk, chance: random.Random) -> Asked:
        pump = chance.choice(talk.room)
        ts = await self.server.say(
            talk.person, talk.channel, words(pump, chance), thread_ts=talk.first
        )
        talk.first = talk.first or ts
        one = Asked(pump, time.time(), ts)
        talk.asked.append(one)
        return one

    def _deliveries(self, one: Asked) -> list[Any]:
        every = self.server.outbox.deliveries
        for delivery in islice(every.values(), self._seen, None):
            self._of[delivery.payload.get("event", {}).get("ts")].append(delivery)
        self._seen = len(every)
        return self._of.get(one.mark, [])

    def may_follow(self, talk: Talk) -> bool:
        return bool(talk.room) and self.heard(talk.asked[-1]) is not None

    def heard(self, one: Asked) -> float | None:
        taken = [d.acked_at for d in self._deliveries(one) if d.acked_at is not None]
        return min(taken, default=None)

    def given_up(self, one: Asked) -> bool:
        return all(d.lost and not d.acked for d in self._deliveries(one))

    def said(self, talk: Talk) -> list[Said]:
        return [
            Said(m.shown, m.at, self._finished(m), m.ts)
            for m in self.server.answers(talk.channel, talk.first)
        ]

    @staticmethod
    def _finished(message: slack_state.Message) -> float | None:
        if message.streaming or message.expired:
            return None
        if message.has_feedback or HONEST.search(message.shown):
            return message.versions[-1].at
        return None


class DiscordChat:
    """Many people in a few channels of a Discord server. No direct messages: Discord does not
    list who wrote for the first time while nobody heard."""

    name = "discord"

    def __init__(self, server: DiscordServer, people: int) -> None:
        self.server = server
        self._people = [server.user(f"Person {n}") for n in range(people)]
        self._guild = server.guild("Garden", self._people)
        self._channels = [
            server.channel(self._guild, f"channel-{n}") for n in range(max(2, people // 8))
        ]

    def talk(self, chance: random.Random) -> Talk:
        return Talk(self, chance.choice(self._people), chance.choice(self._channels))

    async def ask(self, talk: Talk, chance: random.Random) -> Asked:
        pump = chance.choice(talk.room)
        where = talk.channel
        if talk.first is not None:
            where = self.server.thread_of(talk.first) or where
        message = await self.server.say(talk.person, where, words(pump, chance))
        talk.first = talk.first or message
        one = Asked(pump, time.time(), message)
        talk.asked.append(one)
        return one

    def may_follow(self, talk: Talk) -> bool:
        return bool(talk.room) and self.server.thread_of(talk.first) is not None

    def heard(self, one: Asked) -> float | None:
        return one.asked  # Discord does not ask; what was missed is for the bot to find

    def given_up(self, one: Asked) -> bool:
        return False

    def said(self, talk: Talk) -> list[Said]:
        found = sorted(self.server.answers(talk.first), key=lambda message: int(message.id))
        return [Said(m.shown, m.versions[0].at, self._finished(m), str(m.id)) for m in found]

    @staticmethod
    def _finished(message: discord_state.Message) -> float | None:
        if message.loading or not message.versions:
            return None
        if message.buttons or HONEST.search(message.shown):
            return message.versions[-1].at
        return None
