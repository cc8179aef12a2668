"""Callers of every kind, drawn by chance, with what each may truly see.

A caller is decided upon by the adapter's own code (its directory of people and channels, its
sessions, its body of a request); ``may`` is worked out here apart from that, from what was drawn.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response

from adapters.chat.base import ChannelKind, Heard, Place
from adapters.cli.console import principal as of_command
from adapters.discord.adapter import DiscordAdapter
from adapters.discord.faults import UNKNOWN_MEMBER
from adapters.slack.adapter import SlackAdapter
from adapters.slack.directory import Directory as SlackDirectory
from adapters.web.api import AskBody, _question
from adapters.web.auth.roles import Role
from adapters.web.auth.sessions import CONSOLE_COOKIE, VISITOR_COOKIE, Access, Sessions
from adapters.web.limits import Limits
from bot.conversation import Author, Platform
from bot.errors import ChatRefusedError, ChatUnavailableError
from bot.settings.sections import AccessSection, DiscordAccess, SlackAccess
from tests.platforms.standing_settings import StandingSettings

GROUPS = ("staff", "board", "partners", "finance", "legal", "beta", "public", "everyone", "*")
"""Some are called like what other programs mean by everybody; here they are names."""
_AT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Caller:
    """``audience`` is what the adapter let the answer use, ``may`` what is right at the most."""

    audience: frozenset[str]
    may: frozenset[str]


def some_groups(chance: random.Random, most: int = 3) -> tuple[str, ...]:
    """Up to ``most`` groups, often none."""
    return tuple(chance.sample(GROUPS, chance.choice((0, *range(most + 1)))))


def _heard(platform: Platform, place: Place, author: str, *, private: bool) -> Heard:
    return Heard(place, "1", Author(platform, author), "?", _AT, private=private)


# -- Slack --------------------------------------------------------------------------------------


@dataclass
class _SlackTown:
    """A workspace as its Web API tells of it; what is in ``silent`` cannot be asked."""

    users: dict[str, dict[str, Any]]
    channels: dict[str, dict[str, Any]]
    members: dict[str, frozenset[str]]
    silent: frozenset[str]

    async def user(self, user: str) -> dict[str, Any]:
        return self.users[self._asked(user)]

    async def channel(self, channel: str) -> dict[str, Any]:
        return self.channels[self._asked(channel)]

    async def usergroup_members(self, group: str) -> frozenset[str]:
        return self.members[self._asked(group)]

    def _asked(self, name: str) -> str:
        if name in self.silent:
            raise ChatUnavailableError(platform="Slack", method="get", reason="silent")
        return name


@dataclass
class _SlackWorkspaces:
    directory: SlackDirectory

    async def of(self, _team: str, _organisation: str = "") -> _SlackWorkspaces:
        return self


_LIMITS = ("", "is_restricted", "is_ultra_restricted", "is_stranger", "team", "organisation")
_SHARED = ("", "", "is_ext_shared", "is_org_shared", "is_shared", "is_pending_ext_shared")


def _slack_user(chance: random.Random, user: str) -> dict[str, Any]:
    how = chance.choice(("", *_LIMITS))
    told: dict[str, Any] = {"id": user, "team_id": "T1", "name": user, "profile": {}}
    if how == "team":
        return told | {"team_id": "T9"}
    if how == "organisation":
        return told | {"team_id": "T9", "enterprise_user": {"enterprise_id": "E1"}}
    return told | ({how: True} if how else {})


def _is_guest(told: dict[str, Any]) -> bool:
    limited = any(told.get(word) for word in _LIMITS[1:4])
    return limited or (told["team_id"] == "T9" and "enterprise_user" not in told)


async def slack(chance: random.Random, wanted: int) -> AsyncIterator[Caller]:
    """People in channels, direct messages, group conversations and commands of one workspace."""
    users = {f"U{n}": _slack_user(chance, f"U{n}") for n in range(20)}
    channels = {
        f"C{n}": {"id": f"C{n}", "name": f"c{n}", **({s: True} if s else {})}
        for n, s in enumerate(chance.choices(_SHARED, k=12))
    }
    members = {f"S{n}": frozenset(chance.sample(sorted(users), 5)) for n in range(5)}
    access = AccessSection(
        users={f"slack:{u}": some_groups(chance) for u in chance.sample(sorted(users), 7)},
        slack=SlackAccess(
            usergroups={name: some_groups(chance) for name in members},
            channels={c: some_groups(chance) for c in chance.sample(sorted(channels), 7)},
        ),
    )
    named = [*users, *channels, *members]
    silent = frozenset(chance.sample(named, chance.choice((0, 0, 3, 8))))
    town = _SlackTown(users, channels, members, silent)
    directory = SlackDirectory(town, "T1", enterprise="E1")
    adapter = SlackAdapter(
        cast("Any", _SlackWorkspaces(directory)),
        StandingSettings.with_access(access),
        cast("Any", None),
    )
    for _ in range(wanted):
        user, channel = chance.choice(sorted(users)), chance.choice(sorted(channels))
        kind = chance.choice(list(ChannelKind))
        private = chance.random() < 0.3
        place = Place(Platform.SLACK, "T1", channel, kind=kind)
        heard = _heard(Platform.SLACK, place, user, private=private)
        audience = (await adapter.principal(heard)).groups
        yield Caller(
            audience,
            _slack_may(access, town, user, channel, alone=private or kind is ChannelKind.DIRECT),
        )


def _slack_may(
    access: AccessSection, town: _SlackTown, user: str, channel: str, *, alone: bool
) -> frozenset[str]:
    if user in town.silent or _is_guest(town.users[user]):
        return frozenset()
    if alone:
        held = set(access.users.get(f"slack:{user}", ()))
        for name, members in town.members.items():
            if name not in town.silent and user in members:
                held |= set(access.slack.usergroups[name])
        return frozenset(held)
    if channel in town.silent or any(town.channels[channel].get(s) for s in _SHARED[2:]):
        return frozenset()
    return frozenset(access.slack.channels.get(channel, ()))


# -- Discord ------------------------------------------------------------------------------------


@dataclass
class _DiscordTown:
    """Guilds with their roles, channels and members; what is in ``silent`` cannot be asked."""

    held_roles: dict[str, dict[str, str]]
    channels: dict[str, dict[str, Any]]
    members: dict[tuple[str, str], tuple[str, ...]]
    silent: frozenset[str]

    async def channel(self, channel: str) -> dict[str, Any]:
        return self.channels[self._asked(channel)]

    async def guilds(self) -> list[str]:
        return list(self.held_roles)

    async def roles(self, guild: str) -> dict[str, str]:
        return self.held_roles[guild]

    async def member(self, guild: str, user: str) -> dict[str, Any]:
        self._asked(f"{guild}:{user}")
        if (guild, user) not in self.members:
            raise ChatRefusedError(
                platform="Discord", method="member", reason="unknown", code=UNKNOWN_MEMBER
            )
        return {"nick": user, "roles": list(self.members[guild, user])}

    def _asked(self, name: str) -> str:
        if name in self.silent:
            raise ChatUnavailableError(platform="Discord", method="get", reason="silent")
        return name


_ROLE_NAMES = ("Moderator", "Staff", "Board", "@everyone")
_CHANNEL_NAMES = ("mod-lounge", "general", "board-room")


def _discord_town(chance: random.Random) -> _DiscordTown:
    guilds = [str(100 + n) for n in range(chance.choice((1, 3)))]
    roles: dict[str, dict[str, str]] = {}
    channels: dict[str, dict[str, Any]] = {}
    members: dict[tuple[str, str], tuple[str, ...]] = {}
    for guild in guilds:
        roles[guild] = {f"{guild}{n}": name for n, name in enumerate(_ROLE_NAMES[:3])}
        roles[guild][guild] = "@everyone"
        for n, name in enumerate(_CHANNEL_NAMES):
            ident = f"{guild}5{n}"
            channels[ident] = {"id": ident, "guild_id": guild, "name": name, "type": 0}
            thread = {"id": f"{ident}7", "guild_id": guild, "parent_id": ident, "type": 11}
            channels[f"{ident}7"] = {**thread, "name": chance.choice(_CHANNEL_NAMES)}
        for n in range(10):
            if chance.random() < 0.7:
                held = chance.sample(sorted(set(roles[guild]) - {guild}), chance.randint(0, 2))
                members[guild, f"9{n}"] = tuple(held)
    named = [*channels, *(f"{g}:{u}" for g, u in members)]
    return _DiscordTown(
        roles, channels, members, frozenset(chance.sample(named, chance.choice((0, 0, 4))))
    )


async def discord(chance: random.Random, wanted: int) -> AsyncIterator[Caller]:
    """People in channels, threads and direct messages of one or several guilds, some of others."""
    town = _discord_town(chance)
    guilds = list(town.held_roles)
    keys = [*_ROLE_NAMES, *(role for roles in town.held_roles.values() for role in roles)]
    places = [*_CHANNEL_NAMES, "#general", *town.channels]
    access = AccessSection(
        users={f"discord:9{n}": some_groups(chance) for n in range(4)},
        discord=DiscordAccess(
            roles={key: some_groups(chance) for key in chance.sample(keys, 4)},
            channels={key: some_groups(chance) for key in chance.sample(places, 4)},
            servers=tuple(chance.choice(((), (), (guilds[0],)))),
        ),
    )
    ours = frozenset(chance.choice(((), (guilds[0],))))
    told = chance.choice((None, town.held_roles))
    adapter = DiscordAdapter(
        cast("Any", town),
        StandingSettings.with_access(access),
        cast("Any", None),
        guilds=lambda: told,
        ours=lambda: ours,
    )
    for _ in range(wanted):
        user, channel = f"9{chance.randrange(10)}", chance.choice(sorted(town.channels))
        found = town.channels[channel]
        kind = chance.choice((ChannelKind.CHANNEL, ChannelKind.CHANNEL, ChannelKind.DIRECT))
        parent = found.get("parent_id", "")
        place = Place(Platform.DISCORD, found["guild_id"], channel, kind=kind, parent=parent)
        private = chance.random() < 0.3
        audience = await adapter.principal(_heard(Platform.DISCORD, place, user, private=private))
        if private or kind is ChannelKind.DIRECT:
            may = _discord_own(access, town, ours, user)
        else:
            may = _discord_channel(access, town, ours, town.channels[parent or channel])
        yield Caller(audience.groups, may)


def _trusted(
    access: AccessSection, town: _DiscordTown, ours: frozenset[str], guild: str
) -> tuple[bool, bool]:
    """Whether a guild counts, and whether its names do."""
    servers = access.discord.servers
    if servers:
        return guild in servers, guild in servers
    return True, len(town.held_roles) == 1 or guild in ours


def _mapped(mapping: dict[str, tuple[str, ...]], ident: str, name: str, *, named: bool) -> set[str]:
    held = set(mapping.get(ident, ()))
    if named:
        for key in (name, f"#{name}", f"@{name}"):
            held |= set(mapping.get(key, ()))
    return held


def _discord_own(
    access: AccessSection, town: _DiscordTown, ours: frozenset[str], user: str
) -> frozenset[str]:
    held = set(access.users.get(f"discord:{user}", ()))
    for guild, roles in town.held_roles.items():
        counted, named = _trusted(access, town, ours, guild)
        if not counted or (guild, user) not in town.members or f"{guild}:{user}" in town.silent:
            continue
        for role in (*town.members[guild, user], guild):
            held |= _mapped(access.discord.roles, role, roles[role], named=named)
    return frozenset(held)


def _discord_channel(
    access: AccessSection, town: _DiscordTown, ours: frozenset[str], found: dict[str, Any]
) -> frozenset[str]:
    counted, named = _trusted(access, town, ours, found["guild_id"])
    if not counted:
        return frozenset()
    return frozenset(_mapped(access.discord.channels, found["id"], found["name"], named=named))


# -- web, scripts, the command line -------------------------------------------------------------


def _request(cookies: dict[str, str]) -> Request:
    told = "; ".join(f"{name}={value}" for name, value in cookies.items())
    headers = [(b"host", b"bot.example"), (b"cookie", told.encode())]
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "scheme": "http"}
    return Request({**scope, "headers": headers, "server": ("bot.example", 80), "state": {}})


def _cookies(response: Response) -> dict[str, str]:
    sent = [v.decode() for k, v in response.raw_headers if k == b"set-cookie"]
    return dict(each.partition(";")[0].split("=", 1) for each in sent)


async def web(chance: random.Random, wanted: int) -> AsyncIterator[Caller]:
    """Browsers that ask as groups: strangers, operators of each role, and cookies that were made
    elsewhere, changed, or kept from a session of before."""
    tokens = [f"token-{chance.getrandbits(64):x}" for _ in range(2)]
    ours, others = (Sessions(t, Limits(), Access("viewer", "reviewer")) for t in tokens)
    for _ in range(wanted):
        groups = some_groups(chance)
        role = chance.choice((None, None, Role.VIEWER, Role.REVIEWER, Role.ADMIN))
        maker = chance.choice((ours, ours, others))
        response = Response()
        blank = _request({})
        maker.keep_visitor(blank, response, maker.visitor(blank).asking_as(groups))
        if role is not None:
            maker.open_console(blank, response, maker._identity_of(role))
        cookies = _cookies(response)
        changed = chance.random() < 0.2
        if changed:
            name = chance.choice([n for n in (VISITOR_COOKIE, CONSOLE_COOKIE) if n in cookies])
            at = chance.randrange(len(cookies[name]) // 2)
            cookies[name] = cookies[name][:at] + "A-b"[at % 3] + cookies[name][at + 1 :] + "x"
        request = _request(cookies)
        request.state.operator = ours.claimed(request)  # as the gate before each page does
        trusted = maker is ours and not changed and role in (Role.REVIEWER, Role.ADMIN)
        yield Caller(
            ours.visitor(request).principal.groups, frozenset(groups) if trusted else frozenset()
        )


async def api(chance: random.Random, wanted: int) -> AsyncIterator[Caller]:
    """Scripts with the token: their body's groups, written with space around them, or none."""
    for _ in range(wanted):
        groups = some_groups(chance)
        said = [chance.choice((g, f" {g}", f"{g} ")) for g in groups]
        body = AskBody(question="Who may?", groups=chance.choice((said, said, None)))
        told = _question(body, None).principal.groups
        yield Caller(told, frozenset(groups) if body.groups is not None else frozenset())


async def cli(chance: random.Random, wanted: int) -> AsyncIterator[Caller]:
    """The command line with ``--group``, once, several times, or not."""
    for _ in range(wanted):
        groups = some_groups(chance)
        yield Caller(of_command([f"{g} " for g in groups] or None).groups, frozenset(groups))


ADAPTERS: dict[str, Callable[[random.Random, int], AsyncIterator[Caller]]] = {
    "Slack": slack,
    "Discord": discord,
    "web": web,
    "API": api,
    "command line": cli,
}
_IN_A_WORLD = 500


async def callers(adapter: str, wanted: int, seed: int) -> list[Caller]:
    """So many callers through an adapter, from as many worlds as that takes."""
    chance = random.Random(f"{adapter} {seed}")
    drawn: list[Caller] = []
    while len(drawn) < wanted:
        some = min(_IN_A_WORLD, wanted - len(drawn))
        drawn += [caller async for caller in ADAPTERS[adapter](chance, some)]
        await asyncio.sleep(0)
    return drawn
