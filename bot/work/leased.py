"""What every table of leased rows has in common, the inbox as well as the jobs.

A row is leased, not taken: it names its owner and counts its attempts, and every later write of a
worker carries both, so that one who lost the lease cannot change what the next one does.
"""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from bot.store.base import Database
from bot.store.ids import new_id
from bot.store.timing import RowTime

RUNNING = "running"
NOBODY = ""
_FIRST_BACKOFF = 1.0
_LONGEST_BACKOFF = 300.0


class Held(Protocol):
    """A leased row as its owner knows it."""

    @property
    def owner(self) -> str: ...
    @property
    def attempts(self) -> int: ...


def backoff(
    attempts: int, first: float = _FIRST_BACKOFF, longest: float = _LONGEST_BACKOFF
) -> float:
    """Seconds to wait after a failed attempt: 1, 2, 4, … up to 5 minutes."""
    doublings: float = 2.0 ** min(max(attempts, 1) - 1, 30)
    return min(longest, first * doublings)


def fenced(table: sa.Table, row: sa.ColumnElement[bool], held: Held) -> sa.Update:
    """An update of a row that changes it only while it is still held."""
    return sa.update(table).where(
        row,
        table.c.status == RUNNING,
        table.c.owner == held.owner,
        table.c.attempts == held.attempts,
    )


async def end_leases(
    db: Database, table: sa.Table, is_dead: Callable[[str], bool], time: RowTime
) -> int:
    """End the leases of workers that are known to be dead; of how many rows."""
    is_running = table.c.status == sa.literal_column("'running'")
    running = sa.select(table.c.owner).where(is_running).distinct()
    owners = await db.read(lambda connection: list(connection.scalars(running)))
    dead = [owner for owner in owners if is_dead(owner)]
    if not dead:
        return 0
    theirs = sa.update(table).where(is_running, table.c.owner.in_(dead))

    def end(connection: sa.Connection) -> int:
        return connection.execute(theirs.values(lease_until=time.after(connection, -1))).rowcount

    return await db.write(end)


def worker_name() -> str:
    """A name for a worker: its machine, its process with the moment when that began, and something
    that is never used again."""
    pid = os.getpid()
    return f"{socket.gethostname()}@{_sight()}/{pid}.{_born(pid)}/{new_id('worker')}"


def is_dead(owner: str, me: str) -> bool:
    """Whether the worker of this name is known to be gone: one of this machine without process.

    A process that got the number of a dead one later is told apart by when it began. Of one whose
    processes cannot be seen from here nothing is known: its leases run out.
    """
    host, _, rest = owner.partition("/")
    my_host, _, my_rest = me.partition("/")
    process, mine = rest.partition("/")[0], my_rest.partition("/")[0]
    pid, _, born = process.partition(".")
    if host != my_host or host.endswith("@") or owner == me or not pid.isdigit():
        return False
    if pid == mine.partition(".")[0]:  # one before us, or another worker of this process
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    now = _born(int(pid))
    return bool(born and now and born != now)


@cache
def _sight() -> str:
    """Which processes can be seen from here: those of one start of a machine, in one container.
    Machines may share a name, and process 1 is another one in each container. Empty where that
    cannot be told."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        space = Path("/proc/self/ns/pid").readlink()
    except OSError:
        return ""
    return hashlib.sha256(f"{boot} {space}".encode()).hexdigest()[:12]


def _born(pid: int) -> str:
    """When a process began, in ticks since the machine did: no clock that is set moves it. Empty
    where that cannot be told; ``-`` for one that has ended and waits for its parent to notice."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except OSError:
        return ""
    state, *fields = told.rpartition(")")[2].split()  # its name may hold anything
    return "-" if state in "ZX" else fields[18]
