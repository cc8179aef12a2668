"""Slack put together from the settings: what ``serve`` starts, and what the web server mounts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from slack_bolt.app.async_app import AsyncApp
from starlette.routing import Route

from adapters.amended import AmendedSettings
from adapters.chat.ports import Desk, Replies
from adapters.slack.adapter import SlackAdapter
from adapters.slack.app import build_app
from adapters.slack.edge import Edge
from adapters.slack.http import events_route, install_routes
from adapters.slack.installations import SlackInstallations, SlackStates
from adapters.slack.oauth import oauth_flow
from adapters.slack.scopes import purposes
from adapters.slack.sealing import Seal
from adapters.slack.socket import SocketMode
from adapters.slack.transport import API_URL
from adapters.slack.workspaces import InstalledWorkspaces, OneWorkspace, Workspaces
from bot.errors import ChatError, ConfigurationError
from bot.settings import Settings
from bot.store.base import Database
from bot.telemetry import log


@dataclass(frozen=True, slots=True)
class Slack:
    """Slack, ready to run. ``routes`` belong into the web server: events in HTTP mode, the pages
    of an installation by OAuth; there are none with one workspace in Socket Mode."""

    adapter: SlackAdapter
    app: AsyncApp
    workspaces: Workspaces
    routes: list[Route]
    socket: SocketMode | None

    @property
    def trouble(self) -> str | None:
        """What Slack said to the token, or why there is no connection."""
        refused = self.workspaces.refused if isinstance(self.workspaces, OneWorkspace) else None
        return refused or (self.socket.fault if self.socket is not None else None)

    async def run(self) -> None:
        """Hear Slack until cancelled; what is answered then still goes out."""
        async with asyncio.TaskGroup() as tasks:  # greeting takes its time where Slack is away
            tasks.create_task(self._greet())
            if self.socket is None:
                await asyncio.Event().wait()  # the web server hears it
            else:
                await self.socket.run()

    async def aclose(self) -> None:
        """Close all connections."""
        await self.workspaces.aclose()

    async def _greet(self) -> None:
        """Say who we are, and find out before the first event."""
        if not isinstance(self.workspaces, OneWorkspace):
            return
        try:
            us = (await self.workspaces.of("")).us
            log.info("Slack: this is", bot=us.user, workspace=us.team)
            if missing := sorted(us.scopes and purposes().keys() - us.scopes):
                advice = "wellspoken doctor says what each is for"
                log.warning("Slack: permissions are missing", scopes=missing, advice=advice)
        except ChatError as error:  # every event tries again
            log.error("Slack: it is not known who we are", error=str(error))


def is_configured(settings: Settings) -> bool:
    """Whether Slack is to be connected."""
    return settings.slack_bot_token is not None or settings.slack_client_id is not None


def build_slack(
    settings: Settings,
    desk: Desk,
    replies: Replies,
    database: Database,
    secret: Callable[[], str],
) -> Slack:
    """Slack as the settings say; ``secret`` gives the key for tokens at rest, where one is needed.

    Raises ConfigurationError where a token or a secret is missing.
    """
    check(settings)
    base_url = api_url(settings)
    app_token, signing = settings.slack_app_token, settings.slack_signing_secret
    signing_secret = signing.get_secret_value() if signing and app_token is None else ""
    routes: list[Route] = []
    if settings.slack_bot_token is not None:
        token = settings.slack_bot_token.get_secret_value()
        workspaces: Workspaces = OneWorkspace(token, base_url)
    else:
        client_id, client_secret = settings.slack_client_id, settings.slack_client_secret
        assert client_id is not None
        assert client_secret is not None
        installations = SlackInstallations(database, client_id, Seal(secret()))
        workspaces = InstalledWorkspaces(installations, base_url)
        routes += install_routes(
            oauth_flow(
                client_id,
                client_secret.get_secret_value(),
                installations,
                SlackStates(database),
                base_url=base_url,
            )
        )
    amended = AmendedSettings(settings, database)
    app = build_app(
        Edge(desk, workspaces, amended),
        signing_secret=signing_secret,
        base_url=base_url,
    )
    if signing_secret:
        routes.append(events_route(app, signing_secret))
    return Slack(
        SlackAdapter(workspaces, amended, replies),
        app,
        workspaces,
        routes,
        SocketMode(app, app_token.get_secret_value(), base_url) if app_token else None,
    )


def check(settings: Settings) -> None:
    """Raises ConfigurationError where Slack cannot work as it is set up."""
    if settings.slack_app_token is None and settings.slack_signing_secret is None:
        raise ConfigurationError(
            where="SLACK_BOT_TOKEN" if settings.slack_bot_token else "SLACK_CLIENT_ID",
            problem="alone it hears nothing; set SLACK_APP_TOKEN (Socket Mode) or "
            "SLACK_SIGNING_SECRET (HTTP mode) too",
        )


def api_url(settings: Settings) -> str:
    """The base of the Web API; the SDK wants a slash at its end."""
    return f"{(settings.slack_api_url or API_URL).rstrip('/')}/"
