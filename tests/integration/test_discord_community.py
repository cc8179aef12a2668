"""Manners in a community: forum posts, silence towards others, what an admin has to know."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.platforms.discord_service import Garden, Scene, eventually, serving
from tests.platforms.discord_state import Channel, Message


@pytest.fixture
async def discord() -> AsyncIterator[Garden]:
    async with Garden() as server:
        yield server


def help_forum(discord: Garden) -> tuple[Channel, dict[str, dict[str, str]]]:
    """A forum with tags in which every post is answered."""
    forum = discord.forum(discord.garden, "help", ["Question", "Answered", "Solved"])
    return forum, {f"discord:{forum.id}": {"reply_when": "always"}}


async def answered_post(discord: Garden, scene: Scene, forum: Channel) -> tuple[Channel, Message]:
    """Ada's post with its answer, tagged."""
    post = await discord.forum_post(discord.ada, forum, "Which soil?", "For roses.", ["Question"])
    await scene.asked(1)
    (answer,) = discord.answers(post)
    return post, answer


async def test_a_forum_post_is_answered_and_tagged(discord: Garden, tmp_path: Path) -> None:
    """Title and text are the question; the answer stands in the post, which is tagged."""
    forum, channels = help_forum(discord)
    async with serving(discord, tmp_path, channels=channels) as scene:
        post, answer = await answered_post(discord, scene, forum)
        assert scene.engine.asked[0].text == "Which soil?\n\nFor roses."
        assert "Solved" in answer.buttons
        assert discord.tags(post) == ["Question", "Answered"]


async def test_a_post_is_answered_on_a_mention_only_by_default(
    discord: Garden, tmp_path: Path
) -> None:
    """Without ``reply_when = "always"`` other posts are left alone."""
    forum = discord.forum(discord.garden, "help")
    async with serving(discord, tmp_path) as scene:
        alone = await discord.forum_post(discord.ada, forum, "Which soil?", "For roses.")
        post = await discord.forum_post(discord.ada, forum, "Water?", "@wellspoken how often?")
        await scene.asked(1)
        assert not discord.answers(alone)
        assert len(discord.answers(post)) == 1


async def test_the_button_closes_a_post_for_its_author(discord: Garden, tmp_path: Path) -> None:
    """Others are told that it is not theirs; the author's press tags and archives the post."""
    forum, channels = help_forum(discord)
    async with serving(discord, tmp_path, channels=channels) as scene:
        post, answer = await answered_post(discord, scene, forum)
        other = await discord.press(discord.ben, answer, "Solved")
        assert other.message is not None
        await discord.until(lambda: "Only who asked" in other.message.shown)
        assert not post.archived
        await discord.press(discord.ada, answer, "Solved")
        await discord.until(lambda: post.archived)
        assert "Solved" in discord.tags(post)


async def test_the_authors_word_closes_a_post(discord: Garden, tmp_path: Path) -> None:
    """ "That solved it, thanks!" of the author closes; of somebody else it does not."""
    forum, channels = help_forum(discord)
    async with serving(discord, tmp_path, channels=channels) as scene:
        post, _ = await answered_post(discord, scene, forum)
        await discord.say(discord.ben, post, "solved!")
        await discord.say(discord.ada, post, "That solved it, thanks!")
        await discord.until(lambda: post.archived)
        await scene.rest()
        assert "Solved" in discord.tags(post)
        assert len(scene.engine.asked) == 1


async def test_bots_and_webhooks_are_not_answered(discord: Garden, tmp_path: Path) -> None:
    """Another bot's mention, a webhook's, and Discord's own lines are left alone."""
    robot = discord.user("Robot", bot=True)
    discord.join(robot, discord.garden)
    async with serving(discord, tmp_path) as scene:
        await discord.say(robot, discord.roses, "@wellspoken when to water?")
        await discord.say(discord.ada, discord.roses, "@wellspoken hi", webhook="77")
        await discord.say(discord.ada, discord.roses, "@wellspoken joined", type=7)
        asked = await discord.say(discord.ada, discord.roses, "@wellspoken when to sow?")
        await discord.one_answer(asked)
        await scene.rest()
        assert len(scene.engine.asked) == 1


async def test_without_the_intent_a_thread_is_told_once(tmp_path: Path) -> None:
    """A mention works, a follow-up without one is blank: one hint, also after a restart."""
    async with Garden(content=False) as discord:
        async with serving(discord, tmp_path) as scene:
            assert not scene.service.client.content
            asked = await discord.say(discord.ada, discord.roses, "@wellspoken when to water?")
            await discord.one_answer(asked)
            thread = discord.thread_of(asked)
            assert thread is not None
            await scene.asked(1)
            await discord.say(discord.ada, thread, "And how much?")
            await discord.until(lambda: _hints(discord, thread) == 1)
            await discord.say(discord.ada, thread, "Hello?")
            more = await discord.say(discord.ada, thread, "@wellspoken how much?")
            await scene.asked(2)
            assert more.id in (scene.engine.asked[1].key or "")
        async with serving(discord, tmp_path) as scene:
            await discord.say(discord.ada, thread, "Still there?")
            direct = await discord.say(discord.ada, discord.dm(discord.ada), "when to sow?")
            await discord.one_answer(direct)
            await scene.rest()
            assert _hints(discord, thread) == 1
            await discord.until(lambda: discord.world.commands)
            told = await discord.command(discord.ada, discord.roses, "wellspoken help")
            assert told.message is not None
            assert "message content intent is off" in told.message.shown


def _hints(discord: Garden, thread: Channel) -> int:
    return sum("message content" in message.shown for message in discord.answers(thread))


async def test_an_admin_hears_once_what_is_missing(discord: Garden, tmp_path: Path) -> None:
    """Where the bot may not write, the owner gets one direct message with the permission's name."""
    quiet = discord.channel(discord.garden, "quiet")
    denied = ["SEND_MESSAGES", "SEND_MESSAGES_IN_THREADS"]
    discord.permit(quiet, discord.bot, deny=denied)
    owner = discord.operator
    async with serving(discord, tmp_path) as scene:
        await discord.say(discord.ada, quiet, "@wellspoken when to water?")
        await discord.say(discord.ben, quiet, "@wellspoken when to sow?")
        await discord.until(lambda: discord.answers(discord.dm(owner)))
        await scene.rest()
    (told,) = discord.answers(discord.dm(owner))
    assert "Send Messages" in told.shown
    assert "Garden" in told.shown
    assert "quiet" in told.shown


@pytest.mark.slow
async def test_an_admin_hears_of_it_though_discord_was_away(
    discord: Garden, tmp_path: Path
) -> None:
    """What could not be said the first time is said the next."""
    quiet = discord.channel(discord.garden, "quiet")
    discord.permit(quiet, discord.bot, deny=["CREATE_PUBLIC_THREADS"])
    owner = discord.dm(discord.operator)
    down = discord.fault("create_message", status=503, times=1000, channel=owner)
    async with serving(discord, tmp_path) as scene:
        await discord.one_answer(await discord.say(discord.ada, quiet, "@wellspoken when to sow?"))
        await discord.until(lambda: down.struck > 6, timeout=25)
        discord.heal()
        await scene.service.complaints.drain()
        await discord.one_answer(await discord.say(discord.ada, quiet, "@wellspoken when to mow?"))
        await discord.until(lambda: discord.answers(owner))
    assert "Create Public Threads" in discord.answers(owner)[0].shown


async def test_an_owner_without_direct_messages_is_told_in_the_server(
    discord: Garden, tmp_path: Path
) -> None:
    """Then the system channel is used, where there is one."""
    closed = discord.user("Closed", dms_open=False)
    guild = discord.guild("Shed", [discord.ada], owner=closed)
    tools = discord.channel(guild, "tools")
    discord.permit(tools, discord.bot, deny=["CREATE_PUBLIC_THREADS"])
    async with serving(discord, tmp_path) as scene:
        asked = await discord.say(discord.ada, tools, "@wellspoken when to water?")
        (answer,) = await discord.answered(asked)
        assert answer.channel == tools.id
        await scene.rest()


async def test_being_thrown_out_disturbs_nobody(discord: Garden, tmp_path: Path) -> None:
    """A kick while an answer is written ends that answer alone; the next server is served."""
    other = discord.guild("Field", [discord.ben])
    wheat = discord.channel(other, "wheat")
    async with serving(discord, tmp_path) as scene:
        scene.engine.delay = 0.5
        await discord.say(discord.ada, discord.roses, "@wellspoken when to water?")
        await discord.until(lambda: scene.engine.asked)
        await discord.kick(discord.garden)
        asked = await discord.say(discord.ben, wheat, "@wellspoken when to sow?")
        await discord.one_answer(asked)
        await eventually(lambda: _failed_or_done(scene))


async def _failed_or_done(scene: Scene) -> bool:
    return not await scene.office.desk.inbox.open_count()


async def test_commands_are_registered_when_they_changed(discord: Garden, tmp_path: Path) -> None:
    """A second start registers nothing; other definitions there are replaced."""
    for _ in range(2):
        async with serving(discord, tmp_path):
            await discord.until(lambda: discord.called("get_global_commands"))
            await discord.until(lambda: discord.world.commands.get(""))
    names = {(one["type"], one["name"]) for one in discord.world.commands[""]}
    assert names == {(1, "ask"), (1, "wellspoken"), (3, "Ask about this message")}
    registered = [call for call in discord.calls if call.method == "PUT"]
    assert len(registered) == 1


async def test_commands_are_registered_though_discord_was_away(
    discord: Garden, tmp_path: Path
) -> None:
    """A registration that fails is tried again, and holds no answer up."""
    discord.fault("bulk_overwrite_global_commands", status=503)
    async with serving(discord, tmp_path):
        asked = await discord.say(discord.ada, discord.roses, "@wellspoken when to water?")
        await discord.one_answer(asked)
        await discord.until(lambda: discord.world.commands)


async def test_a_strangers_server_gives_no_rights(discord: Garden, tmp_path: Path) -> None:
    """Anybody may add a public bot to a server of theirs and call a role there as ours is called:
    it counts for nothing, in direct messages neither; ours counts on."""
    eve = discord.user("Eve")
    lair = discord.guild("Lair", [eve], owner=eve)
    discord.role(lair, "Moderator", [eve])
    discord.role(discord.garden, "Moderator", [discord.ada])
    rights = {"discord": {"roles": {"Moderator": ["staff"]}}}
    async with serving(discord, tmp_path, access=rights) as scene:
        for asker, groups in ((eve, frozenset[str]()), (discord.ada, frozenset({"staff"}))):
            await discord.one_answer(await discord.say(asker, discord.dm(asker), "when to sow?"))
            assert scene.engine.asked[-1].principal.groups == groups


async def test_several_shards_are_one_bot(tmp_path: Path) -> None:
    """As many connections as Discord recommends, or as are set; servers on each are answered."""
    async with Garden(shards=2) as discord:
        beds = [discord.guild(f"Bed {n}", [discord.ada], str((1000 + n) << 22)) for n in (0, 1)]
        channels = [discord.channel(bed, "roses") for bed in beds]
        async with serving(discord, tmp_path) as scene:
            await discord.until(lambda: len(scene.service.client.shards) == 2)
            for channel in channels:
                asked = await discord.say(discord.ada, channel, "@wellspoken when to water?")
                await discord.one_answer(asked)
    assert {tuple(one["shard"]) for one in discord.gateway.identified} == {(0, 2), (1, 2)}


async def test_the_number_of_shards_can_be_set(discord: Garden, tmp_path: Path) -> None:
    """``[discord] shards`` goes before the recommendation."""
    async with serving(discord, tmp_path, discord={"shards": 2}) as scene:
        assert len(scene.service.client.shards) == 2
