"""What was missed is fetched again where Discord could not be asked."""

from __future__ import annotations

import asyncio
import itertools
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


class Hearing:
    """What was heard, in its order."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    async def on_message(self, message: Any) -> None:
        self.heard.append(message)

    async def on_raw_message_edit(self, event: Any) -> None:
        self.heard.append(event)

    async def on_raw_message_delete(self, event: Any) -> None:
        self.heard.append(event)

    async def on_raw_bulk_message_delete(self, event: Any) -> None:
        self.heard.append(event)


_numbers = itertools.count(1)


def message_of(shard: int) -> Any:
    """Something said in a server."""
    return SimpleNamespace(id=next(_numbers), guild=SimpleNamespace(shard_id=shard))


def backfill_of(rest: Rest, hearing: Any = None, patience_s: float = 60.0) -> Backfill:
    client = SimpleNamespace(us=1, guilds=[], shards={}, get_partial_messageable=discord.Object)
    edge: Any = SimpleNamespace(client=client, rest=rest, notes=Notes(), threads=Threads())
    again_s = (0.0, 0.0)
    return Backfill(edge, hearing, timedelta(hours=1), again_s=again_s, patience_s=patience_s)


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


async def test_what_is_said_live_waits_for_what_was_missed() -> None:
    """After a start, and on a line that was lost, until what was missed is fetched; lines that are
    whole wait for nothing."""
    hearing = Hearing()
    backfill = backfill_of(Rest(), hearing)
    first, second, third = message_of(0), message_of(1), message_of(0)
    waiting = asyncio.create_task(backfill.on_message(first))
    await asyncio.sleep(0)
    assert hearing.heard == []
    await backfill.catch_up()
    await waiting
    backfill.lost(0)
    waiting = asyncio.create_task(backfill.on_message(third))
    await backfill.on_message(second)
    assert hearing.heard == [first, second]
    backfill.resumed(0)
    await waiting
    assert hearing.heard == [first, second, third]


async def test_what_is_said_live_does_not_wait_for_ever() -> None:
    """It is heard though what was missed cannot be fetched."""
    hearing = Hearing()
    message = message_of(0)
    await backfill_of(Rest(), hearing, patience_s=0.01).on_message(message)
    assert hearing.heard == [message]


async def test_a_message_that_is_deleted_while_it_waits_is_never_heard() -> None:
    """Neither one alone nor many at once; that they were deleted is told, for what knows them."""
    hearing = Hearing()
    backfill = backfill_of(Rest(), hearing)
    one, two, third = message_of(0), message_of(0), message_of(0)
    waiting = [asyncio.create_task(backfill.on_message(each)) for each in (one, two, third)]
    await asyncio.sleep(0)
    single: Any = SimpleNamespace(message_id=one.id)
    many: Any = SimpleNamespace(message_ids={two.id})
    await backfill.on_raw_message_delete(single)
    await backfill.on_raw_bulk_message_delete(many)
    await backfill.catch_up()
    await asyncio.gather(*waiting)
    assert hearing.heard == [single, many, third]


async def test_an_edit_of_a_message_that_waits_is_heard_after_it() -> None:
    """Its newest words count; an edit of what waits for nothing is heard at once."""
    hearing = Hearing()
    backfill = backfill_of(Rest(), hearing)
    message = message_of(0)
    edited: Any = SimpleNamespace(message_id=message.id)
    other: Any = SimpleNamespace(message_id=message_of(0).id)
    waiting = asyncio.create_task(backfill.on_message(message))
    await asyncio.sleep(0)
    editing = asyncio.create_task(backfill.on_raw_message_edit(edited))
    await backfill.on_raw_message_edit(other)
    assert hearing.heard == [other]
    await backfill.catch_up()
    await asyncio.gather(waiting, editing)
    assert hearing.heard == [other, message, edited]
