"""The words of a trial: what is asked of whom, for whose eyes, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.conversation import Message, Platform, Turn

if TYPE_CHECKING:
    from bot.ports import ChatMessage
    from bot.settings.sections import AccessSection
    from persona.profile import Persona

READER = "extractive"
"""The built-in reader among the models."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Whose eyes a question may be asked with: a channel or a person of ``[access]``."""

    value: str
    words: str
    platform: Platform
    groups: frozenset[str]


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
        ("Slack channel", Platform.SLACK, access.slack.channels),
        ("Slack user group", Platform.SLACK, access.slack.usergroups),
        ("Discord channel", Platform.DISCORD, access.discord.channels),
        ("Discord role", Platform.DISCORD, access.discord.roles),
    )
    found = [
        Audience(f"{words}:{name}", f"{words} {name}", platform, frozenset(groups))
        for words, platform, table in tables
        for name, groups in table.items()
    ]
    found += [
        Audience(f"person:{person}", person, _platform_of(person), frozenset(groups))
        for person, groups in access.users.items()
    ]
    return tuple(found)


def _platform_of(person: str) -> Platform:
    """Where somebody of ``[access.users]`` is; the web where that is no platform of ours."""
    named = person.partition(":")[0]
    return Platform(named) if named in set(Platform) else Platform.WEB
