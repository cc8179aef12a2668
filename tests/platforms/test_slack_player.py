"""The script that plays people works against a real app, from its lines alone."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.platforms.command import ROOT
from tests.platforms.slack_app import FEEDBACK

_SCRIPT = """
# a question, a thumb, and what people see
say @wellspoken roses & tulips?
wait 5
press answer up
react answer +1
press answer sideways
dance
calls
quit
"""


async def test_a_script_of_lines_is_played(tmp_path: Path) -> None:
    """It prints what to start the service with, plays its lines, and shows what people see."""
    script = tmp_path / "script"
    script.write_text(_SCRIPT, "utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.platforms.slack_player", "--port", "0", "--script", script,
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    given: dict[str, str] = {}
    while len(given) < 3:
        name, _, value = (await process.stdout.readline()).decode().strip().partition("=")
        given[name.removeprefix("export ")] = value
    client = AsyncWebClient(given["SLACK_BOT_TOKEN"], base_url=given["SLACK_API_URL"])
    app = AsyncApp(client=client)

    @app.event("app_mention")
    async def mentioned(event: dict[str, Any], say: Any) -> None:
        await say(text="At night", thread_ts=event["ts"], blocks=[_HELLO, FEEDBACK])

    @app.event("message")
    @app.event("reaction_added")
    @app.action("rate")
    async def heard(ack: Any) -> None:
        await ack()

    handler = AsyncSocketModeHandler(app, given["SLACK_APP_TOKEN"])
    await handler.connect_async()  # type: ignore[no-untyped-call]  # bolt has no types here
    told = (await process.stdout.read()).decode()
    await process.wait()
    await handler.close_async()  # type: ignore[no-untyped-call]  # bolt has no types here
    assert process.returncode == 0
    assert "#garden Ada\n    @wellspoken roses & tulips?" in told
    assert "wellspoken (unfurls)\n    Water at night\n    [Good] [Bad]" in told
    assert "+1 1" in told
    assert "! AssertionError: nothing to press called 'sideways' among ['Good', 'Bad']" in told
    assert "? dance: one of about, as, ask" in told
    assert "1 chat.postMessage" in told


_HELLO = {"type": "section", "text": {"type": "mrkdwn", "text": "Water at night"}}
