"""Whether Slack works as it is set up: for ``wellspoken doctor``."""

from __future__ import annotations

import aiohttp
from slack_sdk.errors import SlackClientError

from adapters.slack.faults import PLATFORM, fault_of
from adapters.slack.lookups import Identity
from adapters.slack.manifest import EVENTS_PATH, INSTALL_PATH
from adapters.slack.scopes import purposes
from adapters.slack.service import api_url, check, is_configured
from adapters.slack.transport import web_client
from adapters.slack.web import SlackWeb
from bot.errors import ChatRefusedError, ConfigurationError
from bot.settings import Settings

_PATIENCE_S = 4.0


async def examine_slack(settings: Settings) -> str:
    """What Slack says of us, in one sentence.

    Raises ConfigurationError for a token that is missing or of the wrong kind and for missing
    permissions (each with what it is for), ChatErrors where Slack refuses or cannot be reached.
    """
    if not is_configured(settings):
        return "not set up"
    check(settings)
    said = [await _token(settings), await _way(settings)]
    return "; ".join(said)


async def _token(settings: Settings) -> str:
    """Who the bot token speaks as; its permissions must be complete."""
    if settings.slack_bot_token is None:
        return f"installed by OAuth at {INSTALL_PATH}"
    token = settings.slack_bot_token.get_secret_value()
    _expect(token, "xoxb-", "SLACK_BOT_TOKEN", "Bot User OAuth Token")
    web = SlackWeb(token, api_url(settings), timeout_s=_PATIENCE_S, patience_s=_PATIENCE_S)
    try:
        us = await web.auth_test()
    finally:
        await web.aclose()
    missing = missing_scopes(us)
    if missing:
        raise ConfigurationError(
            where=f"Slack ({us.team_name})", problem=f"permissions are missing: {missing}"
        )
    return f"{us.team_name}, as {us.user}"


def missing_scopes(us: Identity) -> str:
    """The scopes that were not granted, each with what it is for; empty where all were, or where
    Slack does not say."""
    if not us.scopes:
        return ""
    return ", ".join(
        f"{scope} ({'; '.join(why)})"
        for scope, why in sorted(purposes().items())
        if scope not in us.scopes
    )


async def _way(settings: Settings) -> str:
    """How events come: the app token opens a connection, or Slack calls the web server."""
    if settings.slack_app_token is None:
        return f"HTTP mode: Slack must reach {EVENTS_PATH} of the web server"
    token = settings.slack_app_token.get_secret_value()
    _expect(token, "xapp-", "SLACK_APP_TOKEN", "App-Level Token with connections:write")
    client = web_client(None, api_url(settings))
    client.timeout = int(_PATIENCE_S)
    try:
        # It gives an address and connects nothing: the ticket in it lapses by itself.
        await client.apps_connections_open(app_token=token)
    except (SlackClientError, aiohttp.ClientError, OSError) as error:
        raise _told(error) from error
    return "Socket Mode answers"


def _told(error: Exception) -> Exception:
    fault = fault_of("apps.connections.open", error)
    if isinstance(fault, ChatRefusedError) and fault.data.get("needed"):
        return ConfigurationError(
            where="SLACK_APP_TOKEN", problem=f"it lacks the scope {fault.data['needed']}"
        )
    return fault


def _expect(token: str, prefix: str, setting: str, name: str) -> None:
    if not token.startswith(prefix):
        raise ConfigurationError(
            where=setting, problem=f"it is none of {PLATFORM}'s {name}s, which begin with {prefix}"
        )
