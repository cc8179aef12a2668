"""Threads and forum posts of the stand-in Discord behave as Discord's do."""

from __future__ import annotations

from typing import Any

from discord import Message as Heard
from discord import Object as Thing

from tests.platforms.discord_app import App, connected, of, refused
from tests.platforms.discord_server import DiscordServer
from tests.platforms.discord_state import Channel, Guild, User


async def test_a_mention_is_answered_in_its_thread(discord: DiscordServer) -> None:
    """A mention arrives once, as people typed it; the thread that answers it is seen."""
    ada = discord.user("Ada")
    roses = discord.channel(discord.guild("Garden", [ada]), "roses")
    app, heard = App(), []

    @app.event
    async def on_message(message: Heard) -> None:
        heard.append(message)
        if app.user in message.mentions:
            thread = await message.create_thread(name="roses?")
            async with thread.typing():
                assert discord.typing(str(thread.id))
                answer = await thread.send("Water")
                await answer.edit(content="Water them **at night**.")

    async with connected(discord, app):
        asked = await discord.say(ada, roses, "@wellspoken roses & <water>?")
        (answer,) = await discord.answered(asked)
    assert answer.shown == "Water them **at night**."
    assert [version.content for version in answer.versions] == ["Water", "Water them **at night**."]
    assert not discord.typing(answer.channel)
    typed = f"<@{discord.bot.id}> roses & <water>?"
    told = [(m.type.name, m.content) for m in heard]
    assert told[:2] == [("default", typed), ("thread_starter_message", "")]
    thread = discord.thread_of(asked)
    assert thread is not None
    assert thread.id == asked.id


async def test_a_thread_is_opened_once(
    discord: DiscordServer, app: App, ada: User, roses: Channel
) -> None:
    """A second thread on a message is refused; without a message it is private."""
    asked = await discord.say(ada, roses, "roses?")
    channel: Any = app.get_channel(int(roses.id))
    message = channel.get_partial_message(int(asked.id))
    await message.create_thread(name="x" * 100)
    assert await refused(message.create_thread(name="again")) == 160004
    assert await refused(channel.create_thread(name="x" * 101)) == 50035
    private = await channel.create_thread(name="us")
    assert [thread.kind for thread in discord.threads(roses)] == [11, 12]
    await private.add_user(Thing(int(ada.id)))
    assert await refused(private.fetch_members()) == 50001
    discord.world.members_granted = True
    assert {member.id for member in await private.fetch_members()} == {
        int(ada.id), int(discord.bot.id)}  # fmt: skip


async def test_an_archived_thread_wakes_on_writing_alone(
    discord: DiscordServer, app: App, ada: User, roses: Channel
) -> None:
    """Edits and reactions there are refused; writing wakes it, unless it is locked."""
    thread = await discord.thread(ada, roses, "roses")
    channel = of(app, thread)
    answer = await channel.send("At night")
    await discord.archive(thread)
    assert await refused(answer.edit(content="no")) == 50083
    assert await refused(answer.add_reaction("👀")) == 50083
    await channel.send("More")
    assert not thread.archived
    discord.permit(roses, discord.bot, deny=["MANAGE_THREADS"])
    await discord.archive(thread, locked=True)
    assert await refused(channel.send("no")) == 160005


async def test_forum_posts_carry_tags(discord: DiscordServer, ada: User, guild: Guild) -> None:
    """A post arrives as a thread and its first message; the app tags it where it may."""
    forum = discord.forum(guild, "questions", ["solved", "roses"], moderated=["official"])
    app = App()
    posts: list[Any] = []

    @app.event
    async def on_thread_create(thread: Any) -> None:
        posts.append((thread.name, [tag.name for tag in thread.applied_tags]))

    @app.event
    async def on_message(message: Heard) -> None:
        posts.append(message.content)

    async with connected(discord, app):
        post = await discord.forum_post(ada, forum, "Roses", "When to water?", ["roses"])
        await discord.until(lambda: len(posts) == 2)
        thread: Any = app.get_channel(int(post.id))
        tags = thread.parent.available_tags
        await thread.edit(applied_tags=tags)
        assert discord.tags(post) == ["solved", "roses", "official"]
        await discord.tag(post, "roses")
        discord.permit(forum, discord.bot, deny=["MANAGE_THREADS"])
        assert await refused(thread.edit(applied_tags=tags)) == 50013
        made = await thread.parent.create_thread(name="Mine", content="Rules")
        assert await refused(of(app, forum).send("x")) == 50008
    assert posts[:2] == [("Roses", ["roses"]), "When to water?"]
    assert discord.messages(str(made.thread.id))[0].shown == "Rules"


async def test_who_is_called_comes_into_a_private_thread(
    discord: DiscordServer, app: App, ada: User, guild: Guild, roses: Channel
) -> None:
    """A mention brings somebody in, unless it was not allowed; the app is told."""
    bob, eve = discord.user("Bob"), discord.user("Eve")
    discord.join(bob, guild)
    discord.join(eve, guild)
    joined: list[int] = []

    @app.event
    async def on_thread_member_join(member: Any) -> None:
        joined.append(member.id)

    thread = await discord.thread(ada, roses, "us", private=True, members=[discord.bot])
    channel = of(app, thread)
    await channel.send(f"<@{eve.id}>")
    await discord.say(ada, thread, "@Bob look")
    await discord.until(lambda: joined == [int(bob.id)])
    assert thread.members == [ada.id, discord.bot.id, bob.id]


async def test_the_latest_answers_are_those_after_a_message(
    discord: DiscordServer, app: App, ada: User
) -> None:
    """In a direct message everything after what was asked is its answer."""
    direct = discord.dm(ada)
    await of(app, direct).send("before")
    asked = await discord.say(ada, direct, "roses?")
    await of(app, direct).send("At night")
    assert [m.shown for m in discord.answers(asked)] == ["At night"]


async def test_a_role_that_changes_is_known(
    discord: DiscordServer, app: App, ada: User, guild: Guild, roses: Channel
) -> None:
    """New roles and permissions reach the app's own notion of the guild; an outage passes."""
    role = discord.role(guild, "Experts", [ada])
    discord.empower(guild, discord.bot_role(guild), "MANAGE_CHANNELS")
    heard: list[Heard] = []
    seen: list[str] = []

    @app.event
    async def on_message(message: Heard) -> None:
        heard.append(message)

    @app.event
    async def on_guild_unavailable(_: Any) -> None:
        seen.append("away")

    @app.event
    async def on_guild_available(_: Any) -> None:
        seen.append("back")

    await discord.say(ada, roses, "hello")
    await discord.until(lambda: heard)
    author: Any = heard[0].author
    assert str(role.id) in {str(one.id) for one in author.roles}
    server: Any = app.get_guild(int(guild.id))
    assert server.me.guild_permissions.manage_channels
    await discord.outage(guild)
    await discord.recover(guild)
    await discord.until(lambda: seen == ["away", "back"])
