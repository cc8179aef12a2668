"""Who is who in a workspace: people, channels, members of user groups; asked once, kept briefly.

Names may be shown from an old answer when Slack cannot be asked. Rights never: who cannot be
looked up sees public documents only.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from adapters.chat.base import ChannelKind
from adapters.chat.kept import Kept
from adapters.slack.access import groups_of, slack_principal
from bot.conversation import Principal
from bot.errors import ChatError
from bot.settings.sections import AccessSection
from bot.telemetry import log

PEOPLE_S, CHANNELS_S, MEMBERS_S = 300.0, 300.0, 120.0

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in Slack. ``guest``: of limited membership, or of another organisation."""

    id: str
    name: str
    guest: bool
    bot: bool
    deleted: bool


@dataclass(frozen=True, slots=True)
class Channel:
    """A conversation. ``shared``: with another organisation, or another workspace of ours."""

    id: str
    name: str
    topic: str
    kind: ChannelKind
    shared: bool


class People(Protocol):
    """What is asked of the Web API; :class:`adapters.slack.web.SlackWeb` has it."""

    async def user(self, user: str) -> dict[str, Any]: ...
    async def channel(self, channel: str) -> dict[str, Any]: ...
    async def usergroup_members(self, group: str) -> frozenset[str]: ...


class Directory:
    """The people and channels of one workspace. ``enterprise`` is its organisation, if it has one:
    people of the same organisation are no strangers. Raises what ``web`` raises."""

    def __init__(
        self, web: People, workspace: str, *, enterprise: str = "", clock: Clock = time.monotonic
    ) -> None:
        self._web, self._workspace, self._enterprise = web, workspace, enterprise
        self._people: Kept[Person] = Kept(PEOPLE_S, clock)
        self._channels: Kept[Channel] = Kept(CHANNELS_S, clock)
        self._members: Kept[frozenset[str]] = Kept(MEMBERS_S, clock)

    async def person(self, user: str) -> Person:
        """Who somebody is."""
        return await self._people.get(user, self._load_person)

    async def channel(self, channel: str) -> Channel:
        """What a conversation is."""
        return await self._channels.get(channel, self._load_channel)

    async def name(self, user: str) -> str:
        """What somebody is called; their id where it cannot be found out. Never raises."""
        try:
            return (await self.person(user)).name or user
        except ChatError as error:
            log.warning("no name for a person", user=user, error=str(error))
            old = self._people.old(user)
            return old.name if old else user

    async def topic(self, channel: str) -> tuple[str, str]:
        """A channel's name and topic; empty where they cannot be found out. Never raises."""
        try:
            found = await self.channel(channel)
        except ChatError as error:
            log.warning("no name for a channel", channel=channel, error=str(error))
            old = self._channels.old(channel)
            return (old.name, old.topic) if old else ("", "")
        return found.name, found.topic

    async def usergroups_of(self, user: str, groups: Iterable[str]) -> frozenset[str]:
        """Those of ``groups`` (ids) that somebody is a member of. A group that cannot be looked up
        gives nothing."""
        asked = tuple(dict.fromkeys(groups))
        found = await asyncio.gather(*(self._has(group, user) for group in asked))
        return frozenset(group for group, member in zip(asked, found, strict=True) if member)

    async def principal(
        self, access: AccessSection, *, author: str, channel: str, alone: bool
    ) -> Principal:
        """What an answer to ``author`` in ``channel`` may use; public only where Slack cannot be
        asked who they are. Never raises."""
        if not (_may_have_groups(access, author) if alone else channel in access.slack.channels):
            return Principal()  # nothing to look up: nothing could be granted
        try:
            guest = (await self.person(author)).guest
            # Who reads alone reads alone, whatever channel they happen to be in.
            shared = False if alone else (await self.channel(channel)).shared
        except ChatError as error:
            log.warning("rights not found out, public only", user=author, error=str(error))
            return Principal()
        groups = await self.usergroups_of(author, access.slack.usergroups) if alone else ()
        return slack_principal(
            access,
            author=author,
            usergroups=groups,
            channel=channel,
            alone=alone,
            guest=guest,
            shared=shared,
        )

    async def groups_of(self, access: AccessSection, author: str) -> frozenset[str]:
        """The groups of one person; none for guests, and where Slack cannot be asked."""
        try:
            if (await self.person(author)).guest:
                return frozenset()
        except ChatError as error:
            log.warning("groups not found out", user=author, error=str(error))
            return frozenset()
        return groups_of(access, author, await self.usergroups_of(author, access.slack.usergroups))

    async def _has(self, group: str, user: str) -> bool:
        try:
            return user in await self._members.get(group, self._web.usergroup_members)
        except ChatError as error:
            log.warning("members of a user group not found out", group=group, error=str(error))
            return False

    async def _load_person(self, user: str) -> Person:
        found = await self._web.user(user)
        profile = found.get("profile") or {}
        names = (profile.get("display_name"), profile.get("real_name"), found.get("real_name"))
        limited = found.get("is_restricted") or found.get("is_ultra_restricted")
        return Person(
            id=user,
            name=next((str(name) for name in (*names, found.get("name")) if name), ""),
            guest=bool(limited or self._is_stranger(found)),
            bot=bool(found.get("is_bot")),
            deleted=bool(found.get("deleted")),
        )

    def _is_stranger(self, user: dict[str, Any]) -> bool:
        if user.get("is_stranger") or not user:
            return True
        team = user.get("team_id")  # Slack always names it; a proxy in between may not
        if not team or team == self._workspace:
            return False
        organisation = (user.get("enterprise_user") or {}).get("enterprise_id", "")
        return not (self._enterprise and organisation == self._enterprise)

    async def _load_channel(self, channel: str) -> Channel:
        found = await self._web.channel(channel)
        shares = ("is_ext_shared", "is_org_shared", "is_shared", "is_pending_ext_shared")
        return Channel(
            id=channel,
            name=str(found.get("name") or ""),
            topic=str((found.get("topic") or {}).get("value") or ""),
            kind=_kind(found),
            shared=any(found.get(share) for share in shares),
        )


def _may_have_groups(access: AccessSection, author: str) -> bool:
    """Whether the settings could give somebody a group at all."""
    return bool(access.slack.usergroups or groups_of(access, author, ()))


def _kind(channel: dict[str, Any]) -> ChannelKind:
    if channel.get("is_im"):
        return ChannelKind.DIRECT
    return ChannelKind.GROUP if channel.get("is_mpim") else ChannelKind.CHANNEL
