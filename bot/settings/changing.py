"""What is changed in the console on top of the file: channels, and who is in which group. Pure.

The file stays the base. A change is of one entry: ``[channels."slack:C0…"]``, or one line of a
table of ``[access]``; it stands in the entry's place. It is held to the model that the file is
held to, when it is made and whenever it is read: of a right that does not hold nothing is granted.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from bot.errors import UsageError
from bot.settings.loading import problem_of
from bot.settings.sections import (
    AccessSection,
    ChannelSection,
    DiscordAccess,
    Section,
    SlackAccess,
)
from bot.settings.settings import Settings

CHANNELS = "channels"
USERS = "access.users"
_MOST_GROUPS = 100
_LONGEST_NAME = 200
_FORGOTTEN = "forgotten:"


class SettingChangeError(UsageError):
    """{entry}: {problem}."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of entries. ``shape`` is what a name looks like, ``like`` is one, ``what`` is it."""

    name: str
    what: str
    shape: re.Pattern[str]
    like: str
    section: type[Section] = AccessSection
    field: str = ""

    @property
    def is_of_groups(self) -> bool:
        """Whether an entry is a list of groups; else it is a table of options."""
        return self.name != CHANNELS


_SOMEBODY = re.compile(r"(slack|discord):[^\s:]+")
_SLACK = re.compile(r"[A-Z][A-Z0-9]+")
_NAMED = re.compile(r"\S(.*\S)?")

TABLES: Mapping[str, Table] = MappingProxyType(
    {
        table.name: table
        for table in (
            Table(
                CHANNELS,
                "a channel",
                re.compile(rf"\*|{_SOMEBODY.pattern}"),
                "slack:C0G9QF9GZ, discord:1012345678901234567, or * for every other channel",
            ),
            Table(
                "access.slack.channels",
                "a channel of Slack",
                _SLACK,
                "C0G9QF9GZ, which stands at the end of the channel's details",
                SlackAccess,
                "channels",
            ),
            Table(
                "access.slack.usergroups",
                "a user group of Slack",
                _SLACK,
                "S0615G0KT, which stands in the address of the user group",
                SlackAccess,
                "usergroups",
            ),
            Table(
                "access.discord.channels",
                "a channel of Discord",
                _NAMED,
                "staff-lounge or 1012345678901234567; with several servers its id",
                DiscordAccess,
                "channels",
            ),
            Table(
                "access.discord.roles",
                "a role of Discord",
                _NAMED,
                "Moderator or 1012345678901234567; with several servers its id",
                DiscordAccess,
                "roles",
            ),
            Table(
                USERS,
                "a person",
                _SOMEBODY,
                "slack:U024BE7LH or discord:80351110224678912",
                AccessSection,
                "users",
            ),
        )
    }
)
"""What can be changed without the file, by the name of the table in it."""


@dataclass(frozen=True, slots=True)
class Change:
    """An entry as the console has it: of ``[channels]`` its options, of a table of ``[access]`` the
    list of its groups, none: no rights. ``by`` is a key, ``by_name`` what people call them."""

    table: str
    name: str
    value: Any
    by: str = ""
    by_name: str = ""
    at: datetime | None = None

    @property
    def is_of_a_forgotten_person(self) -> bool:
        """Whether it holds for somebody who was erased since, whose id is not kept."""
        return self.name.startswith(_FORGOTTEN)


def table_of(name: str) -> Table:
    """A table by its name. Raises SettingChangeError for one that only the file changes."""
    if name not in TABLES:
        raise SettingChangeError(
            entry=f"[{name[:80]}]",
            problem="only wellspoken.toml changes it; the console changes channels and groups",
        )
    return TABLES[name]


def checked_name(table: Table, name: str) -> str:
    """A new entry's name. Raises SettingChangeError with an example."""
    bare = name.strip()
    if not bare or len(bare) > _LONGEST_NAME or not bare.isprintable():
        problem = f"name {table.what} in up to {_LONGEST_NAME} characters, like {table.like}"
        raise SettingChangeError(entry=f"[{table.name}]", problem=problem)
    if not table.shape.fullmatch(bare):
        problem = f'"{bare}" is not {table.what}; write it like {table.like}'
        raise SettingChangeError(entry=f"[{table.name}]", problem=problem)
    return bare


def checked_value(table: Table, name: str, value: Any) -> Any:
    """A value as it is kept: only what is set, groups as they are compared and each once. Raises
    SettingChangeError with what the settings model says of it."""
    try:
        if not table.is_of_groups:
            section = ChannelSection.model_validate(value)
            return section.model_dump(mode="json", exclude_none=True)
        found = table.section.model_validate({table.field: {name: tuple(value)}})
    except (ValidationError, TypeError) as error:
        said = problem_of(error) if isinstance(error, ValidationError) else "it must be a list"
        raise SettingChangeError(entry=f'[{table.name}] "{name}"', problem=said) from error
    groups = sorted(set(getattr(found, table.field)[name]))
    if len(groups) > _MOST_GROUPS:
        problem = f"these are more than {_MOST_GROUPS} groups; give the documents fewer ones"
        raise SettingChangeError(entry=f'[{table.name}] "{name}"', problem=problem)
    return groups


def base_value(settings: Settings, table: Table, name: str) -> Any | None:
    """What the settings themselves say of an entry, as :func:`checked_value` has it."""
    found = entries(settings, table).get(name)
    if found is None:
        return None
    if isinstance(found, ChannelSection):
        return found.model_dump(mode="json", exclude_none=True)
    return sorted(set(found))


def entries(settings: Settings, table: Table) -> Mapping[str, Any]:
    """The entries of a table."""
    if not table.is_of_groups:
        return settings.channels
    found: Any = settings
    for part in table.name.split("."):
        found = getattr(found, part)
    named: Mapping[str, Any] = found
    return named


def amended(settings: Settings, changes: Iterable[Change]) -> tuple[Settings, tuple[str, ...]]:
    """The settings with what was changed, and a sentence for each change that does not hold: such
    a channel has the options of the file, such a right is none at all."""
    tables = {name: dict(entries(settings, table)) for name, table in TABLES.items()}
    faults: list[str] = []
    for change in changes:
        found = tables.get(change.table)
        if found is None:  # of a newer program
            faults.append(f"[{change.table}] is nothing that this version knows.")
        elif change.is_of_a_forgotten_person:
            for name in [each for each in found if _is_of(change.name, each)]:
                del found[name]
        else:
            faults += _put(found, TABLES[change.table], change)
    return _with(settings, tables), tuple(faults)


def _put(found: dict[str, Any], table: Table, change: Change) -> Sequence[str]:
    try:
        value = checked_value(table, change.name, change.value)
    except SettingChangeError as error:
        if table.is_of_groups:
            found.pop(change.name, None)
        return (str(error),)
    if not value:
        found.pop(change.name, None)
    elif table.is_of_groups:
        found[change.name] = tuple(value)
    else:
        found[change.name] = ChannelSection.model_validate(value)
    return ()


def _with(settings: Settings, tables: Mapping[str, dict[str, Any]]) -> Settings:
    old = settings.access
    slack = {part: tables[f"access.slack.{part}"] for part in ("channels", "usergroups")}
    discord = {part: tables[f"access.discord.{part}"] for part in ("channels", "roles")}
    access = old.model_copy(
        update={
            "users": tables[USERS],
            "slack": old.slack.model_copy(update=slack),
            "discord": old.discord.model_copy(update=discord),
        }
    )
    return settings.model_copy(update={"access": access, "channels": tables[CHANNELS]})


# -- who was forgotten ----------------------------------------------------------------------------


def forgotten_name(name: str, salt: str) -> str:
    """What stands in the place of a person's id, so that a right that was taken from them does
    not come back by their being erased."""
    return f"{_FORGOTTEN}{salt}:{_digest(salt, name)}"


def _is_of(forgotten: str, name: str) -> bool:
    salt, _, digest = forgotten.removeprefix(_FORGOTTEN).partition(":")
    return _digest(salt, name) == digest


def _digest(salt: str, name: str) -> str:
    return hashlib.sha256(f"{salt}:{name}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
