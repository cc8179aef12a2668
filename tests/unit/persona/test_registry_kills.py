"""Releases after kill -9, and from two processes at once: one row, consistent, on the record."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys

import pytest

from bot.store.audit import AuditTrail
from bot.store.base import Database
from persona.registry import Registry

KILLS = 4

_OPERATOR = """
import asyncio, random, sys
from bot.errors import UsageError
from bot.store.base import Database
from persona.registry import Registry

async def main(url, by):
    registry = Registry(await Database.open(url))
    print("ready", flush=True)
    while True:
        version = f"v{random.randint(1, 4)}"
        try:
            deed = random.random()
            if deed < 0.5:
                await registry.promote(version, by=by, force=True, reason="x")
            elif deed < 0.75:
                await registry.start_canary(version, 0.5, by=by, force=True, reason="x")
            else:
                await registry.roll_back(by=by)
        except UsageError:
            pass

asyncio.run(main(*sys.argv[1:]))
"""


async def _start(url: str, by: str) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _OPERATOR, url, by, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process


async def _is_consistent(database: Database) -> int:
    """What is released, the versions' states and the history tell the same; the revision."""
    registry = Registry(database)
    release = await registry.release()
    states = {v.version: v.state for v in await registry.listing()}
    history = await registry.promotions()
    live = release.live.version if release.live else ""
    canary = release.canary.version if release.canary else ""
    assert [v for v, state in states.items() if state == "live"] == ([live] if live else [])
    assert [v for v, state in states.items() if state == "canary"] == ([canary] if canary else [])
    assert (history[0].version if history else "") == live
    assert [p.before for p in history[:-1]] == [p.version for p in history[1:]]
    running = [t.version for t in await registry.canaries() if t.state == "running"]
    assert running == ([canary] if canary else [])
    assert await AuditTrail(database).verify() is None
    deeds = [e for e in await AuditTrail(database).listing(kind="operator") if "forced" in e.content
             or e.content["action"] == "canary ended"]  # fmt: skip
    assert len(deeds) == release.revision
    return release.revision


@pytest.mark.slow
async def test_killed_and_rival_operators_leave_a_consistent_release(
    database: Database, database_url: str
) -> None:
    """Two processes that promote and roll back at once, killed in the middle again and again."""
    registry, rng = Registry(database), random.Random(1)
    for model in ("one", "two", "three", "four"):
        await registry.register(model=model, by="terminal:operator")
    revision = 0
    for _ in range(KILLS):
        rivals = [await _start(database_url, f"terminal:{name}") for name in "ab"]
        await asyncio.sleep(0.3 + rng.random() / 3)
        for rival in rivals:
            rival.kill()
            await rival.wait()
        grown = await _is_consistent(database)
        assert grown > revision
        revision = grown
