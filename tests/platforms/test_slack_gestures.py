"""What people press, call, upload and install in the stand-in Slack reaches a real app."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.oauth.installation_store import FileInstallationStore
from slack_sdk.oauth.state_store import FileOAuthStateStore
from slack_sdk.web.async_client import AsyncWebClient

from tests.platforms.slack_app import FEEDBACK, app_of, connected, refused, served
from tests.platforms.slack_server import SlackServer


async def test_buttons_and_modals_go_to_the_app_and_back(slack: SlackServer) -> None:
    """Thumbs down opens a modal within its trigger; errors, then the end, and a response."""
    ada = slack.user("U1", "Ada")
    slack.channel("C1", "garden", [ada])
    app = app_of(slack)
    pressed: list[dict[str, Any]] = []

    @app.action("rate")
    async def rate(ack: Any, body: dict[str, Any], client: AsyncWebClient, respond: Any) -> None:
        await ack()
        pressed.append(body["actions"][0])
        await client.views_open(trigger_id=body["trigger_id"], view=_MODAL)
        await respond("Noted", response_type="ephemeral", replace_original=False)

    @app.view("why")
    async def why(ack: Any, view: dict[str, Any]) -> None:
        said = view["state"]["values"]["better"]["text"]["value"]
        if said == "no":
            await ack(response_action="errors", errors={"better": "Say more"})
        else:
            await ack()

    async with connected(slack, app):
        post = await app.client.chat_postMessage(channel="C1", text="x", blocks=[FEEDBACK])
        gesture = await slack.press(ada, post["ts"], "down")
        await slack.until(lambda: slack.views_opened and slack.ephemerals(ada))
        (view,) = slack.views_opened
        with pytest.raises(AssertionError, match="fill in"):
            await slack.submit(ada, view)
        await slack.submit(ada, view, {"A better answer": "no"})
        assert (view.errors, view.closed) == ({"better": "Say more"}, False)
        await slack.submit(ada, view, {"better": "At night"})
        assert view.closed
        with pytest.raises(AssertionError, match="nothing to press"):
            await slack.press(ada, post["ts"], "sideways")
    assert [(a["type"], a["value"]) for a in pressed] == [("feedback_buttons", "bad")]
    assert [body["text"] for body in gesture.responses] == ["Noted"]
    assert await refused(app.client.views_open(trigger_id=gesture.trigger, view=_MODAL)) == (
        "exchanged_trigger_id"
    )


_MODAL = {
    "type": "modal",
    "callback_id": "why",
    "title": {"type": "plain_text", "text": "Why?"},
    "submit": {"type": "plain_text", "text": "Send"},
    "blocks": [
        {
            "type": "input",
            "block_id": "better",
            "label": {"type": "plain_text", "text": "A better answer"},
            "element": {"type": "plain_text_input", "action_id": "text"},
        }
    ],
}


async def test_commands_shortcuts_and_tabs_reach_the_app(slack: SlackServer) -> None:
    """A command is answered for its caller alone; a shortcut brings its message; tabs are told."""
    ada = slack.user("U1", "Ada")
    garden = slack.channel("C1", "garden", [ada])
    app = app_of(slack)
    heard: list[Any] = []

    @app.command("/ask")
    async def ask(ack: Any, command: dict[str, Any], respond: Any) -> None:
        await ack("Looking…")
        for number in range(6):
            result = await respond(f"{command['text']} {number}")
            heard.append(result.status_code)

    @app.shortcut("about")
    async def about(ack: Any, shortcut: dict[str, Any]) -> None:
        await ack()
        heard.append(shortcut["message"]["text"])

    @app.event("app_home_opened")
    async def opened(event: dict[str, Any], client: AsyncWebClient) -> None:
        view = {"type": "home", "blocks": [{"type": "markdown", "text": "x"}]}
        assert await refused(client.views_publish(user_id="U1", view=view)) == "invalid_arguments"
        await client.views_publish(user_id="U1", view={"type": "home", "blocks": [_FEEDBACK_TEXT]})
        heard.append((event["tab"], event["context"]["entities"][0]["value"]))

    async with connected(slack, app):
        await slack.command(ada, garden, "/ask", "roses?")
        await slack.until(lambda: len(heard) == 6)
        shown = {m.shown for m in slack.ephemerals(ada)}
        assert shown == {"Looking…", *(f"roses? {number}" for number in range(5))}
        assert heard == [200] * 5 + [404]
        ts = await slack.say(ada, garden, "tulips?")
        await slack.shortcut(ada, ts, "about")
        await slack.open_home(ada, "messages", context=garden)
        await slack.until(lambda: "U1" in slack.homes and len(heard) == 8)
    assert heard[6:] == ["tulips?", ("messages", "C1")]


_FEEDBACK_TEXT = {"type": "section", "text": {"type": "mrkdwn", "text": "Hello"}}


async def test_a_file_is_given_to_the_token_alone(slack: SlackServer) -> None:
    """With the bot's token the bytes come; without it a page that asks to sign in."""
    ada = slack.user("U1", "Ada")
    garden = slack.channel("C1", "garden", [ada])
    ts = await slack.say(ada, garden, "see", files=[slack.file("F1", "a.txt", b"roses")])
    (file,) = slack.events[0]["event"]["files"]
    async with aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {slack.bot_token}"}
        async with session.get(file["url_private_download"], headers=headers) as response:
            assert (await response.read(), response.content_type) == (b"roses", "text/plain")
        async with session.get(file["url_private_download"]) as response:
            assert (response.status, response.content_type) == (200, "text/html")
    assert slack.message(ts).files == ["F1"]


async def test_a_file_is_uploaded_into_a_thread(slack: SlackServer, client: AsyncWebClient) -> None:
    """The three steps of an upload end in a message with the file."""
    ada = slack.user("U1", "Ada")
    garden = slack.channel("C1", "garden", [ada])
    root = await slack.say(ada, garden, "all of it?")
    await client.files_upload_v2(
        channel="C1", thread_ts=root, filename="all.md", content="# All", initial_comment="Here"
    )
    (answer,) = slack.answers(garden, root)
    assert answer.text == "Here"
    assert slack.world.files[answer.files[0]].content == b"# All"


async def test_workspaces_are_kept_apart(slack: SlackServer) -> None:
    """Another team's token sees its own people and channels only; a removed app sees nothing."""
    ada = slack.user("U1", "Ada")
    other = slack.team("T2", token="xoxb-other")
    slack.channel("C1", "garden", [ada])
    client = AsyncWebClient("xoxb-other", base_url=slack.url)
    assert (await client.auth_test())["team_id"] == "T2"
    assert await refused(client.conversations_info(channel="C1")) == "channel_not_found"
    assert await refused(client.users_info(user="U1")) == "user_not_found"
    await slack.uninstall(other)
    assert await refused(client.auth_test()) == "account_inactive"


async def test_over_http_events_are_signed_and_come_again() -> None:
    """Bolt takes the signature; an error brings the event again with its number and reason."""
    slack = SlackServer(retry_delays=(0.0, 0.05, 0.05))
    app = AsyncApp(
        client=AsyncWebClient(slack.bot_token, base_url=slack.url),
        signing_secret=slack.signing_secret,
    )
    numbers: list[str | None] = []

    async def door(request: web.Request) -> web.Response:
        numbers.append(request.headers.get("X-Slack-Retry-Num"))
        if len(numbers) == 1:
            return web.Response(status=500)
        headers: dict[str, str | Sequence[str]] = dict(request.headers)
        bolt = AsyncBoltRequest(body=await request.text(), headers=headers)
        answer = await app.async_dispatch(bolt)
        return web.Response(status=answer.status, text=answer.body)

    @app.event("message")
    async def said() -> None:
        return None

    place = web.Application()
    place.router.add_post("/slack/events", door)
    async with slack, served(place) as url:
        app.client.base_url = slack.url
        slack.outbox.request_url = f"{url}/slack/events"
        ada = slack.user("U1", "Ada")
        garden = slack.channel("C1", "garden", [ada])
        await slack.say(ada, garden, "roses?")
        await slack.until(lambda: not slack.unacknowledged)
        assert numbers == [None, "1"]
        assert await slack.verify_address()
        payload = slack.events[0]
        assert (await slack.post_to_app(payload))[0] == 200
        assert (await slack.post_to_app(payload, secret="forged"))[0] == 401
        assert (await slack.post_to_app(payload, at=int(time.time()) - 301))[0] == 401


@pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")  # slack_sdk
async def test_an_app_is_installed_by_oauth(slack: SlackServer, tmp_path: Path) -> None:
    """The browser's way through Bolt's pages ends with the workspace's own token."""
    slack.client("client", "secret")
    store = FileInstallationStore(base_dir=str(tmp_path / "installs"), client_id="client")
    state = FileOAuthStateStore(expiration_seconds=60, base_dir=str(tmp_path / "states"))
    client = AsyncWebClient(base_url=slack.url)
    settings = AsyncOAuthSettings(
        client_id="client", client_secret="secret", scopes=["chat:write"],
        installation_store=store, state_store=state,
    )  # fmt: skip
    flow = AsyncOAuthFlow(settings=settings, client=client)
    app = AsyncApp(client=client, signing_secret=slack.signing_secret, oauth_flow=flow)
    team = slack.team("T2", token="xoxb-other", installed=False)
    boss = slack.user("U9", "Boss", team=team)
    async with served(app.web_app()) as url:
        visit = await slack.install(url, team, boss)
        forged = await slack.install(url, team, boss, forge_state="forged")
    assert (visit.status, forged.status) == (200, 400)
    found = await store.async_find_bot(enterprise_id=None, team_id="T2")
    assert found is not None
    assert (found.bot_token, team.installed) == ("xoxb-other", True)
