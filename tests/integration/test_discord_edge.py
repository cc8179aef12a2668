"""Discord from message to answer: the real discord.py, the real desk, the stand-in Discord."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.platforms.discord_service import Garden, serving


@pytest.fixture
async def discord() -> AsyncIterator[Garden]:
    async with Garden() as server:
        yield server


async def test_a_mention_is_answered_in_a_thread(discord: Garden, tmp_path: Path) -> None:
    """The question gets a thread, the answer stands there with thumbs, and nobody is pinged."""
    async with serving(discord, tmp_path) as scene:
        asked = await discord.say(discord.ada, discord.roses, "@wellspoken when to water?")
        answer = await discord.one_answer(asked)
        assert "Answer to when to water?" in answer.shown
        assert answer.buttons == ["👍", "👎"]
        thread = discord.thread_of(asked)
        assert thread is not None
        assert answer.channel == thread.id == asked.id
        await scene.rest()
        assert [q.text for q in scene.engine.asked] == ["when to water?"]


async def test_a_follow_up_needs_no_mention(discord: Garden, tmp_path: Path) -> None:
    """In the bot's thread a further question goes on with the same conversation."""
    async with serving(discord, tmp_path) as scene:
        asked = await discord.say(discord.ada, discord.roses, "@wellspoken when to water?")
        await discord.one_answer(asked)
        await scene.rest()
        thread = discord.thread_of(asked)
        assert thread is not None
        again = await discord.say(discord.ada, thread, "And how much water do they need?")
        await scene.asked(2)
        first, second = scene.engine.asked
        assert second.text == again.content
        assert first.thread == second.thread


async def test_announcements_are_answered(discord: Garden, tmp_path: Path) -> None:
    """A question in a channel for announcements gets a thread, too."""
    where = discord.channel(discord.garden, "news", kind=5)
    async with serving(discord, tmp_path):
        asked = await discord.say(discord.ada, where, "@wellspoken when to water?")
        answer = await discord.one_answer(asked)
        assert answer.channel == asked.id


async def test_a_direct_message_is_answered(discord: Garden, tmp_path: Path) -> None:
    """No mention is needed, and the answer stands in the same channel."""
    async with serving(discord, tmp_path):
        asked = await discord.say(discord.ada, discord.dm(discord.ada), "when to water?")
        answer = await discord.one_answer(asked)
        assert answer.channel == asked.channel
        assert "Answer to when to water?" in answer.shown


async def test_a_mention_that_an_edit_adds_is_answered(discord: Garden, tmp_path: Path) -> None:
    """Once; an edit of what was answered, or of what is not for the bot, changes nothing."""
    async with serving(discord, tmp_path) as scene:
        said = await discord.say(discord.ada, discord.roses, "when to water?")
        await discord.edit(discord.ada, said, "when to water them?")
        await discord.edit(discord.ada, said, "@wellspoken when to water them?")
        await discord.one_answer(said)
        await scene.asked(1)
        await discord.edit(discord.ada, said, "@wellspoken when to water roses?")
        later = await discord.say(discord.ada, discord.roses, "@wellspoken when to sow?")
        await discord.one_answer(later)
        await scene.asked(2)
        assert [q.text for q in scene.engine.asked] == ["when to water them?", "when to sow?"]
        assert len(discord.answers(said)) == 1


async def test_without_threads_a_reply_goes_on_with_the_talk(
    discord: Garden, tmp_path: Path
) -> None:
    """``thread = false``: answers are replies in the channel, and a reply to one needs no mention
    and keeps the conversation."""
    async with serving(discord, tmp_path, channels={"*": {"thread": False}}) as scene:
        asked = await discord.say(discord.ada, discord.roses, "@wellspoken when to water?")
        answer = await discord.one_answer(asked)
        assert (answer.channel, answer.reference) == (discord.roses.id, asked.id)
        await scene.asked(1)
        reply = await discord.say(discord.ada, discord.roses, "And how much?", answer)
        second = await discord.one_answer(reply)
        await scene.asked(2)
        await discord.say(discord.ada, discord.roses, "And at noon?", second)
        await scene.asked(3)
        assert len({question.thread for question in scene.engine.asked}) == 1
