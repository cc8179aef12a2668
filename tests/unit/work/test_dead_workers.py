"""Workers that died on this machine: what they had in hand is taken over at once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from adapters.chat.worker import Worker
from bot.store.base import Database
from bot.work.inbox import Claim, Inbox
from bot.work.leased import is_dead, worker_name

_SAY_NAME = "import sys; from bot.work.leased import worker_name; print(worker_name(), flush=True)"
_HERE = worker_name().partition("/")[0]
_ME = f"{_HERE}/1.1/workerme"


@pytest.fixture
def other() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Another process, and the name of its worker."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"{_SAY_NAME}; sys.stdin.read()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def _zombie(process: subprocess.Popen[str]) -> None:
    """Kill a process and do not notice it, as a busy parent does."""
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)


def test_who_lives_is_not_dead(other: tuple[subprocess.Popen[str], str]) -> None:
    """A process that runs keeps what it has in hand."""
    assert not is_dead(other[1], _ME)
    assert not is_dead(worker_name(), _ME)


def test_who_was_killed_is_dead_even_before_its_parent_noticed(
    other: tuple[subprocess.Popen[str], str],
) -> None:
    """A killed process is known to be dead at once, and after it is gone."""
    process, name = other
    _zombie(process)
    assert is_dead(name, _ME)
    process.wait()
    assert is_dead(name, _ME)


def test_another_process_with_the_number_of_a_dead_one_does_not_stand_in_for_it() -> None:
    """Whose number belongs to a process that began at another moment is dead."""
    host, process, last = worker_name().split("/")
    number, _, born = process.partition(".")
    assert born
    assert is_dead(f"{host}/{number}.{int(born) - 7}/{last}", _ME)


def test_names_that_say_too_little_are_left_alone() -> None:
    """Of another machine, or of a version that did not note when it began, nothing is known."""
    number = os.getpid()
    assert not is_dead(f"elsewhere/{number}.1/worker0", _ME)
    assert not is_dead(f"{_HERE}/{number}/worker0", _ME)
    assert not is_dead("somebody", _ME)
    assert re.fullmatch(r"[^/@]+@[0-9a-f]{12}/\d+\.\d+/worker\w+", worker_name())


@pytest.mark.parametrize("sight", ["", "@", "@0123456789ab"])
def test_of_another_container_or_machine_with_this_name_nothing_is_known(sight: str) -> None:
    """Its processes have numbers of their own: what one has in hand stays its until the lease ends.

    So it is for workers of a version that did not say whose processes they see.
    """
    theirs = f"{socket.gethostname()}{sight}"
    never = 2**22 + 1  # no process can have it here
    assert is_dead(f"{_HERE}/{never}.1/worker0", _ME)
    assert not is_dead(f"{theirs}/{never}.1/worker0", _ME)
    assert not is_dead(f"{theirs}/1.9/worker0", _ME)


def test_who_cannot_tell_what_it_sees_takes_nobody_for_dead() -> None:
    """Without /proc two machines of one name look the same."""
    assert not is_dead("host@/4194305.1/worker0", "host@/1.1/workerme")


async def test_a_worker_goes_on_at_once_where_a_killed_one_left_off(
    sqlite_database: Database, other: tuple[subprocess.Popen[str], str]
) -> None:
    """An event of a killed worker is worked on though its lease has an hour to run."""
    process, name = other
    left = Inbox(sqlite_database, name, lease_seconds=3600)
    await left.put("event", "thread", {"said": "hello"}, topic="slack")
    assert len(await left.claim(1)) == 1
    mine = Inbox(sqlite_database, worker_name())
    worked = asyncio.Event()

    async def handle(claim: Claim) -> None:
        await mine.complete(claim)
        worked.set()

    async def give_up(_: Claim) -> None:
        pytest.fail("nothing is given up")

    working = asyncio.create_task(Worker(mine, ["slack"], handle, give_up).run())
    try:
        process.kill()
        process.wait()
        async with asyncio.timeout(60):
            await worked.wait()
    finally:
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
