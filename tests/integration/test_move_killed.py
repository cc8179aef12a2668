"""``kill -9`` of a move anywhere: nothing is lost, and it goes on or is taken back."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from pathlib import Path

import pytest

from bot.errors import DatabaseFillingError, DatabaseMovedError
from bot.store.base import Database
from bot.store.move import move, undo
from tests.integration.test_move import Traffic, _contents, _is_whole
from tests.platforms.command import environment

_KILLED = """
import asyncio, os, signal, sys
from bot.store.move import move

left = int(sys.argv[3])

def tell(what, done, total):
    global left
    left = 0 if what == sys.argv[4] else left - 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(move(sys.argv[1], sys.argv[2], tell))
"""


async def _killed(source: str, target: str, at: int, stage: str, folder: Path) -> None:
    """A move that is killed after so many steps, or when a stage begins."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _KILLED, source, target, str(at), stage, env=environment(folder)
    )
    assert await process.wait() == -signal.SIGKILL


async def _goes_on(traffic: Traffic) -> None:
    """Wait until more was written; a hold ends by itself."""
    stored = len(traffic.turns)
    async with asyncio.timeout(60):
        while len(traffic.turns) < stored + 2:  # noqa: ASYNC110 - a task of its own
            await asyncio.sleep(0.05)


async def _ends(traffic: Traffic, writing: asyncio.Task[None], source: str, target: str) -> None:
    """The move is made, and what was written up to its end is in the new database."""
    assert not writing.done()
    await move(source, target)
    await writing
    assert isinstance(traffic.ended, DatabaseMovedError)
    assert await _contents(source) == await _contents(target)
    await _is_whole(target, traffic)


@pytest.mark.parametrize("seed", [1, 2])
async def test_killed_and_taken_back_it_begins_anew(
    sqlite_database_url: str, tmp_path: Path, seed: int
) -> None:
    """People write all the while. Killed at some step the new database cannot be used and the old
    one goes on; undone, the move can be made as if there had been none."""
    target = f"sqlite:///{tmp_path / 'new.db'}"
    old = await Database.open(sqlite_database_url)
    traffic = Traffic(old)
    await traffic.go_on(5)
    writing = asyncio.create_task(traffic.go_on())
    await _killed(sqlite_database_url, target, random.Random(seed).randint(1, 60), "", tmp_path)
    with pytest.raises(DatabaseFillingError, match="repeat"):
        await Database.open(target)
    await _goes_on(traffic)
    assert await undo(sqlite_database_url) is not None
    await _goes_on(traffic)
    await _ends(traffic, writing, sqlite_database_url, target)
    await old.close()


@pytest.mark.slow  # a hold of fifteen seconds, waited for
async def test_killed_while_writers_wait_the_same_command_ends_it(
    sqlite_database_url: str, tmp_path: Path
) -> None:
    """The hold ends by itself, and who waited has written; repeated, the move comes to its end."""
    target = f"sqlite:///{tmp_path / 'new.db'}"
    old = await Database.open(sqlite_database_url)
    traffic = Traffic(old)
    await traffic.go_on(5)
    writing = asyncio.create_task(traffic.go_on())
    await _killed(sqlite_database_url, target, 100_000, "switch", tmp_path)
    await _goes_on(traffic)
    await _ends(traffic, writing, sqlite_database_url, target)
    await old.close()
