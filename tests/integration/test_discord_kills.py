"""`wellspoken serve` on Discord, killed with ``kill -9`` again and again: one answer to each
question, in order, whatever the moment.

Each seeded run asks in several threads and in direct messages, and kills the service when one of
its calls reaches Discord (before or after it takes effect) or at some moment in between. Direct
messages were answered before: Discord does not list who wrote for the first time in a gap.
``KILL_RUNS`` sets how many runs there are (``make nightly`` asks for 500).
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.platforms.command import COMMAND, environment
from tests.platforms.discord_faults import Fault
from tests.platforms.discord_server import DiscordServer
from tests.platforms.discord_state import Channel, Guild, Message, User
from tests.platforms.discord_words import Json

RUNS = int(os.environ.get("KILL_RUNS", "50"))
BATCH = 10
PUMPS = ("Alpha", "Bravo", "Delta", "Kilo", "Lima", "Oscar", "Tango", "Zulu")
HOURS = dict(zip(PUMPS, range(11, 20), strict=False))
STARTING = frozenset(
    {"get_gateway_bot", "get_current_user", "get_current_application",
     "get_current_bot_application", "bulk_overwrite_global_commands", "get_messages"}
)  # fmt: skip


@dataclass
class Kill(Fault):
    """Kills the service when its call number ``after`` arrives: the call takes effect, or not."""

    victim: Service | None = None

    def strikes(self, route: str, path: Json) -> bool:
        if route in STARTING or not super().strikes(route, path):
            return False
        assert self.victim is not None
        self.victim.kill()
        return True


@dataclass
class Service:
    """The service as a process that is started anew after each kill."""

    discord: DiscordServer
    home: Path
    process: subprocess.Popen[bytes] | None = None
    kills: int = 0

    def kill(self) -> None:
        """``kill -9``, if it runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.kills += 1

    async def keep_up(self) -> None:
        """Start it where it does not run, until cancelled."""
        while True:
            if self.process is None or self.process.poll() is not None:
                self._start()
            await asyncio.sleep(0.05)

    def _start(self) -> None:
        settings = environment(
            self.home,
            WELLSPOKEN_HOME=str(self.home),
            DISCORD_API_URL=self.discord.url,
            DISCORD_TOKEN=self.discord.token,
        )
        with (self.home / "serve.log").open("ab") as log:
            command = [*COMMAND, "serve", "--only", "discord"]
            self.process = subprocess.Popen(
                command, cwd=self.home, env=settings, stdout=log, stderr=log
            )

    async def hears(self) -> None:
        """Until it runs and hears."""
        await asyncio.sleep(0.2)  # one that was just killed is found out and started anew
        await self.discord.until(lambda: self.process and self.process.poll() is None)
        await self.discord.connected(timeout=60)

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(40)


def _ingest(home: Path) -> None:
    docs = home / "docs"
    docs.mkdir(parents=True)
    for name, hours in HOURS.items():
        text = f"# The {name} pump\n\nThe {name} pump runs for {hours} hours on one battery.\n"
        (docs / f"{name.lower()}.md").write_text(text)
    subprocess.run(
        [*COMMAND, "ingest", str(docs)],
        cwd=home,
        env=environment(home, WELLSPOKEN_HOME=str(home)),
        check=True,
        capture_output=True,
        timeout=60,
    )


@asynccontextmanager
async def _service(home: Path) -> AsyncIterator[Service]:
    _ingest(home)
    async with DiscordServer() as discord:
        service = Service(discord, home)
        try:
            yield service
        finally:
            service.kill()
            if service.process is not None:
                service.process.wait(10)


@dataclass
class Run:
    """The questions of one run, each thread's in their order."""

    discord: DiscordServer
    user: User
    asked: list[tuple[Message, list[str]]]

    async def ask(self, channel: Channel, chance: random.Random) -> None:
        """A question in a channel, and perhaps one that follows in its thread."""
        pump = chance.choice(PUMPS)
        first = await self.discord.say(self.user, channel, _question(pump))
        self.asked.append((first, [pump]))

    async def follow(self, asked: tuple[Message, list[str]], chance: random.Random) -> None:
        """A further question where one was answered: in its thread or direct message."""
        first, pumps = asked
        await self.discord.answered(first, len(pumps), timeout=60, final=_final)
        where = self.discord.thread_of(first) or self.discord.world.channels[first.channel]
        if not (where.is_thread or where.direct):
            return
        pump = chance.choice(PUMPS)
        await self.discord.say(self.user, where, _question(pump))
        pumps.append(pump)

    async def check(self) -> None:
        """Raises where an answer is missing, doubled or out of place."""
        for first, pumps in self.asked:
            await self.discord.answered(first, len(pumps), timeout=60, final=_final)
            said = [answer.shown for answer in self.discord.answers(first)]
            assert len(said) == len(pumps), said
            for pump, words in zip(pumps, said, strict=True):
                assert f"{HOURS[pump]} hours" in words, said


def _question(pump: str) -> str:
    return f"@wellspoken How long does the {pump} pump run?"


def _final(message: Message) -> bool:
    return bool(message.buttons)


async def _run(service: Service, guild: Guild, seed: int) -> None:
    discord, chance = service.discord, random.Random(seed)
    user = discord.user(f"Asker {seed}")
    discord.join(user, guild)
    channel = discord.channel(guild, f"channel-{seed}")
    if chance.random() < 0.3:  # answers stand in the channel itself
        discord.permit(channel, guild, deny=["CREATE_PUBLIC_THREADS"])
    run = Run(discord, user, [])
    if direct := chance.random() < 0.4:
        await service.hears()
        await run.ask(discord.dm(user), chance)
        await run.check()
    for _ in range(chance.randint(1, 2)):
        discord.rest.faults.append(
            Kill(
                "*",
                after=chance.randint(0, 12),
                refuse=chance.random() < 0.5,
                victim=service,
            )
        )
    for _ in range(chance.randint(2, 3)):
        await run.ask(channel, chance)
    if chance.random() < 0.3:
        await asyncio.sleep(chance.uniform(0, 0.5))
        service.kill()
    for _ in range(chance.randint(0, 2)):
        await run.follow(run.asked[0 if direct else -1], chance)
    await run.check()
    discord.rest.faults.clear()


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("batch", range(max(1, RUNS // BATCH)))
async def test_no_kill_loses_or_doubles_an_answer(tmp_path: Path, batch: int) -> None:
    """Ten runs of questions and kills: each question has one answer, in the order of asking."""
    async with _service(tmp_path) as service:
        discord = service.discord
        guild = discord.guild("Garden")
        keeping = asyncio.create_task(service.keep_up())
        try:
            await discord.connected(timeout=60)
            for seed in range(batch * BATCH, (batch + 1) * BATCH):
                await _run(service, guild, seed)
            await service.hears()
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
        assert service.kills >= BATCH // 2
        assert await asyncio.to_thread(service.stop) == 0
