"""What a process and its database hold at one moment."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import sys
import threading
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from types import FunctionType, MethodType, ModuleType
from typing import Any

import sqlalchemy as sa

from bot.work.tables import inbox, jobs, leases

_PRODUCT = ("bot", "adapters", "knowledge", "persona")
_CACHED = type(lru_cache(len))
_FREE = "(free pages)"
_FENCE = "forgotten:"
_NOT_HELD = (
    type,
    ModuleType,
    FunctionType,
    MethodType,
    asyncio.AbstractEventLoop,
    threading.Thread,
)
_COUNTED = 64
"""Collections with fewer entries are not told."""


@dataclass
class Sample:
    """At a moment at which nothing is being worked on. Sizes in bytes.

    ``resident`` is what it is after garbage was collected and free memory was given back,
    ``resident_before`` what it was before. ``tables`` and ``rows`` are filled once an hour.
    """

    second: float
    turns: int
    wall: float
    resident: int
    resident_before: int
    tasks: int
    threads: int
    files: int
    objects: int
    database: int
    journal: int
    knowledge: int
    open_events: int
    open_jobs: int
    tables: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    """Entries of the collections that parts of the product hold on to."""
    cached: int = 0
    """Bytes of those and of what hangs on them."""
    kinds: dict[str, int] = field(default_factory=dict)
    """How many objects there are of the most frequent types."""


def resident() -> int:
    """Bytes of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def trim() -> None:
    """Give back what is free, as far as the C library can."""
    gc.collect()
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except (OSError, AttributeError):  # another C library
        return


def tasks_by_name() -> Counter[str]:
    """The tasks of the loop by what they run."""
    return Counter(_name(task) for task in asyncio.all_tasks())


def _name(task: asyncio.Task[Any]) -> str:
    running = task.get_coro()
    return getattr(running, "__qualname__", type(running).__name__)


def threads() -> int:
    return threading.active_count()


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def open_rows(connection: sa.Connection) -> tuple[int, int]:
    """Events and jobs that are not done."""
    events = sa.select(sa.func.count()).where(inbox.c.status.in_(("waiting", "running")))
    open_jobs = sa.select(sa.func.count()).where(jobs.c.status.in_(("queued", "running")))
    return connection.scalar(events) or 0, connection.scalar(open_jobs) or 0


def working(connection: sa.Connection) -> bool:
    """Whether a job is being worked on, or anything else under a lease that has to be renewed."""
    running = sa.select(jobs.c.id).where(jobs.c.status == "running").limit(1)
    held = sa.select(leases.c.name).where(
        leases.c.owner != "",
        leases.c.until > datetime.now(UTC),
        ~leases.c.name.startswith(_FENCE),
    )
    return connection.scalar(running) is not None or connection.scalar(held.limit(1)) is not None


def bytes_of(connection: sa.Connection) -> int:
    """Of the whole database, without its journal."""
    pages: int = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    return pages * _page_size(connection)


def tables(connection: sa.Connection) -> tuple[dict[str, int], dict[str, int]]:
    """Bytes of each table with its indexes, and its rows."""
    sizes: Counter[str] = Counter()
    found = connection.exec_driver_sql("SELECT name, tbl_name FROM sqlite_schema")
    owner: dict[str, str] = dict(found.tuples().all())
    each = "SELECT name, pgsize FROM dbstat WHERE aggregate = TRUE"
    for name, pages in connection.exec_driver_sql(each):
        sizes[owner.get(name, name)] += pages
    rows = {
        name: int(connection.exec_driver_sql(f'SELECT count(*) FROM "{name}"').scalar_one())
        for name in sorted(sizes)
        if not name.startswith("sqlite_")
    }
    free: int = connection.exec_driver_sql("PRAGMA freelist_count").scalar_one()
    sizes[_FREE] = free * _page_size(connection)
    return dict(sizes), rows


def _page_size(connection: sa.Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA page_size").scalar_one())


def kinds(most: int = 25) -> dict[str, int]:
    """The most frequent types of what was made since garbage rounds leave out the rest."""
    counted = Counter(f"{type(o).__module__}.{type(o).__qualname__}" for o in gc.get_objects())
    return dict(counted.most_common(most))


class Holdings:
    """The collections that objects of the product hold: what grows among them is a cache that is
    not full yet, one without a bound, or a leak."""

    def __init__(self) -> None:
        """Before garbage rounds leave out what is there: it is looked at all the same."""
        self._lasting = [each for each in gc.get_objects() if _is_ours(each)]

    def __call__(self) -> tuple[dict[str, int], int]:
        """Entries by name, of those that have many, and the bytes of all these."""
        found: Counter[str] = Counter()
        new = (each for each in gc.get_objects() if _is_ours(each))
        seen: set[int] = set()
        held: list[object] = []
        for each in (*self._lasting, *new):
            if id(each) in seen:
                continue
            seen.add(id(each))
            for name, entries, collection in _collections(each):
                found[name] += entries
                if entries >= _COUNTED:
                    held.append(collection)
        named = {name: entries for name, entries in found.items() if entries >= _COUNTED}
        return named, _weight(held)


def _weight(held: list[object]) -> int:
    """Bytes of collections with what hangs on them; what is shared counts once."""
    seen: set[int] = set()
    waiting, found = list(held), 0
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, _NOT_HELD):
            continue
        seen.add(id(each))
        found += sys.getsizeof(each)
        waiting += gc.get_referents(each)
    return found


def _is_ours(each: object) -> bool:
    kind = type(each)
    named: object = each.__module__ if kind is _CACHED else kind.__module__
    return str(named).partition(".")[0] in _PRODUCT and not isinstance(each, type)


def _collections(each: Any) -> Iterable[tuple[str, int, object]]:
    if type(each) is _CACHED:
        yield f"{each.__module__}.{each.__qualname__}", each.cache_info().currsize, each
        return
    kind = type(each)
    slots = [s for c in kind.__mro__ for s in getattr(c, "__slots__", ()) if isinstance(s, str)]
    names = {*getattr(each, "__dict__", ()), *slots}
    for name in names:
        value = getattr(each, name, None)
        if isinstance(value, dict | list | deque | set):
            yield f"{kind.__module__}.{kind.__qualname__}.{name}", len(value), value
