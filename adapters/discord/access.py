"""Which groups an answer in Discord may draw on. Pure; deny by default.

Nothing that stands in a message is looked at here, so nothing in a message can widen it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.conversation import Platform
from bot.settings.sections import AccessSection, Group

EVERYONE = "@everyone"
"""What Discord calls the role that all members of a guild have; its id is the guild's."""


def channel_groups(access: AccessSection, channel: str, name: str) -> frozenset[str]:
    """What everybody who reads a channel (id and name) may see."""
    return _mapped(access.discord.channels, ((channel, name),))


def role_groups(access: AccessSection, roles: Iterable[tuple[str, str]]) -> frozenset[str]:
    """The groups of who has these roles (id and name)."""
    return _mapped(access.discord.roles, roles)


def own_groups(access: AccessSection, author: str) -> frozenset[str]:
    """The groups that the settings give to a person by id."""
    return frozenset(access.users.get(f"{Platform.DISCORD}:{author}", ()))


def counts(access: AccessSection, guild: str) -> bool:
    """Whether roles and channels of a guild count at all."""
    return not access.discord.servers or guild in access.discord.servers


def names_roles(access: AccessSection, roles: Iterable[tuple[str, str]]) -> bool:
    """Whether the settings mention any of these roles."""
    wanted = access.discord.roles
    return any(role in wanted or _bare(name) in map(_bare, wanted) for role, name in roles)


def by_name(mapped: Mapping[str, tuple[Group, ...]]) -> bool:
    """Whether anything is mapped by its name: then names must be looked up."""
    return not all(key.isdigit() for key in mapped)


def _mapped(
    mapped: Mapping[str, tuple[Group, ...]], things: Iterable[tuple[str, str]]
) -> frozenset[str]:
    found: set[str] = set()
    for ident, name in things:
        for key, groups in mapped.items():
            if key == ident or (name and not key.isdigit() and _bare(key) == _bare(name)):
                found.update(groups)
    return frozenset(found)


def _bare(name: str) -> str:
    """A name as it is compared: ``#mod-lounge`` and ``@Moderator`` without their signs."""
    return name if name == EVERYONE else name.strip().lstrip("#@")
