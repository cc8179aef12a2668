"""``doctor`` looks at Slack, with the real SDK against the stand-in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.slack.examination import examine_slack
from adapters.slack.scopes import bot_scopes
from bot.errors import ChatError, ConfigurationError
from bot.settings import Settings
from tests.platforms.slack_server import SlackServer


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer() as server:
        yield server


def settings(slack: SlackServer, **given: Any) -> Settings:
    plain: dict[str, Any] = {
        "slack_bot_token": slack.bot_token,
        "slack_app_token": slack.app_token,
        "slack_api_url": slack.url.rstrip("/"),
    }
    names = {key.upper(): value for key, value in (plain | given).items() if value is not None}
    return Settings.model_validate(names)


async def test_what_works_is_described(slack: SlackServer) -> None:
    """Team and bot, and the way that events come."""
    assert await examine_slack(settings(slack)) == "Team T1, as UBOT; Socket Mode answers"
    by_http = settings(slack, slack_app_token=None, slack_signing_secret="s")
    assert "HTTP mode: Slack must reach /slack/events" in await examine_slack(by_http)
    assert await examine_slack(Settings()) == "not set up"


async def test_missing_permissions_are_named_with_what_they_are_for() -> None:
    """Whoever reads it knows what will not work."""
    granted = set(bot_scopes()) - {"reactions:read", "files:read"}
    async with SlackServer(scopes=granted) as slack:
        with pytest.raises(ConfigurationError) as raised:
            await examine_slack(settings(slack))
    said = str(raised.value)
    assert "reactions:read (to take 👍 and 👎 as ratings; to take a rating back)" in said
    assert "files:read (to read text files in a question)" in said
    assert "chat:write" not in said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"slack_bot_token": "xoxb-mistaken"}, "invalid_auth"),
        ({"slack_app_token": "xapp-mistaken"}, "invalid_auth"),
        ({"slack_bot_token": "xapp-1"}, "SLACK_BOT_TOKEN: it is none of .* begin with xoxb-"),
        ({"slack_app_token": "xoxb-1"}, "SLACK_APP_TOKEN: it is none of .* begin with xapp-"),
        ({"slack_app_token": None}, "alone it hears nothing"),
        ({"slack_api_url": "http://127.0.0.1:9/api"}, "cannot be reached"),
    ],
)
async def test_what_is_wrong_is_said_without_the_token(
    slack: SlackServer, given: dict[str, str], said: str
) -> None:
    """One sentence that leads to the setting or to Slack's own word."""
    with pytest.raises((ConfigurationError, ChatError), match=said) as raised:
        await examine_slack(settings(slack, **given))
    assert "mistaken" not in str(raised.value)
    assert "stand-in" not in str(raised.value)
