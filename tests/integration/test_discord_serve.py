"""``wellspoken serve`` on Discord: started, stopped in the middle, and beside Slack."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.platforms.discord_process import Process, running
from tests.platforms.discord_service import Garden
from tests.platforms.discord_state import Message
from tests.platforms.openai_server import OpenAIServer
from tests.platforms.pumps import HOURS, PUMPS, question
from tests.platforms.slack_server import SlackServer

pytestmark = pytest.mark.slow

WORDS = ("How long", "on one battery")


@pytest.fixture
async def discord() -> AsyncIterator[Garden]:
    async with Garden() as server:
        yield server


async def one_answer(discord: Garden, asked: Message, pump: str) -> None:
    """Wait for the one answer to a question."""
    (answer,) = await discord.answered(asked, timeout=40)
    assert f"{HOURS[pump]} hours" in answer.shown, answer.shown


async def test_it_answers_and_stops_at_rest(discord: Garden, home: Path) -> None:
    """The start says what may be read, the log is clean, SIGTERM ends it without fuss."""
    async with running(Process(discord, home)) as process:
        asked = await discord.say(discord.ada, discord.roses, question("Kilo"))
        await one_answer(discord, asked, "Kilo")
        assert await process.stop() == 0
        assert "message content is on" in process.log
        process.assert_clean(*WORDS)


async def test_a_gateway_that_is_away_leaves_no_traceback(discord: Garden, home: Path) -> None:
    """Cut lines, refused connections and sessions that are gone are said in one line each; what was
    asked meanwhile is answered."""
    async with running(Process(discord, home)) as process:
        asked = await discord.say(discord.ada, discord.roses, question("Kilo"))
        await one_answer(discord, asked, "Kilo")
        discord.close_gateway(forget=True)
        meanwhile = await discord.say(discord.ada, discord.roses, question("Lima"))
        await asyncio.sleep(3)
        discord.open_gateway()
        await one_answer(discord, meanwhile, "Lima")
        assert await process.stop() == 0
        process.assert_clean(*WORDS)


async def test_an_answer_in_flight_is_finished(
    discord: Garden, home: Path, models: OpenAIServer
) -> None:
    """SIGTERM while an answer is written: it is completed before the process ends."""
    models.behaviour.token_s = 0.05
    settings = {"OPENAI_BASE_URL": models.url, "WELLSPOKEN_MODEL": "stand-in"}
    async with running(Process(discord, home, settings)) as process:
        asked = await discord.say(discord.ada, discord.roses, question("Kilo"))
        await discord.until(lambda: discord.answers(asked))
        assert await process.stop() == 0
        await one_answer(discord, asked, "Kilo")
        process.assert_clean(*WORDS)


async def test_both_platforms_in_one_process(discord: Garden, home: Path) -> None:
    """Slack and Discord are answered side by side, each in its place."""
    async with SlackServer() as slack:
        ada = slack.user("UADA", "Ada")
        garden = slack.channel("CGARDEN", "garden", [ada])
        settings = {
            "SLACK_API_URL": slack.url,
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
        }
        process = Process(discord, home, settings, parts="slack,discord,worker")
        async with running(process):
            await slack.connected()
            for pump in PUMPS[:2]:
                thread = await slack.say(ada, garden, question(pump))
                asked = await discord.say(discord.ada, discord.roses, question(pump))
                await one_answer(discord, asked, pump)
                (answer,) = await slack.answered(garden, thread, timeout=40)
                assert f"{HOURS[pump]} hours" in answer.shown
            assert await process.stop() == 0
            process.assert_clean(*WORDS)


async def test_a_wrong_token_ends_nothing_else(discord: Garden, home: Path) -> None:
    """The log says what to do, the process goes on for the other platforms."""
    process = Process(discord, home, {"DISCORD_TOKEN": "not.the.token"})
    process.start()
    try:
        await discord.until(lambda: "the token is refused" in process.log)
        assert process.running
        assert await process.stop() == 0
        process.assert_clean("not.the.token")
    finally:
        process.kill()
