"""Deleting or editing a message in Slack or Discord is followed, over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.slack.service import build_slack
from tests.platforms.chat_desk import Office, office
from tests.platforms.discord_events import bulk_deleted
from tests.platforms.discord_service import Garden, eventually, serving
from tests.platforms.slack_server import SlackServer

SECRET = "the quince marmalade of aunt Zwetschge is too sweet"


def bytes_of(home: Path) -> bytes:
    """All that lies in the home, as one."""
    return b"".join(path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file())


async def rest(here: Office) -> None:
    """Until nothing waits or is worked on."""

    async def done() -> bool:
        return not await here.desk.inbox.open_count()

    await eventually(done)


async def questions(here: Office) -> list[str]:
    """The questions that are stored, newest first."""
    return [turn.question for turn in await here.app.history.recent()]


@pytest.fixture
async def discord() -> AsyncIterator[Garden]:
    async with Garden() as server:
        yield server


async def test_discord_before_the_answer(discord: Garden, tmp_path: Path) -> None:
    """A moderator deletes at once what waits behind a long answer: it is not answered, nor left."""
    async with serving(discord, tmp_path) as scene:
        first = await discord.say(discord.ada, discord.roses, "@wellspoken when to water?")
        await discord.one_answer(first)
        thread = discord.thread_of(first)
        assert thread is not None
        scene.engine.delay = 0.5
        await discord.say(discord.ada, thread, "@wellspoken and in winter?")
        await discord.until(lambda: len(scene.engine.asked) == 2)
        gone = await discord.say(discord.ada, thread, f"@wellspoken {SECRET}?")
        changed = await discord.say(discord.ada, thread, "@wellspoken and in smmr?")
        await discord.delete(discord.ada, gone)
        await discord.edit(discord.ada, changed, "@wellspoken and in summer?")
        await scene.rest()
        await scene.asked(3)
        assert [q.text for q in scene.engine.asked][1:] == ["and in winter?", "and in summer?"]
        assert b"quince" not in bytes_of(tmp_path)


@pytest.mark.parametrize("bulk", [False, True])
async def test_discord_after_the_answer(discord: Garden, tmp_path: Path, bulk: bool) -> None:
    """Deleted alone or with others, told twice: the words are in no byte, the answer stays."""
    async with serving(discord, tmp_path) as scene:
        asked = await discord.say(discord.ada, discord.roses, f"@wellspoken {SECRET}?")
        answer = await discord.one_answer(asked)
        await scene.rest()
        assert b"quince" in bytes_of(tmp_path)
        for _ in range(2):
            if bulk:
                bulk_deleted(discord.world, [asked])
            else:
                await discord.delete(discord.ada, asked)
        await eventually(lambda: _has(scene.office, [""]))
        await scene.rest()
        assert b"quince" not in bytes_of(tmp_path)
        assert not answer.deleted
        assert len(scene.engine.asked) == 1


async def test_discord_edited_after_the_answer(discord: Garden, tmp_path: Path) -> None:
    """The new words are stored, and answered no second time."""
    async with serving(discord, tmp_path) as scene:
        scene.engine.reply = lambda _: "Yes."
        asked = await discord.say(discord.ada, discord.roses, f"@wellspoken {SECRET}?")
        await discord.one_answer(asked)
        await scene.rest()
        await discord.edit(discord.ada, asked, "is it too sweet?")
        await eventually(lambda: _has(scene.office, ["is it too sweet?"]))
        await scene.rest()
        assert len(scene.engine.asked) == 1
        assert b"quince" not in bytes_of(tmp_path)


async def test_discord_of_nobody(discord: Garden, tmp_path: Path) -> None:
    """What others say and delete among themselves leaves no row."""
    async with serving(discord, tmp_path) as scene:
        said = await discord.say(discord.ada, discord.roses, "lunch, anyone?")
        await discord.edit(discord.ada, said, "dinner, anyone?")
        await discord.delete(discord.ada, said)
        asked = await discord.say(discord.ada, discord.roses, "@wellspoken when to water?")
        await discord.one_answer(asked)
        await scene.rest()
        assert sum((await scene.office.desk.inbox.counts()).values()) == 1


async def _has(here: Office, wanted: list[str]) -> bool:
    return await questions(here) == wanted


@asynccontextmanager
async def slack_serving(home: Path) -> AsyncIterator[tuple[SlackServer, Office]]:
    """Slack at work beside the stand-in, on a real desk."""
    async with SlackServer() as slack, AsyncExitStack() as stack:
        given: dict[str, Any] = {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
            "SLACK_API_URL": slack.url,
        }
        here = await stack.enter_async_context(office(home, **given))
        app = here.app
        service = build_slack(app.settings, here.desk, here.desk.replies, app.database, str)
        await stack.enter_async_context(aclosing(service))
        here.desk.join(service.adapter)
        tasks = [asyncio.create_task(service.run()), asyncio.create_task(here.desk.run())]
        try:
            await slack.connected()
            yield slack, here
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def test_slack_before_the_answer(tmp_path: Path) -> None:
    """What waits behind a long answer is deleted or edited: dropped, or asked as it is now."""
    async with slack_serving(tmp_path) as (slack, here):
        ada = slack.user("U1", "Ada")
        garden = slack.channel("C1", "garden", [ada])
        here.engine.delay = 0.5
        root = await slack.say(ada, garden, "@wellspoken when to water?")
        await slack.until(lambda: len(here.engine.asked) == 1)
        gone = await slack.say(ada, garden, f"@wellspoken {SECRET}?", root)
        changed = await slack.say(ada, garden, "@wellspoken and in smmr?", root)
        await slack.delete(ada, gone)
        await slack.edit(ada, changed, "@wellspoken and in summer?")
        await slack.until(lambda: len(here.engine.asked) == 2)
        await rest(here)
        assert [q.text for q in here.engine.asked] == ["when to water?", "and in summer?"]
        assert b"quince" not in bytes_of(tmp_path)


async def test_slack_after_the_answer(tmp_path: Path) -> None:
    """Edited, then deleted: the words of then are in no byte, the bot's answer stays."""
    async with slack_serving(tmp_path) as (slack, here):
        ada = slack.user("U1", "Ada")
        garden = slack.channel("C1", "garden", [ada])
        here.engine.reply = lambda _: "Yes."
        asked = await slack.say(ada, garden, f"@wellspoken {SECRET}?")
        await slack.until(lambda: len(here.engine.asked) == 1)
        await rest(here)
        await slack.edit(ada, asked, "@wellspoken is it too sweet for medlars?")
        await eventually(lambda: _has(here, ["is it too sweet for medlars?"]))
        await rest(here)
        assert b"quince" not in bytes_of(tmp_path)
        await slack.delete(ada, asked)
        await eventually(lambda: _has(here, [""]))
        await rest(here)
        assert b"medlars" not in bytes_of(tmp_path)
        assert len(here.engine.asked) == 1
        assert [m.deleted for m in garden.messages.values()] == [True, False]
