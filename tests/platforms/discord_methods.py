"""How the stand-in's routes are written: what they are given, how they refuse."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.platforms.discord_permissions import in_channel, may
from tests.platforms.discord_state import Channel, File, Guild, Message, World
from tests.platforms.discord_words import Json

CODES = {
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10007: (404, "Unknown Member"),
    10008: (404, "Unknown Message"),
    10013: (404, "Unknown User"),
    10014: (400, "Unknown Emoji"),
    10015: (404, "Unknown Webhook"),
    10062: (404, "Unknown interaction"),
    10063: (404, "Unknown application command"),
    30034: (429, "Max number of daily application command creates has been reached"),
    40005: (413, "Request entity too large"),
    40060: (400, "Interaction has already been acknowledged."),
    40067: (400, "A tag is required to create a forum post in this channel"),
    50001: (403, "Missing Access"),
    50003: (403, "Cannot execute action on a DM channel"),
    50005: (403, "Cannot edit a message authored by another user"),
    50006: (400, "Cannot send an empty message"),
    50007: (403, "Cannot send messages to this user"),
    50008: (400, "Cannot send messages in a non-text channel"),
    50013: (403, "Missing Permissions"),
    50021: (403, "Cannot execute action on a system message"),
    50024: (400, "Cannot execute action on this channel type"),
    50027: (401, "Invalid Webhook Token"),
    50033: (400, "Invalid Recipient(s)"),
    50083: (400, "Thread is archived"),
    160002: (400, "Cannot reply without permission to read message history"),
    160004: (400, "A thread has already been created for this message"),
    160005: (400, "Thread is locked"),
}
"""Status and words of refusals.
https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
"""


class RefusedError(Exception):
    """A refusal with one of Discord's codes, and what it says beside."""

    def __init__(self, code: int, **more: object) -> None:
        self.status, self.words = CODES.get(code, (400, "Invalid Form Body"))
        super().__init__(f"{code} {self.words} {more or ''}".strip())
        self.code = code
        self.more = more


def invalid(path: str, code: str, words: str) -> RefusedError:
    """The refusal of a form (50035) with the reason at its place, like ``data.content``."""
    errors: Json = {"_errors": [{"code": code, "message": words}]}
    for part in reversed(path.split(".")):
        errors = {part: errors}
    return RefusedError(50035, errors=errors)


@dataclass
class Request:
    """One request: where to, with what, by whom. The bot is ``world.bot``."""

    world: World
    path: dict[str, str]
    query: dict[str, str]
    body: Json
    files: dict[str, File] = field(default_factory=dict)
    """Uploaded files by the name of their part, like ``files[0]``."""

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number of the query."""
        try:
            value = int(self.query.get(name, default))
        except ValueError:
            raise invalid(name, "NUMBER_TYPE_COERCE", "Value is not int.") from None
        if not least <= value <= most:
            raise invalid(
                name, "NUMBER_TYPE_MAX", f"int value should be between {least} and {most}."
            )
        return value

    def channel(self) -> Channel:
        """The channel of the path; the bot must see it."""
        channel = self.world.channels.get(self.path["channel"])
        if channel is None or channel.deleted:
            raise RefusedError(10003)
        guild = self.world.guilds.get(channel.guild or "")
        if (guild and not guild.present) or not in_channel(self.world, channel, self.world.bot):
            raise RefusedError(50001)
        return channel

    def guild(self) -> Guild:
        """The guild of the path; the bot must be in it."""
        guild = self.world.guilds.get(self.path["guild"])
        if guild is None or not guild.present:
            raise RefusedError(10004)
        return guild

    def message(self, channel: Channel) -> Message:
        """The message of the path."""
        message = channel.messages.get(self.path["message"])
        if message is None or message.deleted:
            raise RefusedError(10008)
        return message

    def need(self, channel: Channel, *permissions: str) -> None:
        """Refuse where the bot lacks one of these."""
        if not may(self.world, channel, self.world.bot, *permissions):
            raise RefusedError(50013)


Answer = Json | list[Json] | None
Handler = Callable[[Request], Awaitable[Answer]]


@dataclass(frozen=True)
class Route:
    """A route by its name; ``public`` ones need no token, ``bucket`` is its rate limit."""

    name: str
    method: str
    path: str
    run: Handler
    public: bool
    pattern: re.Pattern[str]

    def major(self, path: dict[str, str]) -> str:
        """What tells its rate limits apart."""
        return path.get("channel") or path.get("guild") or path.get("token") or ""


ROUTES: list[Route] = []


def route(
    method: str, path: str, name: str, *, public: bool = False
) -> Callable[[Handler], Handler]:
    """Register a route like ``POST /channels/{channel}/messages`` under a name."""

    def register(run: Handler) -> Handler:
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
        ROUTES.append(Route(name, method, path, run, public, re.compile(f"^{pattern}$")))
        return run

    return register


def found(method: str, path: str) -> tuple[Route, dict[str, str]] | int:
    """The route of a request with the values in its path, else the status 404 or 405."""
    status = 404
    for one in ROUTES:
        match = one.pattern.match(path)
        if match:
            if one.method == method:
                return one, match.groupdict()
            status = 405
    return status
