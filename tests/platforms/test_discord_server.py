"""The stand-in's REST side refuses and remembers as Discord does, towards the real discord.py."""

from __future__ import annotations

import io
from typing import Any

import aiohttp
import pytest
from discord import AllowedMentions, DiscordServerError, Embed, File, HTTPException, ui
from discord import Message as Heard
from discord import Object as Thing

from tests.platforms.discord_app import App, connected, of, refused
from tests.platforms.discord_faults import Budget
from tests.platforms.discord_server import DiscordServer
from tests.platforms.discord_state import Channel, Guild, User


async def test_permissions_are_asked_for(
    discord: DiscordServer, app: App, ada: User, guild: Guild, roses: Channel
) -> None:
    """Each lacking permission is refused with Discord's code, and history is empty without it."""
    asked = await discord.say(ada, roses, "roses?")
    thread = await discord.thread(ada, roses, "more")
    channel, message = of(app, roses), of(app, roses).get_partial_message(int(asked.id))

    async def lacking(permission: str, call: Any) -> int:
        discord.permit(roses, discord.bot, deny=[permission])
        return await refused(call)

    assert await lacking("SEND_MESSAGES", channel.send("x")) == 50013
    assert await lacking("SEND_MESSAGES_IN_THREADS", of(app, thread).send("x")) == 50013
    assert await lacking("CREATE_PUBLIC_THREADS", message.create_thread(name="x")) == 50013
    assert await lacking("ADD_REACTIONS", message.add_reaction("👀")) == 50013
    assert await lacking("EMBED_LINKS", channel.send(embed=Embed(title="x"))) == 50013
    file = File(io.BytesIO(b"x"), "x.txt")
    assert await lacking("ATTACH_FILES", channel.send(file=file)) == 50013
    assert await lacking("READ_MESSAGE_HISTORY", channel.send("x", reference=message)) == 160002
    assert await lacking("READ_MESSAGE_HISTORY", message.fetch()) == 50001
    assert [m async for m in channel.history()] == []
    assert await lacking("VIEW_CHANNEL", channel.send("x")) == 50001
    assert await refused(message.delete()) == 50001
    discord.permit(roses, discord.bot)
    assert await refused(message.delete()) == 50013
    assert await refused(message.edit(content="x")) == 50005
    assert await refused(app.fetch_channel(1)) == 10003
    assert await refused(channel.fetch_message(1)) == 10008
    stranger = discord.user("Eve")
    server: Any = app.get_guild(int(guild.id))
    assert await refused(server.fetch_member(int(stranger.id))) == 10007
    closed = discord.user("Bob", dms_open=False)
    assert await refused(of(app, discord.dm(closed)).send("x")) == 50007


async def test_messages_have_limits(app: App, roses: Channel, discord: DiscordServer) -> None:
    """Every limit is refused as an invalid form; an empty message too."""
    channel = of(app, roses)

    async def post(**message: Any) -> int:
        return await refused(channel.send(**message))

    def view(*labels: str, **more: Any) -> ui.View:
        shown = ui.View(timeout=None)
        for label in labels:
            shown.add_item(ui.Button(label=label, **more))
        return shown

    long = ui.LayoutView()
    long.add_item(ui.TextDisplay("x" * 4001))
    assert await post(content="x" * 2001) == 50035
    assert await post(content="   ") == 50006
    assert await post(embed=Embed(description="x" * 4097)) == 50035
    assert await post(embeds=[Embed(description="x" * 4000)] * 2) == 50035
    assert await post(content="x", view=view("x" * 81)) == 50035
    assert await post(content="x", view=view("a", "b", custom_id="same")) == 50035
    assert await post(view=long) == 50035
    assert await post(content="x", nonce="n" * 26) == 50035
    file = File(io.BytesIO(b"x" * (10 * 1024 * 1024 + 1)), "big.bin")
    assert await post(file=file) == 40005
    assert discord.messages(roses) == []
    row = view(*"abcde")
    await channel.send("x" * 2000, view=row)
    short = ui.LayoutView()
    short.add_item(ui.TextDisplay("x" * 4000))
    shown = await channel.send(view=short)
    assert await refused(shown.edit(content="x")) == 50035
    assert discord.messages(roses)[-1].shown == "x" * 4000


async def test_a_nonce_is_taken_once(app: App, roses: Channel, discord: DiscordServer) -> None:
    """The same nonce gives the same message again, refused once deleted; in minutes a new one."""
    channel = of(app, roses)
    first = await channel.send("At night", nonce="t1-0")
    again = await channel.send("At night", nonce="t1-0")
    assert again.id == first.id
    assert again.nonce == "t1-0"
    assert (await channel.fetch_message(first.id)).nonce is None
    await first.delete()
    assert await refused(channel.send("At night", nonce="t1-0")) == 10008
    discord.shift_time(600)
    assert (await channel.send("At night", nonce="t1-0")).id != first.id
    assert len(discord.messages(roses)) == 1


async def test_history_is_read_both_ways(
    discord: DiscordServer, app: App, ada: User, roses: Channel
) -> None:
    """Pages after and before a message come in order, and without what was deleted."""
    said = [await discord.say(ada, roses, str(number)) for number in range(120)]
    await discord.delete(ada, said[100])
    channel = of(app, roses)
    after = Thing(int(said[9].id))
    later = [m.content async for m in channel.history(limit=None, after=after)]
    assert later == [str(n) for n in range(10, 120) if n != 100]
    newest = [m.content async for m in channel.history(limit=3)]
    assert newest == ["119", "118", "117"]
    before = [m.content async for m in channel.history(limit=2, before=Thing(int(said[5].id)))]
    assert before == ["4", "3"]


async def test_reactions_and_edits_are_told(
    discord: DiscordServer, app: App, ada: User, roses: Channel
) -> None:
    """Both ways: people's reactions and edits reach the app, the app's are seen."""
    told: list[Any] = []

    @app.event
    async def on_raw_reaction_add(event: Any) -> None:
        told.append(("+", str(event.emoji), event.user_id))

    @app.event
    async def on_raw_reaction_remove(event: Any) -> None:
        told.append(("-", str(event.emoji), event.user_id))

    @app.event
    async def on_raw_message_edit(event: Any) -> None:
        told.append(("edit", event.message.content))

    @app.event
    async def on_raw_message_delete(event: Any) -> None:
        told.append(("delete", event.message_id))

    asked = await discord.say(ada, roses, "roses?")
    message = of(app, roses).get_partial_message(int(asked.id))
    await message.add_reaction("👀")
    assert asked.reactions == {"👀": [discord.bot.id]}
    await message.remove_reaction("👀", app.user)
    await discord.react(ada, asked, "👍")
    await discord.unreact(ada, asked, "👍")
    await discord.edit(ada, asked, "tulips?")
    await discord.delete(ada, asked)
    await discord.until(lambda: len(told) == 6)
    me, her = int(discord.bot.id), int(ada.id)
    assert told == [("+", "👀", me), ("-", "👀", me), ("+", "👍", her), ("-", "👍", her),
                    ("edit", "tulips?"), ("delete", int(asked.id))]  # fmt: skip


async def test_who_would_be_notified_is_seen(
    discord: DiscordServer, ada: User, guild: Guild, roses: Channel
) -> None:
    """Mentions ping where they are allowed, in edits too, and so do replies; not within code."""
    quiet = discord.role(guild, "Quiet", [ada])
    loud = discord.role(guild, "Loud", [ada], mentionable=True)
    asked = await discord.say(ada, roses, "roses?")
    text = f"<@{ada.id}> @everyone <@&{quiet.id}> <@&{loud.id}> `<@1>`"
    all_ = AllowedMentions.all()
    async with connected(discord, App(allowed_mentions=None)) as app:
        channel = of(app, roses)
        message = channel.get_partial_message(int(asked.id))
        await channel.send(text)
        await channel.send(text, allowed_mentions=AllowedMentions.none())
        await channel.send("x", reference=message)
        await channel.send("x", reference=message, mention_author=False)
        edited = await channel.send("x", allowed_mentions=AllowedMentions.none())
        await edited.edit(content=text)
        discord.permit(roses, discord.bot, allow=["MENTION_EVERYONE"])
        await channel.send(text, allowed_mentions=all_)
    pings = [message.pings for message in discord.answers(roses)]
    some = {ada.id, f"&{loud.id}"}
    assert pings == [some, set(), {ada.id}, set(), some, some | {"everyone", f"&{quiet.id}"}]


async def test_files_go_both_ways(
    discord: DiscordServer, app: App, ada: User, roses: Channel
) -> None:
    """People's attachments can be read for a day, and the app's are seen."""
    heard: list[Heard] = []

    @app.event
    async def on_message(message: Heard) -> None:
        heard.append(message)

    notes = discord.file("notes.md", b"# Roses", "text/markdown")
    await discord.say(ada, roses, "look", attachments=[notes])
    await discord.until(lambda: heard)
    attachment = heard[0].attachments[0]
    assert await attachment.read() == b"# Roses"
    discord.shift_time(86401)
    assert await refused(attachment.read()) == 0
    await of(app, roses).send("mine", file=File(io.BytesIO(b"x"), "a.txt"))
    assert [file.content for file in discord.messages(roses)[-1].attachments] == [b"x"]


async def test_faults_strike_the_calls_they_are_meant_for(
    discord: DiscordServer, app: App, guild: Guild, roses: Channel
) -> None:
    """429 is waited for, a ban and 503 are not; a cut call was carried out, a refused one not."""
    shed = discord.channel(guild, "shed")
    channel = of(app, roses)
    limited = discord.fault("create_message", retry_after=0.1, channel=roses)
    await of(app, shed).send("passes")
    assert limited.struck == 0
    await channel.send("waited")
    assert limited.struck == 1
    discord.fault("create_message", retry_after=0.1, everything=True)
    await channel.send("waited for all")
    discord.fault("create_message", ban=True)
    with pytest.raises(HTTPException) as raised:
        await channel.send("banned")
    assert raised.value.status == 429
    discord.fault("create_message", status=503)
    with pytest.raises(DiscordServerError):
        await channel.send("unavailable")
    discord.fault("create_message", cut=True)
    with pytest.raises(aiohttp.ClientError):
        await channel.send("did it happen?")
    discord.fault("create_message", refuse=True)
    with pytest.raises(aiohttp.ClientError):
        await channel.send("it did not")
    discord.fault("create_message", code=50013)
    assert await refused(channel.send("x")) == 50013
    stand = [m.content for m in discord.messages(roses)]
    assert stand == ["waited", "waited for all", "did it happen?"]
    assert len(discord.called("create_message")) == 4


async def test_a_budget_paces_channels(roses: Channel, discord: DiscordServer, app: App) -> None:
    """Headers tell the client to wait, so that nothing is refused; who does not wait is."""
    discord.rest.budget = budget = Budget({"create_message": (2, 0.5)})
    channel = of(app, roses)
    for number in range(5):
        await channel.send(str(number))
    assert budget.refused == 0
    headers = {"Authorization": f"Bot {discord.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        url = f"{discord.url}/channels/{roses.id}/messages"
        statuses = []
        for _ in range(3):
            async with session.post(url, json={"content": "x"}) as response:
                statuses.append(response.status)
    assert 429 in statuses


async def test_the_application_tells_its_intents(discord: DiscordServer, app: App) -> None:
    """Its flags say which privileged intents are on; its guilds say what it may do there."""
    information = await app.application_info()
    assert information.flags.gateway_message_content_limited
    assert not information.flags.gateway_guild_members_limited
    (mine,) = [guild async for guild in app.fetch_guilds()]
    assert mine.name == "Garden"
    assert await refused(app.http.request(_route("GET", "/nonsense"))) == 0


def _route(method: str, path: str) -> Any:
    from discord.http import Route

    return Route(method, path)


def test_it_serves_a_test_without_a_loop() -> None:
    """In a thread of its own it is played from outside."""
    with DiscordServer() as discord:
        ada = discord.user("Ada")
        roses = discord.channel(discord.guild("Garden", [ada]), "roses")
        asked = discord.play(discord.say(ada, roses, "roses?"))
        assert discord.messages(roses) == [asked]
