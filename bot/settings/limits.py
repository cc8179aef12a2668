"""The table of ``wellspoken.toml`` on how often and how much may be asked."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer

from bot.limits import Rate, Rates
from bot.settings.sections import Section, parse_duration, write_duration

_RATE = re.compile(r"\s*(\d{1,9})\s*/\s*(\S+)\s*")
_ADVICE = '"{value}" is no rate; write it as 20/1m (20 in a minute), 100/1h, or off'
_LONGEST_S = 86_400


def parse_rate(value: object) -> Rate | None:
    """``20/1m`` as a rate, ``off`` as none; raises ValueError with advice."""
    if value is None or isinstance(value, Rate):
        return value
    if isinstance(value, str) and value.strip().lower() == "off":
        return None
    match = _RATE.fullmatch(str(value))
    if match is None:
        raise ValueError(_ADVICE.format(value=value))
    most = int(match[1])
    per = match[2] if match[2][0].isdigit() else f"1{match[2]}"
    try:
        seconds = parse_duration(per).total_seconds()
    except ValueError as error:
        raise ValueError(_ADVICE.format(value=value)) from error
    if not most:
        raise ValueError(f'"{value}" lets nobody ask; write at least 1, like 1/1m, or off')
    if most > 100_000 or not 1 <= seconds <= _LONGEST_S:
        raise ValueError(f'"{value}" is out of bounds: at most 100000, in a second to a day (1d)')
    return Rate(most, seconds)


def write_rate(value: Rate | None) -> str:
    """As it is written in the settings file."""
    if value is None:
        return "off"
    return f"{value.most}/{write_duration(parse_duration(f'{int(value.seconds)}s'))}"


RateLimit = Annotated[
    Rate | None, BeforeValidator(parse_rate), PlainSerializer(write_rate, return_type=str)
]
"""A rate like ``20/1m``, or ``off``."""


class LimitsSection(Section):
    person: RateLimit = Field(
        Rate(240, 60), description="questions of one person in chats, like `20/1m`; `off`: no limit"
    )
    channel: RateLimit = Field(
        Rate(600, 60), description="questions in one channel, threads included"
    )
    workspace: RateLimit = Field(
        Rate(3000, 60), description="questions in one Slack workspace or Discord server"
    )
    burst: RateLimit = Field(
        Rate(120, 10), description="messages of one person before it is a flood"
    )
    repeats: RateLimit = Field(
        Rate(20, 60), description="the same message of one person in one channel or thread"
    )
    visitor: RateLimit = Field(
        Rate(20, 60), description="questions of one visitor of the web chat without the token"
    )
    address: RateLimit = Field(
        Rate(120, 60), description="questions from one internet address without the token"
    )
    guesses: RateLimit = Field(Rate(10, 60), description="wrong tokens from one internet address")
    api: RateLimit = Field(None, description="questions at `/api/ask`, of all who hold the token")
    longest_question: int = Field(8_000, ge=100, le=8_000, description="characters of a question")
    longest_document: int = Field(
        25_000_000,
        ge=1_000,
        le=1_000_000_000,
        description="bytes of a document that is read in; packed ones may unpack to four times it",
    )

    @property
    def rates(self) -> Rates:
        """Those of chats."""
        return Rates(self.person, self.channel, self.workspace, self.burst, self.repeats)
