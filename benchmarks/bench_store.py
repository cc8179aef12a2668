"""What the data layer costs: CPU and wall time per turn, on SQLite and on PostgreSQL.

A turn here is what the engine does of it: read the last 20 messages of its thread, then record the
turn with six passages, three citations and its audit record.

    python -m benchmarks.bench_store [--database URL] [--turns 300] [--stored 5000]

Without ``--database`` it measures SQLite in a temporary folder.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from benchmarks.reporting import figure
from bot.conversation import (
    Author,
    Outcome,
    Platform,
    Principal,
    Route,
    RouteDecision,
    Turn,
    Usage,
)
from bot.evidence import Chunk, Citation, Claim, Grounding, Passage
from bot.store.base import Database
from bot.store.history import History
from bot.store.ids import new_id
from bot.work.inbox import Inbox

_TEXT = "The pump AX-100 runs at 2.5 bar and needs a new filter every 400 hours of work. " * 15
_numbers = itertools.count()


def make_turn(thread: str) -> Turn:
    """A turn of the usual size: six passages of 1,200 characters."""
    number = next(_numbers)
    passages = tuple(
        Passage(
            Chunk(
                id=f"{number}-{i}",
                document=f"manual/page-{i}.md",
                source="manual",
                revision="3f2a",
                ordinal=i,
                title="Manual",
                headings=("Care", "Filter"),
                text=_TEXT,
                start=i * 1200,
                end=(i + 1) * 1200,
                uri=f"https://example.com/{i}",
                groups=frozenset({"staff"}),
            ),
            score=0.9 - i / 10,
            lexical=12.3,
            cosine=0.61,
        )
        for i in range(6)
    )
    citations = tuple(
        Citation(
            i + 1, f"manual/page-{i}.md", "Manual", "https://example.com/", _TEXT[:160], f"{i}"
        )
        for i in range(3)
    )
    claims = tuple(Claim(i * 80, i * 80 + 79, _TEXT[:79], True, 0.9, i) for i in range(4))
    return Turn(
        id=new_id(),
        thread=thread,
        question="How often does the pump need a new filter?",
        query="pump new filter interval",
        author=Author(Platform.SLACK, "U024BE7LH", "Ann"),
        channel="C0G9QF9GZ",
        audience=frozenset({"staff"}),
        route=RouteDecision(Route.RAG, 0.9, ("asks for a fact",)),
        answer=_TEXT[:600],
        outcome=Outcome.ANSWERED,
        citations=citations,
        grounding=Grounding(claims),
        passages=passages,
        withheld=("board/minutes.md",),
        model="extractive",
        persona="juniper",
        usage=Usage(900, 150, 0.0),
        timings_ms={"retrieve": 4.2, "speak": 8.1, "ground": 2.2, "store": 1.0},
        at=datetime.now(UTC),
    )


async def _measure(
    database: str, name: str, jobs: int, at_once: int, job: Callable[[int], Awaitable[None]]
) -> None:
    """Run ``job(i)`` ``jobs`` times, ``at_once`` side by side, and print one line."""
    walls: list[float] = []
    numbers = iter(range(jobs))

    async def worker() -> None:
        for number in numbers:
            started = time.perf_counter()
            await job(number)
            walls.append((time.perf_counter() - started) * 1000)

    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(at_once)))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    walls.sort()
    if at_once == 1:
        figure(f"{database}: {name}, CPU", cpu / jobs * 1000, unit="ms", speed=True)
    print(
        f"{name:<34} {at_once:>3} {cpu / jobs * 1000:>8.2f} {statistics.median(walls):>8.2f}"
        f" {walls[int(len(walls) * 0.99) - 1]:>8.2f} {jobs / wall:>8.0f}"
    )


async def measure(url: str, turns: int, stored: int) -> None:
    """All figures of one database."""
    opened = time.perf_counter()
    db = await Database.open(url)
    print(f"\n{db.name}: opened in {(time.perf_counter() - opened) * 1000:.0f} ms")
    await db.close()
    opened, cpu = time.perf_counter(), time.process_time()
    db = await Database.open(url)
    wall = (time.perf_counter() - opened) * 1000
    print(f"opened again in {wall:.1f} ms, {(time.process_time() - cpu) * 1000:.1f} ms CPU")
    history, inbox = History(db), Inbox(db, "bench")
    threads = max(1, stored // 25)
    await asyncio.gather(
        *(history.record(make_turn(f"thread-{i % threads}")) for i in range(stored))
    )
    print(f"{stored} turns stored before")
    print(f"{'':<34} {'at':>3} {'CPU ms':>8} {'p50 ms':>8} {'p99 ms':>8} {'per s':>8}")

    async def read(number: int) -> None:
        assert (
            len(
                await history.messages(
                    f"thread-{number % threads}", Principal(frozenset({"staff"})), 20
                )
            )
            == 20
        )

    async def record(number: int) -> None:
        await history.record(make_turn(f"thread-{number % threads}"), key=new_id("k"))

    async def whole(number: int) -> None:
        await read(number)
        await record(number)

    async def recent(_: int) -> None:
        await history.recent(50)

    async def event(number: int) -> None:
        await inbox.put(new_id("e"), f"thread-{number % threads}", {"text": "How often?"})

    async def worked(_: int) -> None:
        for claim in await inbox.claim(1):
            await inbox.complete(await inbox.checkpoint(claim, "posted", {"message": "1"}))

    for at_once in (1, 16):
        await _measure(db.name, "read 20 messages", turns, at_once, read)
        await _measure(db.name, "record a turn", turns, at_once, record)
        await _measure(db.name, "both: the turn's data layer", turns, at_once, whole)
        await _measure(db.name, "inbox: put", turns, at_once, event)
        await _measure(db.name, "inbox: claim, checkpoint, done", turns, at_once, worked)
    await _measure(db.name, "50 recent turns", 20, 1, recent)
    await db.close()


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", help="a SQLAlchemy URL of an empty database")
    parser.add_argument("--turns", type=int, default=300)
    parser.add_argument("--stored", type=int, default=5000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = given.database or f"sqlite:///{folder}/bench.db"
        asyncio.run(measure(url, given.turns, given.stored))


if __name__ == "__main__":
    main()
