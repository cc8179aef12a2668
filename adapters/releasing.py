"""What is released, put together for a process: the registry's versions as voices, and the watcher.

The command line and the console share the desk of this home's versions.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from adapters.models import build_version_voice
from persona.registry import Registry
from persona.releasing import Deployment, VoiceReleases

if TYPE_CHECKING:
    from bot.llm.openai import ModelServer
    from bot.ports import Voice
    from bot.ports_releasing import Releases
    from bot.settings import Settings
    from bot.store.base import Database
    from persona.profile import Persona
    from persona.versions import ModelVersion


@asynccontextmanager
async def open_releases(
    settings: Settings, persona: Persona, server: ModelServer | None, database: Database
) -> AsyncIterator[Releases | None]:
    """Which version speaks; ``None`` where no model server is set, or WELLSPOKEN_VOICE_MODEL names
    the model: it wins over the registry."""
    if server is None or settings.voice_model:
        yield None
        return
    speak = partial(build_version_voice, settings, persona, server)

    def voice_of(version: ModelVersion) -> Voice:
        return speak(version.model)

    releases = VoiceReleases(Registry(database).release, voice_of, deployment_of(settings))
    async with aclosing(releases):
        yield releases


def deployment_of(settings: Settings) -> Deployment | None:
    """Who loads adapters into the model server; ``None`` where no server could."""
    del settings
    return None
