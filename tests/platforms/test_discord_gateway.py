"""The stand-in's gateway: who may connect, what is told, and what gets lost."""

from __future__ import annotations

from typing import Any

import pytest
from discord import AutoShardedClient, Intents, LoginFailure, PrivilegedIntentsRequired

from tests.platforms.discord_app import App, connected, redirected
from tests.platforms.discord_server import DiscordServer
from tests.platforms.discord_state import Channel, User


def listening(app: App) -> list[str]:
    """The contents of the messages that an app hears."""
    heard: list[str] = []

    @app.event
    async def on_message(message: Any) -> None:
        heard.append(message.content)

    return heard


async def test_a_bad_token_is_refused(discord: DiscordServer) -> None:
    """A wrong token is refused before the gateway."""
    async with App() as app:
        with redirected(discord.url), pytest.raises(LoginFailure):
            await app.start("wrong")


async def test_an_intent_that_is_off_closes_the_gateway(discord: DiscordServer) -> None:
    """Asking for contents where the portal does not give them ends with the intent's name."""
    discord.world.content_granted = False
    async with App() as app:
        with redirected(discord.url), pytest.raises(PrivilegedIntentsRequired):
            await app.start(discord.token)


async def test_contents_are_blank_without_the_intent(
    discord: DiscordServer, ada: User, roses: Channel
) -> None:
    """Only direct messages, mentions, replies to the bot and its own words are told."""
    app = App(content=False)
    heard = listening(app)
    async with connected(discord, app):
        channel: Any = app.get_channel(int(roses.id))
        own = await channel.send("mine")
        await discord.say(ada, roses, "among us", attachments=[discord.file("a.txt", b"x")])
        await discord.say(ada, roses, "@wellspoken hello")
        await discord.say(ada, roses, "to you", reply_to=str(own.id))
        await discord.say(ada, roses, "quietly to you", reply_to=str(own.id), ping=False)
        await discord.say(ada, discord.dm(ada), "between us")
        await discord.until(lambda: len(heard) == 6)
        discord.world.content_granted = False
        history = [message.content async for message in channel.history(oldest_first=True)]
    hello = f"<@{discord.bot.id}> hello"
    assert heard == ["mine", "", hello, "to you", "", "between us"]
    assert history == ["mine", "", hello, "to you", ""]


async def test_a_cut_line_is_resumed(discord: DiscordServer, ada: User, roses: Channel) -> None:
    """What was said meanwhile is told on RESUME, and some of what was told before again."""
    heard = listening(app := App())
    async with connected(discord, app):
        await discord.say(ada, roses, "one")
        await discord.until(lambda: heard == ["one"])
        discord.repeat_on_resume(1)
        discord.close_gateway()
        await discord.say(ada, roses, "two")
        discord.open_gateway()
        await discord.until(lambda: "two" in heard)
        await discord.connected()
        discord.reconnect()
        await discord.until(lambda: discord.gateway.resumed == 2)
        discord.invalidate(resumable=True)
        await discord.until(lambda: discord.gateway.resumed == 3)
    assert heard[:3] == ["one", "one", "two"]
    assert len(discord.gateway.identified) == 1


async def test_events_of_a_gap_are_lost(discord: DiscordServer, ada: User, roses: Channel) -> None:
    """After an invalid session nobody tells what was said meanwhile; the history has it."""
    heard = listening(app := App())
    async with connected(discord, app):
        before = await discord.say(ada, roses, "one")
        await discord.until(lambda: heard == ["one"])
        discord.close_gateway(forget=True)
        await discord.say(ada, roses, "two")
        discord.open_gateway()
        await discord.until(lambda: len(discord.gateway.identified) == 2)
        discord.lose_events("MESSAGE_CREATE")
        await discord.say(ada, roses, "three")
        await discord.say(ada, roses, "four")
        await discord.until(lambda: "four" in heard)
        channel: Any = app.get_channel(int(roses.id))
        after: Any = type("Snowflake", (), {"id": int(before.id)})
        missed = [message.content async for message in channel.history(after=after)]
        discord.invalidate()
        await discord.until(lambda: len(discord.gateway.identified) == 3)
    assert heard == ["one", "four"]
    assert missed == ["two", "three", "four"]


async def test_a_silent_line_is_given_up() -> None:
    """A line on which nothing is heard any more is opened anew, and what was missed is told."""
    async with DiscordServer(heartbeat=0.5) as discord:
        ada = discord.user("Ada")
        roses = discord.channel(discord.guild("Garden", [ada]), "roses")
        heard = listening(app := App(heartbeat_timeout=3))
        async with connected(discord, app):
            discord.go_silent()
            await discord.say(ada, roses, "hello?")
            await discord.until(lambda: heard == ["hello?"])
        assert discord.gateway.resumed >= 1
        assert discord.gateway.heartbeats > 1


async def test_guilds_come_and_go(discord: DiscordServer, ada: User, roses: Channel) -> None:
    """Thrown out, the bot is told, sees nothing there any more, and may be invited again."""
    guild = discord.world.guilds[str(roses.guild)]
    app, seen = App(), []

    @app.event
    async def on_guild_remove(left: Any) -> None:
        seen.append(f"left {left.name}")

    @app.event
    async def on_guild_join(joined: Any) -> None:
        seen.append(f"joined {joined.name}")

    heard = listening(app)
    async with connected(discord, app):
        await discord.kick(guild)
        await discord.say(ada, roses, "among us")
        await discord.until(lambda: seen == ["left Garden"])
        await discord.invite(guild)
        await discord.until(lambda: seen[-1] == "joined Garden")
        await discord.say(ada, roses, "welcome")
        await discord.until(lambda: heard == ["welcome"])
        secret = discord.channel(guild, "secret", only=[ada])
        discord.permit(secret, discord.bot, deny=["VIEW_CHANNEL"])
        await discord.say(ada, secret, "unheard")
        await discord.say(ada, roses, "heard")
        await discord.until(lambda: heard[-1] == "heard")
    assert heard == ["welcome", "heard"]


async def test_shards_share_the_guilds() -> None:
    """Each shard hears its guilds; direct messages come to the first."""
    async with DiscordServer(shards=2) as discord:
        ada = discord.user("Ada")
        guilds = [discord.guild(f"G{n}", [ada], id_=str((n + 2) << 22)) for n in range(2)]
        channels = [discord.channel(guild, "roses") for guild in guilds]
        heard: list[tuple[str, int]] = []

        class Sharded(AutoShardedClient):
            """A client that identifies its shards at once."""

            async def before_identify_hook(
                self, shard_id: int | None, *, initial: bool = False
            ) -> None:
                pass

        client = Sharded(intents=Intents.default(), guild_ready_timeout=0.05)

        @client.event
        async def on_message(message: Any) -> None:
            guild = message.guild
            heard.append((message.channel.name if guild else "direct", guild and guild.shard_id))

        async with connected(discord, client):
            await discord.connected(2)
            for channel in channels:
                await discord.say(ada, channel, "hello")
            await discord.say(ada, discord.dm(ada), "hello")
            await discord.until(lambda: len(heard) == 3)
        shards = [given["shard"] for given in discord.gateway.identified]
    assert shards == [[0, 2], [1, 2]]
    assert sorted(heard, key=str) == [("direct", None), ("roses", 0), ("roses", 1)]
