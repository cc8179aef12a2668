"""The world of a scenario: platforms, a model, a database, a network between, and our processes."""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.bots import STARTING_S, Bot, keep_up
from tests.chaos.chats import Chat, DiscordChat, SlackChat, Talk
from tests.chaos.judging import (
    Counts,
    first_answers,
    inbox_rows,
    is_settled,
    judge_bots,
    judge_database,
    judge_talks,
    waits,
)
from tests.chaos.load import Load
from tests.chaos.proxy import Proxy
from tests.platforms.command import environment, run_command
from tests.platforms.discord_server import DiscordServer
from tests.platforms.openai_server import Behaviour, OpenAIServer
from tests.platforms.postgres_server import Cluster, server_binaries
from tests.platforms.pumps import write_knowledge
from tests.platforms.slack_server import SlackServer
from tests.platforms.weaviate_server import WeaviateProcess, server_binary

_SETTINGS = """
[cache]
enabled = false

[models]
first_token = "3s"
answer = "15s"

[limits]
person = "off"
channel = "off"
workspace = "off"
burst = "off"
repeats = "off"
"""
_QUIET_S = 2.0


@dataclass(frozen=True)
class Plan:
    """What a world is made of. ``memory``: megabytes of a disk of its own for the data folder."""

    database: str = "sqlite"
    processes: int = 1
    weaviate: bool = False
    model: bool = True
    people: int = 24
    disk: int = 0
    clock: bool = False

    @property
    def name(self) -> str:
        """In a few words."""
        store = " and Weaviate" if self.weaviate else ""
        title = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[self.database]
        return f"{title}{store}, {self.processes} process{'es' * (self.processes > 1)}"

    @property
    def missing(self) -> str:
        """What this machine lacks for it; empty: nothing."""
        if self.database == "postgresql" and server_binaries() is None:
            return "no PostgreSQL server programs"
        if self.weaviate and server_binary() is None:
            return "no Weaviate server"
        return ""


@dataclass
class World:
    """A running world. ``networks`` are the ways between our processes and the others."""

    plan: Plan
    folder: Path
    slack: SlackServer
    discord: DiscordServer
    models: OpenAIServer
    networks: dict[str, Proxy]
    bots: list[Bot]
    url: str
    """The database, for the judge: not through the network."""
    chance: random.Random
    cluster: Cluster | None = None
    weaviate: WeaviateProcess | None = None
    chats: Sequence[Chat] = ()
    load: Load = field(init=False)
    healed: float = 0.0
    rows: Sequence[str] = ()
    """What the inbox says in the end, for whoever looks for the reason of a fault."""

    @property
    def home(self) -> Path:
        """The data folder that our processes share."""
        return self.folder / "home"

    async def start(self) -> None:
        """Start our processes, and wait until each platform has its connections."""
        for bot in self.bots:
            bot.wanted = True
        await self.connected()

    async def connected(self) -> None:
        """Until every process is connected to every platform."""
        try:
            await self.slack.connected(len(self.bots), timeout=STARTING_S)
            await self.discord.connected(len(self.bots), timeout=STARTING_S)
        except TimeoutError as error:
            ends = [f"{bot.name}: …{bot.log[-600:]}" for bot in self.bots]
            raise TimeoutError(f"not connected; {ends}") from error

    def heal(self) -> None:
        """The fault is over, now."""
        for network in self.networks.values():
            network.heal()
        self.slack.web.faults.clear()
        self.discord.rest.faults.clear()
        self.models.behaviour.fault = None
        self.healed = time.time()

    async def settle(self, patience: float) -> None:
        """Until every question has its answer and nothing is half posted, so many seconds at
        most."""
        await self.load.stop()
        deadline = time.monotonic() + patience
        quiet = 0.0
        open_: Sequence[Talk] = self.load.talks
        while time.monotonic() < deadline:
            open_ = [talk for talk in open_ if not is_settled(talk, self.healed)]
            if not open_ and not quiet:
                quiet = time.monotonic()
            if quiet and time.monotonic() - quiet > _QUIET_S:
                return
            await asyncio.sleep(0.1)

    async def stop(self) -> None:
        """SIGTERM to all our processes, one after the other."""
        for bot in self.bots:
            bot.wanted = False
        await asyncio.gather(*(bot.stop() for bot in self.bots))

    async def judge(self) -> Counts:
        """Everything that is counted, once our processes have stopped."""
        counts = judge_talks(self.load.talks, self.healed)
        counts.add(judge_bots(self.bots))
        counts.add(await judge_database(self.url, counts.asked))
        self.rows = await inbox_rows(self.url)
        checked = await asyncio.to_thread(self.command, "audit", "verify", "--json")
        if checked.returncode:
            counts.bad_trails += 1
            counts.notes.append(f"audit verify: {checked.stdout[-500:]} {checked.stderr[-500:]}")
        return counts

    def first_answers(self) -> list[float]:
        """Seconds from restarts to first answers."""
        return first_answers(self.bots, self.load.talks)

    def waits(self) -> list[float]:
        """Seconds from each question to its finished answer, while things break."""
        return waits(self.load.talks)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """``wellspoken`` with the settings of our processes, past the network."""
        settings = {**self.bots[0].settings, "DATABASE_URL": self.url}
        return run_command(
            *arguments,
            cwd=self.home,
            env=environment(self.home, WELLSPOKEN_HOME=str(self.home), **settings),
            timeout=60,
        )

    def lock_sqlite(self) -> sqlite3.Connection:
        """Another program holds the database; closing the connection ends that."""
        other = sqlite3.connect(
            self.home / "wellspoken.db", isolation_level=None, timeout=30, check_same_thread=False
        )
        other.execute("BEGIN IMMEDIATE")
        return other


@asynccontextmanager
async def world(plan: Plan, seed: int) -> AsyncIterator[World]:
    """A world between start and end; our processes are not started yet."""
    async with AsyncExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="wellspoken-chaos-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        home = folder / "home"
        home.mkdir()
        if plan.disk:
            mount_disk(home, plan.disk)
            stack.callback(unmount, home)
        (home / "wellspoken.toml").write_text(_SETTINGS)
        slack = await stack.enter_async_context(
            SlackServer(ack_timeout=1.0, retry_delays=(0.1, 0.5, 1.0, 2.0, 4.0, 4.0, 8.0, 8.0))
        )
        discord = await stack.enter_async_context(DiscordServer())
        models = stack.enter_context(OpenAIServer(Behaviour(first_token_s=0.15, token_s=0.01)))
        ports = {"slack": slack.port, "discord": discord.port, "model": models.port}
        url, cluster = f"sqlite:///{home / 'wellspoken.db'}", None
        if plan.database == "postgresql":
            cluster = _cluster()
            stack.callback(cluster.stop)
            url = cluster.url(cluster.create())
            ports["database"] = cluster.port
        node = None
        settings: dict[str, str] = {}
        if plan.weaviate:
            node = _weaviate()
            stack.callback(node.remove)
            settings = node.environment
        await asyncio.to_thread(write_knowledge, home, DATABASE_URL=url, **settings)
        networks = {
            name: await stack.enter_async_context(Proxy(port, seed)) for name, port in ports.items()
        }
        slack.world.url = f"http://127.0.0.1:{networks['slack'].port}"
        discord.world.url = f"http://127.0.0.1:{networks['discord'].port}"
        settings |= _addresses(slack, discord, networks, plan)
        if cluster is not None:
            there = networks["database"].port
            settings["DATABASE_URL"] = url.replace(f":{cluster.port}/", f":{there}/")
        bots = [Bot(f"serve-{n + 1}", home, settings | _clock(plan, folder, n))
                for n in range(plan.processes)]  # fmt: skip
        made = World(plan, folder, slack, discord, models, networks, bots, url,
                     random.Random(seed), cluster, node)  # fmt: skip
        made.chats = (SlackChat(slack, plan.people), DiscordChat(discord, plan.people))
        made.load = Load(made.chats, made.chance)
        keeping = asyncio.create_task(keep_up(bots))
        try:
            yield made
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            for bot in bots:
                bot.kill()


def _addresses(
    slack: SlackServer, discord: DiscordServer, networks: dict[str, Proxy], plan: Plan
) -> dict[str, str]:
    given = {
        "SLACK_API_URL": f"{slack.world.url}/api/",
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "DISCORD_TOKEN": discord.token,
        "DISCORD_API_URL": f"{discord.world.url}/api/v10",
    }
    if plan.model:
        given["OPENAI_BASE_URL"] = f"http://127.0.0.1:{networks['model'].port}/v1"
        given["WELLSPOKEN_MODEL"] = "stand-in"
    return given


def _cluster() -> Cluster:
    binaries = server_binaries()
    assert binaries is not None
    cluster = Cluster(binaries)
    cluster.start()
    return cluster


def _weaviate() -> WeaviateProcess:
    binary = server_binary()
    assert binary is not None
    node = WeaviateProcess(binary)
    node.start()
    return node


# -- clocks and disks ------------------------------------------------------------------------


def clock_file(folder: Path, number: int) -> Path:
    """Where it is written how far the clock of a process is moved."""
    return folder / f"clock-{number}"


def _clock(plan: Plan, folder: Path, number: int) -> dict[str, str]:
    if not plan.clock:
        return {}
    file = clock_file(folder, number)
    file.write_text("0")
    return {"CHAOS_CLOCK": str(file)}


def mount_disk(folder: Path, megabytes: int) -> None:
    """A small disk of its own for a folder. Raises CalledProcessError where one may not."""
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "wellspoken-chaos", str(folder)],
        check=True,
        capture_output=True,
    )


def unmount(folder: Path) -> None:
    """Take the small disk away."""
    subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)
