"""Whole turns a second of two `wellspoken serve` processes over one PostgreSQL.

    python -m benchmarks.bench_load [--rates 20 40 60] [--seconds 20] [--processes 2]
        [--chunks 10000] [--database postgresql|sqlite]

Questions come to `/api/ask` at an even pace, whether or not others are still being answered, to the
processes in turn; each is a thread of its own. The model is a stand-in: 300 ms to the first token,
150 tokens. Model, database, whoever asks and the bot share the machine, and all but the model's
300 ms counts as ours: "own part" is the time from question to whole answer less what the stand-in
alone takes. Of some answers a sentence is asked for once more: their second wait for the model is
told apart. CPU is that of the bot's processes; PostgreSQL's is told beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

import aiohttp

from benchmarks.bench_turn import prepare
from benchmarks.open_sets import ROOT
from benchmarks.product import COMMAND, environment
from benchmarks.reporting import at_least, at_most, figure, not_run
from benchmarks.running import machine_cpu
from tests.platforms.postgres_server import Cluster, server_binaries

TOKEN = "bench-load"
FIRST_TOKEN_MS, TOKENS = 300, 150
P95_MS, TURNS_A_SECOND = 250, 60
_PATIENCE_S = 60.0
_WARMING = (10.0, 6.0)  # questions a second, seconds


@dataclass
class Load:
    """What came of one rate."""

    rate: float
    walls: list[float] = field(default_factory=list)
    once: list[float] = field(default_factory=list)
    """Of ``walls`` those for which the model was asked once."""
    outcomes: list[str] = field(default_factory=list)
    failed: int = 0
    seconds: float = 0.0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _cpu(pid: int) -> float:
    """Seconds of CPU that a process and those it waited for used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _family_cpu(name: str) -> float:
    """Seconds of CPU of all processes of a name."""
    total = 0.0
    for each in Path("/proc").glob("[0-9]*"):
        try:
            if (each / "comm").read_text().strip() == name:
                total += _cpu(int(each.name))
        except OSError:
            continue  # it ended meanwhile
    return total


@contextmanager
def _running(command: Sequence[str], folder: Path, env: dict[str, str]) -> Iterator[int]:
    """A process for the time of the block; its pid."""
    with (folder / f"log-{time.monotonic_ns()}").open("wb") as log:
        process = subprocess.Popen([*command], cwd=ROOT, env=env, stdout=log, stderr=log)
        try:
            yield process.pid
        finally:
            process.terminate()
            process.wait(60)


async def _ready(session: aiohttp.ClientSession, at: str) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        with suppress(aiohttp.ClientError):  # nobody listens yet
            async with session.get(f"{at}/readyz") as answer:
                if answer.status == 200:
                    return
        await asyncio.sleep(0.2)
    raise SystemExit(f"{at} is not ready after {_PATIENCE_S:.0f} s")


async def _ask(session: aiohttp.ClientSession, at: str, question: str, load: Load) -> None:
    begun = time.perf_counter()
    body = {"question": question, "groups": ["g1", "g2"]}
    try:
        async with session.post(f"{at}/api/ask", json=body) as answer:
            told = await answer.json()
            if answer.status != 200:
                raise aiohttp.ClientPayloadError(str(answer.status))
    except (aiohttp.ClientError, TimeoutError):
        load.failed += 1
        return
    wall = (time.perf_counter() - begun) * 1000
    load.walls.append(wall)
    if told["usage"]["completion_tokens"] <= TOKENS:
        load.once.append(wall)
    load.outcomes.append(told["outcome"])


async def _alone(session: aiohttp.ClientSession, model: str) -> float:
    """What the stand-in takes for one answer that nobody does anything with, ms."""
    body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "[1] A b."}]}
    walls = []
    for _ in range(10):
        begun = time.perf_counter()
        async with session.post(f"{model}/chat/completions", json=body) as answer:
            await answer.read()
        walls.append((time.perf_counter() - begun) * 1000)
    return statistics.median(walls)


async def _at_rate(
    session: aiohttp.ClientSession,
    ats: list[str],
    asked: Iterator[str],
    rate: float,
    seconds: float,
) -> Load:
    load = Load(rate)
    loop = asyncio.get_running_loop()
    begun, tasks = loop.time(), []
    for number in range(int(rate * seconds)):
        await asyncio.sleep(begun + number / rate - loop.time())
        each = _ask(session, ats[number % len(ats)], next(asked), load)
        tasks.append(asyncio.create_task(each))
    await asyncio.gather(*tasks)
    load.seconds = loop.time() - begun
    return load


@dataclass(frozen=True)
class Spent:
    """Seconds of CPU up to a moment: of the bot, of PostgreSQL, of what asks and stands in for the
    model, and of everything on the machine."""

    bot: float
    database: float
    asker: float
    machine: float

    def since(self, before: Spent) -> Spent:
        """What was spent after that."""
        return Spent(
            self.bot - before.bot,
            self.database - before.database,
            self.asker - before.asker,
            self.machine - before.machine,
        )


def _spent(pids: Sequence[int], model: int) -> Spent:
    asker = time.process_time() + _cpu(model)
    return Spent(sum(map(_cpu, pids)), _family_cpu("postgres"), asker, machine_cpu())


def _tell(load: Load, alone: float, spent: Spent, processes: int) -> None:
    own, once = (sorted(wall - alone for wall in walls) for walls in (load.walls, load.once))
    count = len(own)
    p50, p95 = own[count // 2], own[int(count * 0.95)]
    alone_p95 = once[int(len(once) * 0.95)] if once else math.nan
    done = count / load.seconds
    cpu, database, asker = spent.bot, spent.database, spent.asker
    others = spent.machine - cpu - database - asker
    busy = max(0.0, others) / (load.seconds * (os.cpu_count() or 1))
    answered = load.outcomes.count("answered") / max(count, 1)
    print(
        f"  {load.rate:4.0f} a second: {done:5.1f} done, own part p50 {p50:6.1f} ms, "
        f"p95 {p95:6.1f} ms ({alone_p95:.1f} where the model was asked once, "
        f"{len(once) / count:.0%}), {cpu / count * 1000:5.1f} ms CPU a turn, "
        f"{database / count * 1000:4.1f} of PostgreSQL, {load.failed} failed, "
        f"{answered:.0%} answered, others used {busy:.0%} of the machine"
    )
    what = f"{processes} processes, {load.rate:.0f} questions/s"
    bar = load.rate == TURNS_A_SECOND
    figure(
        f"{what}: done a second", done, bar=at_least(TURNS_A_SECOND) if bar else None, speed=True
    )
    figure(f"{what}: own part, p50", p50, unit="ms", speed=True)
    figure(
        f"{what}: own part, p95", p95, unit="ms", bar=at_most(P95_MS) if bar else None, speed=True
    )
    if once:
        told = f"{what}: own part where the model was asked once, p95"
        figure(told, alone_p95, unit="ms", speed=True)
    figure(f"{what}: CPU a turn", cpu / count * 1000, unit="ms", speed=True)
    figure(f"{what}: CPU a turn of PostgreSQL", database / count * 1000, unit="ms", speed=True)
    told = f"{what}: CPU a turn of who asks and of the stand-in"
    figure(told, asker / count * 1000, unit="ms", speed=True)
    figure(f"{what}: of the machine others used", busy, unit="share", speed=True)


async def _measure(
    options: argparse.Namespace, folder: Path, url: str, model: str, model_pid: int
) -> None:
    told = json.loads((folder / "bench.json").read_text("utf-8"))["questions"]
    asked = cycle(told)  # each once: an answer that was given before would cost nothing
    env = {
        **environment(),
        "PYTHONPATH": str(ROOT),
        "WELLSPOKEN_HOME": str(folder),
        "WELLSPOKEN_CONSOLE_TOKEN": TOKEN,
        "OPENAI_BASE_URL": model,
        "WELLSPOKEN_MODEL": "stand-in",
        **({"DATABASE_URL": url} if url else {}),
    }
    with ExitStack() as stack:
        ports = [_free_port() for _ in range(options.processes)]
        pids = [
            stack.enter_context(
                _running([*COMMAND, "serve", "--port", str(port), "--only", "web"], folder, env)
            )
            for port in ports
        ]
        ats = [f"http://127.0.0.1:{port}" for port in ports]
        session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {TOKEN}"},
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(_PATIENCE_S),
        )
        async with session:
            for at in ats:
                await _ready(session, at)
            alone = await _alone(session, model)
            await _at_rate(session, ats, asked, *_WARMING)  # what is made at first use
            for rate in options.rates:
                before = _spent(pids, model_pid)
                load = await _at_rate(session, ats, asked, rate, options.seconds)
                _tell(load, alone, _spent(pids, model_pid).since(before), options.processes)


def main() -> None:
    """Measure each rate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rates", type=float, nargs="+", default=[20, 40, 60])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--chunks", type=int, default=10_000)
    parser.add_argument("--database", choices=["postgresql", "sqlite"], default="postgresql")
    options = parser.parse_args()
    binaries = server_binaries()
    if options.database == "postgresql" and binaries is None:
        not_run("there is no PostgreSQL server here")
        raise SystemExit(
            "There is no PostgreSQL server here; install it, or use --database sqlite."
        )
    asked = sum(int(rate * options.seconds) for rate in options.rates) + int(math.prod(_WARMING))
    if asked > options.chunks // 2:
        raise SystemExit(f"{asked} questions want {2 * asked:,} chunks: name more with --chunks.")
    port = _free_port()
    model = [sys.executable, "-m", "tests.platforms.openai_server", "--port", str(port)]
    model += ["--tokens", str(TOKENS), "--first-token-ms", str(FIRST_TOKEN_MS)]
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        prepare(folder, options.chunks, asked)
        url = ""
        if options.database == "postgresql" and binaries is not None:
            cluster = Cluster(binaries)
            cluster.start()
            stack.callback(cluster.stop)
            url = cluster.url(cluster.create())
        pid = stack.enter_context(_running(model, folder, environment()))
        print(f"{options.processes} processes, {options.chunks:,} chunks, {options.database}")
        at = f"http://127.0.0.1:{port}/v1"
        asyncio.run(_measure(options, folder, url, at, pid))


if __name__ == "__main__":
    main()
