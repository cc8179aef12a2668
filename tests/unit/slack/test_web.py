"""The Web API with the real SDK, against the stand-in Slack."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp.web
import pytest
from aiohttp.test_utils import TestServer

from adapters.slack.transport import API_URL, are_both_here, is_slacks, proxy_for, web_client
from adapters.slack.web import SlackWeb
from bot.errors import ChatError, ChatLimitedError, ChatRefusedError, ChatUnavailableError
from tests.platforms.slack_server import SlackServer


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer() as server:
        server.channel("C1", "garden", [server.user("U1", "Ada")])
        server.channel("C2", "kitchen", [])
        yield server


@pytest.fixture
async def web(slack: SlackServer) -> AsyncIterator[SlackWeb]:
    client = SlackWeb(slack.bot_token, slack.url, timeout_s=2.0, patience_s=12.0, delivery_s=12.0)
    yield client
    await client.aclose()


def made(slack: SlackServer, method: str) -> int:
    return len([call for call in slack.calls if call.method == method])


async def test_the_token_says_who_we_are(web: SlackWeb) -> None:
    """auth.test gives the workspace, the bot's ids and the scopes that were granted."""
    us = await web.auth_test()
    assert (us.team, us.user, us.bot) == ("T1", "UBOT", "BBOT")
    assert "chat:write" in us.scopes


async def test_posts_are_unfurled_nowhere_and_found_with_their_metadata(
    slack: SlackServer, web: SlackWeb
) -> None:
    """A post shows no previews; a thread's reading gives its metadata back."""
    metadata = {"event_type": "x", "event_payload": {"event": "E1"}}
    root = await web.post_message("C1", "one")
    reply = await web.post_message("C1", "https://x.org", thread=root, metadata=metadata)
    assert not slack.message(reply).unfurls
    assert [(m["ts"], m.get("metadata")) for m in await web.replies("C1", root, after=root)] == [
        (reply, metadata)
    ]
    assert [m["ts"] for m in await web.history("C1", after="0")] == [root]


async def test_all_pages_of_a_thread_are_read(slack: SlackServer, web: SlackWeb) -> None:
    """A thread longer than a page comes whole, its first message once."""
    ada, garden = slack.world.users["U1"], slack.world.channels["C1"]
    root = await slack.say(ada, garden, "root")
    said = [await slack.say(ada, garden, f"{n}", root) for n in range(430)]
    assert [m["ts"] for m in await web.replies("C1", root, after=root)] == said


async def test_an_error_has_slacks_code_and_nothing_else(slack: SlackServer, web: SlackWeb) -> None:
    """A refusal names method and code; neither the token nor the text is in it."""
    with pytest.raises(ChatRefusedError) as refused:
        await web.post_message("C9", "a secret text")
    assert refused.value.data["reason"] == "channel_not_found"
    assert "secret" not in repr(refused.value.__dict__) + str(refused.value)
    assert refused.value.__context__ is None
    assert slack.bot_token not in str(refused.value)


async def test_a_limit_is_waited_for_without_holding_up_others(
    slack: SlackServer, web: SlackWeb
) -> None:
    """While one channel waits out a 429, another channel and another method go ahead."""
    slack.fault("chat.postMessage", status=429, retry_after=1, channel="C1")
    waiting = asyncio.create_task(web.post_message("C1", "later"))
    await slack.until(lambda: made(slack, "chat.postMessage") == 1)
    other = await web.post_message("C2", "now")
    await web.update_message("C2", other, "and changed")
    assert not waiting.done()
    assert slack.message(await waiting).text == "later"


async def test_a_limit_beyond_our_patience_is_raised(slack: SlackServer, web: SlackWeb) -> None:
    """A wait of a minute is the caller's to decide; it is told how long."""
    slack.fault("chat.update", status=429, retry_after=60)
    ts = await web.post_message("C1", "x")
    with pytest.raises(ChatLimitedError) as limited:
        await web.update_message("C1", ts, "y")
    assert float(str(limited.value.data["seconds"])) > 50
    assert not web.pacer.free("chat.update", "C1")
    assert web.pacer.free("chat.update", "C2")


async def test_a_stream_never_waits(slack: SlackServer, web: SlackWeb) -> None:
    """A limited startStream raises at once, so that a message can be posted instead."""
    slack.fault("chat.startStream", status=429, retry_after=1)
    root = await web.post_message("C1", "x")
    with pytest.raises(ChatLimitedError):
        await web.start_stream("C1", root, team="T1", user="U1")
    with pytest.raises(ChatLimitedError):
        await web.start_stream("C1", root, team="T1", user="U1")
    assert made(slack, "chat.startStream") == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503},
        {"error": "internal_error"},
        {"cut": True},
        {"refuse": True},
        {"hang": True},
    ],
)
async def test_what_may_have_been_posted_is_not_posted_again(
    slack: SlackServer, web: SlackWeb, fault: dict[str, object]
) -> None:
    """A post that broke off raises after one call; an edit that broke off is simply repeated."""
    ts = await web.post_message("C1", "x")
    slack.fault("chat.postMessage", **fault)  # type: ignore[arg-type]  # its fields
    with pytest.raises(ChatUnavailableError):
        await web.post_message("C1", "once")
    slack.fault("chat.update", **fault)  # type: ignore[arg-type]  # its fields
    await web.update_message("C1", ts, "again")
    assert slack.message(ts).text == "again"
    once = [m for m in slack.world.channels["C1"].messages.values() if m.text == "once"]
    assert len(once) == (1 if fault.keys() & {"cut", "hang"} else 0)


async def test_a_slack_that_is_not_there_is_unavailable() -> None:
    """Where no connection comes about even a post is tried again, then given up in time."""
    web = SlackWeb("xoxb", "http://127.0.0.1:9/api/", patience_s=1.0, delivery_s=1.0)
    try:
        with pytest.raises(ChatUnavailableError):
            await web.post_message("C1", "x")
    finally:
        await web.aclose()


async def test_a_missing_scope_is_named(slack: SlackServer, web: SlackWeb) -> None:
    """The refusal says which scope is needed."""
    slack.web.strict_scopes = True
    slack.world.teams["T1"].scopes = frozenset({"chat:write"})
    with pytest.raises(ChatRefusedError) as refused:
        await web.user("U1")
    assert (refused.value.data["reason"], refused.value.data["needed"]) == (
        "missing_scope",
        "users:read",
    )


# -- files ------------------------------------------------------------------------------------


async def test_a_file_is_read_up_to_its_limit(slack: SlackServer, web: SlackWeb) -> None:
    """No more than asked for is taken."""
    notes = slack.file("F1", "notes.txt", b"0123456789")
    url = notes.payload(slack.address)["url_private_download"]
    assert await web.download(url, 100) == (b"0123456789", "text/plain")
    assert await web.download(url, 4) == (b"0123", "text/plain")
    assert (await web.file("F1"))["name"] == "notes.txt"


async def test_a_login_page_is_a_missing_permission(slack: SlackServer, web: SlackWeb) -> None:
    """Slack shows a login page where files:read is missing: that is no file."""
    slack.web.strict_scopes = True
    slack.world.teams["T1"].scopes = frozenset({"chat:write"})
    notes = slack.file("F1", "notes.txt", b"x")
    with pytest.raises(ChatRefusedError) as refused:
        await web.download(notes.payload(slack.address)["url_private"], 100)
    assert refused.value.data["needed"] == "files:read"


def test_slacks_own_hosts_are_these() -> None:
    """Files and answers to commands have hosts of their own; a gateway before the API, too."""
    assert is_slacks("https://hooks.slack.com/commands/T1/2/x")
    assert is_slacks("https://files.slack-gov.com/files-pri/T1-F1/x", "https://slack-gov.com/api/")
    assert is_slacks("https://hooks.slack.com/actions/T1/2/x", "https://gateway.example/slack/")
    assert not is_slacks("https://hooks.gateway.example.org/x", "https://gateway.example/slack/")
    assert not is_slacks("https://[broken/x")


def test_two_addresses_of_this_machine_are_both_here() -> None:
    """A stand-in may answer at another port than its API's; nothing else counts as near."""
    assert are_both_here("http://localhost:9/x", "http://127.0.0.1:8/api/")
    assert not are_both_here("http://localhost:9/x", API_URL)
    assert not are_both_here("http://10.0.0.1/x", "http://127.0.0.1:8/api/")
    assert not are_both_here("http://[x/", "http://127.0.0.1:8/api/")


async def test_nothing_leaves_for_a_foreign_host(slack: SlackServer) -> None:
    """Neither the token nor an answer: an address elsewhere, or one that only looks like Slack's,
    is not even asked."""
    async with SlackServer() as foreign:
        web = SlackWeb("xoxb-secret", slack.url)
        with pytest.raises(ChatRefusedError):
            await web.download(f"{foreign.address}/files-pri/T1-F1/x", 10)
        for url in (
            "https://files.slack.com.evil.org/x",
            "https://files.slack.com@evil.org/x",
            "http://files.slack.com/x",
            "file:///etc/passwd",
        ):
            with pytest.raises(ChatRefusedError) as refused:
                await web.download(url, 10)
            assert refused.value.data["reason"] == "foreign_host"
            with pytest.raises(ChatRefusedError) as refused:
                await web.respond(url, "The answer.")
            assert refused.value.data["reason"] == "foreign_host"
        assert foreign.calls == []
        await web.aclose()


# -- the way out ------------------------------------------------------------------------------


async def test_no_proxy_stands_between_us_and_this_machine(
    slack: SlackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy in the environment is used for Slack, but not for loopback and NO_PROXY."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "slack.internal")
    assert web_client("x", slack.url).proxy is None
    assert web_client("x", "https://slack.internal/api/").proxy is None
    assert web_client("x").proxy == "http://127.0.0.1:9"
    assert proxy_for("http://localhost:1/") is None
    web = SlackWeb(slack.bot_token, slack.url)
    try:
        assert (await web.auth_test()).team == "T1"
    finally:
        await web.aclose()


async def test_an_answer_that_is_no_json_is_an_error_of_ours() -> None:
    """A proxy's page or a bare word in place of JSON raises a ChatError, not a bug."""
    from aiohttp import web as http

    async def odd(request: http.Request) -> http.Response:
        kinds = {"users.info": "text/plain", "auth.test": "text/html"}
        kind = kinds.get(request.path.rpartition("/")[2], "application/json")
        return http.Response(text="hello", content_type=kind)

    application = http.Application()
    application.router.add_route("*", "/api/{method}", odd)
    runner = http.AppRunner(application)
    await runner.setup()
    site = http.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    web = SlackWeb("x", f"http://127.0.0.1:{runner.addresses[0][1]}/api/", patience_s=0.3)
    try:
        for call in (web.user("U1"), web.auth_test(), web.channel("C1")):
            with pytest.raises(ChatError):
                await call
    finally:
        await web.aclose()
        await runner.cleanup()


async def test_a_stream_without_a_message_is_none() -> None:
    """Where something between us and Slack says yes to everything, an answer is posted instead of
    being streamed into nothing."""

    async def agree(_request: aiohttp.web.Request) -> aiohttp.web.Response:
        return aiohttp.web.json_response({"ok": True})

    yes = aiohttp.web.Application()
    yes.router.add_post("/api/{method}", agree)
    async with TestServer(yes) as server:
        web = SlackWeb("xoxb-any", str(server.make_url("/api/")))
        try:
            with pytest.raises(ChatRefusedError):
                await web.start_stream("C1", "1.1", team="T1", user="U1")
        finally:
            await web.aclose()
