"""Which chat platforms are set up, and how they are connected."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from adapters.assembly import Application
from adapters.chat.base import ChatService
from adapters.chat.desk import Desk
from adapters.home import kept_secret
from bot.errors import ConfigurationError
from bot.settings import Settings

PLATFORMS = ("slack", "discord")
"""The parts of ``serve`` that are chat platforms."""
_ADVICE = {
    "slack": "Slack is not set up; set SLACK_BOT_TOKEN and SLACK_APP_TOKEN (docs/slack.md)",
    "discord": "Discord is not set up; set DISCORD_TOKEN (docs/discord.md)",
}


def chat_platforms(settings: Settings, parts: frozenset[str], *, asked: bool = False) -> list[str]:
    """Those of the parts that are set up. With ``asked`` they were named one by one: then one
    that is not set up is an error, ConfigurationError."""
    chosen = [name for name in PLATFORMS if name in parts]
    missing = [name for name in chosen if not _is_set_up(name, settings)]
    if asked and missing:
        raise ConfigurationError(where="--only", problem=_ADVICE[missing[0]])
    return [name for name in chosen if name not in missing]


def _is_set_up(name: str, settings: Settings) -> bool:
    if name == "discord":
        return settings.discord_token is not None
    return settings.slack_bot_token is not None or settings.slack_client_id is not None


def needs_web_server(settings: Settings, platforms: list[str]) -> bool:
    """Whether a platform hears over HTTP: Slack without an app token, or with installations."""
    by_http = settings.slack_app_token is None or settings.slack_bot_token is None
    return "slack" in platforms and by_http


@asynccontextmanager
async def connect(name: str, app: Application, desk: Desk) -> AsyncIterator[ChatService]:
    """A platform that has joined the desk; its connections are closed at the end."""
    async with aclosing(_build(name, app, desk)) as service:
        desk.join(service.adapter)
        yield service


def _build(name: str, app: Application, desk: Desk) -> ChatService:
    if name == "discord":
        from adapters.discord.service import build_discord

        return build_discord(app.settings, desk, desk.replies, app.database)
    from adapters.slack.service import build_slack

    return build_slack(
        app.settings, desk, desk.replies, app.database, lambda: _secret_key(app.settings)
    )


def _secret_key(settings: Settings) -> str:
    """What tokens are sealed with: as set, else made once and kept in the data folder (0600)."""
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    return kept_secret(settings.home / "secret-key")
