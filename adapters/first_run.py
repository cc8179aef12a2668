"""The way from an empty home to a bot that answers: each step with how it stands.

The settings are read anew for it, so that a line is believed as soon as it is written; that it
takes effect at the next start is said. What speaks to others (a model server, Slack, Discord) is
asked as ``wellspoken doctor`` does it, and only where it is set up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from adapters.first_steps import Lines, Step, Way
from knowledge.standing import State

if TYPE_CHECKING:
    from adapters.doctor import Check
    from bot.settings import Settings
    from bot.store.today import TodayBook
    from knowledge.standing import SourceDesk
    from knowledge.stores.base import StoreStats

Reload = Callable[[], "Settings"]
_FILE = "wellspoken.toml"
_ENVIRONMENT = "the environment, or .env"
_SHELL = "a terminal"


class Store(Protocol):
    """What is asked of the knowledge store."""

    async def stats(self) -> StoreStats: ...


class FirstRun:
    """The steps of one home."""

    def __init__(
        self,
        running: Settings,
        reload: Reload,
        *,
        store: Store,
        sources: SourceDesk,
        today: TodayBook,
        voice: str,
    ) -> None:
        """``voice`` is the persona that speaks, by name and version."""
        self._running = running
        self._reload = reload
        self._store = store
        self._sources = sources
        self._today = today
        self._voice = voice

    async def steps(self, *, live: bool) -> list[Step]:
        """Every step. ``live``: others are asked too; else those that would be stand as
        ``CHECKING``. Raises ConfigurationError where the settings cannot be read as they are."""
        now = self._reload()
        return [
            await self._source(now),
            await self._persona(now),
            await self._asked("model", "A model", _model_set(now), now, live, _MODEL),
            await self._asked("slack", "Slack", _slack_set(now), now, live, _SLACK),
            await self._asked(
                "discord", "Discord", now.discord_token is not None, now, live, _DISCORD
            ),
            await self._question(),
        ]

    async def _source(self, now: Settings) -> Step:
        name, title = "source", "A source of knowledge"
        room = ("/console/knowledge", "Open Knowledge")
        stats = await self._store.stats()
        standings = await self._sources.standings()
        down = [s for s in standings if s.state is State.DOWN]
        if stats.documents:
            told = (
                f"{stats.documents:,} document{'' if stats.documents == 1 else 's'} can be cited."
            )
            return Step(name, title, Way.DONE, told, (), *room)
        if down:
            return Step(name, title, Way.TROUBLE, f"{down[0].name}: {down[0].reason}", (), *room)
        if standings:
            told = f"{standings[0].name} is set up and holds no document yet: have it read."
            return Step(name, title, Way.TODO, told, (), *room)
        if now.sources:
            return Step(name, title, Way.TODO, _RESTART)
        told = "There is nothing to answer from yet."
        return Step(name, title, Way.TODO, told, _SOURCE, *_UPLOAD)

    async def _persona(self, now: Settings) -> Step:
        name, title = "persona", "A voice"
        check = await _examined(now, name)
        if not check.ok:
            return Step(name, title, Way.TROUBLE, _said(check), _PERSONA)
        if now.persona_path is None:
            return Step(
                name, title, Way.OPTIONAL, "A plain voice that is built in speaks.", _PERSONA
            )
        if _voice_of(now) != self._voice:
            return Step(name, title, Way.TODO, _RESTART)
        return Step(name, title, Way.DONE, f"{check.detail}.")

    async def _asked(
        self,
        name: str,
        title: str,
        is_set: bool,
        now: Settings,
        live: bool,
        lines: tuple[Lines, ...],
    ) -> Step:
        """A step whose other end is asked."""
        if not is_set:
            return Step(name, title, Way.OPTIONAL, _WITHOUT[name], lines)
        if not live:
            return Step(name, title, Way.CHECKING, "It is set up and is being asked.")
        check = await _examined(now, name)
        if not check.ok:
            return Step(name, title, Way.TROUBLE, _said(check), lines)
        if _parts(now, name) != _parts(self._running, name):
            return Step(name, title, Way.TODO, f"{check.detail}. {_RESTART}")
        return Step(name, title, Way.DONE, f"{check.detail}.")

    async def _question(self) -> Step:
        name, title, chat = "question", "The first question", ("/", "Open the chat")
        first = await self._today.first()
        if first is None:
            told = "Nobody has asked anything yet. Ask what a document answers."
            return Step(name, title, Way.TODO, told, (), *chat)
        return Step(name, title, Way.DONE, "It was asked.", (), *chat)


async def _examined(settings: Settings, name: str) -> Check:
    from adapters.doctor import examine_some  # it loads the embedder's parts

    (check,) = await examine_some(settings, (name,))
    return check


def _voice_of(settings: Settings) -> str:
    from adapters.models import load_voice_persona

    return load_voice_persona(settings).label


def _said(check: Check) -> str:
    return f"{check.detail.rstrip('.')}. {check.fix}"


def _model_set(settings: Settings) -> bool:
    return bool(settings.openai_api_key or settings.openai_base_url)


def _slack_set(settings: Settings) -> bool:
    return bool(settings.slack_bot_token or settings.slack_client_id)


def _parts(settings: Settings, name: str) -> tuple[object, ...]:
    """The settings that a step is about."""
    fields = {
        "model": ("openai_api_key", "openai_base_url", "model", "voice_model"),
        "slack": ("slack_bot_token", "slack_app_token", "slack_signing_secret", "slack_client_id"),
        "discord": ("discord_token",),
    }
    return tuple(getattr(settings, field) for field in fields[name])


_RESTART = "It is written; start Wellspoken again so that it takes effect."
_WITHOUT = {
    "model": "The built-in reader answers, in the words of the documents.",
    "slack": "Not set up. People can ask on this server's own pages.",
    "discord": "Not set up. People can ask on this server's own pages.",
}
_SOURCE = (
    Lines(_FILE, '[[sources]]\nname = "handbook"\npath = "docs"\nsync = "1h"'),
    Lines(f"or once, {_SHELL}", "wellspoken ingest docs"),
)
_UPLOAD = ("/console/knowledge#upload", "Upload documents")
_PERSONA = (
    Lines(f"{_SHELL}: writes persona.yaml to begin from", "wellspoken init"),
    Lines(_FILE, '[bot]\npersona = "persona.yaml"'),
)
_MODEL = (
    Lines(_ENVIRONMENT, "OPENAI_API_KEY=…\nWELLSPOKEN_MODEL=gpt-4o-mini"),
    Lines(
        f"{_ENVIRONMENT}, for a server of your own",
        "OPENAI_BASE_URL=http://127.0.0.1:8000/v1\nWELLSPOKEN_MODEL=its-model-id",
    ),
)
_SLACK = (
    Lines(f"{_SHELL}: prints the app to paste at api.slack.com/apps", "wellspoken slack manifest"),
    Lines(_ENVIRONMENT, "SLACK_BOT_TOKEN=xoxb-…\nSLACK_APP_TOKEN=xapp-…"),
)
_DISCORD = (
    Lines(_ENVIRONMENT, "DISCORD_TOKEN=…"),
    Lines(f"{_SHELL}: prints the link that adds the bot", "wellspoken discord invite"),
)
