"""``wellspoken serve`` on Slack, killed with ``kill -9`` again and again: one answer to each
question, in order, whatever the moment.

Each seeded run asks in several threads and kills the service when one of its calls reaches Slack
(before or after it takes effect) or at some moment in between, once or twice. ``KILL_RUNS`` sets
how many runs there are (``make nightly`` asks for 500).
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

from tests.platforms.pumps import HOURS, PUMPS, question, write_knowledge
from tests.platforms.slack_faults import Fault
from tests.platforms.slack_server import SlackServer
from tests.platforms.slack_service import Service, answered
from tests.platforms.slack_state import Channel, User

RUNS = int(os.environ.get("KILL_RUNS", "50"))
BATCH = 10


@dataclass
class Kill(Fault):
    """Kills the service when its call number ``after`` arrives: the call takes effect, or not."""

    victim: Service | None = None

    def strikes(self, method: str, args: dict[str, object]) -> bool:
        if method in ("apps.connections.open", "auth.test") or not super().strikes(method, args):
            return False
        assert self.victim is not None
        self.victim.kill()
        return True


class _Keeper:
    """Starts the service whenever it does not run, and counts how often."""

    def __init__(self, service: Service) -> None:
        self.starts = 0
        self._service = service

    async def keep(self) -> None:
        """Until cancelled."""
        while True:
            if not self._service.running:
                self._service.start()
                self.starts += 1
            await asyncio.sleep(0.05)


@asynccontextmanager
async def _service(home: Path) -> AsyncIterator[tuple[SlackServer, Service]]:
    await asyncio.to_thread(write_knowledge, home)
    async with SlackServer(ack_timeout=1.0, retry_delays=(0.1, 0.5, 1.0, 2.0, 4.0)) as slack:
        service = Service(slack, home)
        try:
            yield slack, service
        finally:
            service.kill()


async def _ask(
    slack: SlackServer, user: User, channel: Channel, chance: random.Random
) -> dict[str, list[str]]:
    """Ask in two or three threads, a few questions each: thread to pumps in their order.

    The order of arrival is kept: the next question in a thread is asked once the one before has
    arrived. What is delivered again after a crash may arrive behind what came meanwhile.
    """
    asked: dict[str, list[str]] = {}
    for _ in range(chance.randint(2, 3)):
        pump = chance.choice(PUMPS)
        thread = await slack.say(user, channel, question(pump))
        asked[thread] = [pump]
    for _ in range(chance.randint(0, 3)):
        thread, pump = chance.choice(list(asked)), chance.choice(PUMPS)
        await slack.until(lambda: not slack.unacknowledged, timeout=60)
        await slack.say(user, channel, question(pump), thread_ts=thread)
        asked[thread].append(pump)
    return asked


async def _run(slack: SlackServer, service: Service, seed: int) -> None:
    """One run; raises where an answer is missing, doubled or out of place."""
    chance = random.Random(seed)
    user = slack.user(f"U{seed}", f"Asker {seed}")
    channel = slack.channel(f"C{seed}", f"channel-{seed}", [user])
    for _ in range(chance.randint(1, 2)):
        slack.web.faults.append(
            Kill(
                "*",
                after=chance.randint(0, 20),
                refuse=chance.random() < 0.5,
                victim=service,
            )
        )
    asked = await _ask(slack, user, channel, chance)
    if chance.random() < 0.3:
        await asyncio.sleep(chance.uniform(0, 0.5))
        service.kill()
    for thread, pumps in asked.items():
        answers = await slack.answered(channel, thread, n=len(pumps), timeout=60, final=answered)
        said = [answer.shown for answer in answers]
        assert len(slack.answers(channel, thread)) == len(pumps), said
        for pump, words in zip(pumps, said, strict=True):
            assert f"{HOURS[pump]} hours" in words, said
    slack.web.faults.clear()


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("batch", range(max(1, RUNS // BATCH)))
async def test_no_kill_loses_or_doubles_an_answer(tmp_path: Path, batch: int) -> None:
    """Ten runs of questions and kills: each question has one answer, in the order of asking."""
    async with _service(tmp_path) as (slack, service):
        keeper = _Keeper(service)
        keeping = asyncio.create_task(keeper.keep())
        try:
            await slack.connected()
            for seed in range(batch * BATCH, (batch + 1) * BATCH):
                await _run(slack, service, seed)
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
        assert keeper.starts > BATCH // 2  # it was killed that often
        if not service.running:
            service.start()
        await slack.connected()
        assert await service.stop() == 0
