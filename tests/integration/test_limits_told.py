"""Limits over the wire: who asks too much hears of it once, whoever is killed meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.platforms.discord_service import Garden, serving
from tests.platforms.pumps import question, write_knowledge
from tests.platforms.slack_faults import Fault
from tests.platforms.slack_server import SlackServer
from tests.platforms.slack_service import Service, answered

SORRY = "I can't take that many questions"


class Kill(Fault):
    """Kills the service at the first call of its method: before it takes effect, or after."""

    victim: Service | None = None

    def strikes(self, method: str, args: dict[str, object]) -> bool:
        if not super().strikes(method, args):
            return False
        assert self.victim is not None
        self.victim.kill()
        return True


@pytest.fixture
async def discord() -> AsyncIterator[Garden]:
    async with Garden() as server:
        yield server


async def test_discord_tells_once_and_serves_the_others(discord: Garden, tmp_path: Path) -> None:
    """Two questions, one sentence with the time, silence; Ben is answered."""
    async with serving(discord, tmp_path, limits={"person": "2/1m"}) as scene:
        asked = [
            await discord.say(discord.ada, discord.roses, f"@wellspoken question {n}?")
            for n in range(5)
        ]
        bens = await discord.say(discord.ben, discord.roses, "@wellspoken and mine?")
        await discord.until(lambda: len(scene.engine.asked) == 3)
        await scene.handled(4)
        assert "Answer to" in (await discord.one_answer(bens)).shown
        threads = [discord.thread_of(message) for message in asked]
        said = [[m.shown for m in discord.answers(t)] if t is not None else [] for t in threads]
        assert [len(texts) for texts in said] == [1, 1, 1, 0, 0]
        assert SORRY in said[2][0]
        assert "try again in" in said[2][0]


async def test_a_flood_in_discord_is_one_sentence_and_its_newest(
    discord: Garden, tmp_path: Path
) -> None:
    """Forty messages at once: the newest is answered, hardly any other."""
    async with serving(discord, tmp_path, limits={"burst": "5/5s"}) as scene:
        scene.engine.delay = 0.2
        asked = [
            await discord.say(discord.ada, discord.roses, f"@wellspoken question {n}?")
            for n in range(40)
        ]
        await discord.until(lambda: any("question 39" in q.text for q in scene.engine.asked))
        await scene.rest()
        threads = [t for message in asked if (t := discord.thread_of(message)) is not None]
        said = [m.shown for thread in threads for m in discord.answers(thread)]
        assert sum("a lot at once" in text for text in said) == 1
        assert len(scene.engine.asked) <= 6
        assert len(said) == len(scene.engine.asked) + 1


@pytest.mark.parametrize("refuse", [True, False])
async def test_slack_tells_once_whoever_is_killed(tmp_path: Path, refuse: bool) -> None:
    """Killed with ``kill -9`` as the sentence is posted: one sentence, and the answer before it
    stays the only one."""
    (tmp_path / "wellspoken.toml").write_text('[limits]\nperson = "1/20m"\n')
    await asyncio.to_thread(write_knowledge, tmp_path)
    async with SlackServer(ack_timeout=1.0, retry_delays=(0.1, 0.5, 1.0, 2.0, 4.0)) as slack:
        ada = slack.user("U1", "Ada")
        room = slack.channel("C1", "room", [ada])
        service = Service(slack, tmp_path)
        service.start()
        try:
            first = await slack.say(ada, room, question("Kilo"))
            await slack.answered(room, first, timeout=60, final=answered)
            kill = Kill("chat.postMessage", after=0, refuse=refuse)
            kill.victim = service
            slack.web.faults.append(kill)
            second = await slack.say(ada, room, question("Lima"))
            await slack.until(lambda: not service.running)
            slack.web.faults.clear()
            service.start()
            (told,) = await slack.answered(
                room, second, timeout=60, final=lambda m: SORRY in m.shown
            )
            assert "minutes" in told.shown
            third = await slack.say(ada, room, question("Zulu"))
            await slack.until(lambda: not slack.unacknowledged)
            await asyncio.sleep(1.0)
            assert [len(slack.answers(room, ts)) for ts in (first, second, third)] == [1, 1, 0]
        finally:
            service.kill()
