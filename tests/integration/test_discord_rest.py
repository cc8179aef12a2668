"""The one door to Discord: what is repeated, what errors mean, what never goes out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest
from discord.http import Route

from adapters.discord.rest import DiscordRest, nonce_of
from bot.errors import ChatLimitedError, ChatRefusedError, ChatUnavailableError
from tests.platforms.discord_delivery import Desk, garden, logged_in
from tests.platforms.discord_server import DiscordServer


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with garden() as found:
        yield found


async def test_calls_wait_for_the_login() -> None:
    """What is worked on before the client has logged in goes out once it has."""
    async with DiscordServer() as server:
        Route.BASE = server.url
        guild = server.guild("Garden")
        roses = server.channel(guild, "roses")
        async with discord.Client(intents=discord.Intents.none()) as client:
            rest = DiscordRest(client.http, delivery_s=5.0)
            sending = asyncio.create_task(rest.send(roses.id, "hello", nonce="n1"))
            await asyncio.sleep(0.1)
            assert not sending.done()
            await client.login(server.token)
            assert server.message(await sending).content == "hello"


async def test_without_a_login_it_ends_in_an_error_that_is_tried_again() -> None:
    """Nobody waits longer than the patience of a call."""
    async with discord.Client(intents=discord.Intents.none()) as client:
        rest = DiscordRest(client.http, patience_s=0.1)
        with pytest.raises(ChatUnavailableError):
            await rest.me()


async def test_a_token_that_is_refused_is_no_refusal_of_the_question(desk: Desk) -> None:
    """401: the operator replaces the token, and what waits is answered then."""
    desk.server.fault("create_message", status=401, times=99)
    async with logged_in(desk.server) as client:
        rest = DiscordRest(client.http, delivery_s=0.5)
        with pytest.raises(ChatUnavailableError):
            await rest.send(desk.roses.id, "hello", nonce="n1")


async def test_after_the_end_calls_fail_in_our_words(desk: Desk) -> None:
    """A closed connection is an error that is tried again elsewhere, not a fault of the program."""
    async with discord.Client(intents=discord.Intents.none()) as client:
        await client.login(desk.server.token)
        rest = DiscordRest(client.http, delivery_s=0.3)
    with pytest.raises(ChatUnavailableError):
        await rest.send(desk.roses.id, "hello", nonce="n1")


@pytest.mark.parametrize(
    ("deny", "needed"),
    [(["SEND_MESSAGES"], "Send Messages"), (["VIEW_CHANNEL"], "View Channels")],
)
async def test_a_refusal_names_the_permission(desk: Desk, deny: list[str], needed: str) -> None:
    """Discord says "Missing Permissions"; the error says which, and who listens is told."""
    guild = desk.server.world.guilds[desk.roses.guild or ""]
    desk.server.permit(desk.roses, guild, deny=deny)
    with pytest.raises(ChatRefusedError) as refused:
        await desk.rest.send(desk.roses.id, "hello", nonce="n1")
    assert refused.value.data["needed"] == needed
    assert needed in str(refused.value)
    assert [(channel, e.data["needed"]) for channel, e in desk.refused] == [(desk.roses.id, needed)]


@pytest.mark.parametrize("fault", [{"cut": True}, {"hang": True}])
async def test_a_follow_up_is_not_repeated(desk: Desk, fault: dict[str, Any]) -> None:
    """Webhooks enforce no nonce: what may have been posted is left to who asked for it."""
    desk.server.fault("create_followup_message", **fault)
    with pytest.raises(ChatUnavailableError):
        await desk.rest.follow_up(desk.server.world.application, "token", "hello")
    assert desk.made("create_followup_message") == 1


@pytest.mark.parametrize("fault", [{"refuse": True}, {"status": 503}, {"hang": True}])
async def test_typing_is_not_repeated(desk: Desk, fault: dict[str, Any]) -> None:
    """What only shows that work began is not worth a second call."""
    desk.server.fault("trigger_typing", **fault)
    with pytest.raises(ChatUnavailableError):
        await desk.rest.typing(desk.roses.id)
    assert desk.made("trigger_typing") == 1


async def test_a_long_limit_of_a_bucket_holds_that_channel_alone(desk: Desk) -> None:
    """A limit beyond 30 s is ours to decide on: the channel waits, others go on."""
    desk.server.fault("create_message", retry_after=120, times=2)
    guild = desk.server.world.guilds[desk.roses.guild or ""]
    tulips = desk.server.channel(guild, "tulips")
    with pytest.raises(ChatLimitedError) as limited:
        await desk.rest.send(desk.roses.id, "hello", nonce="n1")
    assert float(str(limited.value.data["seconds"])) > 100
    desk.server.heal()
    sent = await desk.rest.send(tulips.id, "hello", nonce="n2")
    assert desk.server.message(sent).channel == tulips.id


async def test_files_come_from_discord_alone_and_without_the_token(desk: Desk) -> None:
    """An address elsewhere is refused before anything is sent."""
    for url in ("https://evil.example/a.txt", "http://cdn.discordapp.com/a.txt"):
        with pytest.raises(ChatRefusedError):
            await desk.rest.download(url, 10)


async def test_pages_of_history_are_read_to_the_end(desk: Desk) -> None:
    """More than one page, oldest first, nothing twice."""
    for n in range(130):
        await desk.server.say(desk.ada, desk.roses, f"m{n}")
    found = await desk.rest.history(desk.roses.id, after=desk.heard.message)
    assert [message["content"] for message in found] == [f"m{n}" for n in range(130)]


def test_nonces_fit_and_differ() -> None:
    """At most 25 characters; another part, event or generation has another one."""
    found = {nonce_of("discord:1:2:3", n, again) for n in range(9) for again in range(3)}
    assert len(found) == 27
    assert max(map(len, found)) <= 25
