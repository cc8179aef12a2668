"""Installing the app into a workspace by OAuth: Bolt's flow with our stores and our words."""

from __future__ import annotations

from collections.abc import Sequence
from logging import ERROR, getLogger
from urllib.parse import urlsplit

from slack_bolt.oauth.async_callback_options import (
    AsyncCallbackOptions,
    AsyncFailureArgs,
    AsyncSuccessArgs,
)
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_bolt.response import BoltResponse
from slack_sdk.oauth import AuthorizeUrlGenerator

from adapters.slack.installations import SlackInstallations, SlackStates
from adapters.slack.manifest import INSTALL_PATH, REDIRECT_PATH
from adapters.slack.scopes import bot_scopes
from adapters.slack.transport import API_URL, web_client
from bot.telemetry import log

_HTML: dict[str, str | Sequence[str]] = {"Content-Type": "text/html; charset=utf-8"}
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<body style="font-family: sans-serif; margin: 4rem auto; max-width: 30rem">
<h1>{title}</h1><p>{text}</p></body></html>"""
_REASONS = {
    "access_denied": "You did not allow it. Nothing was installed.",
    "invalid_browser": "Start in the same browser in which you finish, and allow cookies.",
    "invalid_state": "This page was open for too long or was used before. Start again.",
}


def oauth_flow(
    client_id: str,
    client_secret: str,
    installations: SlackInstallations,
    states: SlackStates,
    *,
    base_url: str = API_URL,
) -> AsyncOAuthFlow:
    """The flow behind ``/slack/install`` and ``/slack/oauth_redirect``.

    Slack sends people back to the first redirect address of the manifest.
    """
    logger = getLogger("slack_bolt.oauth")
    logger.setLevel(ERROR)  # its warnings name codes that were refused
    settings = AsyncOAuthSettings(
        client_id=client_id,
        client_secret=client_secret,
        scopes=list(bot_scopes()),
        user_scopes=[],
        install_path=INSTALL_PATH,
        redirect_uri_path=REDIRECT_PATH,
        installation_store=installations,
        installation_store_bot_only=True,
        state_store=states,
        callback_options=AsyncCallbackOptions(success=_installed, failure=_failed),
        logger=logger,
    )
    # Bolt would take an address of another program's from the environment.
    settings.redirect_uri = None
    settings.authorize_url_generator = AuthorizeUrlGenerator(
        client_id=client_id,
        scopes=list(bot_scopes()),
        user_scopes=[],
        authorization_url=_authorization_url(base_url),
    )
    return AsyncOAuthFlow(client=web_client(None, base_url), logger=logger, settings=settings)


def _authorization_url(base_url: str) -> str:
    """Where people allow the app: beside the API, wherever that is."""
    parts = urlsplit(base_url)
    return f"{parts.scheme}://{parts.netloc}/oauth/v2/authorize"


async def _installed(args: AsyncSuccessArgs) -> BoltResponse:
    del args
    return _page(200, "Installed", "Invite the bot into a channel, or write to it directly.")


async def _failed(args: AsyncFailureArgs) -> BoltResponse:
    log.warning("Slack: an installation failed", reason=args.reason)
    text = _REASONS.get(args.reason, "Slack did not finish it. Please start again.")
    return _page(args.suggested_status_code, "Not installed", text)


def _page(status: int, title: str, text: str) -> BoltResponse:
    return BoltResponse(status=status, headers=_HTML, body=_PAGE.format(title=title, text=text))
