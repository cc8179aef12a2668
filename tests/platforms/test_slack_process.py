"""The stand-in Slack lives on while a process of the app is killed."""

from __future__ import annotations

import asyncio
import sys

from tests.platforms.command import ROOT
from tests.platforms.slack_server import SlackServer

_APP = """
import asyncio, sys
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

url, bot_token, app_token, hang = sys.argv[1:]

async def main():
    app = AsyncApp(client=AsyncWebClient(bot_token, base_url=url))

    @app.middleware
    async def slow(next_):
        await app.client.auth_test()
        await asyncio.sleep(float(hang))
        await next_()

    @app.event("message")
    async def said(event, body, say):
        if "bot_id" not in event:
            await say(body["event_id"], thread_ts=event["ts"])

    await AsyncSocketModeHandler(app, app_token).start_async()

asyncio.run(main())
"""


async def started(slack: SlackServer, hang: float) -> asyncio.subprocess.Process:
    """An app in a process of its own that takes so many seconds before it acknowledges."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _APP, slack.url, slack.bot_token, slack.app_token, str(hang), cwd=ROOT
    )
    await slack.connected()
    return process


async def test_an_event_outlives_the_process_that_had_it() -> None:
    """Killed before it acknowledged, the app gets the same event again when it is back."""
    async with SlackServer(retry_delays=(0.0,) * 3) as slack:
        ada = slack.user("U1", "Ada")
        garden = slack.channel("C1", "garden", [ada])
        killed = await started(slack, hang=60)
        ts = await slack.say(ada, garden, "roses?")
        (event_id,) = slack.unacknowledged
        await slack.until(lambda: len(slack.called("auth.test")) == 2)
        killed.kill()
        await killed.wait()
        await slack.until(lambda: not slack.outbox.connections)
        assert slack.unacknowledged == [event_id]
        again = await started(slack, hang=0)
        (answer,) = await slack.answered(garden, ts, final=lambda message: True)
        again.kill()
        await again.wait()
    assert answer.text == event_id
    assert len(slack.outbox.deliveries[event_id].attempts) == 2
