"""The table of ``wellspoken.toml`` on how long things are kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from bot.settings.sections import Section, parse_duration, write_duration

_SHORTEST = timedelta(days=1)


def _age(value: object) -> timedelta | None:
    return None if value is None or value == "off" else parse_duration(value)


def _long_enough(value: timedelta | None) -> timedelta | None:
    if value is not None and value < _SHORTEST:
        raise ValueError("keep it for a day at least (1d), or write off to keep it for good")
    return value


def _written(value: timedelta | None) -> str:
    return "off" if value is None else write_duration(value)


Age = Annotated[
    timedelta | None,
    BeforeValidator(_age),
    AfterValidator(_long_enough),
    PlainSerializer(_written, return_type=str),
]
"""A duration of a day at least, or ``off``: kept for good."""


class RetentionSection(Section):
    messages: Age = Field(
        timedelta(days=365),
        description="how long messages are kept, with all that was made of them; `off`: for good",
    )
    uploads: Age = Field(
        timedelta(days=30), description="what was read of files that came with a question"
    )
    audit: Age = Field(
        None, description="contents of the audit trail; its chain stays, and still verifies"
    )
    exports: Age = Field(timedelta(days=30), description="files under `exports` in the home")
    evaluations: Age = Field(None, description="scorecards, with what was answered in them")
    replies: Age = Field(
        timedelta(days=365), description="which message of a chat holds which answer"
    )
    participation: Age = Field(
        timedelta(days=365), description="threads in which nobody spoke, and the bot took part"
    )
