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
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.platforms.discord_faults import Fault
from tests.platforms.discord_process import Process
from tests.platforms.discord_server import DiscordServer
from tests.platforms.discord_state import Channel, Guild, Message, User
from tests.platforms.discord_words import Json
from tests.platforms.pumps import HOURS, PUMPS, question, write_knowledge

RUNS = int(os.environ.get("KILL_RUNS", "50"))
BATCH = 10
STARTING = frozenset(
    {"get_gateway_bot", "get_current_user", "get_current_application",
     "get_current_bot_application", "bulk_overwrite_global_commands", "get_messages"}
)  # fmt: skip


@dataclass
class Kill(Fault):
    """Kills the service when its call number ``after`` arrives: the call takes effect, or not."""

    victim: Process | None = None

    def strikes(self, route: str, path: Json) -> bool:
        if route in STARTING or not super().strikes(route, path):
            return False
        assert self.victim is not None
        self.victim.kill()
        return True


@asynccontextmanager
async def _service(home: Path) -> AsyncIterator[Process]:
    await asyncio.to_thread(write_knowledge, home)
    async with DiscordServer() as discord:
        service = Process(discord, home)
        try:
            yield service
        finally:
            service.kill()
            if service.process is not None:
                service.process.wait(60)


async def _hears(service: Process) -> None:
    """Until it runs and hears."""
    await asyncio.sleep(0.2)  # one that was just killed is found out and started anew
    await service.discord.until(lambda: service.running)
    await service.discord.connected(timeout=60)


@dataclass
class Run:
    """The questions of one run, each thread's in their order."""

    discord: DiscordServer
    user: User
    asked: list[tuple[Message, list[str]]]

    async def ask(self, channel: Channel, chance: random.Random) -> None:
        """A question in a channel, and perhaps one that follows in its thread."""
        pump = chance.choice(PUMPS)
        first = await self.discord.say(self.user, channel, question(pump))
        self.asked.append((first, [pump]))

    async def follow(self, asked: tuple[Message, list[str]], chance: random.Random) -> None:
        """A further question where one was answered: in its thread or direct message."""
        first, pumps = asked
        await self.discord.answered(first, len(pumps), timeout=60, final=_final)
        where = self.discord.thread_of(first) or self.discord.world.channels[first.channel]
        if not (where.is_thread or where.direct):
            return
        pump = chance.choice(PUMPS)
        await self.discord.say(self.user, where, question(pump))
        pumps.append(pump)

    async def check(self) -> None:
        """Raises where an answer is missing, doubled or out of place."""
        for first, pumps in self.asked:
            await self.discord.answered(first, len(pumps), timeout=60, final=_final)
            said = [answer.shown for answer in self.discord.answers(first)]
            assert len(said) == len(pumps), said
            for pump, words in zip(pumps, said, strict=True):
                assert f"{HOURS[pump]} hours" in words, said


def _final(message: Message) -> bool:
    return bool(message.buttons)


async def _run(service: Process, guild: Guild, seed: int) -> None:
    discord, chance = service.discord, random.Random(seed)
    user = discord.user(f"Asker {seed}")
    discord.join(user, guild)
    channel = discord.channel(guild, f"channel-{seed}")
    if chance.random() < 0.3:  # answers stand in the channel itself
        discord.permit(channel, guild, deny=["CREATE_PUBLIC_THREADS"])
    run = Run(discord, user, [])
    if direct := chance.random() < 0.4:
        await _hears(service)
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
            await _hears(service)
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
        assert service.kills >= BATCH // 2
        assert await service.stop() == 0
