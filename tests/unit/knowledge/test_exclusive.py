"""One at a time: who reads a source in, and who keeps all of them as they are."""

from __future__ import annotations

import asyncio

import pytest

from bot.errors import IngestRunningError
from bot.store.base import Database
from bot.work.leases import Leases
from knowledge.exclusive import Exclusive


@pytest.fixture
def exclusive(sqlite_database: Database) -> Exclusive:
    return Exclusive(Leases(sqlite_database))


async def test_two_do_not_read_a_source_at_once(exclusive: Exclusive) -> None:
    """The second waits and is told so once, or gets one sentence; other sources go on."""
    waited: list[str] = []

    async def second() -> None:
        async with exclusive.source("a", on_wait=lambda: waited.append("told")):
            waited.append("in")

    async with exclusive.source("a"):
        with pytest.raises(IngestRunningError):
            async with exclusive.source("a", wait=False):
                pass
        async with exclusive.source("b", wait=False):
            pass
        task = asyncio.create_task(second())
        async with asyncio.timeout(60):
            while not waited:  # noqa: ASYNC110 - what is waited for knows no event
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.6)
        assert waited == ["told"]
    await task
    assert waited == ["told", "in"]


async def test_whoever_keeps_all_waits_for_a_source_that_nobody_knew(exclusive: Exclusive) -> None:
    """A source that is being read in for the first time is in no list of sources yet."""
    order: list[str] = []

    async def keep() -> None:
        async with exclusive.everything(["a"]):
            order.append("kept")

    async with exclusive.source("new"):
        task = asyncio.create_task(keep())
        await asyncio.sleep(0.6)
        order.append("read")
    await task
    assert order == ["read", "kept"]


async def test_nobody_begins_with_a_new_source_while_all_are_kept(exclusive: Exclusive) -> None:
    """Neither with a known one nor with a new one; afterwards both may."""
    async with exclusive.everything(["a"]):
        for source in ("a", "new"):
            with pytest.raises(IngestRunningError):
                async with exclusive.source(source, wait=False):
                    pass
    for source in ("a", "new"):
        async with exclusive.source(source, wait=False):
            pass


async def test_two_keep_all_in_turn(exclusive: Exclusive) -> None:
    """They never hold each other up, whatever sources they name."""
    inside = 0

    async def keep(*sources: str) -> None:
        nonlocal inside
        async with exclusive.everything(sources):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0.05)
            inside -= 1

    async with asyncio.timeout(90):
        await asyncio.gather(keep("a", "b"), keep("b", "a"), keep("c"))
