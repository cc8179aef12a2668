"""How long the server takes for every page of the console, with a million turns stored.

    python -m benchmarks.bench_console [--turns 1000000] [--databases sqlite postgresql]

A bot of the sample in which everything is there (turns of all chats, ratings, gaps, rounds, runs,
versions, jobs) gets a million turns of a year, by copies inside the database. Then `serve` runs as
a process of its own, every link of the console is followed, and once no job runs and the server
rests, each address is asked for once and five times more, one at a time. What counts of a kind of
page is its slowest address, in the middle of the five; the first request is told beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2
import sqlalchemy as sa

from benchmarks.filled_house import fill
from benchmarks.reporting import at_most, figure, not_run
from bot.settings import load_settings
from bot.store.base import Database
from tests.platforms.command import Cli
from tests.platforms.crawling import Crawled, crawl
from tests.platforms.full_house import furnish
from tests.platforms.postgres_server import Cluster, server_binaries
from tests.platforms.served_bot import TOKEN, Service

BAR_MS = 100
_OF_A_SHAPE = 2
_TIMES = 5
_RESTS = 0.02
"""Of a core: what a server does that nobody asks anything."""
_REST_S = 600
_GATHERED = ("gaps", "list", "--limit", "1")


@contextmanager
def _serving(folder: Path, more: dict[str, str]) -> Iterator[Service]:
    service = Service(folder, more)
    try:
        service.start()
        yield service
    finally:
        service.stop()


_VACUUM_S = 600
_BEHIND = sa.text(
    """
    SELECT s.relname FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
    LEFT JOIN pg_options_to_table(c.reloptions) own
        ON own.option_name = 'autovacuum_vacuum_insert_scale_factor'
    WHERE s.n_ins_since_vacuum > 1000 + s.n_live_tup * coalesce(own.option_value::float, 0.2)
        OR s.n_mod_since_analyze > 50 + s.n_live_tup * 0.1
    """
)
"""Tables with enough new rows that PostgreSQL would vacuum or analyse them."""


def _cpu_seconds(pid: int | None) -> float | None:
    """What a process has used; ``None`` where the machine does not say (no /proc)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rest(service: Service, command: Cli) -> None:
    """Wait until no job is queued or runs, and the server has nothing left to do of its start."""
    until, resting = time.monotonic() + _REST_S, 0
    while resting < 2:
        if time.monotonic() > until:
            raise SystemExit(f"The server does not come to rest within {_REST_S} s.")
        before = _cpu_seconds(service.pid)
        time.sleep(2)
        after = _cpu_seconds(service.pid)
        quiet = before is None or after is None or after - before <= 2 * _RESTS
        resting = resting + 1 if quiet and not _at_work(command) else 0


def _at_work(command: Cli) -> bool:
    """Whether a job is queued or runs; but for the house's round, which no server works at."""
    jobs = [
        job
        for status in ("running", "queued")
        for job in command.json("jobs", "list", "--status", status)
    ]
    return any(job["kind"] != "tuning" for job in jobs)


def _timed(
    client: httpx2.Client, pages: Sequence[Crawled]
) -> dict[str, list[tuple[float, float, str]]]:
    """By kind of page, of each address the first time and the middle one of more, in ms."""
    found: dict[str, list[tuple[float, float, str]]] = {}
    for page in pages:
        walls = []
        for _ in range(1 + _TIMES):
            begun = time.perf_counter()
            answer = client.get(page.address)
            walls.append((time.perf_counter() - begun) * 1000)
        if answer.is_error:
            print(f"{page.address}: {answer.status_code}, not counted")
            continue
        told = (walls[0], statistics.median(walls[1:]), page.address)
        found.setdefault(page.kind, []).append(told)
    return found


async def _prepare(folder: Path, url: str, turns: int) -> None:
    """A home in the folder, and a database with ``turns`` turns."""
    more = {"DATABASE_URL": url} if url else {}
    command = Cli(folder, more)
    for step in (("init", "--sample", "."), ("ingest",)):
        done = command(*step)
        assert done.returncode == 0, done.stderr
    home = folder / ".wellspoken"
    await furnish(home, turns=600, url=url)
    command("gaps", "list")  # gathers what was not answered
    database = await Database.open(load_settings(WELLSPOKEN_HOME=home, **more).database)
    begun = time.perf_counter()
    await fill(database, turns)
    print(f"{turns:,} turns in {time.perf_counter() - begun:.0f} s")
    if url:
        await _vacuumed(database)
    await database.close()


async def _vacuumed(database: Database) -> None:
    """Wait until PostgreSQL has looked through the filled tables by itself, as it does in a year:
    a table full of rows that nobody has vacuumed yet is nobody's."""
    begun = time.monotonic()

    def behind(connection: sa.Connection) -> list[str]:
        return list(connection.scalars(_BEHIND))

    while left := await database.read(behind):
        if time.monotonic() - begun > _VACUUM_S:
            raise SystemExit(f"PostgreSQL has not vacuumed {', '.join(left)} in {_VACUUM_S} s.")
        await asyncio.sleep(2)
    print(f"vacuumed by PostgreSQL itself, {time.monotonic() - begun:.0f} s later")


def measure(name: str, folder: Path, url: str, turns: int) -> None:
    """Fill, serve, follow and time."""
    if url or not (folder / ".wellspoken").is_dir():
        asyncio.run(_prepare(folder, url, turns))
    more = {"DATABASE_URL": url} if url else {}
    with (
        _serving(folder, more) as service,
        httpx2.Client(base_url=service.api.address, timeout=300) as client,
    ):
        client.get("/console/login")
        client.post("/console/login", data={"token": TOKEN, "next": "/console"})
        pages = [page for page in crawl(client, "/console", _OF_A_SHAPE) if page.status < 400]
        _rest(service, Cli(folder, more))
        found = _timed(client, [p for p in pages if p.path.startswith("/console")])
    print(f"\n{name}, {turns:,} turns: {len(found)} kinds of pages, {len(pages)} addresses")
    print(f"{'first ms':>9} {'middle ms':>9}  slowest address")
    slowest = {kind: max(told, key=lambda t: t[1]) for kind, told in found.items()}
    for first, middle, address in sorted(slowest.values(), key=lambda t: -t[1]):
        print(f"{first:>9.1f} {middle:>9.1f}  {address}")
    _figures(name, found)


def _figures(name: str, found: dict[str, list[tuple[float, float, str]]]) -> None:
    """What is kept: of each kind of page its slowest address, in the middle and the first time."""
    middles = [max(middle for _, middle, _ in told) for told in found.values()]
    firsts = [max(first for first, _, _ in told) for told in found.values()]
    slowest = max(middles)
    figure(f"{name}: slowest kind of page", slowest, unit="ms", bar=at_most(BAR_MS), speed=True)
    figure(f"{name}: kinds of pages, p50", statistics.median(middles), unit="ms", speed=True)
    over = sum(middle > BAR_MS for middle in middles)
    figure(f"{name}: kinds of pages above {BAR_MS} ms", over, n=len(middles), speed=True)
    figure(f"{name}: slowest kind of page, first request", max(firsts), unit="ms", speed=True)
    median = statistics.median(firsts)
    figure(f"{name}: kinds of pages, first request, p50", median, unit="ms", speed=True)


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=1_000_000)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"],
                        choices=["sqlite", "postgresql"])  # fmt: skip
    parser.add_argument(
        "--home",
        type=Path,
        help="where the bots are kept, and used again (SQLite's); default: thrown away",
    )
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as thrown:
        for name in wanted.databases:
            folder = (wanted.home or Path(thrown)) / name
            folder.mkdir(parents=True, exist_ok=True)
            if name == "sqlite":
                measure(name, folder, "", wanted.turns)
                continue
            binaries = server_binaries()
            if binaries is None:
                not_run("no PostgreSQL server programs (initdb) on this machine")
                continue
            cluster = Cluster(binaries, shared_buffers="128MB")  # what PostgreSQL itself takes
            cluster.start()
            try:
                measure(name, folder, cluster.url(cluster.create()), wanted.turns)
            finally:
                cluster.stop()


if __name__ == "__main__":
    main()
