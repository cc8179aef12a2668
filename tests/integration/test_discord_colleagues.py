"""Colleagues in Discord answer for the bot, also where it may not read what they write."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.conversation import Outcome
from tests.platforms.discord_service import Garden, serving


@pytest.fixture
async def discord() -> AsyncIterator[Garden]:
    async with Garden(content=False) as server:
        yield server


async def test_without_message_content_a_colleague_is_told_how_to_answer(
    discord: Garden, tmp_path: Path
) -> None:
    """What cannot be read is not sent in silence: the hint says to reply to it, and a reply to it
    is carried to the asker."""
    humans = discord.channel(discord.garden, "humans")
    handoff = {"*": {"handoff": f"discord:{humans.id}"}}
    async with serving(discord, tmp_path, channels=handoff) as scene:
        scene.engine.outcome = Outcome.ABSTAINED
        asked = await discord.say(discord.ada, discord.roses, "@wellspoken why do they wilt?")
        await discord.press(discord.ada, await discord.one_answer(asked), "Ask a person")
        await discord.until(lambda: discord.answers(humans))
        (card,) = discord.answers(humans)
        await discord.until(lambda: discord.thread_of(card))
        thread = discord.thread_of(card)
        assert thread is not None
        await scene.rest()
        await discord.say(discord.ben, thread, "They want water.")
        await discord.until(lambda: discord.answers(thread))
        (hint,) = discord.answers(thread)
        assert "message content" in hint.shown
        assert "Reply to this message" in hint.shown
        await discord.say(discord.ben, thread, "They want water, at night.", hint)
        own = discord.thread_of(asked)
        assert own is not None
        await discord.until(lambda: "at night" in discord.answers(own)[-1].shown)
        assert len(scene.engine.asked) == 1
