"""The table of ``wellspoken.toml`` for the standing watch."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Literal

from pydantic import Field, field_validator

from bot.settings.sections import Duration, Section

_CHANNEL = re.compile(r"(?:slack|discord):\S+")


class WatchSection(Section):
    enabled: bool = Field(
        default=True, description="whether live turns are looked at once a day for what got worse"
    )
    channel: str = Field(
        "", max_length=200, description="channel that hears of it, like slack:C0HUMANS"
    )
    least: int = Field(
        30,
        ge=10,
        le=1_000_000,
        description="thumbs, turns or sentences that a week and the four before it must have",
    )
    suites: tuple[str, ...] = Field(
        (), description="suites that are asked by themselves: names, or files beside this file"
    )
    every: Duration = Field(timedelta(days=30), description="how often these suites are asked")
    modes: tuple[Literal["rag", "voice", "hybrid", "auto"], ...] = Field(
        ("auto",), description="the modes they are asked in; auto: as the router decides"
    )

    @field_validator("channel")
    @classmethod
    def _some_channel(cls, value: str) -> str:
        if value and not _CHANNEL.fullmatch(value):
            raise ValueError("it is no channel; write it like slack:C0HUMANS or discord:1234")
        return value

    @field_validator("suites")
    @classmethod
    def _named(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(name.strip() for name in value):
            raise ValueError("a suite has no name; write a name like support, or a file")
        return tuple(dict.fromkeys(value))

    @field_validator("every")
    @classmethod
    def _not_too_often(cls, value: timedelta) -> timedelta:
        if value < timedelta(hours=1):
            raise ValueError("every is at least 1h: a run asks every question of every suite")
        return value

    @field_validator("modes")
    @classmethod
    def _some_mode(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("it is empty; name a mode: rag, voice, hybrid or auto")
        return tuple(dict.fromkeys(value))
