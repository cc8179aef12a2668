"""The stand-in Slack behaves as Slack does, towards the real clients."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.platforms.slack_server import SlackServer


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer() as server:
        yield server


@pytest.fixture
async def client(slack: SlackServer) -> AsyncIterator[AsyncWebClient]:
    async with aiohttp.ClientSession() as session:
        yield AsyncWebClient(slack.bot_token, base_url=slack.url, session=session)


@asynccontextmanager
async def connected(slack: SlackServer, app: AsyncApp) -> AsyncIterator[AsyncSocketModeHandler]:
    """The app on Socket Mode, between connecting and closing."""
    handler = AsyncSocketModeHandler(app, slack.app_token, web_client=app.client, ping_interval=1)
    await handler.connect_async()  # type: ignore[no-untyped-call]  # bolt has no types here
    try:
        await slack.connected()
        yield handler
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]  # bolt has no types here


def app_of(slack: SlackServer) -> AsyncApp:
    return AsyncApp(client=AsyncWebClient(slack.bot_token, base_url=slack.url))


async def refused(call: Any) -> str:
    """The error with which a call is refused."""
    with pytest.raises(SlackApiError) as raised:
        await call
    return str(raised.value.response["error"])


async def test_a_token_is_asked_for(slack: SlackServer) -> None:
    """A wrong token, none, and the wrong kind are refused, each in its own words."""
    wrong = AsyncWebClient("xoxb-wrong", base_url=slack.url)
    none = AsyncWebClient(base_url=slack.url)
    app = AsyncWebClient(slack.app_token, base_url=slack.url)
    assert await refused(wrong.auth_test()) == "invalid_auth"
    assert await refused(none.auth_test()) == "not_authed"
    assert await refused(app.auth_test()) == "not_allowed_token_type"


async def test_a_mention_arrives_twice_and_is_answered_in_its_thread(slack: SlackServer) -> None:
    """A mention comes as message and app_mention; the stream that answers it is seen."""
    ada = slack.user("U1", "Ada")
    garden = slack.channel("C1", "garden", [ada])
    app = app_of(slack)
    heard: list[dict[str, Any]] = []

    @app.event("app_mention")
    async def mentioned(event: dict[str, Any], client: AsyncWebClient) -> None:
        heard.append(event)
        stream = await client.chat_stream(
            channel=event["channel"], thread_ts=event["ts"],
            recipient_team_id="T1", recipient_user_id=event["user"],
        )  # fmt: skip
        await stream.append(markdown_text="Water them **at night**.")
        await stream.stop(blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": "[1]"}}])

    @app.event("message")
    async def said(event: dict[str, Any]) -> None:
        heard.append(event)

    async with connected(slack, app):
        ts = await slack.say(ada, garden, "@wellspoken roses & <water>?")
        answers = await slack.answered(garden, ts)
        await slack.until(lambda: not slack.unacknowledged)
    assert [a.shown for a in answers] == ["Water them **at night**.\n[1]"]
    mine = [e for e in heard if e.get("user") == "U1"]
    assert {e["type"] for e in mine} == {"message", "app_mention"}
    assert {e["ts"] for e in mine} == {ts}
    assert {e["text"] for e in mine} == {"<@UBOT> roses &amp; &lt;water&gt;?"}
    assert any(e["event"].get("bot_id") == "BBOT" for e in slack.events)
