"""The words of a trial: what is asked of whom, for whose eyes, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.conversation import Message, Platform, Turn
from bot.errors import ModelOverloadedError

if TYPE_CHECKING:
    from bot.ports import ChatMessage
    from bot.settings.sections import AccessSection
    from persona.profile import Persona


class TrialsFullError(ModelOverloadedError):
    """{most} questions are tried out or wait for it, which is all this process takes; ask again in
    a minute."""


READER = "extractive"
"""The built-in reader among the models."""

_PERSON = "person:"
_KINDS = {
    "access.slack.channels": "Slack channel",
    "access.slack.usergroups": "Slack user group",
    "access.discord.channels": "Discord channel",
    "access.discord.roles": "Discord role",
}


@dataclass(frozen=True, slots=True)
class Audience:
    """Whose eyes a question may be asked with: a channel or a person of ``[access]``."""

    value: str
    words: str
    platform: Platform
    groups: frozenset[str]

    @property
    def is_person(self) -> bool:
        """Whether it is one person, whose name and groups are for admins."""
        return self.value.startswith(_PERSON)


@dataclass(frozen=True, slots=True)
class Choice:
    """A model, persona or index that may be asked; an empty ``value`` is what answers today."""

    value: str
    words: str


@dataclass(frozen=True, slots=True)
class Choices:
    """What a trial may choose from."""

    models: tuple[Choice, ...]
    personas: tuple[Choice, ...]
    indexes: tuple[Choice, ...]
    audiences: tuple[Audience, ...] = ()

    def without_people(self) -> Choices:
        """The same without audiences that are one person."""
        return replace(self, audiences=tuple(a for a in self.audiences if not a.is_person))


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried. An empty ``model``, ``persona`` or ``index`` is what answers today; ``again``
    is the turn whose question it is, ``edited`` a persona that is in no book yet."""

    question: str
    groups: frozenset[str] = frozenset()
    platform: Platform = Platform.WEB
    channel: str = ""
    model: str = ""
    persona: str = ""
    index: str = ""
    history: tuple[Message, ...] = ()
    again: str = ""
    edited: Persona | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model was sent; the marks around its data were others, drawn for that one request."""

    model: str
    messages: tuple[ChatMessage, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a trial. ``kept``: it was stored as a turn, because somebody wanted that."""

    trial: Trial
    turn: Turn
    prompts: tuple[Prompt, ...] = ()
    kept: bool = False


def audiences_of(access: AccessSection) -> tuple[Audience, ...]:
    """The channels, groups of users, roles and people that ``[access]`` names, each with what it
    may see."""
    tables: tuple[tuple[str, Platform, Mapping[str, tuple[str, ...]]], ...] = (
        ("access.slack.channels", Platform.SLACK, access.slack.channels),
        ("access.slack.usergroups", Platform.SLACK, access.slack.usergroups),
        ("access.discord.channels", Platform.DISCORD, access.discord.channels),
        ("access.discord.roles", Platform.DISCORD, access.discord.roles),
    )
    found = [
        Audience(audience_of(table, name), f"{_KINDS[table]} {name}", platform, frozenset(groups))
        for table, platform, entries in tables
        for name, groups in entries.items()
    ]
    found += [
        Audience(
            audience_of("access.users", person), person, _platform_of(person), frozenset(groups)
        )
        for person, groups in access.users.items()
    ]
    return tuple(found)


def audience_of(table: str, name: str) -> str:
    """The value of an entry of ``[access]`` as an audience; empty for what is none."""
    if table == "access.users":
        return f"{_PERSON}{name}" if name else ""
    return f"{_KINDS[table]}:{name}" if table in _KINDS and name else ""


def _platform_of(person: str) -> Platform:
    """Where somebody of ``[access.users]`` is; the web where that is no platform of ours."""
    named = person.partition(":")[0]
    return Platform(named) if named in set(Platform) else Platform.WEB
