"""What Discord tells twice, and what it never tells: one answer in any case."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.conversation import Rating
from tests.platforms.discord_service import Garden, serving


@pytest.fixture
async def discord() -> AsyncIterator[Garden]:
    async with Garden() as server:
        yield server


async def test_repeats_after_a_resume_change_nothing(discord: Garden, tmp_path: Path) -> None:
    """Questions, thumbs and what came in between are told again: one answer to each."""
    async with serving(discord, tmp_path) as scene:
        asked = await discord.say(discord.ada, discord.roses, "@wellspoken when to water?")
        answer = await discord.one_answer(asked)
        await scene.asked(1)
        await discord.press(discord.ada, answer, "👍")
        await discord.react(discord.ben, answer, "👎")
        await discord.until(lambda: discord.world.commands)
        alone = {"question": "when to sow?"}
        gesture = await discord.command(discord.ada, discord.roses, "ask", alone)
        await scene.asked(2)
        discord.repeat_on_resume(100)
        discord.cut_sockets()
        meanwhile = await discord.say(discord.ben, discord.roses, "@wellspoken how to prune?")
        await discord.one_answer(meanwhile)
        await discord.until(lambda: discord.gateway.resumed)
        await scene.asked(3)
        assert len(discord.answers(asked)) == 1
        assert len(scene.engine.asked) == 3
        assert not gesture.followups
        turn = await scene.office.app.history.turn_for_key(scene.engine.asked[0].key or "")
        assert turn is not None
        kept = await scene.office.app.feedback.of(turn.id)
        assert sorted(given.rating for given in kept) == [Rating.DOWN, Rating.UP]


async def test_a_lost_session_is_made_up_for(discord: Garden, tmp_path: Path) -> None:
    """What was asked while the gateway was away is found in the history: in a channel, in a thread
    of the bot, in a forum, and in a direct message."""
    forum = discord.forum(discord.garden, "help")
    channels = {f"discord:{forum.id}": {"reply_when": "always"}}
    async with serving(discord, tmp_path, channels=channels) as scene:
        first = await discord.say(discord.ada, discord.roses, "@wellspoken when to water?")
        direct = await discord.say(discord.ada, discord.dm(discord.ada), "when to sow?")
        await discord.one_answer(first)
        await discord.one_answer(direct)
        await scene.asked(2)
        thread = discord.thread_of(first)
        assert thread is not None
        discord.close_gateway(forget=True)
        lost = [
            await discord.say(discord.ben, discord.roses, "@wellspoken how to prune?"),
            await discord.say(discord.ada, thread, "And how much water do they need?"),
            await discord.say(discord.ada, discord.dm(discord.ada), "when to reap?"),
        ]
        post = await discord.forum_post(discord.ben, forum, "Which soil?", "For roses in pots.")
        discord.open_gateway()
        await scene.asked(6)
        for message in lost:
            assert len(discord.answers(message)) == 1
        assert len(discord.answers(post)) == 1
        await discord.say(discord.ben, discord.roses, "nice weather")
        await scene.rest()
        assert len(scene.engine.asked) == 6


async def test_a_start_fetches_what_was_asked_before(discord: Garden, tmp_path: Path) -> None:
    """A mention while the bot was down is answered by the next process, once; what people said to
    each other, and what is older than the window, is not."""
    discord.shift_time(-7200)
    old = await discord.say(discord.ada, discord.roses, "@wellspoken what was yesterday?")
    discord.shift_time(7200)
    asked = await discord.say(discord.ada, discord.roses, "@wellspoken when to water?")
    await discord.say(discord.ben, discord.roses, "how are you, Ada?")
    for _ in range(2):
        async with serving(discord, tmp_path):
            await discord.one_answer(asked)
    assert not discord.answers(old)
    assert len(discord.answers(asked)) == 1


async def test_a_server_with_an_outage_holds_nobody_up(discord: Garden, tmp_path: Path) -> None:
    """One server is away when the bot starts: the others are answered, commands are registered,
    and once it is back its questions are fetched."""
    park = discord.guild("Park", [discord.ada])
    lawn = discord.channel(park, "lawn")
    asked = await discord.say(discord.ada, lawn, "@wellspoken when to mow?")
    await discord.outage(park)
    async with serving(discord, tmp_path) as scene:
        await discord.until(lambda: discord.world.commands)
        await discord.one_answer(
            await discord.say(discord.ada, discord.roses, "@wellspoken when to water?")
        )
        await scene.asked(1)
        await discord.recover(park)
        await discord.one_answer(asked)


async def test_a_window_of_nothing_fetches_nothing(discord: Garden, tmp_path: Path) -> None:
    """``[discord] backfill = "0s"`` leaves the past alone."""
    asked = await discord.say(discord.ada, discord.roses, "@wellspoken when to water?")
    async with serving(discord, tmp_path, discord={"backfill": timedelta(0)}) as scene:
        later = await discord.say(discord.ada, discord.roses, "@wellspoken when to sow?")
        await discord.one_answer(later)
        await scene.asked(1)
        assert not discord.answers(asked)


async def test_a_talk_before_the_bot_was_asked_stays_alone(discord: Garden, tmp_path: Path) -> None:
    """In a thread that it joins late, what was said before is not answered by a new session."""
    async with serving(discord, tmp_path) as scene:
        thread = await discord.thread(discord.ada, discord.roses, "watering")
        await discord.say(discord.ada, thread, "How much water do roses need?")
        asked = await discord.say(discord.ben, thread, "@wellspoken can you help?")
        await discord.one_answer(asked)
        await scene.asked(1)
        discord.invalidate()
        await discord.connected()
        again = await discord.say(discord.ben, discord.roses, "@wellspoken are you there?")
        await discord.one_answer(again)
        await scene.asked(2)


async def test_the_line_comes_back(discord: Garden, tmp_path: Path) -> None:
    """A gateway that is away for a while, then asks to reconnect, is found again."""
    async with serving(discord, tmp_path) as scene:
        discord.close_gateway()
        waiting = await discord.say(discord.ada, discord.roses, "@wellspoken when to water?")
        discord.open_gateway()
        await discord.until(lambda: discord.answers(waiting))
        discord.reconnect()
        later = await discord.say(discord.ada, discord.roses, "@wellspoken when to sow?")
        await discord.one_answer(later)
        await scene.asked(2)
