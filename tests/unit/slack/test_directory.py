"""Who is who: asked once, kept briefly, and never trusted when it cannot be asked."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from adapters.chat.base import ChannelKind
from adapters.slack.directory import MEMBERS_S, PEOPLE_S, Directory
from bot.errors import ChatUnavailableError
from bot.settings.sections import AccessSection, SlackAccess

ACCESS = AccessSection(
    users={"slack:U1": ("board",)},
    slack=SlackAccess(usergroups={"S1": ("staff",)}, channels={"C1": ("staff",)}),
)


class People:
    """A workspace that can be asked, and that can fail."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.down = False
        self.users: dict[str, dict[str, Any]] = {"U1": {"team_id": "T1", "real_name": "Ada"}}
        self.channels: dict[str, dict[str, Any]] = {
            "C1": {"name": "garden", "topic": {"value": "Roses"}}
        }
        self.members = {"S1": frozenset({"U1"})}

    async def _answer(self, what: str) -> None:
        self.asked.append(what)
        await asyncio.sleep(0)
        if self.down:
            raise ChatUnavailableError(platform="Slack", method=what, reason="down")

    async def user(self, user: str) -> dict[str, Any]:
        await self._answer(user)
        return self.users[user]

    async def channel(self, channel: str) -> dict[str, Any]:
        await self._answer(channel)
        return self.channels[channel]

    async def usergroup_members(self, group: str) -> frozenset[str]:
        await self._answer(group)
        return self.members[group]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def directory(people: People, clock: Clock) -> Directory:
    return Directory(people, "T1", clock=clock)


async def test_many_who_ask_at_once_make_one_lookup(directory: Directory, people: People) -> None:
    """Fifty messages of one author cost one call, and the next ones none."""
    names = await asyncio.gather(*(directory.name("U1") for _ in range(50)))
    assert set(names) == {"Ada"}
    await directory.name("U1")
    assert people.asked == ["U1"]


async def test_one_who_gives_up_takes_nothing_from_the_others(
    directory: Directory, people: People
) -> None:
    """A lookup goes on for those who wait when the first to ask is cancelled."""
    first = asyncio.create_task(directory.name("U1"))
    second = asyncio.create_task(directory.name("U1"))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == "Ada"
    assert people.asked == ["U1"]


async def test_a_name_outlives_a_fault_but_rights_do_not(
    directory: Directory, people: People, clock: Clock
) -> None:
    """When Slack is down, an old name is shown and nothing but public documents is."""
    before = await directory.principal(ACCESS, author="U1", channel="D1", alone=True)
    assert before.groups == {"board", "staff"}
    people.down = True
    clock.now += PEOPLE_S + 1
    assert await directory.name("U1") == "Ada"
    assert await directory.name("U2") == "U2"
    after = await directory.principal(ACCESS, author="U1", channel="D1", alone=True)
    assert after.groups == frozenset()
    assert await directory.groups_of(ACCESS, "U1") == frozenset()


async def test_a_fault_is_not_kept(directory: Directory, people: People) -> None:
    """The next question after a fault is asked again."""
    people.down = True
    assert not (await directory.principal(ACCESS, author="U1", channel="C1", alone=False)).groups
    people.down = False
    found = await directory.principal(ACCESS, author="U1", channel="C1", alone=False)
    assert found.groups == {"staff"}


async def test_leaving_a_user_group_counts_within_its_short_life(
    directory: Directory, people: People, clock: Clock
) -> None:
    """Two minutes after somebody left a user group, its documents are gone from their answers."""
    assert "staff" in await directory.groups_of(ACCESS, "U1")
    people.members["S1"] = frozenset()
    clock.now += MEMBERS_S + 1
    assert await directory.groups_of(ACCESS, "U1") == {"board"}


@pytest.mark.parametrize(
    "user",
    [
        {"team_id": "T1", "is_restricted": True},
        {"team_id": "T1", "is_ultra_restricted": True},
        {"team_id": "T1", "is_stranger": True},
        {"team_id": "T2"},
        {},
    ],
)
async def test_guests_and_strangers_are_guests(
    directory: Directory, people: People, user: dict[str, Any]
) -> None:
    """Limited members, people of other workspaces and people without one see public only."""
    people.users["U1"] = user
    assert (await directory.person("U1")).guest
    assert await directory.groups_of(ACCESS, "U1") == frozenset()
    found = await directory.principal(ACCESS, author="U1", channel="D1", alone=True)
    assert found.groups == frozenset()


async def test_people_of_the_same_organisation_are_no_strangers(people: People) -> None:
    """In an organisation of several workspaces a colleague from another one is a colleague."""
    people.users["U1"] = {"team_id": "T2", "enterprise_user": {"enterprise_id": "E1"}}
    assert not (await Directory(people, "T1", enterprise="E1").person("U1")).guest
    assert (await Directory(people, "T1", enterprise="E2").person("U1")).guest


@pytest.mark.parametrize("share", ["is_ext_shared", "is_org_shared", "is_pending_ext_shared"])
async def test_a_shared_channel_gets_public_documents_only(
    directory: Directory, people: People, share: str
) -> None:
    """A mapped channel that others read too loses its groups; alone the asker keeps theirs."""
    people.channels["C1"][share] = True
    shared = await directory.principal(ACCESS, author="U1", channel="C1", alone=False)
    assert shared.groups == frozenset()
    alone = await directory.principal(ACCESS, author="U1", channel="C1", alone=True)
    assert alone.groups == {"board", "staff"}


async def test_an_unmapped_channel_is_not_looked_up(directory: Directory, people: People) -> None:
    """Where nothing is granted nothing is asked."""
    found = await directory.principal(ACCESS, author="U1", channel="C9", alone=False)
    assert (found.groups, people.asked) == (frozenset(), [])


async def test_who_could_have_no_group_is_not_looked_up(people: People) -> None:
    """Without user groups in the settings, strangers to them cost no call."""
    access = AccessSection(users={"slack:U1": ("board",)})
    directory = Directory(people, "T1")
    other = await directory.principal(access, author="U9", channel="D9", alone=True)
    assert (other.groups, people.asked) == (frozenset(), [])
    ours = await directory.principal(access, author="U1", channel="D1", alone=True)
    assert (ours.groups, people.asked) == ({"board"}, ["U1"])


async def test_a_channel_has_its_name_topic_and_kind(directory: Directory, people: People) -> None:
    """What a channel is about can be told."""
    people.channels["G1"] = {"is_mpim": True}
    people.channels["D1"] = {"is_im": True}
    assert await directory.topic("C1") == ("garden", "Roses")
    kinds = [(await directory.channel(channel)).kind for channel in ("C1", "G1", "D1")]
    assert kinds == [ChannelKind.CHANNEL, ChannelKind.GROUP, ChannelKind.DIRECT]
    people.down = True
    assert await directory.topic("C9") == ("", "")
