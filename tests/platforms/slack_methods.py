"""How the stand-in's Web API methods are written: what they are given, how they refuse."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.platforms.slack_limits import InvalidBlockError
from tests.platforms.slack_state import Channel, Message, Team, User, World
from tests.platforms.slack_words import Json


class RefusedError(Exception):
    """``ok: false`` with an error, and whatever else Slack says with it."""

    def __init__(self, error: str, **more: object) -> None:
        super().__init__(error)
        self.error = error
        self.more = more


def refusal_of(problem: InvalidBlockError) -> RefusedError:
    """The refusal of a block or a view."""
    return RefusedError(
        problem.error, errors=[str(problem)], response_metadata={"messages": [str(problem)]}
    )


class Args:
    """The arguments of a call, from a form, a query or JSON."""

    def __init__(self, raw: Json) -> None:
        self.raw = raw

    def text(self, name: str, default: str = "") -> str:
        """A string, or the default."""
        value = self.raw.get(name)
        return default if value is None else str(value)

    def need(self, name: str) -> str:
        """A string that must be there."""
        value = self.text(name)
        if not value:
            message = f"[ERROR] missing required field: {name}"
            raise RefusedError("invalid_arguments", response_metadata={"messages": [message]})
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean in any of its spellings."""
        value = self.raw.get(name)
        return default if value is None else str(value).lower() in ("1", "true")

    def number(self, name: str, default: int) -> int:
        """A whole number."""
        value = self.raw.get(name)
        try:
            return default if value in (None, "") else int(str(value))
        except ValueError:
            raise RefusedError("invalid_arguments") from None

    def parsed(self, name: str, error: str = "invalid_arguments") -> object:
        """A JSON value, given as such or as a string."""
        value = self.raw.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise RefusedError(error) from None

    def __contains__(self, name: str) -> bool:
        return self.raw.get(name) not in (None, "")


@dataclass(frozen=True)
class Caller:
    """Who calls: a team's bot, or the app itself (``xapp-``)."""

    world: World
    team: Team
    token: str

    def channel(self, args: Args, name: str = "channel") -> Channel:
        """The conversation of an argument: visible to this team's bot."""
        channel = self.world.channels.get(args.need(name))
        if channel is None or not self.sees(channel):
            raise RefusedError("channel_not_found")
        return channel

    def sees(self, channel: Channel) -> bool:
        """Whether the bot can know of it: public ones of its team, others by membership."""
        ours = channel.team == self.team.id or channel.shared
        return ours and (channel.kind == "channel" or self.team.bot_user in channel.members)

    def writable(self, args: Args, name: str = "channel") -> Channel:
        """A conversation in which the bot may post; a user's id is the direct message with them."""
        if args.text(name) in self.world.users:
            return open_direct(self.world, self.team, self.user(args.text(name)))
        channel = self.channel(args, name)
        if channel.archived:
            raise RefusedError("is_archived")
        if self.team.bot_user not in channel.members:
            raise RefusedError("not_in_channel")
        return channel

    def readable(self, args: Args, name: str = "channel") -> Channel:
        """A conversation whose messages the bot may read."""
        channel = self.channel(args, name)
        if self.team.bot_user not in channel.members:
            raise RefusedError("not_in_channel")
        return channel

    def user(self, id_: str) -> User:
        """A user whom this team can know."""
        user = self.world.users.get(id_)
        if user is None or (user.team != self.team.id and not user.stranger):
            raise RefusedError("user_not_found")
        return user

    def own(self, channel: Channel, ts: str, foreign: str) -> Message:
        """A message of this bot, else refused: not there, or somebody else's (``foreign``)."""
        message = channel.messages.get(ts)
        if message is None or message.deleted:
            raise RefusedError("message_not_found")
        if message.bot_id != self.team.bot_id:
            raise RefusedError(foreign)
        return message


def open_direct(world: World, team: Team, user: User) -> Channel:
    """The direct message between the bot and a user."""
    for channel in world.channels.values():
        if channel.direct and channel.user == user.id and channel.team == team.id:
            return channel
    id_ = f"D{user.id}" if team.id == user.team else f"D{team.id}{user.id}"
    channel = Channel(id_, "", team.id, [user.id, team.bot_user], "im", user=user.id)
    world.channels[id_] = channel
    return channel


Method = Callable[[Caller, Args], Awaitable[Json]]


@dataclass(frozen=True)
class Registered:
    """A method, the scopes of which one must be granted, and which kind of token it takes."""

    run: Method
    scopes: tuple[str, ...] = ()
    token: str = "bot"


METHODS: dict[str, Registered] = {}


def method(name: str, *scopes: str, token: str = "bot") -> Callable[[Method], Method]:
    """Register a Web API method; ``token`` is bot, app or none."""

    def register(run: Method) -> Method:
        METHODS[name] = Registered(run, scopes, token)
        return run

    return register
