"""Which groups an answer in Discord may draw on."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.discord.access import by_name, channel_groups, own_groups, role_groups
from adapters.discord.directory import Directory
from bot.errors import ChatRefusedError, ChatUnavailableError
from bot.settings.sections import AccessSection


def access(**tables: Any) -> AccessSection:
    users = tables.pop("users", {})
    return AccessSection.model_validate({"users": users, "discord": tables})


SET = access(
    users={"discord:7": ["vip"]},
    roles={"Moderator": ["staff"], "55": ["press"], "@everyone": ["members"]},
    channels={"mod-lounge": ["staff"], "900": ["press"]},
)


@pytest.mark.parametrize(
    ("channel", "name", "groups"),
    [
        ("1", "mod-lounge", {"staff"}),
        ("900", "whatever", {"press"}),
        ("1", "general", set()),
        ("1", "900", set()),
        ("1", "Mod-Lounge", set()),
    ],
)
def test_channels_by_id_or_name(channel: str, name: str, groups: set[str]) -> None:
    """A number is an id, anything else a name, as it is written; a channel called 900 is not it."""
    assert channel_groups(SET, channel, name) == groups


@pytest.mark.parametrize(
    ("roles", "groups"),
    [
        ([("1", "Moderator")], {"staff"}),
        ([("55", "x")], {"press"}),
        ([("1", "55")], set()),
        ([("1", "Moderator"), ("55", "x")], {"staff", "press"}),
        ([("9", "@everyone")], {"members"}),
        ([("9", "everyone")], set()),
        ([], set()),
    ],
)
def test_roles_by_id_or_name(roles: list[tuple[str, str]], groups: set[str]) -> None:
    """All roles count together; who has none has nothing."""
    assert role_groups(SET, roles) == groups


def test_people_by_id() -> None:
    """The settings name people as `discord:id`."""
    assert own_groups(SET, "7") == {"vip"}
    assert own_groups(SET, "8") == frozenset()


def test_names_are_looked_up_where_there_are_any() -> None:
    """Ids alone need no lookup."""
    assert by_name(SET.discord.channels)
    assert not by_name(access(channels={"1": ["a"]}).discord.channels)


@given(st.text(max_size=20), st.text(max_size=20))
def test_nothing_is_given_where_nothing_is_mapped(channel: str, name: str) -> None:
    """Deny by default, whatever things are called."""
    assert channel_groups(access(), channel, name) == frozenset()
    assert role_groups(access(), [(channel, name)]) == frozenset()


class Guilds:
    """Two guilds with a moderator each, and what was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.fault: Exception | None = None

    def _note(self, what: str) -> None:
        self.asked.append(what)
        if self.fault is not None:
            raise self.fault

    async def channel(self, channel: str) -> dict[str, Any]:
        self._note(f"channel {channel}")
        return {
            "1": {"id": "1", "type": 0, "name": "mod-lounge", "guild_id": "g1"},
            "2": {"id": "2", "type": 12, "name": "secret", "parent_id": "1", "guild_id": "g1"},
            "3": {"id": "3", "type": 0, "name": "general", "guild_id": "g1"},
        }[channel]

    async def guilds(self) -> list[str]:
        self._note("guilds")
        return ["g1", "g2"]

    async def roles(self, guild: str) -> dict[str, str]:
        self._note(f"roles {guild}")
        return {"g1": {"g1": "@everyone", "r1": "Moderator"}, "g2": {"g2": "@everyone"}}[guild]

    async def member(self, guild: str, user: str) -> dict[str, Any]:
        self._note(f"member {guild} {user}")
        if guild != "g1":
            raise ChatRefusedError(
                platform="Discord", method="m", reason="Unknown Member", code=10007
            )
        roles = ["r1"] if user == "mod" else []
        return {"user": {"username": user}, "nick": None, "roles": roles}

    async def user(self, user: str) -> dict[str, Any]:
        self._note(f"user {user}")
        return {"id": user, "username": user, "global_name": user.title()}


STAFF = access(roles={"Moderator": ["staff"]}, channels={"mod-lounge": ["staff"]})


def _all() -> frozenset[str]:
    return frozenset({"g1", "g2"})


async def test_a_members_roles_are_fetched() -> None:
    """In a direct message there are no roles: they are asked for, where any could count."""
    guilds = Guilds()
    directory = Directory(guilds, ours=_all)
    assert await directory.groups_of(STAFF, "mod") == {"staff"}
    assert await directory.groups_of(STAFF, "ada") == frozenset()
    assert "member g2 mod" not in guilds.asked


async def test_what_the_gateway_told_is_not_asked_for() -> None:
    """The gateway's guilds save the lookups of guilds and roles."""
    guilds = Guilds()
    directory = Directory(guilds, known=lambda: {"g1": {"g1": "@everyone", "r1": "Moderator"}})
    assert await directory.groups_of(STAFF, "mod") == {"staff"}
    assert guilds.asked == ["member g1 mod"]


async def test_answers_are_kept_for_a_while_and_asked_again_then() -> None:
    """Somebody who loses a role loses what it gave within a minute."""
    now = 0.0
    guilds = Guilds()
    directory = Directory(guilds, ours=_all, clock=lambda: now)
    await directory.groups_of(STAFF, "mod")
    await directory.groups_of(STAFF, "mod")
    assert guilds.asked.count("member g1 mod") == 1
    now = 61.0
    await directory.groups_of(STAFF, "mod")
    assert guilds.asked.count("member g1 mod") == 2


async def test_where_discord_cannot_be_asked_there_is_nothing() -> None:
    """Public documents only, in channels and for people; never an error."""
    guilds = Guilds()
    guilds.fault = ChatUnavailableError(platform="Discord", method="m", reason="503")
    directory = Directory(guilds)
    assert await directory.groups_of(STAFF, "mod") == frozenset()
    assert (await directory.in_channel(STAFF, "1")).groups == frozenset()
    assert await directory.name("g1", "mod") == ""


async def test_a_channel_is_known_by_its_name() -> None:
    """The mapped channel and its threads have its groups, others none."""
    directory = Directory(Guilds(), ours=_all)
    assert (await directory.in_channel(STAFF, "1")).groups == {"staff"}
    assert (await directory.in_channel(STAFF, "2")).groups == {"staff"}
    assert (await directory.in_channel(STAFF, "3")).groups == frozenset()


async def test_people_have_names() -> None:
    """In a guild the name there, outside the one that they gave themselves."""
    directory = Directory(Guilds())
    assert await directory.name("g1", "mod") == "mod"
    assert await directory.name("", "mod") == "Mod"
    assert await directory.name("g2", "mod") == "Mod"


async def test_servers_that_do_not_count_give_nothing() -> None:
    """A role or channel of the same name on another server, where anybody may make one."""
    tables = {"roles": {"Moderator": ["staff"]}, "channels": {"mod-lounge": ["staff"]}}
    for servers, groups in ((["g1"], {"staff"}), (["g2"], set())):
        chosen = access(**tables, servers=servers)
        directory = Directory(Guilds())
        assert await directory.groups_of(chosen, "mod") == groups
        assert (await directory.in_channel(chosen, "1")).groups == groups


async def test_names_in_servers_of_others_give_nothing() -> None:
    """Who adds the bot to a server of their own and names a role or channel there like one of ours
    gets nothing by it; ids count everywhere, and the names of our servers."""
    for ours, groups in (("g1", {"staff"}), ("g2", set[str]())):
        directory = Directory(Guilds(), ours=partial(frozenset, [ours]))
        assert await directory.groups_of(STAFF, "mod") == groups
        assert (await directory.in_channel(STAFF, "1")).groups == groups
        by_id = access(roles={"r1": ["staff"]}, channels={"1": ["staff"]})
        assert await directory.groups_of(by_id, "mod") == {"staff"}
        assert (await directory.in_channel(by_id, "1")).groups == {"staff"}
