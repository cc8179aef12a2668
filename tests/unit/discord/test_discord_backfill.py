"""What was missed is fetched again where Discord could not be asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import discord

from adapters.discord.backfill import Backfill
from bot.errors import ChatRefusedError, ChatUnavailableError


class Rest:
    """Histories that cannot be read a few times."""

    def __init__(self, *failures: Exception) -> None:
        self.failures: Iterator[Exception] = iter(failures)
        self.asked: list[str] = []

    async def history(self, channel: str, *, after: str) -> list[dict[str, Any]]:
        del after
        self.asked.append(channel)
        for failure in self.failures:
            raise failure
        return []


class Notes:
    """What was noted."""

    async def get(self, key: str) -> str | None:
        del key
        return None

    async def put(self, key: str, value: str) -> None:
        del key, value


class Threads:
    """One direct message in which the bot takes part."""

    async def channels(self, prefix: str, limit: int) -> tuple[str, ...]:
        del limit
        return (f"{prefix}7",)


def backfill_of(rest: Rest) -> Backfill:
    client = SimpleNamespace(us=1, guilds=[], shards={}, get_partial_messageable=discord.Object)
    edge: Any = SimpleNamespace(client=client, rest=rest, notes=Notes(), threads=Threads())
    hearing: Any = None
    return Backfill(edge, hearing, timedelta(hours=1), again_s=(0.0, 0.0))


async def test_a_history_that_cannot_be_read_is_asked_for_again() -> None:
    """A Discord that is down for a moment hides no question."""
    down = ChatUnavailableError(platform="Discord", method="get messages", reason="503")
    rest = Rest(down, down)
    await backfill_of(rest).catch_up()
    assert rest.asked == ["7"] * 3


async def test_a_history_that_may_not_be_read_is_left_alone() -> None:
    """A refusal is final."""
    refused = ChatRefusedError(
        platform="Discord", method="get messages", reason="no", code=50001, needed=""
    )
    rest = Rest(refused)
    await backfill_of(rest).catch_up()
    assert rest.asked == ["7"]
